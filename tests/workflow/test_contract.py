"""The contract with users: exit status 0, 1, 2 or 130, and an error is one line that says what, where and what to do."""

import json
import re
import shutil
import warnings
from pathlib import Path

import pytest

from terrakin import Archive
from terrakin.archive.lock import writer
from terrakin.cli import app as program
from terrakin.cli.app import app

FAILED, WRONG = 1, 2


@pytest.fixture
def fails(run):
    """Run a command that must fail with a status, in one line that matches, and say nothing on standard output."""

    def call(status: int, words: str, *arguments) -> str:
        done = run(*arguments, status=status)
        lines = done.err.splitlines()
        assert len(lines) == 1, done.err
        assert lines[0].startswith("terrakin: ")
        assert re.search(words, lines[0]), lines[0]
        assert done.out == ""
        return lines[0]

    return call


@pytest.fixture
def water(picture_archive) -> tuple[Path, str]:
    """An archive and one of its chips: the beginning of a search."""
    return picture_archive, "water/water03.png"


@pytest.mark.parametrize("verb", ["search", "duplicates", "evaluate", "info", "export"])
def test_an_archive_that_is_not_there(fails, tmp_path, verb) -> None:
    more = {"search": ["x"], "export": ["--format", "geojson", "--out", tmp_path / "x"]}.get(verb, [])
    path = tmp_path / "nope"
    fails(FAILED, f"there is no archive at '{path}'; make one with: terrakin index SOURCE --archive", verb, path, *more)


def test_a_chip_that_is_not_there(fails, picture_archive) -> None:
    fails(
        FAILED,
        "no chip 'water/water3.png' in this archive; did you mean 'water/water03.png'",
        "search",
        picture_archive,
        "water/water3.png",
    )
    fails(FAILED, "no chip 'qqq' in this archive; its ids look like 'field/field00.png'", "search", picture_archive, "qqq")
    fails(FAILED, "no chip 'qqq'", "search", picture_archive, "water/water03.png", "--unlike", "qqq")


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("labl = 'water'", r"column 1: no field named 'labl'; did you mean 'label'\? There are: col, datetime"),
        ("label = ", r"column 9: expected a literal: 'text' in single quotes.*, found nothing more"),
        ("label = 'water", r"column 9: the quote ' is not closed"),
        ("label = 'a' or", r"column 15: expected the name of a field"),
        ("label < 3", r"column 9: field 'label' is a list of text and cannot be compared with 3.0, a number"),
        ("col = 'x'", r"column 7: field 'col' is a number and cannot be compared with 'x', text"),
        ("1 = 1", r"column 1: expected the name of a field, found 1"),
        ("id = 'a'; drop table chips", r"column 9: ';' has no meaning here; put text in single quotes"),
        ("label = 'a' -- x", r"column 13: '-' has no meaning here"),
    ],
)
def test_a_filter_that_cannot_be_read(fails, water, where, words) -> None:
    fails(WRONG, words, "search", *water, "--where", where)


def test_dates_and_boxes_that_are_none(fails, water, scene_archive, scene_files) -> None:
    fails(WRONG, "'2020-13-01' is not a date or time; write it as 2020", "search", *water, "--since", "2020-13-01")
    for box in ("1,2,3", "a,b,c,d", "1,2,3,4,5", "0,50,1,40", "0,0,999,1", "nan,0,1,1", ""):
        for option in ("--box", "--bbox"):
            words = f"{option}: .* is not a box; write west,south,east,north in degrees, such as"
            fails(WRONG, words, "search", scene_archive, scene_files[0].path, option, box)
    fails(WRONG, "is not a box", "search", *water, "--bbox", "1,0,1,1")
    fails(
        FAILED,
        r"the box 1,2,3,4 lies outside of .*, which covers",
        "search",
        scene_archive,
        scene_files[0].path,
        "--box",
        "1,2,3,4",
    )
    fails(FAILED, "has no place on the Earth", "search", *_file(water), "--box", "1,2,3,4")


def _file(water) -> tuple[Path, Path]:
    archive, chip = water
    return archive, Path(Archive.open(archive).sources[0]) / chip


