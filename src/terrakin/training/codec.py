"""Pixels in a tenth of their size or less: a lossy codec that needs nothing but numpy and the standard library.

Why not WebP or JPEG: the machine that unpacks may have torch and numpy alone. A codec of one's own is also free to code many
images together, which pays for what it lacks: at equal error it takes a fifth less than JPEG with optimised tables.

How it works: three bands become brightness and two differences of colour (ITU-R BT.601, as in JFIF 1.02), these at half the
resolution; any other number of bands stays as it is. Each plane is transformed by blocks of 8 x 8 (DCT-II, orthonormal),
divided by one step for all frequencies, and rounded towards zero a little. The coefficients of one frequency of all images lie
together, sorted by how much the lower frequencies of their blocks hold: the decoder knows these by then and can undo the order,
and the compressor finds like among like. The rest is LZMA.

Measured on aerial images of 30 classes (AID), bytes an image and PSNR over all pixels and bands. JPEG at 160 px takes 4130 for
31.3 dB and 5490 for 33.2 dB. One core codes 250 images of 160 px a second and decodes 1000; of 128 px, 400 and 1600.

    quality          25       35       50       70      100
    160 px, bytes  1591     2284     3208     4251     5527
    128 px, bytes  1006     1443     2023     2688     3503
    PSNR, dB       27.4     29.2     31.3     33.3     35.5
"""

import lzma
import struct

import numpy as np
from numpy.typing import NDArray

from terrakin.errors import TrainingError

__all__ = ["decode", "encode", "shape_of"]

_SIDE = 8
"""Of a block."""
_STEP = 1200.0
"""Quantisation step of brightness at quality 1, in grey levels of an orthonormal transform; quality divides it."""
_COLOUR = 1.3
"""Steps of colour differences relative to brightness."""
_DEAD_ZONE = 0.17
"""Taken off before rounding: what is barely more than half a step costs more bits than it saves in error."""
_HEADER = struct.Struct("<4sB4I")
_MAGIC = b"TKP1"
_FILTERS = [
    {"id": lzma.FILTER_LZMA2, "lc": 0, "lp": 0, "pb": 0, "mf": lzma.MF_HC3, "nice_len": 128, "depth": 1, "dict_size": 1 << 12}
]
# Bytes are coefficients: neither the one before nor the position says anything of the next beyond what sorting has used, and
# nothing repeats but runs of zeros. So a short and lazy search is four times as fast as preset 6, and 4% smaller.
_FROM_RGB = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32)
_TO_RGB = np.array([[1, 0, 1.402], [1, -0.344136, -0.714136], [1, 1.772, 0]], np.float32)


def encode(pixels: NDArray[np.uint8], *, quality: int = 50) -> bytes:
    """Code images together; some hundred at a time is best, and takes about 30 bytes of memory a pixel and band.

    Args:
        pixels: (N, H, W, C) uint8, at least one.
        quality: 1..100; the bytes grow about in proportion to it.
    """
    if pixels.ndim != 4 or pixels.dtype != np.uint8 or not pixels.size:
        raise ValueError(f"wanted images (N, H, W, C) uint8, got {pixels.dtype} {pixels.shape}")
    if not 1 <= quality <= 100:
        raise ValueError(f"quality lies in 1..100, got {quality}")
    coded = [
        _sorted(_quantised(plane, step)) for plane, step in zip(_planes(pixels), _steps(pixels.shape, quality), strict=True)
    ]
    header = _HEADER.pack(_MAGIC, quality, *pixels.shape)
    return header + lzma.compress(b"".join(coded), lzma.FORMAT_XZ, lzma.CHECK_CRC32, filters=_FILTERS)


def shape_of(coded: bytes) -> tuple[int, int, int, int]:
    """(N, H, W, C) of what `encode` gave; reads a few bytes, so that a caller can refuse before anything is decoded.

    Raises:
        TrainingError: if it is none.
    """
    return _header(coded)[1]


