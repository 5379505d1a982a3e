"""No dead option: each option of each command changes something, and a table says which test shows it."""

import ast
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from typer.main import get_command

from terrakin import Archive
from terrakin.cli.app import app

HERE = Path(__file__).parent

PROVEN = {
    "terrakin": {
        "--version": "test_contract.py::test_version_and_help_are_data",
        "--debug": "test_contract.py::test_debug_shows_where_an_error_came_from",
    },
    "index": {
        "SOURCE": "test_index.py::test_several_sources_go_in_at_once",
        "--archive": "test_index.py::test_a_folder_of_scenes_becomes_an_archive",
        "--model": "test_options.py::test_a_model_gives_its_own_vectors",
        "--bands": "test_inputs.py::test_other_bands_in_the_models_order",
        "--chip-size": "test_options.py::test_how_a_scene_is_cut",
        "--overlap": "test_options.py::test_how_a_scene_is_cut",
        "--gsd": "test_inputs.py::test_chips_of_two_resolutions_cover_equal_ground",
        "--edges": "test_options.py::test_how_a_scene_is_cut",
        "--min-valid": "test_inputs.py::test_gaps_are_left_out_and_told",
        "--scaling": "test_inputs.py::test_percentiles_of_values_of_16_bits_are_recorded",
        "--labels": "test_options.py::test_where_labels_and_dates_come_from",
        "--dates": "test_options.py::test_where_labels_and_dates_come_from",
        "--reducer": "test_options.py::test_a_reducer_shortens_the_vectors",
        "--multi-code": "test_multi_code.py::test_the_command_says_how_images_become_codes",
        "--hash": "test_codes.py::test_index_keeps_codes_and_says_what_they_take",
        "--bits": "test_codes.py::test_index_keeps_codes_and_says_what_they_take",
        "--dataset": "test_options.py::test_a_benchmark_gives_its_labels",
        "--prune": "test_index.py::test_what_changed_is_replaced_and_what_vanished_is_told",
        "--strict": "test_contract.py::test_strict_ends_at_the_first_file_that_is_skipped",
        "--workers": "test_options.py::test_workers_are_threads",
        "--quiet": "test_index.py::test_quiet_says_nothing",
    },
    "search": {
        "ARCHIVE": "test_search.py::test_json_says_what_was_asked",
        "QUERY": "test_search.py::test_a_chip_is_a_query_and_no_answer_to_itself",
        "-k": "test_search.py::test_a_chip_is_a_query_and_no_answer_to_itself",
        "--box": "test_search.py::test_a_scene_with_a_box_is_a_query",
        "--codes": "test_codes.py::test_codes_rank_and_tell_their_recall",
        "--shortlist": "test_codes.py::test_a_shortlist_is_ranked_by_vectors",
        "--like": "test_search.py::test_several_examples_pull_and_push",
        "--unlike": "test_search.py::test_several_examples_pull_and_push",
        "--where": "test_search.py::test_filters_hold_before_ranking",
        "--label": "test_bigearthnet.py::test_patches_are_indexed_and_found_by_label",
        "--label-match": "test_bigearthnet.py::test_patches_are_indexed_and_found_by_label",
        "--bbox": "test_search.py::test_boxes_and_dates_choose_chips",
        "--since": "test_search.py::test_boxes_and_dates_choose_chips",
        "--until": "test_search.py::test_boxes_and_dates_choose_chips",
        "--format": "test_search.py::test_every_form_tells_the_same_hits",
        "--out": "test_search.py::test_out_writes_what_would_be_printed",
        "--sheet": "test_search.py::test_a_contact_sheet_shows_query_and_hits",
        "--quiet": "test_search.py::test_out_writes_what_would_be_printed",
    },
    "duplicates": {
        "ARCHIVE": "test_search.py::test_duplicates_are_listed_closest_first",
        "--distance": "test_search.py::test_duplicates_are_listed_closest_first",
        "--format": "test_search.py::test_duplicates_are_listed_closest_first",
        "--quiet": "test_search.py::test_duplicates_are_listed_closest_first",
    },
    "evaluate": {
        "ARCHIVE": "test_evaluate.py::test_an_archive_is_measured_with_its_protocol",
        "--dataset": "test_evaluate.py::test_a_benchmark_is_measured_without_an_archive",
        "--root": "test_evaluate.py::test_a_benchmark_is_measured_without_an_archive",
        "--model": "test_evaluate.py::test_a_benchmark_is_measured_without_an_archive",
        "--reducer": "test_options.py::test_a_benchmark_is_measured_with_a_reducer",
        "--protocol": "test_evaluate.py::test_label_sets_are_measured_too",
        "--measures": "test_export.py::test_trec_files_give_the_figures_of_evaluate",
        "--relevance": "test_evaluate.py::test_label_sets_are_measured_too",
        "--ties": "test_options.py::test_what_ties_count_as",
        "--mean": "test_options.py::test_what_the_mean_and_the_interval_are_over",
        "--interval": "test_options.py::test_what_the_mean_and_the_interval_are_over",
        "--seed": "test_options.py::test_a_seed_draws_other_samples",
        "--codes": "test_codes.py::test_evaluate_measures_codes_over_ties",
        "--against": "test_evaluate.py::test_two_archives_are_compared_query_by_query",
        "--against-model": "test_robustness.py::test_two_models_are_compared_on_a_benchmark",
        "--robustness": "test_robustness.py::test_the_command_chooses_distortions_and_queries",
        "--distortions": "test_robustness.py::test_the_command_chooses_distortions_and_queries",
        "--queries": "test_robustness.py::test_the_command_chooses_distortions_and_queries",
        "--json": "test_evaluate.py::test_every_file_is_written",
        "--markdown": "test_evaluate.py::test_every_file_is_written",
        "--charts": "test_evaluate.py::test_every_file_is_written",
        "--quiet": "test_options.py::test_quiet_leaves_the_table_alone",
    },
    "explain": {
        "ARCHIVE": "test_explain.py::test_a_query_and_its_hits_are_told_drawn_and_written",
        "QUERY": "test_explain.py::test_a_query_and_its_hits_are_told_drawn_and_written",
        "-k": "test_explain.py::test_a_query_and_its_hits_are_told_drawn_and_written",
        "--box": "test_explain.py::test_a_box_on_a_scene_is_a_query",
        "--where": "test_explain.py::test_a_file_is_a_query_and_filters_hold",
        "--bbox": "test_explain.py::test_places_and_dates_choose_what_is_explained",
        "--since": "test_explain.py::test_places_and_dates_choose_what_is_explained",
        "--until": "test_explain.py::test_places_and_dates_choose_what_is_explained",
        "--out": "test_explain.py::test_a_query_and_its_hits_are_told_drawn_and_written",
        "--json": "test_explain.py::test_a_query_and_its_hits_are_told_drawn_and_written",
        "--quiet": "test_explain.py::test_places_and_dates_choose_what_is_explained",
    },
    "reproduce": {
        "TABLE": "test_reproduce.py::test_the_options_of_a_shipped_table_are_used",
        "--runs": "test_reproduce.py::test_the_options_of_a_shipped_table_are_used",
        "--train": "test_reproduce.py::test_a_table_is_trained_measured_and_read_again",
        "--test": "test_reproduce.py::test_a_table_is_trained_measured_and_read_again",
        "--init": "test_reproduce.py::test_the_options_of_a_shipped_table_are_used",
        "--seed": "test_reproduce.py::test_a_table_is_trained_measured_and_read_again",
        "--set": "test_reproduce.py::test_what_differs_is_said_and_what_is_kept_is_never_stale",
        "--rows": "test_reproduce.py::test_what_differs_is_said_and_what_is_kept_is_never_stale",
        "--measures": "test_reproduce.py::test_wrong_use_is_told",
        "--device": "test_reproduce.py::test_the_options_of_a_shipped_table_are_used",
        "--no-train": "test_reproduce.py::test_a_table_is_trained_measured_and_read_again",
        "--dry-run": "test_reproduce.py::test_a_dry_run_says_what_would_be_done_and_what_is_missing",
        "--markdown": "test_reproduce.py::test_a_table_is_trained_measured_and_read_again",
        "--json": "test_reproduce.py::test_the_options_of_a_shipped_table_are_used",
        "--quiet": "test_reproduce.py::test_the_options_of_a_shipped_table_are_used",
    },
    "info": {
        "ARCHIVE": "test_look.py::test_info_says_what_an_archive_holds_an_option_a_line",
        "--json": "test_look.py::test_info_as_json_is_for_programs",
    },
    "show": {"WHAT": "test_look.py::test_show_lists_every_member_with_a_word_about_it"},
    "export": {
        "ARCHIVE": "test_export.py::test_geojson_has_every_footprint_and_label",
        "--format": "test_export.py::test_an_archive_without_chips_exports_as_nothing",
        "--out": "test_export.py::test_geojson_has_every_footprint_and_label",
        "--quiet": "test_options.py::test_quiet_leaves_exports_unsaid",
    },
    "train": {
        "RECIPE": "test_train.py::test_a_model_is_trained_and_used",
        "--data": "test_train.py::test_a_model_is_trained_and_used",
        "--out": "test_train.py::test_a_model_is_trained_and_used",
        "--dataset": "test_train.py::test_a_benchmark_is_trained_on",
        "--device": "test_train.py::test_it_computes_where_it_is_told",
        "--resume": "test_train.py::test_the_same_command_with_resume_goes_on",
        "--init": "test_train.py::test_it_starts_from_weights",
        "--seed": "test_train.py::test_a_seed_and_changes_decide_the_weights",
        "--set": "test_train.py::test_a_seed_and_changes_decide_the_weights",
        "--cache": "test_train.py::test_a_seed_and_changes_decide_the_weights",
        "--pool": "test_train.py::test_a_pool_is_for_self_training",
        "--pool-dataset": "test_train.py::test_a_pool_is_for_self_training",
        "--pack": "test_carry.py::test_a_run_is_packed_computed_elsewhere_and_finished_here",
        "--result": "test_carry.py::test_a_run_is_packed_computed_elsewhere_and_finished_here",
        "--quiet": "test_train.py::test_quiet_says_nothing",
    },
    "model": {},
    "model check": {
        "BUNDLE": "test_model.py::test_check_says_what_a_model_is",
        "--json": "test_model.py::test_check_as_json_is_for_programs",
    },
    "model compare": {
        "A": "test_model.py::test_the_better_model_is_named",
        "B": "test_model.py::test_the_better_model_is_named",
        "--dataset": "test_model.py::test_models_are_compared_on_a_benchmark",
        "--root": "test_model.py::test_models_are_compared_on_a_benchmark",
        "--data": "test_model.py::test_the_better_model_is_named",
        "--protocol": "test_model.py::test_how_models_are_compared_can_be_chosen",
        "--measures": "test_model.py::test_how_models_are_compared_can_be_chosen",
        "--seed": "test_model.py::test_how_models_are_compared_can_be_chosen",
        "--json": "test_model.py::test_the_better_model_is_named",
        "--quiet": "test_model.py::test_models_are_compared_on_a_benchmark",
    },
    "model convert": {
        "FILE": "test_model.py::test_a_checkpoint_becomes_a_bundle",
        "--out": "test_model.py::test_a_checkpoint_becomes_a_bundle",
        "--licence": "test_model.py::test_a_checkpoint_becomes_a_bundle",
        "--training-data": "test_model.py::test_a_checkpoint_becomes_a_bundle",
        "--name": "test_model.py::test_an_onnx_file_becomes_a_bundle",
        "--version": "test_model.py::test_an_onnx_file_becomes_a_bundle",
        "--bands": "test_model.py::test_a_checkpoint_is_adapted_to_other_bands",
        "--input-size": "test_model.py::test_a_checkpoint_becomes_a_bundle",
        "--mean": "test_model.py::test_an_onnx_file_becomes_a_bundle",
        "--std": "test_model.py::test_an_onnx_file_becomes_a_bundle",
        "--architecture": "test_model.py::test_what_does_not_go_with_the_file_is_refused",
        "--padding": "test_model.py::test_padding_that_no_file_tells_is_asked_for",
        "--output": "test_model.py::test_another_tensor_can_be_taken",
        "--weights": "test_model.py::test_an_onnx_file_becomes_a_bundle",
        "--quiet": "test_model.py::test_an_onnx_file_becomes_a_bundle",
    },
    "doctor": {"ARCHIVE": "test_look.py::test_a_healthy_archive_is_all_in_order"},
    "demo": {
        "FOLDER": "test_look.py::test_a_demo_makes_its_own_scenes",
        "--images": "test_look.py::test_a_demo_on_ones_own_images_draws_a_sheet",
        "--quiet": "test_look.py::test_a_demo_on_ones_own_images_draws_a_sheet",
    },
}
"""By command and option: the test that fails when the option does nothing."""


