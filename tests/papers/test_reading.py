"""Published tables: read as they were printed, every row with a recipe or a reason, every note at a row."""

import csv
import re
import tomllib
from pathlib import Path

import pytest

from terrakin.datasets.dataset import DATASETS
from terrakin.errors import EvaluationError, UnknownNameError
from terrakin.evaluation.measures.known import measure
from terrakin.evaluation.protocols.known import protocol
from terrakin.papers.reading import TABLES, read_table, tables
from terrakin.training.reading import RECIPES

NAMES = tables()
SHARED = Path(__file__).parents[3] / "shared" / "docs" / "paper-tables"

LATER = re.compile(r"resnet34\.(se|sk|ldcnn|cbp|dhn|triplet|noisy-student\.[123])")
"""Recipes that tables name and that are not shipped yet: their rows say so."""


def test_a_row_is_as_printed() -> None:
    table = read_table("jsst2021-1")
    (row,) = [row for row in table.rows if row.name == "JSST (ours), PCA" and row.test == "RS19"]
    assert row.printed == {"mAP": "0.9432", "P@5": "0.9194", "P@10": "0.8964", "P@50": "0.6974", "P@100": "0.4354"}
    assert (row.data, row.way.recipe, row.way.vector, row.way.train) == (
        "whu-rs19",
        "resnet34.jsst",
        "components",
        "patternnet",
    )
    assert row.notes == ("S4",)
    assert table.measures["mAP"] == "map@10:found"
    # As printed, not as a number: one decimal less.
    (other,) = [row for row in table.rows if row.name == "DFLA [22], PCA" and row.test == "RS19"]
    assert other.printed["P@10"] == "0.501"
    assert other.way.recipe is None
    assert other.way.reason.startswith("out of scope")


def test_rows_of_one_method_are_told_apart() -> None:
    names = [row.name for row in read_table("jsst2021-8").rows if row.test == "RS19"]
    assert names[1:4] == [f"Self-training [64], Iteration {number}, PCA" for number in (1, 2, 3)]
    assert {row.way.train for row in read_table("jsst2021-8").rows} == {"ucm"}
    for name in NAMES:
        rows = [(row.test, row.name) for row in read_table(name).rows]
        assert len(rows) == len(set(rows)), name


def test_a_copied_row_is_noted() -> None:
    for name, method in (("jsst2021-1", "NTS-Net [27], PCA"), ("isprs2020-1", "NTS-Net(PCA) (Yang et al. 2018)")):
        table = read_table(name)
        (row,) = [row for row in table.rows if row.name == method and row.test == "RS19"]
        assert row.notes == ("S1",)
        assert "copied row" in next(note.words for note in table.notes if note.id == "S1")


def test_the_missing_control_is_a_row_of_ours() -> None:
    for name in NAMES:
        table = read_table(name)
        ours = [row for row in table.rows if not row.printed]
        wanted = name.startswith("isprs") or (name.startswith("jsst") and name != "jsst2021-8")
        assert [row.test for row in ours] == (list(table.tests) if wanted else [])
        assert {row.name for row in ours} <= {"ResNet34(FC1+PCA), not in the paper"}


@pytest.mark.parametrize("name", NAMES)
def test_every_row_has_a_recipe_or_a_reason(name) -> None:
    table = read_table(name)
    protocol(table.evaluation)
    for found in table.measures.values():
        assert found is None or measure(found)
    for row in table.rows:
        assert row.data is None or row.data in DATASETS
        assert row.way.train is None or row.way.train in DATASETS
        for recipe in (row.way.recipe, row.way.same, *row.way.also):
            assert recipe is None or (RECIPES / f"{recipe}.toml").is_file() or LATER.fullmatch(recipe), recipe
        if row.way.recipe is None:
            assert len(row.way.reason) > 10


def papers() -> list[Path]:
    return sorted(TABLES.glob("*.toml"))


