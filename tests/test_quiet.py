"""Warnings that are ignored for a while."""

import threading
import time
import warnings

import numpy as np
import pytest

from terrakin.quiet import quiet
from terrakin.regions.felzenszwalb import Felzenszwalb


def test_only_what_is_named_is_ignored() -> None:
    with quiet(RuntimeWarning, "Got image"):
        warnings.warn("Got image of four bands", RuntimeWarning, stacklevel=1)
        with pytest.raises(RuntimeWarning, match="something else"):
            warnings.warn("something else", RuntimeWarning, stacklevel=1)
        with pytest.raises(UserWarning, match="Got image"):
            warnings.warn("Got image", UserWarning, stacklevel=1)
    with pytest.raises(RuntimeWarning, match="Got image"):
        warnings.warn("Got image", RuntimeWarning, stacklevel=1)


def test_threads_leave_the_filters_as_they_were() -> None:
    before = list(warnings.filters)

    def work(seconds: float) -> None:
        with quiet(UserWarning):
            time.sleep(seconds)

    threads = [threading.Thread(target=work, args=(0.001 * number,)) for number in (9, 1, 5, 2)]
    for thread in threads:
        thread.start()
        time.sleep(0.001)
    for thread in threads:
        thread.join()
    assert list(warnings.filters) == before


def test_images_of_three_bands_are_cut_without_waiting() -> None:
    cut = []
    thread = threading.Thread(target=lambda: cut.append(Felzenszwalb()(np.zeros((8, 8, 3)))), daemon=True)
    with quiet(UserWarning):
        thread.start()
        thread.join(60)
        assert len(cut) == 1
