"""What importing costs: nothing heavy until it is used."""

import importlib
import subprocess
import sys

import pytest

_HEAVY = (
    "torch",
    "lance",
    "lancedb",
    "sklearn",
    "matplotlib",
    "rasterio",
    "faiss",
    "onnxruntime",
    "pandas",
    "geopandas",
    "fastapi",
)


def _loaded(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("code", ["import terrakin", "import terrakin.cli"])
def test_nothing_heavy_is_imported(code: str) -> None:
    assert _loaded(code).isdisjoint(_HEAVY)


def test_no_module_outside_training_imports_torch() -> None:
    code = """
import importlib, pkgutil, terrakin
def walk(path, prefix):
    for module in pkgutil.iter_modules(path, prefix):
        if module.name not in ("terrakin.training", "terrakin.nn") and not module.name.endswith("__main__"):
            imported = importlib.import_module(module.name)
            if module.ispkg:
                walk(imported.__path__, module.name + ".")
walk(terrakin.__path__, "terrakin.")
"""
    assert "torch" not in _loaded(code)


def test_the_public_names_are_those_of_all() -> None:
    import terrakin

    assert terrakin.__all__ == sorted(terrakin._HOMES)
    for name, home in terrakin._HOMES.items():
        assert getattr(terrakin, name) is getattr(importlib.import_module(home), name)
    assert set(terrakin.__all__) <= set(dir(terrakin))
