"""What every conversion says of its parameters."""

from torch import Tensor, nn

__all__ = ["Conversion"]


class Conversion(nn.Module):
    """A correction of images by parameters that each image has for itself; it learns nothing of its own.

    `forward` takes images (N, C, H, W) and parameters (N, length) and gives images of the same shape.
    """

    identity: Tensor
    """(length,) the parameters that change nothing."""

    def __init__(self, identity: Tensor) -> None:
        super().__init__()
        self.identity = identity

    @property
    def length(self) -> int:
        """How many numbers it takes for an image."""
        return len(self.identity)