@pytest.mark.parametrize("paper", papers(), ids=lambda path: path.stem)
def test_every_note_is_about_something(paper) -> None:
    said = tomllib.loads(paper.read_text(encoding="utf-8"))
    read = [read_table(f"{paper.stem}-{number}") for number in said["tables"]]
    for note in said["note"]:
        assert re.fullmatch(r"S\d+", note["id"])
        assert note["words"].endswith(".")
        assert any(note["id"] in table.general or any(note["id"] in row.notes for row in table.rows) for table in read), note
        assert set(note.get("tables", ())) <= set(said["tables"])


@pytest.mark.parametrize("paper", papers(), ids=lambda path: path.stem)
def test_every_way_and_every_condition_is_of_a_row(paper) -> None:
    said = tomllib.loads(paper.read_text(encoding="utf-8"))
    cells = [
        {**row, "table": number}
        for number in said["tables"]
        for row in csv.DictReader((TABLES / f"{paper.stem}-{number}.csv").read_text(encoding="utf-8").splitlines())
    ]
    for part in (*said["way"], *said["note"]):
        for column, wanted in part.get("rows", {}).items():
            for value in wanted if isinstance(wanted, list) else [wanted]:
                assert any(row.get(column) == value for row in cells), f"no row has {column} = {value}"


@pytest.mark.shared
@pytest.mark.parametrize("name", NAMES)
def test_every_cell_is_that_of_the_first_transcription(name) -> None:
    paper, number = name.rsplit("-", 1)
    other = SHARED / f"{paper}_table{number}.csv"
    if not other.is_file():
        pytest.skip(f"there is no {other}")
    with (TABLES / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        ours = list(csv.DictReader(file))
    with other.open(newline="", encoding="utf-8") as file:
        theirs = list(csv.DictReader(file))
    assert len(ours) == len(theirs)
    left_out = {"bold", "pooling_printed", "unit", "recall_unit", "map_unit", "time_unit", "storage_unit"}
    for one, same in zip(ours, theirs, strict=True):
        assert one == {column: cell for column, cell in same.items() if column not in left_out}


def test_unknown_tables_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="no published table named 'jsst2021-9'; did you mean 'jsst2021-"):
        read_table("jsst2021-9")


@pytest.fixture
def own(tmp_path) -> Path:
    """A table of one's own, whole."""
    (tmp_path / "mine-1.csv").write_text("dataset,method,mAP\nT,plain,0.5\n")
    (tmp_path / "mine.toml").write_text(
        'title = "Mine"\nprotocol = "loo"\nsets = {T = "chips"}\nmeasures = {mAP = "map"}\n'
        '[tables]\n1 = "all"\n[[way]]\nrecipe = "own.toml"\n'
    )
    return tmp_path


def test_a_table_of_ones_own_names_recipes_beside_it(own) -> None:
    table = read_table(own / "mine-1.csv")
    assert table.rows[0].way.recipe == str(own / "own.toml")
    assert (table.evaluation, table.components, table.rows[0].data) == ("loo", 128, "chips")


@pytest.mark.parametrize(
    ("file", "before", "after", "words"),
    [
        ("mine.toml", "title", "tittle", "has no 'tittle'; did you mean 'title'"),
        ("mine.toml", 'protocol = "loo"', "", "lacks 'protocol'"),
        ("mine.toml", "1 =", "2 =", "has no table '1'; it has 2"),
        ("mine.toml", "T =", "U =", "do not fit each other: 'T'"),
        ("mine.toml", 'recipe = "own.toml"', "", "a recipe or a reason"),
        ("mine.toml", 'recipe = "own.toml"', 'recipe = "x"\nvector = "all"', "a vector is components, .*, got 'all'"),
        ("mine.toml", 'recipe = "own.toml"', 'rows = {method = "x"}\nrecipe = "x"', "no way fits the row 1, T, plain"),
        ("mine.toml", "mAP", "map", "no column is among the measures"),
        ("mine.toml", "[tables]", "[tables", "cannot read .*mine.toml"),
        ("mine-1.csv", "0.5", "0.5,0.6", "is no table"),
        ("mine-1.csv", "dataset", "set", "needs a head with 'dataset'"),
    ],
)
def test_what_does_not_fit_is_refused(own, file, before, after, words) -> None:
    path = own / file
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))
    with pytest.raises(EvaluationError, match=words):
        read_table(own / "mine-1.csv")
