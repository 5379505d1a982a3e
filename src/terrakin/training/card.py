"""The card of a bundle that was trained here."""

import tomllib
from collections.abc import Sequence

from terrakin.training.images import Images
from terrakin.training.loop import Trained
from terrakin.training.recipe import Recipe
from terrakin.training.toml_text import write_toml
from terrakin.views.wording import labels

__all__ = ["card"]

_NAMES = {
    "map": "mAP, images that did not train",
    "p@10": "P@10, images that did not train",
    "label-recall@10": "label-recall@10, images that did not train",
    "left_out_map": "mAP, classes left out",
    "left_out_p@10": "P@10, classes left out",
    "left_out_label-recall@10": "label-recall@10, classes left out",
}


def card(recipe: Recipe, images: Images, trained: Trained, *, chapter: Sequence[str] = ()) -> str:
    """Markdown: what it is, what it saw, how it was measured, and the recipe itself.

    Args:
        recipe: of the run.
        images: of the run.
        trained: what the run gave.
        chapter: lines of a chapter on how its labels came about, where there is more to say than that they were given.
    """
    train, kept, left = (len(rows) for rows in (trained.parts.train, trained.parts.validation, trained.parts.left_out))
    teachers = ", ".join(teacher.bundle for teacher in recipe.teachers)
    figures = [f"| {words} | {trained.figures[name]:.4f} |" for name, words in _NAMES.items() if name in trained.figures]
    lines = [
        f"# {recipe.export.name}",
        "",
        recipe.words,
        "",
        "| | |",
        "| --- | --- |",
        *([f"| front-end | {recipe.frontend.name} |"] if recipe.frontend else []),
        f"| backbone | {recipe.backbone.name}{' from published weights' if recipe.backbone.pretrained else ''} |",
        f"| input | {', '.join(images.bands)}; {recipe.export.size} x {recipe.export.size} px |",
        f"| training data | {recipe.export.training_data} |",
        f"| images | {train:,} trained, {kept:,} validated, {left:,} of classes left out |",
        f"| classes | {labels(images.classes)} |",
        *([f"| teachers | {teachers} |"] if teachers else []),
        f"| licence | {recipe.export.licence} |",
        "",
        "## Figures",
        "",
        "Leave-one-out by cosine of the network's embedding, before any whitening or reducer. Images of classes that were left",
        "out ask among themselves and the validation images together.",
        "",
        "| measure | value |",
        "| --- | --- |",
        *(figures or ["| none: no image that did not train has another of its labels to find | |"]),
        "",
        *chapter,
        *([recipe.export.notes.strip(), ""] if recipe.export.notes else []),
        "## Recipe",
        "",
        "```toml",
        _without_notes(recipe),
        "```",
        "",
    ]
    return "\n".join(lines)


def _without_notes(recipe: Recipe) -> str:
    """The recipe's text; notes are in the card already."""
    tables = tomllib.loads(recipe.source)
    tables["export"].pop("notes", None)
    return write_toml(tables).strip()
