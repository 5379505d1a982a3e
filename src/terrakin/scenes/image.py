"""The source `image`: plain pictures without geography."""

from dataclasses import dataclass

from terrakin.scenes.compose import compose
from terrakin.scenes.formats import is_picture
from terrakin.scenes.header import Header
from terrakin.scenes.naming import name_bands
from terrakin.scenes.picture import open_picture, picture_bands, picture_dtype, picture_tags
from terrakin.scenes.scene import Candidate, Scene
from terrakin.scenes.single import single_files
from terrakin.scenes.source import Claim, Listing

__all__ = ["IMAGE", "ImageSource", "picture_header"]


@dataclass(frozen=True, slots=True)
class ImageSource:
    """JPEG, PNG, WebP, BMP and the first frame of GIF."""

    name: str = "image"
    title: str = "pictures without geography: JPEG, PNG, WebP, BMP, GIF; a folder a class gives labels"
    turn: int = 40

    def claim(self, listing: Listing) -> Claim:
        """Take every picture."""
        names = [name for name in listing.files if is_picture(name)]
        return Claim(set(names), single_files(listing, ((name, ()) for name in names), source=self.name))

    def open(self, candidate: Candidate) -> Scene:
        """Read the header; no pixel is decoded."""
        header = picture_header(candidate.files[0])
        return compose(candidate, [header], name_bands(header, None))


IMAGE = ImageSource()


def picture_header(path: str) -> Header:
    """What a picture's header tells of it once decoded.

    Raises:
        SceneError: if it is broken, of another type than its name says, or too large to decode.
    """
    with open_picture(path) as picture:
        names = picture_bands(picture)
        return Header(
            path=path,
            width=picture.width,
            height=picture.height,
            indexes=tuple(range(1, len(names) + 1)),
            dtype=picture_dtype(picture),
            colours=names,
            descriptions=("",) * len(names),
            scales=(1.0,) * len(names),
            offsets=(0.0,) * len(names),
            tags=picture_tags(picture),
        )