def decode(coded: bytes) -> NDArray[np.uint8]:
    """The images again, (N, H, W, C) uint8. Another machine may round a few pixels otherwise, by one grey level.

    Memory is in proportion to what `shape_of` says, whatever follows the header.

    Raises:
        TrainingError: if it is broken, or not what `encode` gave.
    """
    quality, shape = _header(coded)
    blocks = [_blocks_of(plane) for plane in _plane_shapes(shape)]
    expected = sum(count * down * across for count, down, across in blocks) * _SIDE**2
    unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=1 << 28)
    try:
        values = unpacker.decompress(coded[_HEADER.size :], max_length=expected + 1)
    except (lzma.LZMAError, EOFError) as exc:
        raise TrainingError(f"coded images are broken ({exc}); carry them here again") from exc
    if len(values) != expected or not unpacker.eof or unpacker.unused_data:
        raise TrainingError(f"coded images are broken: {expected} bytes should follow for {shape}; carry them here again")
    planes, start = [], 0
    for block, step in zip(blocks, _steps(shape, quality), strict=True):
        size = block[0] * block[1] * block[2] * _SIDE**2
        planes.append(_restored(_unsorted(values[start : start + size], block), step))
        start += size
    return _pixels(planes, shape)


def _header(coded: bytes) -> tuple[int, tuple[int, int, int, int]]:
    if len(coded) < _HEADER.size or coded[:4] != _MAGIC:
        raise TrainingError("these are no coded images, or those of another version; carry them here again")
    _, quality, *shape = _HEADER.unpack_from(coded)
    if not 1 <= quality <= 100 or not min(shape):
        raise TrainingError(f"coded images are broken: quality {quality}, shape {shape}; carry them here again")
    count, height, width, bands = shape
    return quality, (count, height, width, bands)


