"""The network of a recipe for the images of a run: their bands by name, their statistics, their labels."""

from terrakin.datasets.bigearthnet import STATISTICS
from terrakin.errors import RecipeError
from terrakin.nn.backbones.known import BACKBONES
from terrakin.nn.losses.known import LOSSES
from terrakin.training.images import Images
from terrakin.training.network import Network, Normalisation, build
from terrakin.training.recipe import Recipe

__all__ = ["network_of"]


def network_of(recipe: Recipe, images: Images) -> Network:
    """The network with fresh weights, drawn from torch's global generator.

    Raises:
        RecipeError: if it cannot be made, or is none for these images.
    """
    _must_read(recipe, images.bands)
    if images.sets:
        _must_learn_from_sets(recipe)
    return build(recipe, bands=len(images.bands), classes=len(images.classes), normalisation=_statistics(recipe, images.bands))


def _must_read(recipe: Recipe, bands: tuple[str, ...]) -> None:
    wanted = getattr(BACKBONES[recipe.backbone.name], "reads", ())
    if wanted and bands != wanted:
        raise RecipeError(
            f"the backbone {recipe.backbone.name} reads {', '.join(wanted)}, in that order; the images have {', '.join(bands)}"
        )


def _must_learn_from_sets(recipe: Recipe) -> None:
    for number, term in enumerate(recipe.losses):
        if not LOSSES[term.name].reads_sets:
            raise RecipeError(
                f"[[loss]] {number}: {term.name} wants one class an image, and these have sets of labels; "
                "choose binary-cross-entropy"
            )
    whitened = recipe.export.whiten is not None or any(teacher.whiten is not None for teacher in recipe.teachers)
    if whitened:
        raise RecipeError("whiten wants one class an image, and these have sets of labels; take it out")


def _statistics(recipe: Recipe, bands: tuple[str, ...]) -> Normalisation | None:
    """Of the bands, as shares of the range that becomes [0, 1]; None where the backbone's own are wanted."""
    if recipe.data.statistics == "backbone":
        return None
    from terrakin.chips.scaling import parse_scaling

    if missing := [name for name in bands if name not in STATISTICS]:
        raise RecipeError(
            f"[data] statistics are of BigEarthNet's bands, {', '.join(STATISTICS)}, and the images have {', '.join(missing)}; "
            "take statistics out"
        )
    rule = parse_scaling(recipe.data.files.scaling)
    if rule.low is None or rule.high is None:
        raise RecipeError(
            f"[data] statistics are of stored values, and [data.files] scaling {rule} makes no fixed numbers of these; "
            "choose LOW:HIGH, such as 0:65535"
        )
    width = rule.high - rule.low
    means, stds = zip(*(STATISTICS[name] for name in bands), strict=True)
    return tuple((mean - rule.low) / width for mean in means), tuple(std / width for std in stds)
