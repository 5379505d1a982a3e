"""MobileNetV2 1.0."""

import copy
from collections.abc import Iterable, Mapping
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from terrakin.errors import RecipeError
from terrakin.nn.backbones.backbone import Backbone
from terrakin.nn.backbones.published import IMAGENET_MEAN, IMAGENET_STD, per_band
from terrakin.registry import nearest

__all__ = ["MobileNetV2"]

_BLOCKS = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
# Expansion, output channels, repeats and stride of the first repeat: Sandler et al. (2018), table 2.

_NORMALISATION = {
    "same": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "symmetric": (IMAGENET_MEAN, IMAGENET_STD),
}
# Mean and standard deviation that the weights of either padding were trained with.


class MobileNetV2(Backbone):
    """Inverted residuals with linear bottlenecks: Sandler et al., "MobileNetV2", CVPR 2018.

    Names of its state dict are those of torchvision's `mobilenet_v2` without the classifier. Two families of weights have these
    names, and nothing in a file tells them apart: those that were trained with TensorFlow and given torchvision's names, and
    torchvision's own. They want another padding and another normalisation; with the wrong ones a network runs, and is worse.

    Its stages are `stem`, `block1` to `block17` and `last`, and `kept` where a part of it is kept.

    A network that is trained on one kind of imagery forgets what it knew of others. With `kept` it forgets nothing: the stages
    before that one are never trained, those from it on exist twice, and one copy is never trained either. Both read the same
    shared stages, and their feature maps lie side by side.

    >>> import torch
    >>> MobileNetV2(bands=4)(torch.zeros(2, 4, 64, 96)).shape
    torch.Size([2, 1280, 2, 3])
    >>> MobileNetV2(kept="block7")(torch.zeros(2, 3, 64, 96)).shape
    torch.Size([2, 2560, 2, 3])
    """

    first: ClassVar[str] = "features.0.0.weight"
    classifier: ClassVar[tuple[str, ...]] = ("classifier.1.weight", "classifier.1.bias")

    def __init__(self, bands: int = 3, *, padding: Literal["same", "symmetric"] = "same", kept: str | None = None) -> None:
        """Make the network.

        Args:
            bands: of the images.
            padding: of convolutions with stride 2. `same` is TensorFlow's SAME, which puts the one row of zeros that an even
                side gets at its end, and weights that want it want values in [-1, 1]. `symmetric` puts a row on each side, as
                torchvision does, whose weights want ImageNet's mean and standard deviation. `mean` and `std` are accordingly.
            kept: the stage from which on there are two copies, one of them as it was published.

        Raises:
            RecipeError: if there is no such padding or stage.
        """
        if padding not in _NORMALISATION:
            raise RecipeError(f"mobilenetv2 pads as {' or '.join(_NORMALISATION)}, got {padding!r}")
        count = sum(repeats for _, _, repeats, _ in _BLOCKS)
        names = ["stem", *(f"block{number}" for number in range(1, count + 1)), "last"]
        # To keep from the stem on would be to keep a second network whole.
        if kept is not None and kept not in names[1:]:
            meant = nearest(kept, names[1:])
            raise RecipeError(
                f"mobilenetv2 has no stage {kept!r} to keep{f';{meant}' if meant else '.'} There are: {', '.join(names[1:])}"
            )
        stages = {name: (f"features.{number}",) for number, name in enumerate(names)}
        super().__init__(stages if kept is None else {**stages, "kept": ("kept",)})
        self.channels = 1280 if kept is None else 2560
        self.mean, self.std = (per_band(values, bands) for values in _NORMALISATION[padding])
        same, channels = padding == "same", 32
        layers: list[nn.Module] = [_activated(bands, channels, kernel=3, stride=2, same=same)]
        for expansion, out, repeats, first_stride in _BLOCKS:
            for repeat in range(repeats):
                stride = first_stride if repeat == 0 else 1
                layers.append(_InvertedResidual(channels, out, expansion, stride=stride, same=same))
                channels = out
        layers.append(_activated(channels, 1280, kernel=1))
        self.features = nn.Sequential(*layers)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")
        self._shared = len(names) if kept is None else names.index(kept)
        self.kept = None if kept is None else copy.deepcopy(self.features[self._shared :])
        self._untrained = () if kept is None else (*names[: self._shared], "kept")
        self.freeze(())

    def forward(self, images: Tensor) -> Tensor:
        """Feature map (N, channels, h, w) of normalised images (N, bands, H, W); h and w are H and W over 32, rounded up.

        There are 1280 channels, or 2560 where a part is kept: those that train, then those that stay.
        """
        maps: Tensor = self.features[: self._shared](images)
        if self.kept is None:
            return maps
        return torch.cat([self.features[self._shared :](maps), self.kept(maps)], dim=1)

    def freeze(self, stages: Iterable[str]) -> None:
        """Freeze these stages, and those that are never trained, and train every other one.

        Raises:
            RecipeError: if there is no stage of such a name.
        """
        super().freeze({*stages, *self._untrained})

    def load_published(self, state: Mapping[str, Tensor]) -> None:
        """Take the weights of a published checkpoint, of any number of bands.

        A part that is kept takes its copies; where the checkpoint is of a run that kept the same part, each takes its own. A
        network without such a part takes what was trained.

        Raises:
            TrainingError: naming every tensor that is missing, not known, or of another shape.
        """
        if self.kept is None:
            state = {name: values for name, values in state.items() if not name.startswith("kept.")}
        elif not any(name.startswith("kept.") for name in state):
            # Both have the numbers of the whole network in their names.
            names = (name for name in self.state_dict() if name.startswith("kept."))
            copies = {name: state[of] for name in names if (of := name.replace("kept.", "features.", 1)) in state}
            state = {**state, **copies}
        super().load_published(state)


class _InvertedResidual(nn.Module):
    """Expand by a 1 x 1 convolution, filter each channel, project without activation; add the input where shapes agree."""

    def __init__(self, channels: int, out: int, expansion: int, *, stride: int, same: bool) -> None:
        super().__init__()
        wide = channels * expansion
        expand = [_activated(channels, wide, kernel=1)] if expansion != 1 else []
        filter_each = _activated(wide, wide, kernel=3, stride=stride, groups=wide, same=same)
        self.conv = nn.Sequential(*expand, filter_each, nn.Conv2d(wide, out, 1, bias=False), nn.BatchNorm2d(out))
        self.adds_input = stride == 1 and channels == out

    def forward(self, maps: Tensor) -> Tensor:
        change: Tensor = self.conv(maps)
        return maps + change if self.adds_input else change


class _SameConv2d(nn.Conv2d):
    """A 3 x 3 convolution with stride 2 that pads as TensorFlow's SAME: an even side gets its one row of zeros at the end."""

    def forward(self, maps: Tensor) -> Tensor:
        height, width = maps.shape[-2:]
        return super().forward(F.pad(maps, (width % 2, 1, height % 2, 1)))


def _activated(channels: int, out: int, *, kernel: int, stride: int = 1, groups: int = 1, same: bool = False) -> nn.Sequential:
    """Convolution, batch norm, ReLU6."""
    if same and stride == 2:
        conv: nn.Conv2d = _SameConv2d(channels, out, kernel, stride, groups=groups, bias=False)
    else:
        conv = nn.Conv2d(channels, out, kernel, stride, padding=kernel // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(out), nn.ReLU6(inplace=True))
