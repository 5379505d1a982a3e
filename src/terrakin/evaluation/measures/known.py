"""The measures there are."""

from terrakin.evaluation.measures.measure import Family, Measure
from terrakin.evaluation.names import parse_name
from terrakin.registry import Registry

__all__ = ["MEASURES", "measure"]

_HERE = "terrakin.evaluation.measures"

MEASURES = Registry[Family](
    "measures",
    {
        "acg": f"{_HERE}.gains:ACG",
        "anmrr": f"{_HERE}.anmrr:ANMRR",
        "ap11": f"{_HERE}.average_precision:AP11",
        "hitrate": f"{_HERE}.precision:HITRATE",
        "label-accuracy": f"{_HERE}.label_sets:LABEL_ACCURACY",
        "label-f1": f"{_HERE}.label_sets:LABEL_F1",
        "label-hamming": f"{_HERE}.label_sets:LABEL_HAMMING",
        "label-precision": f"{_HERE}.label_sets:LABEL_PRECISION",
        "label-recall": f"{_HERE}.label_sets:LABEL_RECALL",
        "map": f"{_HERE}.average_precision:MAP",
        "mrr": f"{_HERE}.precision:MRR",
        "ndcg": f"{_HERE}.gains:NDCG",
        "np": f"{_HERE}.precision:NP",
        "p": f"{_HERE}.precision:P",
        "r-precision": f"{_HERE}.precision:R_PRECISION",
        "recall": f"{_HERE}.precision:RECALL",
        "wap": f"{_HERE}.gains:WAP",
    },
)
"""Families of measures by name."""


def measure(name: str) -> Measure:
    """The measure of a name such as `p@10`, `map`, `map@10:found`, `ndcg@5:shared:exp` or `anmrr:2ng`.

    Raises:
        UnknownNameError: if the family is unknown, or the name gives it parameters that it does not take.

    >>> measure("map@10:found").formula.words
    'average precision of the first n, divided by the relevant chips found there; ignores the missing ones'
    >>> measure("hitrat@5")
    Traceback (most recent call last):
    terrakin.errors.UnknownNameError: no measures named 'hitrat'; did you mean 'hitrate'? There are: acg, anmrr, ap11, ...
    """
    parsed = parse_name(name)
    return MEASURES[parsed.family].measure(name, parsed)
