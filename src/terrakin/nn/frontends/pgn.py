"""The parameter generation network."""

from typing import Literal

import torch
from torch import Tensor, nn

from terrakin.errors import RecipeError

__all__ = ["PGN", "Initialisation"]

Initialisation = Literal["pytorch", "he"]
"""How the layers before the regression layer begin."""

_SMALLEST = 18
# Pixels: below, the second pooling leaves nothing.

_CENTRE, _SPREAD = 0.5, 0.25
# Of values in [0, 1], roughly. One pair for all bands: a band's own mean is what a spectral conversion is to see.


class PGN(nn.Module):
    """A small network that looks at an image and says by which parameters to convert it.

    Wang, Ji & Zhang, JSTARS 2021: two convolutions, each followed by max pooling, a hidden layer, a regression layer. The paper
    gives no sizes; these are of the network in PyTorch's tutorial on spatial transformers, which has the same layers: 7 x 7 to
    8 channels, 5 x 5 to 10 channels, 32 hidden units, ReLU.

    It starts as the identity: the regression layer has no weights but a bias of the parameters that change nothing. Everything
    before that layer has therefore no gradient at the first step, and one from the second step on.

    With PyTorch's own initialisation and values in [0, 1], the hidden units differ between images by 0.005: what is learned is
    the bias of the regression layer, the same parameters for every image. By He et al., "Delving deep into rectifiers", ICCV
    2015, with the values centred, they differ by 0.6, and so do the parameters from the first steps on. That is the deviation
    `initialisation="he"`; with it the network wants a rate a hundred times lower.

    >>> network = PGN(3, 224, torch.zeros(10))
    >>> sum(parameter.numel() for parameter in network.parameters())
    868836
    """

    identity: Tensor
    """(P,) the parameters that change nothing."""

    def __init__(
        self, bands: int, size: int, identity: Tensor, *, initialisation: Initialisation = "pytorch", limit: float = 0.0
    ) -> None:
        """Make the network.

        Args:
            bands: of the images.
            size: height and width of the images, in pixels. The hidden layer reads all of the feature map, so that the network
                is for images of this size alone.
            identity: (P,) the parameters that it starts with.
            initialisation: `pytorch`, or `he`, which also centres the values.
            limit: the farthest that a parameter can get from the identity, by a hyperbolic tangent; 0 sets none.

        Raises:
            RecipeError: if the size is below 18 pixels, or there is no such initialisation or limit.
        """
        if initialisation not in ("pytorch", "he"):
            raise RecipeError(f"initialisation is pytorch or he, got {initialisation!r}")
        if limit < 0:
            raise RecipeError(f"limit is above 0, or 0 for none, got {limit}")
        if size < _SMALLEST:
            raise RecipeError(f"a front-end needs images of {_SMALLEST} px or more, got {size}")
        super().__init__()
        self.limit, self.centred = limit, initialisation == "he"
        # In the precision of the weights: a spline gives its identity in float64.
        self.register_buffer("identity", identity.to(torch.get_default_dtype(), copy=True), persistent=False)
        side = ((size - 6) // 2 - 4) // 2
        self.features = nn.Sequential(
            nn.Conv2d(bands, 8, 7), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(8, 10, 5), nn.MaxPool2d(2), nn.ReLU(), nn.Flatten()
        )
        self.hidden = nn.Sequential(nn.Linear(10 * side**2, 32), nn.ReLU())
        self.regression = nn.Linear(32, len(identity))
        if initialisation == "he":
            for name, parameter in self.named_parameters():
                if name.endswith("weight"):
                    nn.init.kaiming_normal_(parameter, nonlinearity="relu")
                else:
                    nn.init.zeros_(parameter)
        with torch.no_grad():
            self.regression.weight.zero_()
            self.regression.bias.copy_(identity)

    def forward(self, images: Tensor) -> Tensor:
        """Parameters (N, P) of images (N, bands, size, size) in [0, 1]."""
        values = (images - _CENTRE) / _SPREAD if self.centred else images
        parameters: Tensor = self.regression(self.hidden(self.features(values)))
        if self.limit:
            parameters = self.identity + self.limit * torch.tanh((parameters - self.identity) / self.limit)
        return parameters
