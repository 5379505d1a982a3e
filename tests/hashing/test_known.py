"""Hash functions by name, and back from arrays."""

import subprocess
import sys

import numpy as np
import pytest

from terrakin.errors import HashingError, MissingExtraError, UnknownNameError
from terrakin.hashing import with_torch
from terrakin.hashing.hasher import Origin
from terrakin.hashing.known import fit_hasher, load_hasher

VECTORS = np.random.default_rng(0).normal(size=(40, 16)).astype(np.float32)
LABELS = [("a",), ("b",)] * 20


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(UnknownNameError, match="no hashers named 'kulhs'; did you mean 'kulsh'"):
        fit_hasher("kulhs", VECTORS, bits=8)


def test_an_option_gets_the_nearest():
    with pytest.raises(HashingError, match="has no option 'anchor'; did you mean 'anchors'"):
        fit_hasher("kulsh", VECTORS, bits=8, anchor=3)


def test_seeds_are_not_negative():
    with pytest.raises(ValueError, match="a seed is at least 0, got -1"):
        fit_hasher("lsh", VECTORS, bits=8, seed=-1)


@pytest.mark.parametrize("name", ["lsh", "kulsh"])
def test_another_seed_gives_another_function(name):
    one, other = (fit_hasher(name, VECTORS, bits=32, seed=seed).codes(VECTORS) for seed in (0, 1))
    assert (one != other).any()


def test_arrays_of_something_else_are_refused():
    arrays = dict(fit_hasher("sign", VECTORS, bits=8).arrays())
    with pytest.raises(HashingError, match="not those of a hash function: KeyError"):
        load_hasher({})
    with pytest.raises(HashingError, match="does not know: no hash-forms named 'cubic'"):
        load_hasher({**arrays, "form": np.array("cubic")})
    with pytest.raises(HashingError, match="not those of a hash function: KeyError\\('mean'\\)"):
        load_hasher({name: array for name, array in arrays.items() if name != "mean"})
    with pytest.raises(HashingError, match="not those of a hash function: ValueError"):
        load_hasher({**arrays, "mean": np.zeros(3)})
    with pytest.raises(HashingError, match="not those of a hash function: ValueError"):
        load_hasher({**arrays, "directions": np.zeros((16, 9))})
    network = {"form": np.array("network"), "kind": np.array("mhcln"), "seed": np.array(0)}
    with pytest.raises(HashingError, match="not those of a hash function: ValueError"):
        load_hasher({**network, "weights.0": np.zeros((4, 8)), "bias.0": np.zeros(7)})
    with pytest.raises(HashingError, match="not those of a hash function: ValueError"):
        load_hasher(
            {
                **network,
                "weights.0": np.zeros((4, 6)),
                "bias.0": np.zeros(6),
                "weights.1": np.zeros((5, 8)),
                "bias.1": np.zeros(8),
            }
        )
    kernel = dict(fit_hasher("kulsh", VECTORS, bits=8).arrays())
    for name in ("anchors", "centre", "weights"):
        with pytest.raises(HashingError, match="not those of a hash function: ValueError"):
            load_hasher({**kernel, name: kernel[name][:-1]})
    with pytest.raises(HashingError, match="not those of a hash function: ValueError"):
        load_hasher({**kernel, "weights": np.zeros(40)})
    with pytest.raises(HashingError, match=r"a centre \(40, 1\) for 40 anchors"):
        load_hasher({**kernel, "centre": kernel["centre"][:, None]})
    for gamma in (0.0, -2.0, np.nan):
        with pytest.raises(HashingError, match="the scale of a kernel is above 0, got"):
            load_hasher({**kernel, "gamma": np.array(gamma)})


@pytest.mark.parametrize(
    ("name", "last"), [("lsh", "directions"), ("kulsh", "weights"), ("mhcln", "weights.0")], ids=["linear", "kernel", "network"]
)
def test_a_hash_function_of_no_bit_is_refused(name, last):
    quick = {"steps": 1, "depth": 0} if name == "mhcln" else {}
    arrays = dict(fit_hasher(name, VECTORS, bits=8, labels=LABELS, **quick).arrays())
    none = {key: array[..., :0] for key, array in arrays.items() if key in (last, "bias.0")}
    with pytest.raises(HashingError, match="not those of a hash function: ValueError"):
        load_hasher({**arrays, **none})


def test_options_come_back_with_their_types():
    origin = Origin("mhcln", 3, {"push": 0.5, "unit": True, "steps": 7, "balanced": "bit"})
    again = Origin.of({"form": np.array("network"), **origin.arrays()})
    assert again == origin
    assert [type(value) for value in again.options.values()] == [float, bool, int, str]


def test_applying_needs_no_torch_and_fitting_says_what_it_needs(monkeypatch):
    def missing(module, *, extra):
        raise MissingExtraError(module, extra)

    monkeypatch.setattr(with_torch, "require", missing)
    with pytest.raises(MissingExtraError, match=r"torch is not installed; run: pip install 'terrakin\[train\]'"):
        fit_hasher("mhcln", VECTORS, bits=8, labels=LABELS)


def test_a_network_is_applied_without_torch(tmp_path):
    hasher = fit_hasher("mhcln", VECTORS, bits=8, labels=LABELS, steps=1, width=8, depth=1)
    np.savez(tmp_path / "hasher.npz", **hasher.arrays())
    code = f"""
import sys
import numpy as np
from terrakin.hashing.known import HASHERS, load_hasher
assert HASHERS["mhcln"].supervised and HASHERS["dhn"].supervised
with np.load({str(tmp_path / "hasher.npz")!r}, allow_pickle=False) as arrays:
    print(load_hasher(dict(arrays)).codes(np.ones((1, 16), np.float32)).shape, "torch" in sys.modules, "sklearn" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(1, 1) False False"
