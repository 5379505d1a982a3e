"""What a person asks about a bundle before trusting it: is it whole, how fast, how large."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from terrakin.bundles import passport_json
from terrakin.bundles.bundle import Bundle, open_bundle
from terrakin.bundles.graph import self_test_image
from terrakin.bundles.members import CARD, MODEL, PASSPORT, REDUCER
from terrakin.bundles.passport import Passport
from terrakin.bundles.reducer import write_reducer

__all__ = ["Checked", "check"]

_CALLERS = (1, 2)


@dataclass(frozen=True, slots=True)
class Checked:
    """A bundle that passed its self-test."""

    passport: Passport
    """What it needs and gives."""
    rates: dict[int, float]
    """Images a second at the input size, by the number of callers at once; each caller takes one thread."""
    sizes: dict[str, int]
    """Bytes of each of its files, unpacked."""


def check(model: str | Path, *, seconds: float = 0.5) -> Checked:
    """Run a bundle's self-test and measure it.

    Args:
        model: name of a shipped bundle, or path of one.
        seconds: how long each rate is measured.

    Raises:
        UnknownNameError: if there is no such bundle.
        BundleError: if it is broken, or fails its self-test.
    """
    bundle = open_bundle(model)
    bundle.self_check()
    rates = {callers: _rate(bundle, callers, seconds) for callers in _CALLERS}
    return Checked(bundle.passport, rates, _sizes(bundle))


def _rate(bundle: Bundle, callers: int, seconds: float) -> float:
    image = np.repeat(self_test_image(bundle.passport), 2, axis=0)
    bundle.embed(image)
    end = time.perf_counter() + seconds

    def call() -> int:
        done = 0
        while done == 0 or time.perf_counter() < end:
            done += len(bundle.embed(image))
        return done

    start = time.perf_counter()
    with ThreadPoolExecutor(callers) as pool:
        done = sum(future.result() for future in [pool.submit(call) for _ in range(callers)])
    return done / (time.perf_counter() - start)


def _sizes(bundle: Bundle) -> dict[str, int]:
    contents = {PASSPORT: passport_json.write(bundle.passport).encode(), MODEL: bundle.model, CARD: bundle.card.encode()}
    if bundle.reducer is not None:
        contents[REDUCER] = write_reducer(bundle.reducer)
    return {name: len(content) for name, content in contents.items()}