def test_names_that_no_registry_has(fails, picture_archive, pictures, tmp_path) -> None:
    index = ("index", pictures, "--archive", tmp_path / "a")
    fails(WRONG, "'imagenet-mobilenet'; did you mean 'imagenet-mobilenetv2'", *index, "--model", "imagenet-mobilenet")
    fails(WRONG, "'ucmm'; did you mean 'ucm'", *index, "--dataset", "ucmm")
    fails(WRONG, "'ucmm'; did you mean 'ucm'", "evaluate", "--dataset", "ucmm", "--root", pictures)
    fails(WRONG, "'mapp'; did you mean 'map'", "evaluate", picture_archive, "--measures", "mapp")
    fails(WRONG, "'lo'; did you mean 'loo'", "evaluate", picture_archive, "--protocol", "lo")
    fails(WRONG, "'p@x' is not a name of a measure", "evaluate", picture_archive, "--measures", "p@x")
    fails(
        FAILED,
        "there is no relevance rule 'same-clas'; did you mean 'same-class'",
        "evaluate",
        picture_archive,
        "--relevance",
        "same-clas",
    )
    for verb, option in (("search", "--format"), ("export", "--format"), ("duplicates", "--format")):
        words = f"Invalid value for '{option}': 'xml' is not one of .*\\. See: terrakin {verb} --help"
        fails(WRONG, words, verb, picture_archive, option, "xml")
    fails(WRONG, "'modles' is not one of 'models'", "show", "modles")


def test_commands_that_are_written_wrongly(fails, run, water, picture_archive, scene_archive, tmp_path) -> None:
    fails(WRONG, r"No such command 'serch'.*See: terrakin --help", "serch")
    fails(WRONG, "Invalid value for SOURCE: name what is to be indexed", "index", "--archive", tmp_path / "a")
    fails(WRONG, "Missing option '--archive'", "index", tmp_path)
    fails(WRONG, r"No such option: --wher.* See: terrakin search --help", "search", *water, "--wher", "x")
    fails(WRONG, "Invalid value for '-k'.*greater than or equal to 1", "search", *water, "-k", 0)
    fails(WRONG, "Invalid value for '-k'", "search", *water, "-k", "many")
    fails(WRONG, "name a QUERY or an example with --like", "search", picture_archive)
    fails(WRONG, "--box is a part of the QUERY scene; name it", "search", scene_archive, "--like", "x", "--box", "1,2,3,4")
    fails(WRONG, "geoparquet is a binary file; name it with --out", "search", *water, "--format", "geoparquet")
    fails(WRONG, "name an ARCHIVE, or a benchmark with --dataset and --root", "evaluate")
    fails(WRONG, "name an ARCHIVE, or a benchmark", "evaluate", picture_archive, "--dataset", "ucm")
    fails(WRONG, "--root: say where the benchmark lies", "evaluate", "--dataset", "ucm")
    fails(WRONG, "an archive has its own model", "evaluate", picture_archive, "--model", "x")
    help_alone = run(status=WRONG)
    assert help_alone.out == ""
    assert "Usage: terrakin [OPTIONS] COMMAND" in help_alone.err


def test_sources_that_are_not_there(fails, picture_archive, tiny_bundle, tmp_path) -> None:
    nope = tmp_path / "nope"
    fails(WRONG, f"{nope} does not exist", "index", nope, "--archive", tmp_path / "a", "--model", tiny_bundle)
    fails(WRONG, f"--images: {nope} does not exist", "demo", tmp_path / "d", "--images", nope)
    fails(WRONG, "is an archive; name the imagery", "index", picture_archive, "--archive", tmp_path / "a")
    fails(WRONG, f"--root: {nope} does not exist", "evaluate", "--dataset", "ucm", "--root", nope)
    assert list(tmp_path.iterdir()) == []


def test_sources_that_hold_nothing(fails, tiny_bundle, tmp_path) -> None:
    for name in ("empty", "text"):
        (tmp_path / name).mkdir()
    (tmp_path / "text" / "a.xyz").write_text("x")
    index = ("--archive", tmp_path / "a", "--model", tiny_bundle, "--quiet")
    fails(FAILED, "there is no imagery in .*empty; name a folder, an image", "index", tmp_path / "empty", *index)
    fails(
        FAILED, "nothing in .*text could be indexed; the reasons are in .*index-report.json", "index", tmp_path / "text", *index
    )


def test_a_benchmark_that_is_none(fails, pictures, tiny_bundle, tmp_path) -> None:
    words = f"{pictures} is not UC Merced Land Use: no folder in it.* Give the folder that the published archive unpacks to"
    fails(FAILED, words, "evaluate", "--dataset", "ucm", "--root", pictures, "--model", tiny_bundle, "--quiet")
    fails(FAILED, words, "index", pictures, "--dataset", "ucm", "--archive", tmp_path / "a", "--model", tiny_bundle, "--quiet")


