"""Start weights that are taken out of the shipped model are the shipped model."""

import numpy as np
import torch

from terrakin.bundles.bundle import open_bundle


def test_the_network_gives_what_the_bundle_gives(tool) -> None:
    start = tool("write_start_weights")
    bundle = open_bundle("imagenet-mobilenetv2")
    network = start.backbone_of(bundle, start.images(96))
    values = np.random.default_rng(0).random((2, 3, 224, 224), dtype=np.float32)
    with torch.no_grad():
        found = network((torch.from_numpy(values) - 0.5) / 0.5).mean(dim=(2, 3)).numpy()
    np.testing.assert_allclose(found, bundle.raw(values), atol=1e-4)


def test_training_begins_near_the_bundle(tool) -> None:
    start = tool("write_start_weights")
    bundle = open_bundle("imagenet-mobilenetv2")
    values = start.images(96)
    network = start.backbone_of(bundle, values).train()
    with torch.no_grad():
        found = network((torch.from_numpy(values) - 0.5) / 0.5).mean(dim=(2, 3)).numpy()
    # Batch norm divides by the batch's own variance and keeps the unbiased one.
    np.testing.assert_allclose(found, bundle.raw(values), atol=0.1)
