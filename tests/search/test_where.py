"""The grammar of filters."""

import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from terrakin.archive.condition import All, Any, Compare, Missing, Not, OneOf
from terrakin.archive.condition_mask import to_mask
from terrakin.archive.condition_types import MAX_DEPTH
from terrakin.archive.schema import chips_schema
from terrakin.errors import FilterError
from terrakin.search.where import MAX_LENGTH, parse
from terrakin.spaces.space import Space

SCHEMA = chips_schema(Space("cosine", 4))
for _name, _type in [
    ("cloud", pa.float64()),
    ("season", pa.string()),
    ("night", pa.bool_()),
    ("eo:sun", pa.float64()),
    ("id", pa.string()),
    ('a "b"', pa.float64()),
]:
    SCHEMA = SCHEMA.append(pa.field(f"property:{_name}", _type))

CLOUDY = Compare("property:cloud", ">", 0.5)
HARBOR = Compare("labels", "=", "harbor")


def utc(*when: int) -> dt.datetime:
    return dt.datetime(*when, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("cloud > 0.5", CLOUDY),
        ("cloud>.5", CLOUDY),
        ("  cloud\n>\t5e-1 ", CLOUDY),
        ('"cloud" > 0.5', CLOUDY),
        ("label = 'harbor'", HARBOR),
        ("cloud != -1", Not(Compare("property:cloud", "=", -1.0))),
        ("eo:sun >= +3.", Compare("property:eo:sun", ">=", 3.0)),
        ("col <= 512", Compare("col", "<=", 512.0)),
        ("id < 'b'", Compare("id", "<", "b")),
        ("\"id\" < 'b'", Compare("property:id", "<", "b")),
        ("\"scene\" = 'b'", Compare("scene", "=", "b")),
        ('"a ""b""" = 1', Compare('property:a "b"', "=", 1.0)),
        ("season = 'l''été'", Compare("property:season", "=", "l'été")),
        ("season = ''", Compare("property:season", "=", "")),
        ("night = TRUE", Compare("property:night", "=", True)),
        ("night != false", Not(Compare("property:night", "=", False))),
        ("label in ('a','b')", OneOf("labels", ("a", "b"))),
        ("cloud NOT IN (1)", Not(OneOf("property:cloud", (1.0,)))),
        ("cloud between 0 and 1", All((Compare("property:cloud", ">=", 0.0), Compare("property:cloud", "<=", 1.0)))),
        (
            "cloud not between 0 and 1",
            Not(All((Compare("property:cloud", ">=", 0.0), Compare("property:cloud", "<=", 1.0)))),
        ),
        ("label is null", Missing("labels")),
        ("datetime IS NOT NULL", Not(Missing("datetime"))),
        ("not cloud > 0.5", Not(CLOUDY)),
        ("not not cloud > 0.5", Not(Not(CLOUDY))),
        ("cloud > 0.5 and cloud > 0.5 and cloud > 0.5", All((CLOUDY, CLOUDY, CLOUDY))),
        ("label = 'harbor' or cloud > .5 and not cloud > .5", Any((HARBOR, All((CLOUDY, Not(CLOUDY)))))),
        ("(label = 'harbor' or cloud > .5) and cloud > .5", All((Any((HARBOR, CLOUDY)), CLOUDY))),
        ("((cloud > .5))", CLOUDY),
        # Times: an instant, or a whole period.
        ("datetime >= '2020-06-01T10:30Z'", Compare("datetime", ">=", utc(2020, 6, 1, 10, 30))),
        ("datetime >= '2020-06-01T10:30'", Compare("datetime", ">=", utc(2020, 6, 1, 10, 30))),
        ("datetime >= '2020-06-01T10:30+02:00'", Compare("datetime", ">=", utc(2020, 6, 1, 8, 30))),
        ("datetime < '2020-06-01'", Compare("datetime", "<", utc(2020, 6, 1))),
        ("datetime >= '2020-06'", Compare("datetime", ">=", utc(2020, 6, 1))),
        ("datetime <= '2020-12'", Compare("datetime", "<", utc(2021, 1, 1))),
        ("datetime > '2020'", Compare("datetime", ">=", utc(2021, 1, 1))),
        (
            "datetime = '2020-02-29'",
            All((Compare("datetime", ">=", utc(2020, 2, 29)), Compare("datetime", "<", utc(2020, 3, 1)))),
        ),
        (
            "datetime between '2020-02' and '2020-03'",
            All((Compare("datetime", ">=", utc(2020, 2, 1)), Compare("datetime", "<", utc(2020, 4, 1)))),
        ),
        (
            "datetime in ('2020', '2022-01-01T00:00Z')",
            Any(
                (
                    All((Compare("datetime", ">=", utc(2020, 1, 1)), Compare("datetime", "<", utc(2021, 1, 1)))),
                    Compare("datetime", "=", utc(2022, 1, 1)),
                )
            ),
        ),
    ],
)
def test_what_a_filter_means(text: str, condition) -> None:
    assert parse(text, schema=SCHEMA) == condition


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "column 1: expected the name of a field, found nothing more"),
        ("cloud", "column 6: expected =, !=, <, <=, >, >=, IN, BETWEEN or IS, found nothing more"),
        ("cloud <", "column 8: expected a literal: .* found nothing more"),
        ("cloud < high", "column 9: expected a literal: 'text' in single quotes, a number, TRUE or FALSE, found high"),
        ("cloud not 3", "column 11: expected IN or BETWEEN, found 3"),
        ("cloud is 3", "column 10: expected NULL, found 3"),
        ("cloud between 1 or 2", "column 17: expected AND, found or"),
        ("cloud in 3", r"column 10: expected \(, found 3"),
        ("cloud in ()", r"column 11: expected a literal"),
        ("cloud in (1, 2", r"column 15: expected \), found nothing more"),
        ("(cloud < 1", r"column 11: expected \), found nothing more"),
        ("cloud < 1)", r"column 10: expected AND, OR or the end, found \)"),
        ("cloud < 1 cloud > 2", "column 11: expected AND, OR or the end, found cloud"),
        ("and < 1", "column 1: expected the name of a field, found and"),
        ("season = 'dry", "column 10: the quote ' is not closed"),
        ("cloud == 1", "column 8: expected a literal: .*, found ="),
        ("cloud < 1; drop table chips", "column 10: ';' has no meaning here"),
        ("cloud < 1 -- x", "column 11: '-' has no meaning here"),
        ("clod < 1", r"column 1: no field named 'clod'; did you mean 'cloud'\? There are: .*season"),
        ("labels = 'a'", "column 1: no field named 'labels'; did you mean 'label'"),
        ("vector = 1", "column 1: no field named 'vector'"),
        ("cloud < 1 and cloud = 'x'", "column 23: field 'cloud' is a number and cannot be compared with 'x', text"),
        ("label = 3", "column 9: field 'label' is a list of text and cannot be compared with 3.0, a number"),
        ("night < true", "column 9: field 'night' is true or false and has no order: use = instead of <"),
        ("night = 1", "field 'night' is true or false and cannot be compared with 1.0, a number"),
        ("cloud < 1e999", "column 9: field 'cloud' cannot be compared with inf"),
        ("datetime < 3", "column 12: field 'datetime' is a time and cannot be compared with 3.0, a number"),
        ("datetime < 'May'", "column 12: 'May' is not a date or time; write it as 2020, 2020-08"),
        ("datetime < '2021-02-29'", "'2021-02-29' is not a date or time"),
        ("datetime = '9999'", "'9999' is not a date or time"),
        ("(" * 50 + "cloud < 1" + ")" * 50, f"column {MAX_DEPTH + 2}: more than {MAX_DEPTH} levels"),
        ("not " * 50 + "cloud < 1", f"more than {MAX_DEPTH} levels"),
        ("x" * (MAX_LENGTH + 1), f"has {MAX_LENGTH + 1} characters; {MAX_LENGTH} are the most"),
    ],
)
def test_a_mistake_is_pointed_at(text: str, words: str) -> None:
    with pytest.raises(FilterError, match=words):
        parse(text, schema=SCHEMA)


