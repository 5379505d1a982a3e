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
from terrakin.training.shipped import RECIPES, shipped_tables

NAMES = tables()
SHARED = Path(__file__).parents[3] / "shared" / "docs" / "paper-tables"


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
            assert recipe is None or (RECIPES / f"{recipe}.toml").is_file(), recipe
        if row.way.recipe is None:
            assert len(row.way.reason) > 10


def test_what_is_compared_is_what_the_recipe_gives() -> None:
    """By hand, from what the papers call their rows: the recipe, and what of its network is compared."""
    comparators = {
        "SE [25]": ("resnet34.se", "components"),
        "SK [26]": ("resnet34.sk", "components"),
        "LDCNN [20]": ("resnet34.ldcnn", "embedding"),
        "DHN [56]": ("resnet34.dhn", "codes"),
        "CBP [23]": ("resnet34.cbp", "components"),
        "T-NLNN [62]": ("resnet34.triplet", "components"),
    }
    rows = {row.keys["method"]: row for row in read_table("jsst2021-1").rows if row.printed}
    assert {name: (rows[name].way.recipe, rows[name].way.vector) for name in comparators} == comparators
    assert {rows[name].way.train for name in comparators} == {"patternnet"}
    for name in NAMES:
        for way in (row.way for row in read_table(name).rows if row.way.recipe):
            tables = shipped_tables(way.recipe)
            codes = tables["export"].get("space") == "hamming"
            assert (way.vector == "codes") == codes, way
            if way.vector == "logits":
                assert tables["head"].get("feature") == "logits"
                assert way.same is None or {**shipped_tables(way.same)["head"], "feature": "logits"} == tables["head"]
            # A recipe's words and its table agree on what it is trained on.
            assert ("UCM" in tables["words"].partition("trained on" if "ucm" in way.recipe else "from")[2]) == (
                way.train == "ucm"
            )
            assert (way.iteration is None) == ("self-training" not in tables)
            assert (way.iteration or 0) <= tables.get("self-training", {}).get("iterations", 0)


def test_iterations_of_one_run_are_rows() -> None:
    rows = read_table("jsst2021-8").rows
    assert {row.way.train for row in rows} == {"ucm"}
    ways = {row.keys["iteration"]: row.way for row in rows if row.keys["method"] == "Self-training [64]"}
    assert {name: (way.recipe, way.pool, way.iteration, way.chosen) for name, way in ways.items()} == {
        "Iteration 1": ("resnet34.noisy-student", "patternnet", 1, 6057),
        "Iteration 2": ("resnet34.noisy-student", "patternnet", 2, 14722),
        "Iteration 3": ("resnet34.noisy-student", "patternnet", 3, 21344),
    }


def test_figures_above_one_are_in_percent() -> None:
    for name in NAMES:
        table = read_table(name)
        assert table.units.keys() == {column for column, found in table.measures.items() if found}
        for column, unit in table.units.items():
            cells = [row.printed[column] for row in table.rows if row.printed]
            largest = max(float(cell) for cell in cells if cell != "-")
            assert (unit == "percent") == (largest > 1), (name, column)


def papers() -> list[Path]:
    return sorted(TABLES.glob("*.toml"))


@pytest.mark.parametrize("paper", papers(), ids=lambda path: path.stem)
def test_every_note_is_about_something(paper) -> None:
    said = tomllib.loads(paper.read_text(encoding="utf-8"))
    read = [read_table(f"{paper.stem}-{number}") for number in said["tables"]]
    for note in said["note"]:
        # S: what is suspect in the table. O: where our recipes depart from it.
        assert re.fullmatch(r"[SO]\d+", note["id"])
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
        ("mine.toml", "[tables]", 'percent = ["P"]\n[tables]', "'P' is in percent, but it is not among the measures"),
        ("mine.toml", '"own.toml"', '"x"\npool = "p"', "a pool and an iteration, .*, got 'p', None and None"),
        ("mine.toml", '"own.toml"', '"x"\niteration = 1', "a pool and an iteration, .*, got None, 1 and None"),
        ("mine.toml", '"own.toml"', '"x"\nchosen = 5', "a pool and an iteration, .*, got None, None and 5"),
        ("mine.toml", '"own.toml"', '"x"\npool = "p"\niteration = "1"', "iteration is a whole number from 0, got '1'"),
        ("mine.toml", '"own.toml"', '"x"\npool = "p"\niteration = 1\nchosen = -1', "chosen is a whole number from 0, got -1"),
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
