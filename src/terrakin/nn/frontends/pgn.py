"""The parameter generation network."""

import torch
from torch import Tensor, nn

from terrakin.errors import RecipeError

__all__ = ["PGN"]

_SMALLEST = 18
# Pixels: below, the second pooling leaves nothing.


class PGN(nn.Module):
    """A small network that looks at an image and says by which parameters to convert it.

    Wang, Ji & Zhang, JSTARS 2021: two convolutions, each followed by max pooling, a hidden layer, a regression layer. The paper
    gives no sizes; these are of the network in PyTorch's tutorial on spatial transformers, which has the same layers: 7 x 7 to
    8 channels, 5 x 5 to 10 channels, 32 hidden units, ReLU.

    It starts as the identity: the regression layer has no weights but a bias of the parameters that change nothing. Everything
    before that layer has therefore no gradient at the first step, and one from the second step on.

    >>> network = PGN(3, 224, torch.zeros(10))
    >>> sum(parameter.numel() for parameter in network.parameters())
    868836
    """

    def __init__(self, bands: int, size: int, identity: Tensor) -> None:
        """Make the network.

        Args:
            bands: of the images.
            size: height and width of the images, in pixels. The hidden layer reads all of the feature map, so that the network
                is for images of this size alone.
            identity: (P,) the parameters that it starts with.

        Raises:
            RecipeError: if the size is below 18 pixels.
        """
        if size < _SMALLEST:
            raise RecipeError(f"a front-end needs images of {_SMALLEST} px or more, got {size}")
        super().__init__()
        side = ((size - 6) // 2 - 4) // 2
        self.features = nn.Sequential(
            nn.Conv2d(bands, 8, 7), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(8, 10, 5), nn.MaxPool2d(2), nn.ReLU(), nn.Flatten()
        )
        self.hidden = nn.Sequential(nn.Linear(10 * side**2, 32), nn.ReLU())
        self.regression = nn.Linear(32, len(identity))
        with torch.no_grad():
            self.regression.weight.zero_()
            self.regression.bias.copy_(identity)

    def forward(self, images: Tensor) -> Tensor:
        """Parameters (N, P) of images (N, bands, size, size) in [0, 1]."""
        parameters: Tensor = self.regression(self.hidden(self.features(images)))
        return parameters