def test_a_filter_as_long_as_allowed_is_parsed_and_answered() -> None:
    clause = " or cloud<1"
    text = "cloud<1" + clause * ((MAX_LENGTH - 7) // len(clause))
    table = pa.table({"property:cloud": [0.5, 2.0]})
    assert to_mask(parse(text, schema=table.schema), table).tolist() == [True, False]


words = st.sampled_from(
    [
        "cloud",
        "label",
        "season",
        "night",
        "datetime",
        '"id"',
        "and",
        "OR",
        "not",
        "in",
        "between",
        "is",
        "null",
        "true",
        "(",
        ")",
        "=",
        "!=",
        "<",
        "<=",
        ">",
        ">=",
        ",",
        "1",
        "-2.5e3",
        "'x'",
        "'2020-01'",
        "'it''s'",
        "'",
        '"',
        "é",
        "\x00",
        "99999-01-01",
    ]
)


@settings(max_examples=300, deadline=None)
@given(
    text=st.one_of(st.text(max_size=60), st.lists(words, max_size=25).map(" ".join), st.lists(words, max_size=25).map("".join))
)
@example("cloud < 1" * 400)
@example("²<1")
@example("datetime = '٢٠٢٠'")
@example("cloud < ١")
def test_any_text_is_a_filter_or_a_filter_error(text: str) -> None:
    try:
        condition = parse(text, schema=SCHEMA)
    except FilterError:
        return
    assert to_mask(condition, SCHEMA.empty_table()).tolist() == []