def _plane_shapes(shape: tuple[int, int, int, int]) -> list[tuple[int, int, int]]:
    count, height, width, bands = shape
    whole = (count, height, width)
    return [whole, *[(count, -(-height // 2), -(-width // 2))] * 2] if bands == 3 else [whole] * bands


def _blocks_of(plane: tuple[int, int, int]) -> tuple[int, int, int]:
    """Images, and blocks down and across each."""
    return plane[0], -(-plane[1] // _SIDE), -(-plane[2] // _SIDE)


def _steps(shape: tuple[int, ...], quality: int) -> list[float]:
    step = _STEP / quality
    return [step, step * _COLOUR, step * _COLOUR] if shape[3] == 3 else [step] * shape[3]


def _planes(pixels: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
    """Planes (N, h, w) about -128..127, as `_plane_shapes` says."""
    values = pixels.astype(np.float32)
    if pixels.shape[3] != 3:
        return [values[..., band] - 128 for band in range(pixels.shape[3])]
    bright, blue, red = np.moveaxis(values @ _FROM_RGB.T, 3, 0)
    return [bright - 128, _halved(blue), _halved(red)]


def _halved(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    count, height, width = plane.shape
    even = np.pad(plane, ((0, 0), (0, height % 2), (0, width % 2)), mode="edge")
    fours = even.reshape(count, even.shape[1] // 2, 2, even.shape[2] // 2, 2)
    mean: NDArray[np.float32] = fours.mean(axis=(2, 4))
    return mean


def _pixels(planes: list[NDArray[np.float32]], shape: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    _, height, width, bands = shape
    result = np.empty(shape, np.uint8)
    for band in range(bands):
        plane = planes[band if bands != 3 else 0][:, :height, :width] + 128
        if bands == 3:
            _, blue, red = _TO_RGB[band]
            colour = blue * planes[1] + red * planes[2]
            plane += colour.repeat(2, axis=1).repeat(2, axis=2)[:, :height, :width]
        result[..., band] = np.clip(np.rint(plane, out=plane), 0, 255, out=plane)
    return result


def _basis() -> NDArray[np.float32]:
    """The transform of a block, (64 frequencies, 64 pixels), lower frequencies first."""
    place = np.arange(_SIDE)
    line = np.sqrt(2 / _SIDE) * np.cos((2 * place + 1) * place[:, None] * np.pi / (2 * _SIDE))
    line[0] /= np.sqrt(2)
    order = sorted(range(_SIDE**2), key=lambda number: (sum(divmod(number, _SIDE)), number))
    return np.kron(line, line)[order].astype(np.float32)


_BASIS = _basis()


def _quantised(plane: NDArray[np.float32], step: float) -> NDArray[np.int8]:
    """(64, N, blocks down, blocks across); a block's mean is that minus the mean of the block before.

    Nothing overflows: with values in -128..128 no coefficient exceeds 1024, and no step is below 12. Differences of means wrap.
    """
    count, down, across = _blocks_of(plane.shape)
    padding = ((0, 0), (0, down * _SIDE - plane.shape[1]), (0, across * _SIDE - plane.shape[2]))
    blocks = np.pad(plane, padding, mode="edge").reshape(count, down, _SIDE, across, _SIDE).swapaxes(2, 3)
    found = blocks.reshape(-1, _SIDE**2) @ _BASIS.T / np.float32(step)
    whole = np.sign(found) * np.floor(np.abs(found) + np.float32(0.5 - _DEAD_ZONE))
    result = np.ascontiguousarray(whole.astype(np.int8).T).reshape(-1, count, down, across)
    means = result[0].copy()
    result[0, :, :, 1:] -= means[:, :, :-1]
    result[0, :, 1:, 0] -= means[:, :-1, 0]
    return result


def _restored(quantised: NDArray[np.int8], step: float) -> NDArray[np.float32]:
    """The plane (N, 8 x down, 8 x across) of what `_quantised` gave."""
    _, count, down, across = quantised.shape
    means = quantised[0].copy()
    means[:, :, 0] = np.cumsum(means[:, :, 0], axis=1, dtype=np.int8)
    means = np.cumsum(means, axis=2, dtype=np.int8)
    found = np.concatenate([means[np.newaxis], quantised[1:]]).reshape(_SIDE**2, -1).T.astype(np.float32)
    blocks: NDArray[np.float32] = found @ (_BASIS * np.float32(step))
    rows = blocks.reshape(count, down, across, _SIDE, _SIDE).swapaxes(2, 3)
    return rows.reshape(count, down * _SIDE, across * _SIDE)


def _sorted(quantised: NDArray[np.int8]) -> bytes:
    """Frequency by frequency, blocks that hold little so far first; -1, 1, -2, 2 become 1, 2, 3, 4."""
    signed = quantised.reshape(_SIDE**2, -1)
    values = ((signed << 1) ^ (signed >> 7)).view(np.uint8)
    held = np.zeros(values.shape[1], np.uint16)
    result = np.empty_like(values)
    for frequency, row in enumerate(values):
        result[frequency] = row[np.argsort(held, kind="stable")]
        held = _held(held, row)
    return result.tobytes()


def _unsorted(values: bytes, blocks: tuple[int, int, int]) -> NDArray[np.int8]:
    """What `_sorted` was given."""
    stored = np.frombuffer(values, np.uint8).reshape(_SIDE**2, -1)
    held = np.zeros(stored.shape[1], np.uint16)
    result = np.empty_like(stored)
    for frequency, row in enumerate(stored):
        result[frequency, np.argsort(held, kind="stable")] = row
        held = _held(held, result[frequency])
    signed = (result >> 1).view(np.int8) ^ -(result & 1).view(np.int8)
    return signed.reshape(_SIDE**2, *blocks)


def _held(held: NDArray[np.uint16], row: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """How much blocks hold in the frequencies so far, the nearest ones counting most; at most 8 x 16 x 255."""
    return held - held // 8 + 16 * row.astype(np.uint16)