def test_every_option_has_a_test_that_proves_it() -> None:
    program = get_command(app)
    inner = {f"model {name}": command for name, command in program.commands["model"].commands.items()}
    commands = {"terrakin": program, **program.commands, **inner}
    found = {
        name: {
            parameter.opts[0] if parameter.opts[0].startswith("-") else (parameter.metavar or parameter.name).upper()
            for parameter in command.params
        }
        for name, command in commands.items()
    }
    assert {name: set(options) for name, options in PROVEN.items()} == found


@pytest.mark.parametrize(
    ("command", "option"), [(command, option) for command, options in PROVEN.items() for option in options]
)
def test_the_test_exists_and_gives_the_option(command: str, option: str) -> None:
    file, _, name = PROVEN[command][option].partition("::")
    text = (HERE / file).read_text()
    tests = {node.name: node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}
    assert name in tests
    if option.startswith("-"):
        assert f'"{option}"' in (ast.get_source_segment(text, tests[name]) or "")


def rows(archive: Path, *columns: str) -> list[dict]:
    found = [row for batch in Archive.open(archive).store.scan(["id", *columns]) for row in batch.to_pylist()]
    return sorted(found, key=lambda row: row["id"])


def test_a_model_gives_its_own_vectors(run, pictures, tiny_bundle, tmp_path) -> None:
    index = ("index", pictures / "water" / "water00.png", "--archive")
    run(*index, tmp_path / "a", "--model", tiny_bundle)
    run(*index, tmp_path / "b")
    sizes = [len(rows(tmp_path / name, "vector")[0]["vector"]) for name in "ab"]
    assert sizes == [48, 256]


