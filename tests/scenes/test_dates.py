import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrakin.scenes.dates import date_in_name, date_in_tags, parse_date


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("SkySat_s03_20170831T162740Z", "2017-08-31T16:27:40"),
        ("20170831_172754_101c_3B_AnalyticMS", "2017-08-31T17:27:54"),
        ("20170831172754", "2017-08-31T17:27:54"),
        ("m_4709963_se_14_1_20090818", "2009-08-18"),
        ("LC08_L1TP_224063_20200101_20200113_02_T1", "2020-01-01"),  # not twelve minutes past eight
        ("S2B_MSIL2A_20180204T94161_57_38", "2018-02-04"),  # five digits are no time
        ("field_20200229T996199", "2020-02-29"),
        ("TERRA_MODIS_012010_NDVI_2013-09-14", "2013-09-14"),
        ("2013_09_14", "2013-09-14"),
        ("2013-09-14T12:30:00"[:10], "2013-09-14"),
        ("MOD13Q1.A2013257.h18v04", "2013-09-14"),
        ("HLS.S30.T18TYN.2020001T155225.v2.0", "2020-01-01T15:52:25"),
        ("LT52240631988227CUB02", "1988-08-14"),
    ],
)
def test_names_of_agencies_tell_the_time(name: str, wanted: str) -> None:
    assert date_in_name(name) == dt.datetime.fromisoformat(wanted).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "landsat_1985",
        "2017831_195552_SS02",  # day 831
        "img_20209931",
        "20230229",  # 2023 has no 29 February
        "12345678",  # the year 1234
        "18991231",
        "99991231",
        "123201708311",  # digits inside a longer number
        "MOD13Q1.A2013366",  # 2013 had 365 days
    ],
)
def test_other_digits_are_no_date(name: str) -> None:
    assert date_in_name(name) is None


@given(st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2099, 12, 31)).map(lambda time: time.replace(microsecond=0)))
def test_every_time_written_in_full_is_read_back(time: dt.datetime) -> None:
    aware = time.replace(tzinfo=dt.UTC)
    assert date_in_name(f"scene_{time:%Y%m%dT%H%M%S}_B04") == aware
    assert parse_date(aware.isoformat()) == aware


@given(st.text("0123456789-_TAL.", max_size=30))
def test_no_name_breaks_the_reader(name: str) -> None:
    found = date_in_name(name)
    assert found is None or (1900 <= found.year < 2100 and found.tzinfo is dt.UTC)


def test_tags_are_asked_in_the_order_of_their_trustworthiness() -> None:
    tags = {"TIFFTAG_DATETIME": "2022:01:17 10:43:43"}
    assert date_in_tags(tags) == dt.datetime(2022, 1, 17, 10, 43, 43, tzinfo=dt.UTC)
    tags |= {"EXIF_DateTimeOriginal": "2021:07:23 11:20:39", "EXIF_OffsetTimeOriginal": "+02:00"}
    assert date_in_tags(tags) == dt.datetime(2021, 7, 23, 9, 20, 39, tzinfo=dt.UTC)
    tags["ACQUISITIONDATETIME"] = "2020-05-05 10:00:00"
    assert date_in_tags(tags) == dt.datetime(2020, 5, 5, 10, tzinfo=dt.UTC)
    assert date_in_tags({"TIFFTAG_DATETIME": "0000:00:00 00:00:00"}) is None
    assert date_in_tags({}) is None
