import csv
import dataclasses
import datetime as dt
import io
import json

import pytest

from terrakin.chips.window import Window
from terrakin.search.ranking import Hit, Ranking
from terrakin.spaces.space import Space
from terrakin.views.records import CSV_COLUMNS, csv_text, json_text, jsonl_text, rfc3339

ONE = Ranking(
    archive="a.tk",
    query="q.jpg",
    space=Space("hamming", 64),
    k=3,
    filter=None,
    hits=(
        Hit(
            1,
            'x, "y".tif',
            17.0,
            "/d/x.tif",
            Window(0, 256, 128, 64),
            labels=("b", "c"),
            datetime=dt.datetime(2024, 5, 1, 10, 30, 0, 250000, tzinfo=dt.UTC),
            bbox=(179.5, -17.0, -179.5, -16.0),
        ),
    ),
)


def test_json_is_the_documented_object():
    assert json.loads(json_text(ONE)) == {
        "archive": "a.tk",
        "query": "q.jpg",
        "space": {"kind": "hamming", "size": 64, "codes": 1},
        "k": 3,
        "filter": None,
        "hits": [
            {
                "rank": 1,
                "id": 'x, "y".tif',
                "distance": 17.0,
                "source": "/d/x.tif",
                "window": {"col": 0, "row": 256, "width": 128, "height": 64},
                "labels": ["b", "c"],
                "datetime": "2024-05-01T10:30:00.250000Z",
                "bbox": [179.5, -17.0, -179.5, -16.0],
            }
        ],
    }


def test_csv_is_written_to_the_letter():
    assert csv_text(ONE) == (
        "rank,id,distance,source,window,labels,datetime,west,south,east,north\n"
        '1,"x, ""y"".tif",17.0,/d/x.tif,"0,256,128,64",b;c,2024-05-01T10:30:00.250000Z,179.5,-17.0,-179.5,-16.0\n'
    )


def test_jsonl_lines_are_the_hits_of_the_json(ranking):
    lines = jsonl_text(ranking).splitlines()
    assert [json.loads(line) for line in lines] == json.loads(json_text(ranking))["hits"]
    assert len(lines) == 8


def test_csv_reads_back_whatever_the_texts_hold(ranking, hostile):
    rows = list(csv.DictReader(io.StringIO(csv_text(ranking))))
    assert tuple(rows[0]) == CSV_COLUMNS
    assert [row["id"] for row in rows] == [hit.id for hit in ranking.hits]
    assert [float(row["distance"]) for row in rows] == [hit.distance for hit in ranking.hits]
    assert rows[6]["labels"] == hostile
    assert (rows[4]["labels"], rows[4]["west"], rows[5]["datetime"]) == ("", "", "")


def test_no_hits_are_an_empty_list_and_a_head(ranking):
    none = dataclasses.replace(ranking, hits=())
    assert json.loads(json_text(none))["hits"] == []
    assert jsonl_text(none) == ""
    assert csv_text(none).count("\n") == 1


def test_a_time_without_zone_is_the_callers_mistake():
    with pytest.raises(ValueError, match="a time needs a time zone"):
        rfc3339(dt.datetime(2024, 1, 1))
