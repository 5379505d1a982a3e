import logging
import threading
from pathlib import Path

import pytest
import rasterio

from terrakin.errors import SceneError
from terrakin.scenes.gdal import MAX_IMAGE_PIXELS, open_raster
from terrakin.scenes.header import read_header


@pytest.mark.parametrize(
    "path", ["/vsicurl/http://localhost/a.tif", "http://localhost/a.tif", "/vsimem/a.tif", "a.vrt", "a.nc", "a"]
)
def test_only_local_files_of_known_formats_are_opened(path: str) -> None:
    with pytest.raises(SceneError, match="is not a local file that is read as a raster; known are "):
        open_raster(path)


@pytest.mark.parametrize("content", [b"", b"hello", b"II*\0garbage garbage garbage", b"\x89PNG\r\n\x1a\n"])
@pytest.mark.parametrize("name", ["a.tif", "a.jp2", "a.img", "a.ntf"])
def test_broken_files_have_a_plain_reason_and_make_no_noise(
    name: str, content: bytes, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SceneError, match=rf"{name} cannot be opened as \w+: broken, cut off, or of another type$"):
        read_header(str(tmp_path / name))
    assert capfd.readouterr() == ("", "")


def test_a_vrt_in_disguise_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_text("<VRTDataset rasterXSize='1' rasterYSize='1'></VRTDataset>")
    with pytest.raises(SceneError, match="cannot be opened as GTiff"):
        open_raster(str(tmp_path / "a.tif"))


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match=r"gone\.tif does not exist"):
        open_raster(str(tmp_path / "gone.tif"))


def test_one_block_larger_than_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=30000, height=30000, count=1, dtype="uint8", tiled=True, sparse_ok=True,
        blockxsize=30000, blockysize=30000,
        crs="EPSG:3857", transform=rasterio.Affine(2, 0, 0, 0, -2, 0),
    ):  # fmt: skip
        pass
    assert path.stat().st_size < 10_000
    with pytest.raises(SceneError, match=r"would decode 900,000,000 pixels at once, more than 400,000,000; .*gdal_translate"):
        open_raster(str(path))


def test_a_raster_read_by_windows_may_be_larger(tmp_path: Path) -> None:
    path = tmp_path / "large.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=30000, height=30000, count=1, dtype="uint8", tiled=True, sparse_ok=True,
        crs="EPSG:3857", transform=rasterio.Affine(2, 0, 0, 0, -2, 0),
    ):  # fmt: skip
        pass
    header = read_header(str(path))
    assert header.width * header.height > MAX_IMAGE_PIXELS


def test_opening_without_geography_warns_nobody_from_any_thread(tmp_path: Path, write_raster, caplog) -> None:
    path = write_raster(tmp_path / "a.tif", crs=None)
    failed: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(20):
                open_raster(str(path)).close()
        except BaseException as exc:  # noqa: BLE001  # handed to the main thread
            failed.append(exc)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
