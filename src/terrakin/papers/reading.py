"""Reading a published table: figures from its CSV, what is known of them from the TOML of its paper beside it."""

import csv
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from terrakin.errors import EvaluationError, UnknownNameError
from terrakin.papers.table import Note, Row, Table, Vector, Way
from terrakin.registry import nearest

__all__ = ["TABLES", "read_table", "tables"]

TABLES = Path(__file__).with_name("tables")
"""Folder of the shipped tables: `<paper>-<number>.csv`, and `<paper>.toml` for all tables of a paper."""

_TEST = "dataset"
# The column that names the test set.

_NEEDED = ("title", "protocol", "sets", "measures", "tables", "way")
_KEYS = (*_NEEDED, "train", "evaluation", "components", "percent", "names", "more", "note")


def tables() -> list[str]:
    """Names of the shipped tables, sorted.

    >>> tables()[-1]
    'keyregion2023-5'
    """
    return sorted(path.stem for path in TABLES.glob("*.csv"))


def read_table(name_or_path: str | Path) -> Table:
    """Read a shipped table by name, or any by the path of its CSV; the TOML of its paper lies beside it.

    Args:
        name_or_path: `jsst2021-3`, or `mine/paper-1.csv`.

    Raises:
        UnknownNameError: for a name that is neither shipped nor a CSV.
        EvaluationError: if one of the two files cannot be read, or they do not fit each other.
    """
    path = _path(name_or_path)
    paper, _, number = path.stem.rpartition("-")
    said = _said(path.with_name(f"{paper}.toml"))
    rows = _cells(path)
    if number not in said["tables"]:
        raise EvaluationError(f"{paper}.toml beside {path} has no table {number!r}; it has {', '.join(said['tables'])}")
    try:
        return _table(path, number, said, rows)
    except (KeyError, TypeError, ValueError) as exc:
        raise EvaluationError(f"{path} and {paper}.toml beside it do not fit each other: {exc}") from exc


def _path(name_or_path: str | Path) -> Path:
    path = Path(name_or_path)
    if isinstance(name_or_path, Path) or path.suffix == ".csv" or path.name != name_or_path:
        return path
    shipped = TABLES / f"{name_or_path}.csv"
    if shipped.is_file():
        return shipped
    meant = nearest(name_or_path, tables())
    raise UnknownNameError(
        f"no published table named {name_or_path!r}{f';{meant}' if meant else '.'} There are: {', '.join(tables())}"
    )


def _said(path: Path) -> dict[str, Any]:
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as exc:
        raise EvaluationError(f"cannot read {path}, which says what the tables of the paper are: {exc}") from exc
    if unknown := [key for key in said if key not in _KEYS]:
        raise EvaluationError(f"{path} has no {unknown[0]!r};{nearest(unknown[0], _KEYS)} It has {', '.join(_KEYS)}")
    if missing := [key for key in _NEEDED if key not in said]:
        raise EvaluationError(f"{path} lacks {missing[0]!r}")
    return said


def _cells(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise EvaluationError(f"cannot read the table {path}: {exc}") from exc
    if not rows or any(None in row or None in row.values() for row in rows) or _TEST not in rows[0]:
        raise EvaluationError(f"{path} is no table: it needs a head with {_TEST!r}, rows, and as many cells in each")
    return rows


def _table(path: Path, number: str, said: Mapping[str, Any], cells: Sequence[Mapping[str, str]]) -> Table:
    columns = {column: measure or None for column, measure in said["measures"].items() if column in cells[0]}
    if not columns:
        raise ValueError("no column is among the measures")
    percent = said.get("percent", [])
    if unknown := [column for column in percent if column not in said["measures"]]:
        raise ValueError(f"{unknown[0]!r} is in percent, but it is not among the measures")
    keys = [column for column in cells[0] if column not in columns and column != _TEST]
    rows = []
    for cell in cells:
        about = {"table": number, **{key: cell[key] for key in (_TEST, *keys)}}
        rows.append(
            Row(
                name=", ".join(cell[key] for key in said.get("names", keys) if cell[key]),
                keys={key: cell[key] for key in keys},
                test=cell[_TEST],
                data=said["sets"][cell[_TEST]] or None,
                printed={column: cell[column] for column in columns},
                way=_way(said, about, path.parent),
                notes=tuple(note["id"] for note in said.get("note", ()) if "rows" in note and _fits(note["rows"], about)),
            )
        )
    rows = _with_ours(rows, said, number, path.parent)
    general = tuple(note["id"] for note in said.get("note", ()) if number in note.get("tables", ()))
    wanted = {*general, *(note for row in rows for note in row.notes)}
    return Table(
        name=path.stem,
        title=said["title"],
        words=said["tables"][number],
        protocol=said["protocol"],
        evaluation=said.get("evaluation", "loo"),
        components=said.get("components", 128),
        measures=columns,
        units={column: "percent" if column in percent else "fraction" for column, measure in columns.items() if measure},
        rows=tuple(rows),
        notes=tuple(Note(note["id"], note["words"]) for note in said.get("note", ()) if note["id"] in wanted),
        general=general,
    )


def _way(said: Mapping[str, Any], about: Mapping[str, str], folder: Path) -> Way:
    for way in said["way"]:
        if _fits(way.get("rows", {}), about):
            return _made({key: value for key, value in way.items() if key != "rows"}, said, folder)
    raise ValueError(f"no way fits the row {', '.join(about.values())}")


def _made(way: Mapping[str, Any], said: Mapping[str, Any], folder: Path) -> Way:
    if way.get("vector", "embedding") not in get_args(Vector):
        raise ValueError(f"a vector is {', '.join(get_args(Vector))}, got {way['vector']!r}")
    for key in ("iteration", "chosen"):
        if type(way.get(key, 0)) is not int or way.get(key, 0) < 0:
            raise ValueError(f"{key} is a whole number from 0, got {way[key]!r}")
    made: dict[str, Any] = {"recipe": None, "train": said.get("train"), **way}
    # A recipe's file lies beside the table.
    for key in ("recipe", "same"):
        if str(made.get(key)).endswith(".toml"):
            made[key] = str(folder / made[key])
    values: Any = {key: tuple(value) if isinstance(value, list) else value for key, value in made.items()}
    return Way(**values)


def _fits(conditions: Mapping[str, str | list[str]], about: Mapping[str, str]) -> bool:
    """Whether a row is one of those that conditions name: for each column one value, or several of which one must hold."""
    return all(about.get(key) in (wanted if isinstance(wanted, list) else [wanted]) for key, wanted in conditions.items())


def _with_ours(rows: Sequence[Row], said: Mapping[str, Any], number: str, folder: Path) -> list[Row]:
    """The rows with those of ours that the paper lacks, at the end of each test set."""
    found = []
    for test in dict.fromkeys(row.test for row in rows):
        printed = [row for row in rows if row.test == test]
        found += printed
        for more in said.get("more", ()):
            if number in more.get("tables", [number]):
                way = _made({key: value for key, value in more.items() if key not in ("tables", "name")}, said, folder)
                found.append(Row(more["name"], {}, test, printed[0].data, {}, way))
    return found
