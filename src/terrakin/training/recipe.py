"""The values of a recipe: how a bundle is made, table by table."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from terrakin.training.augment import Augmentation
from terrakin.training.files import Files
from terrakin.training.toml_text import write_toml

__all__ = ["Backbone", "Component", "Data", "Export", "Loss", "Recipe", "Schedule", "SelfTraining", "Teacher", "trains"]


@dataclass(frozen=True, slots=True)
class Component:
    """One member of a registry with its options: `[sampler]`, `[frontend]`, `[head]`, `[optimizer]`."""

    name: str
    """Its name in the registry."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What its constructor is given, checked against its signature."""


@dataclass(frozen=True, slots=True)
class Backbone(Component):
    """`[backbone]`: a network of `nn.backbones`, and what of it is not trained."""

    freeze: tuple[str, ...] = ()
    """Names of stages whose weights and statistics stay; the gradient passes through them."""
    pretrained: bool = False
    """Whether it starts from published weights, which the user gives."""


@dataclass(frozen=True, slots=True)
class Loss(Component):
    """One `[[loss]]`: a term of the sum that is made small."""

    weight: float = 1.0
    """What the term counts in the sum."""
    part: int | None = None
    """Which part of the embedding it sees, from 0, where the head gives several; the whole where not given."""
    teacher: int | None = None
    """Which `[[teacher]]` it learns from, from 0."""


@dataclass(frozen=True, slots=True)
class Data:
    """`[data]`: which images, how large, how changed."""

    size: int | tuple[int, ...] = 160
    """Side in pixels of what the network sees in training; several divide the run into equal parts, one after another."""
    stored: int = 224
    """Side in pixels of the decoded images on disk, from which crops are taken."""
    validation: float = 0.1
    """Share of each class that is kept from training and measures it; by hashes of ids."""
    left_out: tuple[str, ...] = ()
    """Classes that are kept from training altogether: retrieval on them shows what generalises, and what was forgotten."""
    augmentation: Augmentation = Augmentation()  # noqa: RUF009 - frozen
    """`[data.augmentation]`: how images are changed each time they are seen."""
    statistics: Literal["backbone", "bigearthnet"] = "backbone"
    """What bands are standardised by: as the backbone wants it, or each by its mean and deviation over BigEarthNet."""
    files: Files = Files()  # noqa: RUF009 - frozen
    """`[data.files]`: which labels count, how pixels are read from their files and kept."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """Sides in the order of the run's parts."""
        return self.size if isinstance(self.size, tuple) else (self.size,)


@dataclass(frozen=True, slots=True)
class Teacher:
    """One `[[teacher]]`: a finished bundle whose embeddings the network learns to give."""

    bundle: str
    """Name of a shipped bundle, or path of one."""
    size: int = 128
    """Leading principal components of its embeddings that are learnt."""
    views: Literal[1, 2, 4, 8] = 8
    """Turns and flips over which its unit-length embeddings are averaged: 1 as it is, 4 the quarter turns, 8 with flips."""
    pixels: int | None = None
    """Side of the images that it is shown; its own input size where not given."""
    centre: bool = True
    """Take the mean over the training images off before the projection."""
    whiten: float | None = None
    """Whiten by the scatter within classes before the projection, with this shrinkage; not where not given."""


@dataclass(frozen=True, slots=True)
class SelfTraining:
    """`[self-training]`: students that learn the labels which the network before them gives to images without one."""

    iterations: int = 3
    """Students, one after another: each learns from the one before, the first from a network of the labelled images alone."""
    threshold: float = 0.85
    """An image gets a label where the largest class probability is above this."""


@dataclass(frozen=True, slots=True)
class Schedule(Component):
    """`[schedule]`: how long, and how the learning rate goes."""

    epochs: int = 10
    """Times that every training image is seen, as the sampler counts."""
    average: float = 0.0
    """Decay a step of the running average of the weights, which is what is validated and exported; 0 for none."""
    precision: Literal["auto", "float32", "bf16"] = "auto"
    """`bf16` computes in bfloat16 with float32 weights; `auto` does where the device is made for it."""


@dataclass(frozen=True, slots=True)
class Export:
    """`[export]`: the bundle that comes out."""

    name: str
    """Name of the bundle."""
    version: str = "1.0"
    """Version under that name."""
    size: int = 224
    """Side of its input in pixels."""
    pooled: bool = False
    """Put the mean over the feature map, at unit length, beside the head's embedding."""
    whiten: float | None = None
    """End the graph with a whitening by the scatter within classes of the training images, with this shrinkage."""
    components: int | None = None
    """Keep this many leading principal components of what is whitened, in the graph; all where not given."""
    reducer: str | None = None
    """`pca:SIZE` or `pca-whitened:SIZE`, fitted on the training images; `none` for none."""
    space: Literal["cosine", "pearson", "hamming"] = "cosine"
    """How embeddings compare: by cosine, or without reducer and components by Pearson's correlation, or as bits above 0."""
    weights: Literal["float32", "int8"] = "float32"
    """How weights are stored; `int8` rounds each output channel to 8 bits, and computes in float32."""
    arithmetic: Literal["float32", "int8"] = "float32"
    """What convolutions compute with; `int8` is twice as fast on processors made for it, and wrong on some that are not."""
    training_data: str = "the labelled chips that it was given"
    """What the model saw, in words."""
    licence: str = "not stated"
    """SPDX expression of the weights' licence."""
    notes: str = ""
    """Markdown at the end of the card: origin, intended use, limits."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a bundle is made."""

    name: str
    """For logs and messages; lower case."""
    words: str
    """What it is, in a sentence."""
    backbone: Backbone
    """Image to feature map."""
    head: Component
    """Feature map to embedding."""
    losses: tuple[Loss, ...]
    """At least one."""
    optimizer: Component
    """What moves the weights."""
    schedule: Schedule
    """How long, and how the learning rate goes."""
    export: Export
    """The bundle that comes out."""
    frontend: Component | None = None
    """What corrects images before the backbone sees them; nothing where not given."""
    sampler: Component = Component("shuffled", {"batch": 64})
    """Which images make a batch."""
    data: Data = Data()
    """Which images, how large, how changed."""
    teachers: tuple[Teacher, ...] = ()
    """Bundles that it learns from."""
    self_training: SelfTraining | None = None
    """Students that learn what the network before them says of a pool of other images; none where not given."""
    source: str = ""
    """The TOML text that it was read from, with changes applied."""


def trains(recipe: Recipe) -> str:
    """The part of a recipe's text that the weights depend on: a finished run can be exported again in another way."""
    tables = tomllib.loads(recipe.source)
    return write_toml({name: table for name, table in tables.items() if name not in ("words", "export")})