def test_how_a_scene_is_cut(run, scene_files, tiny_bundle, tmp_path) -> None:
    starts = {}
    for number, options in enumerate(
        [
            ("--chip-size", 128),
            ("--chip-size", 100),
            ("--chip-size", 100, "--edges", "clip", "--min-valid", 0.3),
            ("--chip-size", 100, "--edges", "drop"),
            ("--chip-size", 128, "--overlap", 64),
        ]
    ):
        path = tmp_path / str(number)
        run("index", scene_files[0].path, "--archive", path, "--model", tiny_bundle, *options)
        starts[number] = sorted({row["col"] for row in rows(path, "col")})
    assert starts == {0: [0, 128], 1: [0, 100, 156], 2: [0, 100, 200], 3: [0, 100], 4: [0, 64, 128]}


def test_where_labels_and_dates_come_from(run, write_scene, tiny_bundle, tmp_path) -> None:
    values = np.full((3, 16, 16), 7, np.uint8)
    write_scene(tmp_path / "in" / "farm" / "a_2021-05-01.tif", values)
    (tmp_path / "in" / "paths.csv").write_text("path,site,seen\nfarm/a_2021-05-01.tif,west,2019-08-02\n")
    told = {}
    for number, (source, *options) in enumerate(
        [
            (tmp_path / "in",),
            (tmp_path / "in", "--labels", "folder", "--dates", "none"),
            (tmp_path / "in" / "paths.csv", "--labels", "site", "--dates", "seen"),
        ]
    ):
        path = tmp_path / str(number)
        run("index", source, "--archive", path, "--model", tiny_bundle, *options)
        (row,) = rows(path, "labels", "datetime")
        told[number] = (row["labels"], row["datetime"] and f"{row['datetime']:%Y-%m-%d}")
    assert told == {0: ([], "2021-05-01"), 1: (["farm"], None), 2: (["west"], "2019-08-02")}


