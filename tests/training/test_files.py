"""Images of 16 bits, of several resolutions, with sets of labels."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch

from terrakin.chips.reader import SceneReader
from terrakin.chips.scaling import parse_scaling, value_range
from terrakin.chips.window import Window
from terrakin.datasets.bigearthnet import BANDS, STATISTICS
from terrakin.datasets.bigearthnet_labels import LABELS_43
from terrakin.datasets.generated.patches import SIGNS, PatchFile, make_patches
from terrakin.errors import RecipeError, TrainingError
from terrakin.nn.backbones.branches import ThreeBranch
from terrakin.scenes.find import find, open_scene
from terrakin.scenes.select import select
from terrakin.training.augment import Augmentation, augment
from terrakin.training.files import Files
from terrakin.training.images import META, Images, cached, load, write_meta
from terrakin.training.labelled import find_labelled
from terrakin.training.pack import Luggage, pack, unpack
from terrakin.training.reading import read_recipe
from terrakin.training.recipe import Recipe
from terrakin.training.samplers.known import SAMPLERS
from terrakin.training.split import split
from terrakin.training.suited import network_of
from terrakin.training.validate import retrieval

pytestmark = pytest.mark.filterwarnings("ignore:.*patches instead of:terrakin.datasets.dataset.CountWarning")
FILES = Files(labels="sets", part="all", scaling="0:65535", upsampling="nearest", depth=16)
SIDE = 24


@pytest.fixture(scope="module")
def patches(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[PatchFile]]:
    root = tmp_path_factory.mktemp("archive")
    return root, make_patches(root, count=15, side=SIDE)


@pytest.fixture(scope="module")
def images(patches: tuple[Path, list[PatchFile]], tmp_path_factory: pytest.TempPathFactory) -> Images:
    return cached(patches[0], tmp_path_factory.mktemp("cache"), size=SIDE, dataset="bigearthnet", files=FILES)


def sets(*labels: tuple[int, ...], classes: int = 4) -> np.ndarray:
    result = np.zeros((len(labels), classes), np.bool_)
    for row, positions in enumerate(labels):
        result[row, list(positions)] = True
    return result


def held(labels: np.ndarray, *, depth: type = np.uint8) -> Images:
    count = len(labels)
    names = tuple(f"c{number}" for number in range(labels.shape[1]))
    return Images(
        tuple(f"{number}.tif" for number in range(count)), np.zeros((count, 2, 2, 1), depth), labels, names, ("b",), "0"
    )


def test_pixels_are_the_files_bit_for_bit(images: Images, patches: tuple[Path, list[PatchFile]]) -> None:
    assert images.pixels.dtype == np.uint16
    assert images.pixels.shape == (15, SIDE, SIDE, 12)
    assert images.bands == BANDS
    steps = {**dict.fromkeys(BANDS, 2), "B02": 1, "B03": 1, "B04": 1, "B08": 1, "B01": 6, "B09": 6}
    for row, patch in enumerate(sorted(patches[1], key=lambda one: one.path.name)):
        for place, band in enumerate(BANDS):
            with rasterio.open(patch.path / f"{patch.path.name}_{band}.tif") as file:
                native = file.read(1)
            np.testing.assert_array_equal(images.pixels[row, :: steps[band], :: steps[band], place], native)


def test_labels_are_sets_in_the_order_of_the_data_set(images: Images, patches: tuple[Path, list[PatchFile]]) -> None:
    assert images.sets
    assert images.classes == tuple(name for name in LABELS_43 if name in SIGNS)
    found = {
        name: {label for label, there in zip(images.classes, row, strict=True) if there}
        for name, row in zip(images.ids, images.labels, strict=True)
    }
    assert found == {patch.path.name: set(patch.labels) for patch in patches[1]}


def test_a_cache_is_of_its_files_options(patches: tuple[Path, list[PatchFile]], tmp_path: Path) -> None:
    made = cached(patches[0], tmp_path, size=SIDE, dataset="bigearthnet-19", files=FILES)
    (tmp_path / META).touch()
    again = cached(patches[0], tmp_path, size=SIDE, dataset="bigearthnet-19", files=FILES)
    assert again.digest == made.digest == load(tmp_path).digest
    smooth = cached(
        patches[0], tmp_path, size=SIDE, dataset="bigearthnet-19", files=Files(labels="sets", scaling="0:65535", depth=16)
    )
    assert smooth.digest != made.digest
    assert not np.array_equal(smooth.pixels, made.pixels)
    assert np.array_equal(smooth.pixels[..., 1], made.pixels[..., 1])


def test_the_usual_files_leave_digests_as_they_were() -> None:
    assert Files().unusual == []
    assert Files().said(("a",)) == "a"
    assert json.dumps([FILES.said(("a", "b"))]) == '[["a", "b"]]'


def test_an_official_part_alone(patches: tuple[Path, list[PatchFile]], tmp_path: Path) -> None:
    found = find_labelled(patches[0], dataset="bigearthnet", files=Files(labels="sets", part="val"))
    assert len(found.sources) == 3
    plain = tmp_path / "plain"
    make_patches(plain, count=2, side=SIDE)
    for name in ("train", "val", "test"):
        (plain / f"{name}.csv").unlink()
    with pytest.raises(TrainingError, match=r"no image in .*plain is of the official part train; put the published lists"):
        find_labelled(plain, dataset="bigearthnet", files=Files(labels="sets", part="train"))
    with pytest.raises(TrainingError, match=r"part train is of a benchmark; name the one that .* holds with --dataset"):
        find_labelled(plain, files=Files(part="train"))


def test_without_sets_images_of_one_label_are_taken(patches: tuple[Path, list[PatchFile]]) -> None:
    single = {patch.path.name for patch in patches[1] if len(patch.labels) == 1}
    found = find_labelled(patches[0], dataset="bigearthnet", files=Files(scaling="0:65535"))
    assert {Path(source.uri).name for source in found.sources} == single
    assert found.without_label == 15 - len(single)


def test_training_sees_what_indexing_sees(images: Images, patches: tuple[Path, list[PatchFile]]) -> None:
    seen = augment(images.pixels[:1], SIDE, Augmentation(), np.random.default_rng(0))[0].numpy()
    (found,) = find(next(patch.path for patch in patches[1] if patch.path.name == images.ids[0]))
    scene = open_scene(found)
    bands = select(scene, BANDS)
    with SceneReader(scene, bands, value_range(scene, bands, parse_scaling("0:65535")), upsampling="nearest") as reader:
        read = reader.read(Window(0, 0, SIDE, SIDE), size=SIDE)[0].values
    np.testing.assert_allclose(seen, read, rtol=1e-6, atol=0)


def test_quarter_turns_keep_native_pixels(images: Images) -> None:
    """An augmented stacked image is one of repeated pixels, too, so that slices are the turned bands."""
    turned = augment(images.pixels[:8], SIDE, Augmentation(turns=True), np.random.default_rng(3))
    grids = ThreeBranch(side=SIDE).native(turned)
    for name, step in (("branch20", 2), ("branch60", 6)):
        bands = [BANDS.index(band) for band in ThreeBranch.resolutions[name]]
        repeated = grids[name].repeat_interleave(step, 2).repeat_interleave(step, 3)
        torch.testing.assert_close(repeated, turned[:, bands], rtol=0, atol=1e-4 * turned.max().item())


def test_16_bits_are_scaled_by_their_largest_number() -> None:
    pixels = np.array([0, 257, 32639, 65535], np.uint16).reshape(1, 2, 2, 1)
    found = augment(pixels, 2, Augmentation(), np.random.default_rng(0)).flatten()
    torch.testing.assert_close(found, torch.tensor([0.0, 1 / 255, 32639 / 65535, 1.0]), rtol=1e-6, atol=0)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (sets((0,), (1,))[:, :3], "wanted 2 sets of 4 labels, each of one or more"),
        (sets((0,), ()), "wanted 2 sets of 4 labels, each of one or more"),
        (np.array([0, 4]), "labels are positions in 4 classes"),
    ],
)
def test_labels_of_another_form_are_refused(labels: np.ndarray, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Images(("a", "b"), np.zeros((2, 1, 1, 1), np.uint16), labels, ("p", "q", "r", "s"), ("x",), "0")


def test_sets_are_no_numbers() -> None:
    with pytest.raises(ValueError, match="sets of labels, and not a class each"):
        _ = held(sets((0, 1), (1,))).numbers


def test_parts_of_sets() -> None:
    rng = np.random.default_rng(0)
    labels = rng.random((400, 4)) < 0.3
    labels[~labels.any(axis=1), 0] = True
    some = held(labels)
    parts = split(some, validation=0.2, left_out=["c3"])
    together = np.concatenate([parts.train, parts.validation, parts.left_out])
    assert sorted(together.tolist()) == list(range(400))
    assert np.array_equal(parts.left_out, np.flatnonzero(labels[:, 3]))
    assert len(parts.validation) / (400 - labels[:, 3].sum()) == pytest.approx(0.2, abs=0.06)
    few = split(held(sets((0, 1), (2, 3), (0, 3))), validation=0.999)
    assert labels_of(few.train, sets((0, 1), (2, 3), (0, 3))) == {0, 1, 2, 3}


def labels_of(rows: np.ndarray, labels: np.ndarray) -> set[int]:
    return set(np.flatnonzero(labels[rows].any(axis=0)).tolist())


def test_retrieval_of_sets_is_what_plain_loops_give() -> None:
    rng = np.random.default_rng(4)
    labels, vectors = rng.random((60, 5)) < 0.25, rng.normal(size=(60, 6)).astype(np.float32)
    labels[~labels.any(axis=1), 2] = True
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    precisions, hits, recalls = [], [], []
    for query in range(60):
        order = sorted((row for row in range(60) if row != query), key=lambda row: -float(unit[query] @ unit[row]))
        shared = [int((labels[query] & labels[row]).sum()) for row in order]
        found, total = 0, 0.0
        for place, common in enumerate(shared, 1):
            if common:
                found += 1
                total += found / place
        if found:
            precisions.append(total / found)
            hits.append(sum(common > 0 for common in shared[:10]) / 10)
            recalls.append(sum(shared[:10]) / 10 / labels[query].sum())
    wanted = {"map": np.mean(precisions), "p@10": np.mean(hits), "label-recall@10": np.mean(recalls)}
    assert retrieval(vectors, labels) == pytest.approx(wanted, abs=1e-6)


def test_samplers_that_deal_classes_refuse_sets() -> None:
    labels = sets((0, 1), (2,), (3,), (0,))
    assert SAMPLERS["shuffled"](labels, 2, 0).rows(0).shape == (2,)
    for name in ("balanced", "pk"):
        with pytest.raises(RecipeError, match="class by class, and these have sets of labels; choose the sampler shuffled"):
            SAMPLERS[name](labels, 2, 0)


def small(*changes: str) -> Recipe:
    return read_recipe("bigearthnet.three-branch", ["backbone.side=24", "data.size=24", "export.size=24", *changes])


def test_bands_are_standardised_by_their_statistics(images: Images) -> None:
    network = network_of(small(), images)
    for place, band in enumerate(BANDS):
        mean, std = STATISTICS[band]
        assert network.mean[place] == pytest.approx(mean / 65535)
        assert network.std[place] == pytest.approx(std / 65535)
    shifted = network_of(small("data.files.scaling='1000:11000'"), images)
    assert shifted.mean[3] == pytest.approx((590.23569706 - 1000) / 10000)
    assert network_of(small("data.statistics=backbone"), images).mean == (0.0,) * 12


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (["data.files.scaling=auto"], r"\[data.files\] scaling auto makes no fixed numbers .*choose LOW:HIGH, such as 0:65535"),
        (
            ["loss.0.name=cross-entropy"],
            r"\[\[loss\]\] 0: cross-entropy wants one class an image, .*choose binary-cross-entropy",
        ),
        (["export.whiten=0.1"], "whiten wants one class an image, and these have sets of labels; take it out"),
    ],
)
def test_what_does_not_suit_sets_or_statistics_is_told(images: Images, changes: list[str], words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        network_of(small(*changes), images)


def test_bands_in_another_order_are_told(images: Images, some_images: Callable[..., Images]) -> None:
    bands = (*BANDS[1:], BANDS[0])
    other = Images(images.ids, images.pixels, images.labels, images.classes, bands, "x")
    with pytest.raises(RecipeError, match=r"three-branch reads B01, .*, in that order; the images have B02, .*, B01"):
        network_of(small(), other)
    with pytest.raises(
        RecipeError, match=r"statistics are of BigEarthNet's bands, B01, .*, and the images have red, green, blue"
    ):
        network_of(read_recipe("mobilenetv2.softmax", ["data.statistics=bigearthnet"]), some_images())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("data.files.scaling=bright", r"\[data.files\]: scaling: 'bright' is no scaling rule"),
        ("data.files.depth=12", r"\[data.files\] depth is 8 or 16, got 12"),
        ("data.files.labels=all", r"\[data.files\] labels is 'class' or 'sets', got 'all'"),
        ("data.files.dept=16", r"has no option 'dept'; did you mean 'depth'"),
    ],
)
def test_files_are_held_to_what_there_is(change: str, words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        small(change)


def test_a_pack_keeps_sets_and_refuses_16_bits(tmp_path: Path) -> None:
    some = held(sets((0, 1), (2,), (3,), (0, 3)))
    size = pack(Luggage("name = 'x'", some, None, None, 0), tmp_path / "pack", limit=10**6)
    assert size > 0
    unpack(tmp_path / "pack", tmp_path / "there")
    assert np.array_equal(load(tmp_path / "there/images").labels, some.labels)
    deep = held(sets((0, 1), (2,)), depth=np.uint16)
    with pytest.raises(TrainingError, match=r"images of 16 bits cannot be carried .* \(--set data.files.depth=8\)"):
        pack(Luggage("name = 'x'", deep, None, None, 0), tmp_path / "other", limit=10**6)


def test_a_cache_of_labels_that_are_none_is_broken(tmp_path: Path) -> None:
    some = held(sets((0, 1), (2,)))
    np.save(tmp_path / "pixels.npy", some.pixels)
    said = {"ids": some.ids, "classes": some.classes, "bands": some.bands, "digest": "0", "size": 2}
    for labels in ([[0, 4], [1]], [[-1], [1]]):
        write_meta(tmp_path, {**said, "labels": labels})
        with pytest.raises(TrainingError, match=r"is broken \(labels are positions in 4 classes\); delete it"):
            load(tmp_path)
