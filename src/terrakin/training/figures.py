"""Figures of a run in words."""

from collections.abc import Mapping

__all__ = ["in_words"]

_NAMES = (("loss", "loss"), ("map", "mAP"), ("left_out_map", "left out"))


def in_words(figures: Mapping[str, float]) -> str:
    """What is shown beside a run's progress: the loss, and retrieval of what does not train where it was measured.

    >>> in_words({"loss": 0.51234, "map": 0.75, "epoch": 2})
    'loss 0.512, mAP 0.750'
    """
    return ", ".join(f"{name} {figures[key]:.3f}" for key, name in _NAMES if key in figures)
