"""How near near-identical pictures are: the study behind `terrakin.search.duplicates.default_distance`.

    python tools/study_duplicates.py AID

Takes a folder of images, changes every n-th one a little, and prints the distances between each image and its changed self,
beside the distances of different images to their nearest neighbours.
"""

import argparse
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from terrakin.bundles.bundle import DEFAULT, open_bundle
from terrakin.spaces.exact import ExactIndex
from terrakin.spaces.kinds import distances

IMAGES = 500

Change = Callable[[Image.Image], Image.Image]


def _jpeg(quality: int) -> Change:
    def change(image: Image.Image) -> Image.Image:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=quality)
        return Image.open(file)

    return change


def _crop(share: float) -> Change:
    def change(image: Image.Image) -> Image.Image:
        edge = round(image.width * share)
        return image.crop((edge, edge, image.width, image.height))

    return change


CHANGES: dict[str, Change] = {
    "JPEG quality 75": _jpeg(75),
    "JPEG quality 40": _jpeg(40),
    "half the size and back": lambda image: image.resize((image.width // 2,) * 2).resize(image.size),
    "5 % brighter": lambda image: image.point(lambda value: min(255, round(value * 1.05))),
    "shifted by 2 %": _crop(0.02),
    "shifted by 5 %": _crop(0.05),
    "shifted by 10 %": _crop(0.10),
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="images, such as the AID data set")
    paths = sorted(
        path for path in parser.parse_args().folder.rglob("*") if path.suffix.lower() in {".jpg", ".webp", ".png", ".tif"}
    )
    paths = paths[:: max(1, len(paths) // IMAGES)]
    bundle = open_bundle(DEFAULT)
    side = bundle.passport.input_size

    def embed(image: Image.Image) -> np.ndarray:
        pixels = np.asarray(image.convert("RGB").resize((side, side), Image.Resampling.BICUBIC), np.float32)
        return bundle.embed(pixels.transpose(2, 0, 1)[np.newaxis] / 255)[0]

    images = [Image.open(path).convert("RGB") for path in paths]
    plain = np.stack([embed(image) for image in images])
    print(
        f"{len(images)} images, {bundle.passport.name}\n\n"
        "| change | median | 95 % below | largest |\n| --- | ---: | ---: | ---: |"
    )
    for name, change in CHANGES.items():
        changed = [embed(change(image)) for image in images]
        gaps = [
            float(distances(bundle.passport.space, one[None], other[None])[0, 0])
            for one, other in zip(plain, changed, strict=True)
        ]
        print(f"| {name} | {np.median(gaps):.4f} | {np.quantile(gaps, 0.95):.4f} | {max(gaps):.4f} |")
    nearest = ExactIndex(bundle.passport.space, plain).search_many(plain, 2)[1][:, 1]
    print(f"| another image, nearest of {len(images)} | {np.median(nearest):.4f} | | smallest {nearest.min():.4f} |")


if __name__ == "__main__":
    main()
