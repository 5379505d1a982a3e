"""Networks of branches of convolutions, as made for BigEarthNet: one branch a resolution, or one for all bands."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from terrakin.errors import RecipeError
from terrakin.nn.backbones.backbone import Backbone

__all__ = ["SingleBranch", "ThreeBranch"]

_WIDTH = 128
# Of what a branch gives.

_Layers = tuple[tuple[int, int, bool], ...]
# Of a branch: kernel, channels, and whether a pooling by 2 follows.

_OF_10_M: _Layers = ((5, 32, True), (5, 32, True), (3, 64, False))

_STRIDES = {"branch10": 1, "branch20": 2, "branch60": 6}
# Pixels of the stacked image along a side of a pixel of each branch's bands.


class ThreeBranch(Backbone):
    """A branch of convolutions for each of Sentinel-2's resolutions; the map is one vector of 384 numbers, 128 a branch.

    The K-branch CNN of Sumbul et al., "BigEarthNet: a large-scale benchmark archive for remote sensing image understanding",
    IGARSS 2019, with K = 3, as their public code has it: convolutions with bias, batch norm, ReLU, dropout of 0.25 after each
    and of 0.5 after each branch's fully connected layer, Xavier's initial weights.

    It reads one stacked image: bands of 20 m and 60 m repeated to the grid of 10 m, each pixel 2 x 2 and 6 x 6 times. Every
    second and every sixth pixel of these are the bands as they were delivered.
    """

    first: ClassVar[str] = ""
    classifier: ClassVar[tuple[str, ...]] = ()
    reads: ClassVar[tuple[str, ...]] = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12")
    resolutions: ClassVar[dict[str, tuple[str, ...]]] = {
        "branch10": ("B02", "B03", "B04", "B08"),
        "branch20": ("B05", "B06", "B07", "B8A", "B11", "B12"),
        "branch60": ("B01", "B09"),
    }
    """Bands of each branch, in its order."""

    def __init__(self, bands: int = 12, *, side: int = 120) -> None:
        """Make the network.

        Args:
            bands: 12, those of `reads`.
            side: of the stacked image in pixels of 10 m; a multiple of 12.

        Raises:
            RecipeError: if there are other bands, or the side is none that all branches divide.
        """
        if bands != len(self.reads):
            raise RecipeError(
                f"the backbone three-branch reads {len(self.reads)} bands, {', '.join(self.reads)}, in that order; got {bands}"
            )
        _must_divide(side, 12, "three-branch")
        super().__init__({name: (name,) for name in self.resolutions})
        self.side, self.bands = side, bands
        self.channels = len(self.resolutions) * _WIDTH
        self.mean, self.std = (0.0,) * bands, (1.0,) * bands
        self.branch10 = _branch(4, _OF_10_M, side)
        self.branch20 = _branch(6, ((3, 32, True), (3, 32, False), (3, 64, False)), side // 2)
        self.branch60 = _branch(2, ((2, 32, False), (2, 32, False), (2, 32, False)), side // 6)
        _xavier(self)

    def native(self, images: Tensor) -> dict[str, Tensor]:
        """Bands of each branch on their own grid, (N, c, h, w) by the branch's name, of stacked images (N, 12, side, side)."""
        grids = {}
        for name, bands in self.resolutions.items():
            step = _STRIDES[name]
            grids[name] = images[:, [self.reads.index(band) for band in bands], ::step, ::step]
        return grids

    def forward(self, images: Tensor) -> Tensor:
        """(N, 384, 1, 1) of normalised stacked images (N, 12, side, side).

        Raises:
            RecipeError: if they are of another size.
        """
        _must_fit(images, self.bands, self.side, "three-branch")
        grids = self.native(images)
        vectors = torch.cat([self.get_submodule(name)(grid) for name, grid in grids.items()], dim=1)
        return vectors[:, :, None, None]


class SingleBranch(Backbone):
    """The branch of 10 m of `ThreeBranch` over all bands, resampled to its grid; the map is one vector of 128 numbers.

    What three branches are compared with: it sees the same values, on a grid finer than they were measured on.
    """

    first: ClassVar[str] = "convolutions.0.0.weight"
    classifier: ClassVar[tuple[str, ...]] = ()

    def __init__(self, bands: int = 12, *, side: int = 120) -> None:
        """Make the network.

        Args:
            bands: of the images.
            side: of the images in pixels; a multiple of 4.

        Raises:
            RecipeError: if the side is none.
        """
        _must_divide(side, 4, "single-branch")
        super().__init__({"convolutions": ("convolutions",), "dense": ("dense",)})
        self.side, self.bands = side, bands
        self.channels = _WIDTH
        self.mean, self.std = (0.0,) * bands, (1.0,) * bands
        # Its dropout before the classifier is the head's, so that an embedding is whole.
        self.convolutions, self.dense = _convolutions_and_dense(bands, _OF_10_M, side)
        _xavier(self)

    def forward(self, images: Tensor) -> Tensor:
        """(N, 128, 1, 1) of normalised images (N, bands, side, side).

        Raises:
            RecipeError: if they are of another size.
        """
        _must_fit(images, self.bands, self.side, "single-branch")
        vectors: Tensor = self.dense(self.convolutions(images))
        return vectors[:, :, None, None]


def _branch(bands: int, layers: _Layers, side: int) -> nn.Sequential:
    """Convolutions, a fully connected layer of 128, dropout."""
    return nn.Sequential(*_convolutions_and_dense(bands, layers, side), nn.Dropout(0.5))


def _convolutions_and_dense(bands: int, layers: _Layers, side: int) -> tuple[nn.Sequential, nn.Sequential]:
    blocks, channels = [], bands
    for kernel, width, pooled in layers:
        blocks.append(_block(channels, width, kernel, pooled=pooled))
        channels, side = width, side // 2 if pooled else side
    dense = nn.Sequential(nn.Flatten(), nn.Linear(channels * side**2, _WIDTH), nn.BatchNorm1d(_WIDTH), nn.ReLU())
    return nn.Sequential(*blocks), dense


def _block(channels: int, width: int, kernel: int, *, pooled: bool) -> nn.Sequential:
    """A convolution that keeps the size, batch norm, ReLU, a pooling by 2 where wanted, dropout."""
    before, after = (kernel - 1) // 2, kernel // 2
    # An even kernel has no middle: it is padded at the right and the bottom alone, as TensorFlow's "same" does.
    padding = [nn.ZeroPad2d((before, after, before, after))] if before != after else []
    convolution = nn.Conv2d(channels, width, kernel, padding=0 if padding else before)
    pooling = [nn.MaxPool2d(2)] if pooled else []
    return nn.Sequential(*padding, convolution, nn.BatchNorm2d(width), nn.ReLU(), *pooling, nn.Dropout(0.25))


def _xavier(network: nn.Module) -> None:
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def _must_divide(side: int, by: int, name: str) -> None:
    if side < by or side % by:
        raise RecipeError(f"the backbone {name} is for images whose side is a multiple of {by} pixels, got {side}; take 120")


def _must_fit(images: Tensor, bands: int, side: int, name: str) -> None:
    if images.shape[1:] != (bands, side, side):
        found = " x ".join(map(str, images.shape[1:]))
        raise RecipeError(
            f"this {name} was made for images of {bands} x {side} x {side} (bands, height, width), got {found}; "
            "resize them, or set side in [backbone]"
        )
