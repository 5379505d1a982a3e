"""A published table beside one's own figures: trained, read again, told with all that they depend on."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from terrakin.api.finished import Finished
from terrakin.api.reproduce import _seen
from terrakin.api.reproduce import reproduce as reproduce_table
from terrakin.datasets.ucm import UCM
from terrakin.errors import UnknownNameError
from terrakin.papers.reading import read_table

WRONG = 2

PAPER = """
title = "A paper"
protocol = "as they did"
train = "chips"
evaluation = "jsst20:size=0:seeds=2"
components = 4
names = ["method"]
sets = { T = "test-chips", U = "other-chips" }
measures = { "mAP" = "map@10:found", "P@5" = "p@5", "Time" = "" }
[tables]
1 = "three methods"
[[way]]
rows = { method = "PCA" }
recipe = "own.toml"
vector = "components"
[[way]]
rows = { method = "FC" }
recipe = "own.fc.toml"
same = "own.toml"
vector = "logits"
[[way]]
rows = { method = "Lost" }
recipe = "lost"
[[way]]
reason = "out of scope: too odd"
[[more]]
name = "Raw, not in the paper"
recipe = "own.toml"
remark = "without components"
[[note]]
id = "S1"
rows = { method = "FC" }
words = "A copied row."
[[note]]
id = "S2"
tables = ["1"]
words = "The printed mAP is of ten."
"""

ROWS = """dataset,method,mAP,P@5,Time
T,PCA,0.9432,0.9194,3
T,FC,0.8867,0.8469,2
T,Lost,0.5,0.4,1
T,Odd,0.3,0.2,-
U,PCA,0.9290,0.8871,3
"""


@pytest.fixture(scope="session")
def sets(pictures, tmp_path_factory) -> dict[str, Path]:
    """Small pictures of four classes, to train and to measure on, and those of three of the classes."""
    fewer = tmp_path_factory.mktemp("sets") / "fewer"
    shutil.copytree(pictures, fewer)
    shutil.rmtree(fewer / "harbor")
    return {"chips": pictures, "test-chips": pictures, "fewer": fewer}


@pytest.fixture
def table(tmp_path, tiny_recipe) -> Path:
    folder = tmp_path / "paper"
    folder.mkdir()
    text = tiny_recipe.read_text()
    head, loss = 'name = "projection"\nparts = [8]', 'name = "normalised-softmax"'
    assert head in text
    assert loss in text
    text = text.replace(head, 'name = "fc"\nhidden = 8\nfeature = "hidden"').replace(loss, 'name = "cross-entropy"')
    (folder / "own.toml").write_text(text.replace("epochs = 3", "epochs = 2") + 'reducer = "pca:2"\n')
    (folder / "mine.toml").write_text(PAPER)
    (folder / "mine-1.csv").write_text(ROWS)
    return folder / "mine-1.csv"


@pytest.fixture
def reproduce(run, table, tmp_path) -> Callable[..., dict]:
    """Run the command and give what it wrote: `said` on standard output, and the JSON."""

    def call(*options: object, status: int = 0) -> dict:
        out = tmp_path / "out.json"
        done = run("reproduce", table, "--runs", tmp_path / "runs", "--json", out, *options, "-q", status=status)
        return {"said": done.out, "err": done.err, **(json.loads(out.read_text()) if status == 0 else {})}

    return call


def rows(found: dict, test: str = "T") -> dict[str, dict]:
    return {row["row"]: row for row in found["rows"] if row["test"] == test}


def test_a_dry_run_says_what_would_be_done_and_what_is_missing(reproduce, sets, tmp_path) -> None:
    found = reproduce("--dry-run", "--test", f"T={sets['test-chips']}", "--seed", 0, "--seed", 1)
    missing = [
        f"there is no finished run {tmp_path}/runs/own.seed0, {tmp_path}/runs/own.seed1",
        "to train it, give its training set: --train chips=FOLDER",
    ]
    # The second is read from the same network.
    assert rows(found)["PCA"]["states"] == rows(found)["FC"]["states"] == missing
    assert rows(found)["Lost"]["states"][1] == "the recipe lost is not in this version"
    assert rows(found)["Odd"]["states"] == ["out of scope: too odd"]
    assert rows(found, "U")["PCA"]["states"] == [*missing, "to measure it, give the test set: --test other-chips=FOLDER"]
    for words in (*missing, "out of scope: too odd", "S1  A copied row.", "S2  The printed mAP is of ten."):
        assert words in found["said"]
    assert "FC (S1)" in found["said"]
    found = reproduce("--dry-run", "--test", f"T={sets['test-chips']}", "--train", f"chips={sets['chips']}")
    assert rows(found)["PCA"]["states"] == ["would train own.seed0 on chips, and measure on test-chips"]
    assert not (tmp_path / "runs").exists()


@pytest.mark.usefixtures("tiny_backbone")
def test_a_table_is_trained_measured_and_read_again(reproduce, sets, tmp_path) -> None:
    given = ("--test", f"T={sets['test-chips']}", "--train", f"chips={sets['chips']}", "--seed", 0, "--seed", 1)
    first = reproduce(*given, "--markdown", tmp_path / "out.md")
    assert sorted(path.name for path in (tmp_path / "runs").glob("own*")) == [
        *("own.seed0", "own.seed0.training", "own.seed1", "own.seed1.training")
    ]
    (ours,) = rows(first)["PCA"]["ours"]
    assert ours["seeds"] == [0, 1]
    figure = ours["paper_protocol"]["map@10:found"]
    assert figure["n"] == 2
    assert figure["mean"] == pytest.approx(sum(figure["values"]) / 2)
    assert list(ours["standard_protocol"]) == ["map@10:found", "p@5", "map"]
    depends = ours["depends_on"]
    assert (depends["data"], depends["images"], depends["classes"]) == ("chips", 37, 4)
    assert depends["other_than_paper"] == depends["other_than_recipe"] == {}
    assert (depends["evaluation"]["trials"], depends["evaluation"]["queries"], depends["standard"]["queries"]) == (2, 16, 48)
    assert depends["vector"].startswith("4 principal components, fitted on these images")
    assert rows(first)["FC"]["ours"][0]["depends_on"]["vector"] == "4 class logits by Pearson's correlation"
    raw = rows(first)["Raw, not in the paper"]
    # The bundle's own reducer, to two dimensions, is left out.
    assert raw["ours"][0]["depends_on"]["vector"] == "the embedding of 8 by Pearson's correlation"
    assert raw["printed"] is None
    assert re.search(r"ours, leave-one-out +0\.\d{4} ± 0\.\d{4} .* T1 L1\n", first["said"])
    assert "mean ± standard deviation" in first["said"]
    markdown = (tmp_path / "out.md").read_text()
    assert "| FC (S1) | paper | 0.8867 | 0.8469 | 2 | - | P |" in markdown
    assert "- **(1)** there is no finished run" in markdown

    # Again: nothing is trained, nothing measured, and without the training set.
    shutil.rmtree(tmp_path / "runs" / "vectors")
    again = reproduce("--test", f"T={sets['test-chips']}", "--no-train")
    assert not (tmp_path / "runs" / "vectors").exists()
    assert rows(again)["PCA"]["ours"][0]["paper_protocol"] == ours["paper_protocol"]
    assert rows(again)["PCA"]["ours"][0]["seeds"] == [0, 1]


@pytest.mark.usefixtures("tiny_backbone")
def test_what_differs_is_said_and_what_is_kept_is_never_stale(reproduce, sets, tmp_path) -> None:
    test = tmp_path / "T"
    shutil.copytree(sets["test-chips"], test)
    given = ("--test", f"test-chips={test}", "--train", f"fewer={sets['fewer']}", "--rows", "pca")
    found = reproduce(*given, "--set", "schedule.epochs=1", "--set", "export.name=other")
    (row,) = rows(found).values()
    depends = row["ours"][0]["depends_on"]
    assert depends["other_than_paper"] == {"training set": {"paper": "chips", "here": "fewer"}}
    assert depends["other_than_recipe"] == {"schedule.epochs": {"recipe": "2", "here": "1"}}
    assert "other than the paper: training set fewer (chips there)" in found["said"]
    assert "other than the recipe: schedule.epochs 1 (2 there)" in found["said"]

    # A finished run is read as it is; that it is not what is asked for is told.
    other = reproduce(*given, "--set", "schedule.epochs=3")
    assert rows(other)["PCA"]["ours"][0]["paper_protocol"] == row["ours"][0]["paper_protocol"]
    assert "own.seed0 was trained otherwise than --set asks: schedule.epochs 1 (3 asked)" in other["said"]

    # Other images, other figures.
    shutil.rmtree(test / "harbor")
    less = reproduce(*given)
    assert rows(less)["PCA"]["ours"][0]["depends_on"]["images_tested"] == 36
    kept = list((tmp_path / "runs" / "figures").glob("*.json"))
    assert len(kept) == 2
    kept[0].write_text("{")
    kept[1].write_text("{}")
    assert rows(reproduce(*given)) == rows(less)

    # A run of another kind is not averaged in.
    reproduce(*given, "--seed", 1)
    mixed = rows(reproduce(*given))["PCA"]["ours"][0]
    assert mixed["seeds"] == [0]
    assert mixed["warnings"][0] == "own.seed1 is left out: it differs from seed 0 in schedule.epochs"


def test_wrong_use_is_told(reproduce, sets) -> None:
    for options, words in (
        (("--test", "ucm"), "write NAME=DIR, such as ucm=UCMerced_LandUse, got 'ucm'"),
        (("--test", "Z=x"), "table mine-1 has no test set 'Z'; it has test-chips, other-chips"),
        (("--rows", "nope"), "table mine-1 has no row 'nope'; it has PCA, FC, Lost, Odd, Raw, not in the paper"),
        (("--measures", "pp@5"), "pp"),
    ):
        assert words in reproduce(*options, status=WRONG)["err"]
    assert "there is no folder at 'nowhere'" in reproduce("--test", "T=nowhere", status=1)["err"]


def test_an_unknown_table_is_refused() -> None:
    from terrakin.api.reproduce import reproduce

    with pytest.raises(UnknownNameError, match="no published table named 'jsst2021'"):
        reproduce("jsst2021", "runs")


def test_a_recipe_is_compared_with_all_that_it_takes_over() -> None:
    from terrakin.api.reproduce_plan import recipe_text
    from terrakin.api.reproduce_words import changed_values
    from terrakin.training.reading import RECIPES, read_recipe

    sizes = ["data.size=64", "export.size=64", "export.name=x"]
    for path in RECIPES.glob("*.toml"):
        text = recipe_text(path.stem)
        assert text is not None
        assert changed_values(text, read_recipe(path.stem).source) == {}
        assert changed_values(text, read_recipe(path.stem, sizes).source).keys() == {"data.size", "export.size"}
    assert recipe_text("nothing") is recipe_text("nothing.toml") is None


@pytest.mark.usefixtures("tiny_backbone")
def test_codes_are_compared_by_their_bits(reproduce, table, sets) -> None:
    own = table.parent / "own.toml"
    text = own.read_text().replace('name = "fc"\nhidden = 8\nfeature = "hidden"', 'name = "hash"\nbits = 8')
    text = text.replace('name = "cross-entropy"', 'name = "hashing"').replace('reducer = "pca:2"', 'space = "hamming"')
    own.write_text(text)
    paper = table.with_name("mine.toml")
    paper.write_text(paper.read_text().replace('vector = "components"', 'vector = "codes"'))
    found = reproduce("--test", f"T={sets['test-chips']}", "--train", f"chips={sets['chips']}", "--rows", "pca")
    (ours,) = rows(found)["PCA"]["ours"]
    assert ours["depends_on"]["vector"] == "codes of 8 bits by Hamming distance"
    assert 0 < ours["paper_protocol"]["map@10:found"]["mean"] <= 1


def test_shares_of_what_students_learnt_are_told() -> None:
    from terrakin.api.reproduce_words import training_words

    learnt = {"pool": 30400, "threshold": 0.85, "chosen": [6000, 10], "known": [6000, 0], "right": [2700, 0]}
    facts = {
        "recipe": "x",
        "backbone": "b",
        "size": 8,
        "epochs": 1,
        "data": "ucm",
        "images": 2100,
        "classes": 21,
        "seeds": [0, 1],
    }
    facts |= {"other_than_paper": {}, "other_than_recipe": {}, "remark": "", "iteration": 1}
    words = training_words({**facts, "learnt": {**learnt, "with_counterpart": [3000, 0], "chosen_in_paper": 6057}})
    assert words.endswith(
        "; chose 6,000, 10 of 30,400 images without labels (6,057 in the paper), 50.0%, none of a class that is labelled too, "
        "90.0%, none of these labelled rightly"
    )
    words = training_words(
        {**facts, "learnt": {**learnt, "known": [0, 0], "with_counterpart": [0, 0], "chosen_in_paper": None}}
    )
    assert words.endswith("; chose 6,000, 10 of 30,400 images without labels")


STUDENTS = """
title = "A paper"
protocol = "as they did"
train = "few"
evaluation = "jsst20:size=0:seeds=1"
sets = { T = "test-chips" }
measures = { "mAP" = "map" }
[tables]
1 = "self-training"
[[way]]
rows = { method = "teacher" }
recipe = "students.toml"
pool = "others"
iteration = 0
[[way]]
rows = { method = "first" }
recipe = "students.toml"
pool = "others"
iteration = 1
chosen = 21344
[[way]]
rows = { method = "second" }
recipe = "students.toml"
pool = "others"
iteration = 2
[[way]]
rows = { method = "third" }
recipe = "students.toml"
pool = "others"
iteration = 3
[[way]]
rows = { method = "once" }
recipe = "own.toml"
pool = "others"
iteration = 1
[[way]]
rows = { method = "no pool" }
recipe = "students.toml"
"""


class TestIterationsOfSelfTraining:
    @pytest.fixture
    def table(self, table, tmp_path) -> Path:
        """A table of one run of two students."""
        folder = tmp_path / "students"
        folder.mkdir()
        text = (table.parent / "own.toml").read_text()
        (folder / "own.toml").write_text(text)
        (folder / "students.toml").write_text(f"{text}\n[self-training]\niterations = 2\nthreshold = 0.26\n")
        (folder / "mine.toml").write_text(STUDENTS)
        methods = ("teacher", "first", "second", "third", "once", "no pool")
        (folder / "mine-1.csv").write_text("dataset,method,mAP\n" + "".join(f"T,{name},0.5\n" for name in methods))
        return folder / "mine-1.csv"

    @pytest.fixture
    def given(self, sets) -> tuple[str, ...]:
        return ("--test", f"T={sets['test-chips']}", "--train", f"few={sets['chips']}", "--train", f"others={sets['fewer']}")

    def test_what_is_missing_is_named(self, reproduce, given) -> None:
        found = rows(reproduce("--dry-run", *given[:2]))
        assert found["first"]["states"][1:] == [
            "to train it, give its training set: --train few=FOLDER",
            "to train it, give the images that it learns without their labels: --train others=FOLDER",
        ]
        # The pool is no training set, though it is the only one that is given.
        states = rows(reproduce("--dry-run", *given[:2], *given[4:]))["first"]["states"]
        assert states[1:] == ["to train it, give its training set: --train few=FOLDER"]
        assert rows(reproduce("--dry-run", *given[:4]))["first"]["states"][1].endswith("--train others=FOLDER")
        found = rows(reproduce("--dry-run", *given))
        assert found["second"]["states"] == [
            "would train students.seed0, iteration 2 on few and others without its labels, and measure on test-chips"
        ]
        assert found["third"]["states"][1] == "the recipe students has 2 iterations, and the row is of iteration 3"
        assert found["once"]["states"][1] == "the recipe own trains once, and the row is of an iteration"
        assert found["no pool"]["states"][1] == "the recipe students wants a pool, and the row names none"
        found = rows(reproduce("--dry-run", *given, "--set", "self-training.iterations=1"))
        assert found["second"]["states"][1] == "the recipe students has 1 iterations, and the row is of iteration 2"

    @pytest.mark.usefixtures("tiny_backbone")
    def test_one_run_serves_all_rows(self, reproduce, given, tmp_path) -> None:
        first = reproduce(*given, "--rows", "teacher", "--rows", "first", "--rows", "second", "--seed", 0, "--seed", 1)
        runs = tmp_path / "runs"
        assert sorted(path.name for path in runs.glob("*.seed*")) == [
            *("students.seed0", "students.seed0.training", "students.seed1", "students.seed1.training")
        ]
        ours = {name: row["ours"][0] for name, row in rows(first).items()}
        assert [one["depends_on"]["iteration"] for one in ours.values()] == [0, 1, 2]
        assert ours["teacher"]["depends_on"]["learnt"] is None
        assert ours["first"]["depends_on"]["runs"][1] == str(runs / "students.seed1.training" / "iteration-1" / "bundle.zip")
        learnt = ours["first"]["depends_on"]["learnt"]
        for number, seed in enumerate((0, 1)):
            path = runs / f"students.seed{seed}.training" / "iteration-1" / "pseudo-labels.json"
            told = json.loads(path.read_text())
            assert [learnt[key][number] for key in ("chosen", "known", "with_counterpart", "right")] == [
                *(told[key] for key in ("chosen", "known", "with_counterpart", "right"))
            ]
        assert (learnt["pool"], learnt["threshold"], learnt["chosen_in_paper"]) == (36, 0.26, 21344)
        counts = ", ".join(str(count) for count in learnt["chosen"])
        assert f"chose {counts} of 36 images without labels (21,344 in the paper)" in first["said"]
        assert "iteration 1, on 37 images of 4 classes of few, 2 runs, seeds 0, 1" in first["said"]
        for one in ours.values():
            # The whole recipe is compared, of which an iteration's card has not all; and runs differ in what they choose.
            assert one["depends_on"]["other_than_recipe"] == one["depends_on"]["other_than_paper"] == {}
            assert (one["seeds"], one["depends_on"]["images"]) == ([0, 1], 37)
            assert not [words for words in one["warnings"] if "is left out" in words]
        assert len({one["paper_protocol"]["map"]["mean"] for one in ours.values()}) == 3

        again = reproduce(*given[:2], "--no-train")
        for name, one in ours.items():
            (same,) = rows(again)[name]["ours"]
            assert (same["paper_protocol"], same["depends_on"]["learnt"]) == (
                one["paper_protocol"],
                one["depends_on"]["learnt"],
            )
        lost = (
            "the run {0} is finished, but there is no {0}.training/iteration-3/bundle.zip: bring it back, or move the run away"
        )
        assert rows(again)["third"]["states"][0].startswith(lost.format(runs / "students.seed0"))
        (runs / "students.seed0.training" / "iteration-1" / "pseudo-labels.json").unlink()
        (runs / "students.seed0.training" / "recipe.toml").rename(tmp_path / "recipe.toml")
        broken = rows(reproduce(*given[:2], "--no-train"))
        assert "pseudo-labels.json' is missing or broken; it says what the network learnt" in broken["first"]["states"][0]
        assert "recipe.toml', which says how its iterations were trained" in broken["teacher"]["states"][0]


def test_a_pool_of_the_table_trains_no_other_row_and_other_readings_are_told(tmp_path) -> None:
    def states(table: str, recipe: str, **given) -> list[str]:
        found = reproduce_table(table, tmp_path / "runs", test={"rsscn7": tmp_path}, dry_run=True, **given)
        return next(
            list(entry.states) for entry in found.entries if entry.row.way.recipe == recipe and entry.row.data == "rsscn7"
        )

    lacking = states("jsst2021-8", "resnet34.jsst.ucm", train={"patternnet": tmp_path}, init="weights.pth")
    assert "to train it, give its training set: --train ucm=FOLDER" in lacking
    otherwise = states("jsst2021-6", "resnet34.jsst.spec-spat", train={"patternnet": tmp_path}, init="weights.pth")
    assert (
        "read otherwise, this row is resnet34.jsst.spec-spat-reestimated, of which there is no run: train it to see it"
        in otherwise
    )


def test_training_on_the_classes_of_the_test_set_is_told() -> None:
    row = next(row for row in read_table("jsst2021-3").rows if row.data == "ucm")
    run = Finished("ours.seed0", Path("ours.seed0"), None, 0, "", 2100, UCM.classes)  # type: ignore[arg-type]  # not opened
    assert _seen(run, row) == ["ours.seed0 was trained on classes of ucm: on images that it has seen, figures say nothing"]
    assert _seen(replace(run, classes=("pond",)), row) == []


def test_the_options_of_a_shipped_table_are_used(run, sets, tmp_path) -> None:
    given = ("jsst2021-3", "--runs", tmp_path / "runs", "--test", f"ucm={sets['test-chips']}", "--dry-run", "--rows", "SpatT")
    asked = ("reproduce", *given, "--train", f"patternnet={sets['chips']}")
    assert "to train it, give the weights that it starts from: --init FILE" in run(*asked).out
    told = run(*asked, "--init", "w.pth", "--device", "cpu", "--json", tmp_path / "r.json", "--quiet")
    assert "would train resnet34.st.seed0 on patternnet, and measure on ucm" in told.out
    assert json.loads((tmp_path / "r.json").read_text())["table"] == "jsst2021-3"
    assert told.err == ""