def test_a_reducer_shortens_the_vectors(run, pictures, tiny_bundle, tmp_path) -> None:
    index = ("index", pictures, "--model", tiny_bundle, "--archive")
    run(*index, tmp_path / "a", "--reducer", "pca:8")
    run(*index, tmp_path / "b", "--reducer", "pca-whitened:8")
    first, second = (rows(tmp_path / name, "vector") for name in "ab")
    assert len(first[0]["vector"]) == len(second[0]["vector"]) == 8
    assert first != second
    assert "tiny 1 + pca:8" in run("info", tmp_path / "a").out
    # The archive's own reducer reads queries, too.
    hit = json.loads(run("search", tmp_path / "a", pictures / "water" / "water00.png", "-k", 1, "--format", "jsonl").out)
    assert (hit["id"], round(hit["distance"], 5)) == ("water/water00.png", 0)
    assert "48 unchanged" in run(*index, tmp_path / "a", "--reducer", "pca:8").err


@pytest.fixture
def benchmark(pictures, tmp_path) -> Path:
    """Pictures in the layout of UC Merced, whose folders are written in another way than its classes."""
    for name, source in {"Agricultural": "field", "Golf_Course": "water"}.items():
        (tmp_path / "ucm" / name).mkdir(parents=True)
        for picture in sorted((pictures / source).iterdir())[:3]:
            shutil.copy(picture, tmp_path / "ucm" / name)
    return tmp_path / "ucm"


