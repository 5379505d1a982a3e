import pkgutil
import subprocess
import sys

import terrakin.views


def test_heavy_packages_wait_until_they_are_used():
    modules = [f"terrakin.views.{module.name}" for module in pkgutil.iter_modules(terrakin.views.__path__)]
    heavy = ("lance", "faiss", "onnxruntime", "matplotlib", "geopandas", "pandas", "rasterio", "pyproj", "rich")
    code = f"import sys, {', '.join(modules)}; print([name for name in {heavy!r} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout == "[]\n"