def test_queries_that_cannot_be_read(fails, picture_archive, scene_archive, pictures, odd_files) -> None:
    for name, words in {
        "zero.tif": "is empty",
        "cut.png": "broken or cut off",
        "text.jpg": "broken, cut off, or of another type",
        "notes.xyz": r"holds 0 scenes, a query needs one \(\.xyz files are not read",
        "bomb.png": "would decode 10,000,000,000 pixels",
        "nodata.tif": "has no valid pixel there",
    }.items():
        fails(FAILED, words, "search", picture_archive, odd_files / name)
    fails(FAILED, "holds 48 scenes, a query needs one", "search", picture_archive, pictures)


def test_a_query_that_lacks_a_band(fails, run, scenes, pictures, tiny_bundle, tmp_path) -> None:
    run("index", scenes, "--archive", tmp_path / "a", "--model", tiny_bundle, "--bands", "nir,red,green")
    words = "has no band 'nir'; it has red, green, blue. Choose from these with --bands"
    fails(FAILED, words, "search", tmp_path / "a", pictures / "water" / "water00.png")


def test_options_that_do_not_fit(fails, pictures, tiny_bundle, tmp_path) -> None:
    index = ("index", pictures, "--archive", tmp_path / "a", "--model", tiny_bundle)
    for option, value, words in (
        ("--scaling", "foo", "'foo' is no scaling rule; wanted auto, sensor, LOW:HIGH such as 0:3000, or p2:p98"),
        ("--scaling", "9:1", "from a lower to a higher number"),
        ("--overlap", 256, "the overlap must lie in 0..255 px"),
        ("--gsd", 0, "must be more than 0 m"),
        ("--min-valid", 2, "less than or equal to 1"),
        ("--chip-size", 0, "greater than or equal to 1"),
        ("--workers", 0, "greater than or equal to 1"),
        ("--bands", "red,green", r"the model reads 3 bands \(red, green, blue\), got 2 \(red, green\)"),
        ("--reducer", "foo:3", "a reducer is pca:SIZE or pca-whitened:SIZE"),
        ("--reducer", "pca:49", "the model gives 48 dimensions, too few for the reducer pca:49"),
        ("--labels", "", "labels must be a word"),
    ):
        fails(WRONG, words, *index, option, value)
        assert not (tmp_path / "a").exists()


def test_an_archive_made_with_other_options(fails, scenes, scene_archive, picture_archive) -> None:
    words = (
        r"made with other options: --bands is the model's there, nir,red,green here; --chip-size is 64 there, 128 here; "
        r"--reducer is none there, pca:8 here\. Leave the option out, or make another archive"
    )
    options = ("--bands", "nir,red,green", "--chip-size", 128, "--reducer", "pca:8")
    fails(FAILED, words, "index", scenes, "--archive", scene_archive, *options)


def test_an_archive_made_with_another_model(fails, scenes, scene_archive) -> None:
    words = r"other model \(imagenet-mobilenetv2 1.0.*wanted tiny 1.*use the archive's own model, or start a new archive"
    fails(FAILED, words, "index", scenes, "--archive", scene_archive, "--model", "imagenet-mobilenetv2")


def test_a_model_that_is_none(fails, pictures, tmp_path) -> None:
    index = ("index", pictures, "--archive", tmp_path / "a", "--model")
    fails(FAILED, "there is no bundle at .*nope", *index, tmp_path / "nope")
    fails(FAILED, "is not a bundle: it lacks passport.json", *index, pictures)
    assert not (tmp_path / "a").exists()


def test_places_that_are_taken(fails, pictures, tiny_bundle, tmp_path) -> None:
    index = ("index", pictures, "--model", tiny_bundle, "--archive")
    fails(FAILED, "holds other files; choose an empty folder for the archive", *index, pictures)
    (tmp_path / "file").write_text("x")
    fails(FAILED, "is a file; an archive is a folder", *index, tmp_path / "file")
    fails(FAILED, "file/a cannot be written: Not a directory", *index, tmp_path / "file" / "a")


@pytest.fixture
def copy(picture_archive, tmp_path) -> Path:
    return Path(shutil.copytree(picture_archive, tmp_path / "copy"))


def test_an_archive_of_a_newer_format(fails, copy) -> None:
    said = json.loads((copy / "archive.json").read_text())
    (copy / "archive.json").write_text(json.dumps({**said, "format": 99}))
    fails(FAILED, r"has format 99, this program reads up to \d+; install a newer terrakin", "info", copy)


def test_an_archive_that_is_broken(fails, copy) -> None:
    for text in ("", "{", "[]", '{"format": "1"}', '{"format": 1}'):
        (copy / "archive.json").write_text(text)
        fails(FAILED, "archive.json is broken .*; restore it from a copy, or make the archive again", "info", copy)


