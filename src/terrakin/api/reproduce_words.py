"""What figures depend on, said of runs and measurements: what was trained, on what, and where that differs from the paper."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from terrakin.api.finished import Finished, run_name
from terrakin.api.measured import Measured
from terrakin.api.reproduce_plan import recipe_text
from terrakin.datasets.dataset import DATASETS
from terrakin.papers.table import Way
from terrakin.training.differing import differences

__all__ = ["changed_values", "evaluation_words", "named_by_classes", "standard_words", "training_facts", "training_words"]

_NO_MATTER = {
    "words",
    *(f"export.{key}" for key in ("name", "version", "reducer", "space", "training_data", "licence", "notes")),
}
# What a run's vectors do not depend on: they are read before reducer and packing.


def changed_values(one: str, other: str) -> dict[str, tuple[str, str]]:
    """Both values of every key that matters and by which two recipes differ."""
    return {key: values for key, values in differences(one, other).items() if key not in _NO_MATTER}


def named_by_classes(classes: Sequence[str], given: Mapping[str, Path]) -> str | None:
    """The name of the training set with these classes: a benchmark's, or a given folder's; None where it is neither."""
    wanted = set(classes)
    for name in DATASETS:
        if set(DATASETS[name].classes) == wanted:
            return name
    for name, folder in given.items():
        if name not in DATASETS and {path.name for path in folder.iterdir() if path.is_dir()} == wanted:
            return name
    return None


def training_facts(runs: Sequence[Finished], way: Way, recipe: str, given: Mapping[str, Path]) -> dict[str, Any]:
    """What was trained, JSON-able.

    Args:
        runs: at least one; they differ in their seed alone.
        way: of the row.
        recipe: name or path of the recipe that they are runs of.
        given: training sets by name.
    """
    run = runs[0]
    tables = tomllib.loads(run.recipe)
    text = recipe_text(recipe)
    changed = {} if text is None else changed_values(text, run.recipe)
    data = named_by_classes(run.classes, given)
    return {
        "recipe": run_name(recipe),
        "backbone": tables["backbone"]["name"],
        "size": tables.get("data", {}).get("size"),
        "epochs": tables["schedule"].get("epochs"),
        "data": data,
        "images": run.images,
        "classes": len(run.classes),
        "seeds": [run.seed for run in runs],
        "other_than_paper": {} if data == way.train else {"training set": {"paper": way.train, "here": data}},
        "other_than_recipe": {key: {"recipe": there, "here": here} for key, (there, here) in changed.items()},
        "remark": way.remark,
        **({} if way.iteration is None else {"iteration": way.iteration, "learnt": _learnt(runs, way)}),
    }


def _learnt(runs: Sequence[Finished], way: Way) -> dict[str, Any] | None:
    """What the networks of an iteration learnt besides what was labelled; None for the first, which saw labels alone."""
    tallies = [run.learnt for run in runs if run.learnt is not None]
    if not tallies:
        return None
    first = tallies[0]
    counts = ("chosen", "known", "with_counterpart", "right")
    return {
        "pool": first.pool,
        "threshold": first.threshold,
        **{key: [getattr(one, key) for one in tallies] for key in counts},
        "chosen_in_paper": way.chosen,
    }


def _learnt_words(learnt: Mapping[str, Any]) -> str:
    """The same in words: counts of each run in the order of the seeds, and shares of them."""
    chosen = ", ".join(f"{count:,}" for count in learnt["chosen"])
    paper = "" if learnt["chosen_in_paper"] is None else f" ({learnt['chosen_in_paper']:,} in the paper)"
    words = f"chose {chosen} of {learnt['pool']:,} images without labels{paper}"
    for what, part, whole in (
        ("of a class that is labelled too", "with_counterpart", "known"),
        ("of these labelled rightly", "right", "with_counterpart"),
    ):
        pairs = zip(learnt[part], learnt[whole], strict=True)
        if any(learnt[whole]):
            words += f", {', '.join(f'{some / every:.1%}' if every else 'none' for some, every in pairs)} {what}"
    return words


def training_words(facts: Mapping[str, Any]) -> str:
    """The same in words."""
    data = facts["data"] or "a set of unknown name"
    what = [facts["recipe"], str(facts["backbone"])]
    what += [f"{facts['size']} px"] if facts["size"] else []
    what += [f"epochs {facts['epochs']}"] if facts["epochs"] else []
    seeds = facts["seeds"]
    runs = f"{len(seeds)} runs, seeds {', '.join(map(str, seeds))}" if len(seeds) > 1 else f"one run, seed {seeds[0]}"
    if facts.get("iteration") is not None:
        what.append(f"iteration {facts['iteration']}")
    words = [f"{', '.join(what)}, on {facts['images']:,} images of {facts['classes']} classes of {data}, {runs}"]
    if facts.get("learnt"):
        words.append(_learnt_words(facts["learnt"]))
    for name, sides in facts["other_than_paper"].items():
        words.append(f"other than the paper: {name} {sides['here'] or 'unknown'} ({sides['paper'] or 'not stated'} there)")
    if facts["other_than_recipe"]:
        changed = (f"{key} {sides['here']} ({sides['recipe']} there)" for key, sides in facts["other_than_recipe"].items())
        words.append(f"other than the recipe: {', '.join(changed)}")
    if facts["remark"]:
        words.append(facts["remark"])
    return "; ".join(words)


def evaluation_words(test: str, found: Measured) -> str:
    """The protocol that follows the paper, in words."""
    facts = found.paper["protocol"]
    trials = facts["trials"]
    draws = f"{trials} draws of {facts['queries'] // trials:,} queries" if trials > 1 else f"{facts['queries']:,} queries"
    return f"{test} by {facts['name']}: {draws}, each against {facts['gallery']:,} images; {found.vector}"


def standard_words(test: str, found: Measured) -> str:
    """The standard protocol, in words."""
    facts = found.standard["protocol"]
    return (
        f"{test}, leave-one-out: {facts['queries']:,} queries, each against {facts['gallery']:,} images; the same vectors; "
        "mAP of whole rankings"
    )