@pytest.mark.filterwarnings("ignore::terrakin.datasets.dataset.CountWarning")
def test_a_benchmark_gives_its_labels(run, benchmark, tiny_bundle, tmp_path) -> None:
    index = ("index", benchmark, "--model", tiny_bundle, "--archive")
    run(*index, tmp_path / "a")
    run(*index, tmp_path / "b", "--dataset", "ucm")
    labels = [{row["labels"][0] for row in rows(tmp_path / name, "labels")} for name in "ab"]
    assert labels == [{"Agricultural", "Golf_Course"}, {"agricultural", "golfcourse"}]
    # An archive of the same folder that was indexed without it takes the labels, and then rests.
    run(*index, tmp_path / "a", "--dataset", "ucm")
    assert {row["labels"][0] for row in rows(tmp_path / "a", "labels")} == labels[1]
    assert "6 unchanged" in run(*index, tmp_path / "a", "--dataset", "ucm").err


@pytest.mark.filterwarnings("ignore::terrakin.datasets.dataset.CountWarning")
def test_a_benchmark_is_measured_with_a_reducer(run, benchmark, tiny_bundle) -> None:
    done = run("evaluate", "--dataset", "ucm", "--root", benchmark, "--model", tiny_bundle, "--reducer", "pca:4")
    assert "cosine, 4 dimensions" in done.out


def test_workers_are_threads(run, pictures, tiny_bundle, tmp_path, monkeypatch) -> None:
    asked = []

    class Pool(ThreadPoolExecutor):
        def __init__(self, threads: int, **options: str) -> None:
            asked.append(threads)
            super().__init__(threads, **options)

    monkeypatch.setattr("terrakin.archive.index.ThreadPoolExecutor", Pool)
    run("index", pictures, "--archive", tmp_path / "a", "--model", tiny_bundle, "--workers", 3)
    assert asked == [3]


@pytest.fixture(scope="module")
def twins(tiny_bundle, pictures, tmp_path_factory) -> Path:
    """Two classes, of five and of two chips, among them equal pictures with other labels: ties that matter."""
    folder = tmp_path_factory.mktemp("twins")
    for name, numbers in {"many": (0, 1, 2, 3, 4), "few": (0, 5)}.items():
        (folder / "in" / name).mkdir(parents=True)
        for number in numbers:
            picture = pictures / "field" / f"field{number:02}.png"
            (folder / "in" / name / f"{name}{number}.png").write_bytes(picture.read_bytes())
    shutil.copy(folder / "in" / "many" / "many1.png", folder / "in" / "few" / "few1.png")
    Archive.create(folder / "archive", model=tiny_bundle).add(folder / "in")
    return folder / "archive"


@pytest.fixture
def measured(run, twins, tmp_path):
    """Mean average precision and its interval under some options."""

    def call(*options: str | int) -> tuple[float, list[float]]:
        run("evaluate", twins, *options, "--json", tmp_path / "r.json", "--quiet")
        found = json.loads((tmp_path / "r.json").read_text())["measures"]["map"]
        return found["value"], found["ci95"]

    return call


def test_what_ties_count_as(measured) -> None:
    worst, expected, best = (measured("--ties", how)[0] for how in ("worst", "expected", "best"))
    assert worst < expected < best
    assert worst <= measured("--ties", "id")[0] <= best
    assert worst < measured("--ties", "sample")[0] < best


def test_what_the_mean_and_the_interval_are_over(measured) -> None:
    value, interval = measured()
    assert measured("--mean", "class")[0] != value
    same, other = measured("--interval", "class")
    assert same == value
    assert other != interval


def test_a_seed_draws_other_samples(measured) -> None:
    value, interval = measured("--seed", 1)
    assert measured("--seed", 1) == (value, interval)
    assert measured("--seed", 2)[0] == value
    assert measured("--seed", 2)[1] != interval


def test_quiet_leaves_the_table_alone(run, picture_archive, tmp_path) -> None:
    evaluate = ("evaluate", picture_archive, "--json", tmp_path / "r.json")
    loud, quiet = run(*evaluate), run(*evaluate, "--quiet")
    assert (bool(loud.err), quiet.err) == (True, "")
    assert loud.out == quiet.out


def test_quiet_leaves_exports_unsaid(run, picture_archive, tmp_path) -> None:
    done = run("export", picture_archive, "--format", "geojson", "--out", tmp_path / "x", "--quiet")
    assert (done.out, done.err) == ("", "")