def test_a_second_writer(fails, terrakin, copy, pictures) -> None:
    with writer(copy):
        done = terrakin("index", pictures, "--archive", copy, status=FAILED)
    assert re.search(r"is being written by process \d+, which started at 20.*; wait for it to end, or end it", done.stderr)
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("form", ["table", "json", "csv", "geojson", "geoparquet"])
def test_hits_that_cannot_be_written(fails, water, tmp_path, form) -> None:
    search = ("search", *water, "--format", form, "--out")
    fails(
        FAILED,
        f"cannot write {tmp_path}/no/hits: there is no folder {tmp_path}/no; make it first",
        *search,
        tmp_path / "no" / "hits",
    )
    fails(FAILED, f"cannot write {tmp_path}: it is not a file", *search, tmp_path)


def test_other_results_that_cannot_be_written(run, fails, picture_archive, water, tmp_path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("x")
    for form in ("geojson", "geoparquet", "stac"):
        fails(
            FAILED,
            "cannot write .*there is no folder",
            "export",
            picture_archive,
            "--format",
            form,
            "--out",
            tmp_path / "no" / "x",
        )
    fails(FAILED, "is not an empty folder", "export", picture_archive, "--format", "stac", "--out", tmp_path / "full")
    fails(FAILED, "cannot make the folder .*file", "export", picture_archive, "--format", "trec", "--out", tmp_path / "file")
    for arguments in (
        ("search", *water, "--sheet", tmp_path / "no" / "sheet.png"),
        ("evaluate", picture_archive, "--json", tmp_path / "no" / "r.json"),
        ("evaluate", picture_archive, "--markdown", tmp_path / "no" / "r.md"),
        ("evaluate", picture_archive, "--charts", tmp_path / "file"),
    ):
        # The table is printed before: what was computed is not lost.
        done = run(*arguments, status=FAILED)
        assert done.out
        assert re.fullmatch(r"terrakin: cannot .*\n", done.err)


def test_strict_ends_at_the_first_file_that_is_skipped(fails, odd_files, tiny_bundle, tmp_path) -> None:
    index = ("index", odd_files, "--archive", tmp_path / "a", "--model", tiny_bundle)
    fails(FAILED, r"/odd0?/\S+: .* \(--strict\)", *index, "--strict")


def test_an_archive_without_labels_cannot_be_measured(fails, run, scenes, tiny_bundle, tmp_path) -> None:
    run("index", scenes, "--archive", tmp_path / "a", "--model", tiny_bundle, "--labels", "none")
    fails(FAILED, "no chip has a label; index a folder of class folders, a table", "evaluate", tmp_path / "a")
    fails(FAILED, "no chip has a label", "export", tmp_path / "a", "--format", "trec", "--out", tmp_path / "t")


@pytest.mark.parametrize("place", ["before", "after"])
def test_debug_shows_where_an_error_came_from(terrakin, tmp_path, place) -> None:
    words = ["--debug", "info", tmp_path] if place == "before" else ["info", tmp_path, "--debug"]
    done = terrakin(*words, status=FAILED)
    assert "Traceback (most recent call last)" in done.stderr
    assert "ArchiveNotFoundError" in done.stderr.splitlines()[-1]


def test_version_and_help_are_data(run) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", run("--version").out)
    for verb in [command.name for command in app.registered_commands]:
        for flag in ("--help", "-h"):
            done = run(verb, flag)
            assert f"Usage: terrakin {verb} " in done.out
            assert f"Example: terrakin {verb} " in done.out
            assert done.err == ""


def test_a_defect_of_the_program_is_told_as_one(fails, monkeypatch, picture_archive) -> None:
    def broken(self: Archive) -> dict:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr(Archive, "info", broken)
    words = r"this should not happen: ZeroDivisionError: by nothing. Please report it with the output of --debug"
    fails(FAILED, words, "info", picture_archive)


def test_a_warning_is_told_once(monkeypatch, capsys) -> None:
    def warns(*_: object, **__: object) -> None:
        warnings.simplefilter("always")
        warnings.warn("a count differs", UserWarning, stacklevel=1)
        warnings.warn("a count differs", UserWarning, stacklevel=1)
        warnings.warn("another one", UserWarning, stacklevel=1)

    monkeypatch.setattr(program, "app", warns)
    for _ in range(2):
        assert program.run(["info"]) == 0
        assert capsys.readouterr().err == "terrakin: warning: a count differs\nterrakin: warning: another one\n"
