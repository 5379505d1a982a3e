import math

import pytest

from terrakin.scenes.filenames import BandFile, band_file, sensor_of


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("T32TLS_20220620T102041_B8A_20m.jp2", BandFile("T32TLS_20220620T102041", "B8A", 20.0, True)),
        (
            "S2A_OPER_MSI_L2A_TL_ATOS_20220620_N04.00_R60m_B01.jp2",
            BandFile("S2A_OPER_MSI_L2A_TL_ATOS_20220620_N04.00", "B01", 60, True),
        ),
        ("S2A_MSIL2A_20170613T101031_0_45_B11.tif", BandFile("S2A_MSIL2A_20170613T101031_0_45", "B11", math.inf, True)),
        ("B04.tif", BandFile("", "B04", math.inf, False)),
        ("village_B04.TIFF", BandFile("village", "B04", math.inf, False)),
        (
            "LC08_L1TP_224063_20200101_20200113_02_T1_B10.TIF",
            BandFile("LC08_L1TP_224063_20200101_20200113_02_T1", "B10", math.inf, True),
        ),
        (
            "LC09_L2SP_224063_20220101_20220113_02_T1_SR_B4.TIF",
            BandFile("LC09_L2SP_224063_20220101_20220113_02_T1", "B4", math.inf, True),
        ),
        (
            "LE07_L1TP_224063_20000101_20200113_02_T1_B6_VCID_2.TIF",
            BandFile("LE07_L1TP_224063_20000101_20200113_02_T1", "B6_VCID_2", math.inf, True),
        ),
        ("site_B3.tif", BandFile("site", "B3", math.inf, False)),
    ],
)
def test_band_files(name: str, wanted: BandFile) -> None:
    assert band_file(name) == wanted


@pytest.mark.parametrize(
    "name", ["T32TLS_20220620_TCI_10m.jp2", "B13.tif", "scene.tif", "B04.txt", "B04", "clubB04.tif", "LC08_QA_PIXEL.TIF"]
)
def test_other_files_are_no_bands(name: str) -> None:
    assert band_file(name) is None


@pytest.mark.parametrize(
    ("name", "bands", "wanted"),
    [
        ("S2A_MSIL2A_20170613T101031_0_45", None, "sentinel-2"),
        ("S2A_MSIL2A_20220620T102041_N0400_R065_T32TLS_20220620T162319.SAFE", None, "sentinel-2-n0400"),
        ("S2A_MSIL2A_20220620T102041_N0301_R065_T32TLS_20220620T162319.SAFE", None, "sentinel-2"),
        ("S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_26_57", None, "sentinel-2"),
        ("LT52240631988227CUB02", None, "landsat-5"),
        ("LE07_L1TP_224063_20000101_20200113_02_T1", None, "landsat-7"),
        ("LC08_L2SP_224063_20200101_20200113_02_T1", None, "landsat-8-l2"),
        ("LM05_L1TP_224063_19880101_20200113_02_T1", None, None),  # MSS has other bands
        ("m_4709963_se_14_1_20090818", 4, "naip"),
        ("m_4709963_se_14_1_20090818", 3, None),
        ("20170831_172754_101c_3B_AnalyticMS", 4, "planet-4"),
        ("20220831_172754_24b8_3B_AnalyticMS_SR_8b", 8, "planet-8-sr"),
        ("20170831_172754_101c_3B_AnalyticMS_DN_udm", 1, None),
        ("holiday", 4, None),
    ],
)
def test_names_tell_the_sensor(name: str, bands: int | None, wanted: str | None) -> None:
    assert sensor_of(name, bands=bands) == wanted
