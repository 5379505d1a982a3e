"""A run that is carried to another machine: what goes there, what comes back, and what is refused at home."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from terrakin.bundles.bundle import open_bundle
from terrakin.errors import TrainingError
from terrakin.training import carry
from terrakin.training.away import compute
from terrakin.training.carry import bring_home, carry_away
from terrakin.training.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from terrakin.training.half import halved, whole
from terrakin.training.images import Images, load
from terrakin.training.journal import read_journal
from terrakin.training.loop import CHECKPOINT, JOURNAL, fit
from terrakin.training.network import build
from terrakin.training.recipe import Recipe
from terrakin.training.result import NETWORK, read_result, write_result
from terrakin.training.teachers import read_targets, write_targets

Make = Callable[..., Recipe]


@pytest.fixture
def carried(recipe: Make, pictures: Path, tmp_path: Path) -> Callable[..., Path]:
    """The result of a run that was packed and computed elsewhere."""

    def carry_and_compute(*changes: str, seed: int = 0) -> Path:
        carry_away(recipe(*changes), pictures, tmp_path / "mine", tmp_path / "run.zip", seed=seed)
        compute(tmp_path / "run.zip", tmp_path / "result.zip", tmp_path / "there")
        return tmp_path / "result.zip"

    return carry_and_compute


@pytest.mark.parametrize("more", [(), ("data.size=18", "export.size=18", "frontend.name=jsst")], ids=len)
def test_a_run_is_carried_computed_and_brought_home(recipe: Make, pictures: Path, carried, tmp_path: Path, more) -> None:
    changes = ("export.reducer=pca:4", "schedule.average=0.9", *more)
    chosen = recipe(*changes)
    result = carried(*changes, seed=3)
    with zipfile.ZipFile(result) as archive:
        assert sorted(archive.namelist()) == [JOURNAL, NETWORK]
    bundle = bring_home(chosen, pictures, tmp_path / "mine", result, seed=3)
    folder = tmp_path / "mine.training"
    assert (folder / JOURNAL).read_bytes() == (tmp_path / "there" / JOURNAL).read_bytes()
    assert (folder / "curves.png").is_file()
    assert open_bundle(tmp_path / "mine").passport == bundle.passport
    assert (bundle.passport.name, bundle.passport.space.size) == ("tiny-trained", 4)

    # The same run here, on the images as they are there.
    (tmp_path / "here").mkdir()
    trained = fit(chosen, load(tmp_path / "there" / "images"), tmp_path / "here", seed=3)
    network, side = trained.network, chosen.export.size
    pixels = np.random.default_rng(0).random((2, 3, side, side), dtype=np.float32)
    mean, std = (np.array(values, np.float32)[:, None, None] for values in (network.mean, network.std))
    with torch.no_grad():
        wanted = network(torch.from_numpy((pixels - mean) / std)).embedding
    np.testing.assert_allclose(bundle.raw(pixels), wanted, rtol=1e-3, atol=1e-5)
    last = list(read_journal(folder / JOURNAL))[-1]
    assert last["step"] == 18
    assert f"{trained.figures['map']:.4f}" in bundle.card


def test_a_run_whose_loss_needs_a_package_says_so_and_is_computed_where_it_is(
    recipe: Make, pictures: Path, tmp_path: Path
) -> None:
    start = {"data": pictures, "out": tmp_path / "mine", "file": tmp_path / "run.zip"}
    assert carry_away(recipe(), **start).needs == ()
    chosen = recipe("loss=[{name='triplet'}]")
    assert carry_away(chosen, **start).needs == ("pytorch-metric-learning",)
    compute(tmp_path / "run.zip", tmp_path / "r.zip", tmp_path / "there")
    bring_home(chosen, pictures, tmp_path / "mine", tmp_path / "r.zip")


def test_the_memory_of_the_optimiser_stays_there(carried, tmp_path: Path) -> None:
    carried("optimizer.name=adamw", "schedule.average=0.9")
    held = read_checkpoint(tmp_path / "there" / CHECKPOINT).tensors
    sent = read_checkpoint(tmp_path / "there" / NETWORK).tensors
    assert any(name.startswith("optimizer.") for name in held)
    averaged = {name.removeprefix("average."): values for name, values in held.items() if name.startswith("average.")}
    assert list(sent) == list(averaged)
    assert all(torch.equal(sent[name], averaged[name]) for name in sent)


def test_a_run_goes_on_where_it_was_stopped(recipe: Make, pictures: Path, carried, tmp_path: Path, same) -> None:
    whole_run = carried()
    unpacked: list[int] = []

    def note(done: int, total: int | None, note: str = "") -> None:
        unpacked.append(done)

    again = tmp_path / "again"
    for until in (2, 5):
        assert compute(tmp_path / "run.zip", tmp_path / "no.zip", again, until=until, progress=note) is None
        assert read_checkpoint(again / CHECKPOINT).facts["step"] == until
        assert not (tmp_path / "no.zip").exists()
    compute(tmp_path / "run.zip", tmp_path / "second.zip", again, progress=note)
    assert unpacked == [48]
    one, other = (read_checkpoint(folder / NETWORK) for folder in (tmp_path / "there", again))
    assert same(one.tensors, other.tensors)
    assert whole_run.stat().st_size == pytest.approx((tmp_path / "second.zip").stat().st_size, abs=50)


def test_unpacking_that_was_killed_is_done_again(recipe: Make, pictures: Path, tmp_path: Path) -> None:
    carry_away(recipe(), pictures, tmp_path / "mine", tmp_path / "run.zip")
    compute(tmp_path / "run.zip", tmp_path / "r.zip", tmp_path / "there", until=1)
    (tmp_path / "there" / "pack.json").write_text("{")
    (tmp_path / "there" / "recipe.toml").write_text("half of")
    assert compute(tmp_path / "run.zip", tmp_path / "r.zip", tmp_path / "there") is not None


def test_weights_and_teachers_go_along(distilling: Make, pictures: Path, tiny_bundle: Path, tmp_path: Path) -> None:
    chosen = distilling(f"teacher.0.bundle={tiny_bundle}", "backbone.pretrained=true")
    state = build(chosen, bands=3, classes=4).backbone.state_dict()
    torch.save(state, tmp_path / "weights.pth")
    carry_away(chosen, pictures, tmp_path / "mine", tmp_path / "run.zip", init=tmp_path / "weights.pth")
    # The teacher's bundle is not there.
    result = compute(tmp_path / "run.zip", tmp_path / "r.zip", tmp_path / "there")
    assert result is not None
    began = read_checkpoint(tmp_path / "there" / "start.npz").tensors
    assert {name: values.tolist() for name, values in began.items()} == {
        name: values.tolist() for name, values in state.items()
    }
    (said,) = read_targets(tmp_path / "there" / "targets.npz")
    assert said.shape == (48, 8)
    np.testing.assert_allclose(np.linalg.norm(said, axis=1), 1, rtol=1e-5)
    bring_home(chosen, pictures, tmp_path / "mine", tmp_path / "r.zip")


def test_halves_are_matrices_alone() -> None:
    tensors = {
        "kernel": torch.rand(4, 3, 2, 2) * 100,
        "variance": torch.tensor([1e-9, 1e9]),
        "beyond": torch.tensor([[1e6, 1.0]]),
        "count": torch.ones(2, 2, dtype=torch.int64),
    }
    found = halved(tensors)
    assert {name for name, values in found.items() if values.dtype == torch.float16} == {"kernel"}
    back = whole(found)
    assert {name: values.dtype for name, values in back.items()} == {name: values.dtype for name, values in tensors.items()}
    assert ((back["kernel"] - tensors["kernel"]).abs() <= tensors["kernel"] / 2048).all()
    assert all(torch.equal(back[name], tensors[name]) for name in ("variance", "beyond", "count"))


def test_targets_of_half_precision_are_read_whole(tmp_path: Path) -> None:
    said = [np.random.default_rng(0).random((5, 3), dtype=np.float32), np.ones((5, 2), np.float32)]
    write_targets(tmp_path / "a.npz", said)
    write_targets(tmp_path / "b.npz", said, half=True)
    assert all(np.array_equal(one, other) for one, other in zip(read_targets(tmp_path / "a.npz"), said, strict=True))
    rounded = read_targets(tmp_path / "b.npz")
    assert {one.dtype for one in rounded} == {np.dtype(np.float32)}
    np.testing.assert_allclose(rounded[0], said[0], rtol=1 / 2048)
    (tmp_path / "b.npz").write_bytes(b"PK")
    with pytest.raises(TrainingError, match=r"cannot read what teachers say from .*b\.npz: .*; pack the run again"):
        read_targets(tmp_path / "b.npz")


class TestOnlyWhatIsNeededIsRounded:
    @pytest.fixture
    def way(self, images: Images, monkeypatch) -> Callable[[int], tuple[bool, int]]:
        """Of 32 images, each of 1,000 bytes at quality 100, weights of 1,000,000 bytes, and 20,000 of teachers."""
        monkeypatch.setattr(carry, "encode", lambda pixels, quality: bytes(10 * quality * len(pixels)))
        start, taught = {"kernel": torch.rand(100, 100, 5, 5)}, [np.zeros((500, 10), np.float32)]
        return lambda limit: carry._way(images, start, taught, limit)

    @pytest.mark.parametrize(
        ("bytes_in_all", "best"),
        [
            (1_000_000 + 20_000 + 22_400, (False, 70)),
            (500_000 + 10_000 + 22_400, (True, 70)),
            (500_000 + 10_000 + 16_000, (True, 50)),
            (500_000 + 10_000 + 11_200, (True, 35)),
            (500_000 + 10_000 + 8_000, (True, 25)),
        ],
    )
    def test_weights_first_then_images_one_grade_after_another(self, way, bytes_in_all: int, best: tuple[bool, int]) -> None:
        ways = [(False, 70), (True, 70), (True, 50), (True, 35), (True, 25)]
        enough = int(bytes_in_all / 0.96) + 1
        assert way(enough) == best
        if best != ways[-1]:
            assert way(enough - 2) == ways[ways.index(best) + 1]

    def test_what_never_fits_is_refused_with_the_sizes(self, way) -> None:
        words = r"about 0\.5 MB and may have 0\.4: images 0\.0, weights 0\.5, teachers 0\.0, .*--set data\.stored=PIXELS"
        with pytest.raises(TrainingError, match=words):
            way(400_000)

    def test_what_is_foreseen_is_coded_in_the_pieces_of_a_pack(self, some_images, monkeypatch) -> None:
        monkeypatch.setattr("terrakin.training.pack._TOGETHER", 5 * 24 * 24 * 3)
        seen: list[np.ndarray] = []
        monkeypatch.setattr(carry, "encode", lambda pixels, quality: (seen.append(pixels), bytes(100 * len(pixels)))[1])
        images = some_images(count=12)
        assert carry._way(images, None, [], int(12 * 100 / 0.96) + 1) == (False, 70)
        assert [len(piece) for piece in seen] == [5, 5, 2]
        assert np.array_equal(np.concatenate(seen), images.pixels)

    def test_without_weights_and_teachers_there_are_images(self, images: Images) -> None:
        assert carry._way(images, None, [], 1_000_000) == (False, 70)


def test_a_pack_of_half_precision_trains(recipe: Make, pictures: Path, tmp_path: Path, monkeypatch) -> None:
    chosen = recipe("backbone.pretrained=true")
    state = build(chosen, bands=3, classes=4).backbone.state_dict()
    torch.save(state, tmp_path / "weights.pth")
    away = {"init": tmp_path / "weights.pth"}
    packed = carry_away(chosen, pictures, tmp_path / "mine", tmp_path / "run.zip", **away)
    assert (packed.half, packed.quality, packed.size) == (False, 70, (tmp_path / "run.zip").stat().st_size)
    monkeypatch.setattr(carry, "_way", lambda *given: (True, 70))
    assert carry_away(chosen, pictures, tmp_path / "mine", tmp_path / "half.zip", **away).size < packed.size
    compute(tmp_path / "half.zip", tmp_path / "r.zip", tmp_path / "there")
    kernels = read_checkpoint(tmp_path / "there" / "start.npz").tensors
    assert {values.dtype for values in kernels.values() if values.ndim > 1} == {torch.float16}
    network = read_checkpoint(tmp_path / "there" / NETWORK).tensors
    assert {values.dtype for values in network.values() if values.is_floating_point()} == {torch.float32}


def test_a_result_is_rounded_only_where_it_would_not_fit(recipe: Make, images: Images, tmp_path: Path) -> None:
    chosen = recipe("head.parts=[512]")
    trained = fit(chosen, images, tmp_path)
    result = tmp_path / "r.zip"
    assert not write_result(chosen, tmp_path, result)
    size = result.stat().st_size
    assert write_result(chosen, tmp_path, result, limit=size - 1)
    assert result.stat().st_size < size
    home = tmp_path / "home"
    home.mkdir()
    found = read_result(result, home, chosen, images, seed=0).network.state_dict()
    for name, values in trained.network.state_dict().items():
        assert found[name].dtype == values.dtype
        torch.testing.assert_close(found[name], values, rtol=0 if values.ndim < 2 else 1 / 2048, atol=1e-7)
    words = rf"would have [\d,]+ bytes with weights of half precision, and may have 1,000\. Carry {CHECKPOINT} and .* --resume"
    with pytest.raises(TrainingError, match=words):
        write_result(chosen, tmp_path, result, limit=1000)


def test_what_does_not_fit_can_be_finished_at_home_by_resuming(recipe: Make, images: Images, tmp_path: Path, same) -> None:
    there, home = tmp_path / "there", tmp_path / "home"
    for folder in (there, home):
        folder.mkdir()
    trained = fit(recipe(), images, there)
    for name in (CHECKPOINT, JOURNAL):
        (home / name).write_bytes((there / name).read_bytes())
    again = fit(recipe(), images, home, resume=True)
    assert same(again.network.state_dict(), trained.network.state_dict())
    assert again.figures == trained.figures


class TestRefused:
    def test_a_result_of_another_run(self, recipe, pictures, carried, tmp_path) -> None:
        result = carried(seed=1)
        bring = {"data": pictures, "out": tmp_path / "mine", "result": result}
        with pytest.raises(
            TrainingError, match=r"result of another run; what differs: the seed \(1 there, 0 here\)\. Give what was"
        ):
            bring_home(recipe(), **bring)
        words = r"the recipe \(schedule\.epochs: 3 there, 5 here\), the seed"
        with pytest.raises(TrainingError, match=words):
            bring_home(recipe("schedule.epochs=5"), **bring)
        with pytest.raises(TrainingError, match=r"the recipe \(data\.stored: 24 there, 32 here\), the images \(other files"):
            bring_home(recipe("data.stored=32"), **bring, seed=1)
        assert not (tmp_path / "mine.training" / JOURNAL).exists()
        bring_home(recipe("export.version='2'"), **bring, seed=1)

    def test_a_folder_with_the_log_of_another_run(self, recipe, pictures, carried, tmp_path) -> None:
        result = carried()
        log = tmp_path / "mine.training" / JOURNAL
        log.write_text('{"step": 1}\n')
        bring = {"data": pictures, "out": tmp_path / "mine", "result": result}
        with pytest.raises(TrainingError, match="holds the log of another run; move it away, or take another --out"):
            bring_home(recipe(), **bring)
        assert log.read_text() == '{"step": 1}\n'
        log.unlink()
        bring_home(recipe(), **bring)

    def test_broken_results(self, recipe, images, tmp_path) -> None:
        take = {"folder": tmp_path, "recipe": recipe(), "images": images, "seed": 0}

        def result(**members: bytes) -> Path:
            with zipfile.ZipFile(tmp_path / "r.zip", "w") as archive:
                for name, content in members.items():
                    archive.writestr(name.replace("__", "."), content)
            return tmp_path / "r.zip"

        with pytest.raises(TrainingError, match=r"is no result of a run: it lacks network\.npz"):
            read_result(result(log__jsonl=b""), **take)
        with pytest.raises(TrainingError, match=r"the network in .* cannot be read; carry the result here again"):
            read_result(result(log__jsonl=b"", network__npz=b"x"), **take)
        with pytest.raises(TrainingError, match=r"expected at its top only"):
            read_result(result(log__jsonl=b"", evil__py=b"x"), **take)
        write_checkpoint(tmp_path / "n.npz", Checkpoint({"seed": 0}, {}))
        with pytest.raises(TrainingError, match="it does not say its source"):
            read_result(result(log__jsonl=b"", network__npz=(tmp_path / "n.npz").read_bytes()), **take)
        fit(recipe(), images, tmp_path)
        write_result(recipe(), tmp_path, tmp_path / "good.zip")
        facts = read_checkpoint(tmp_path / NETWORK).facts
        write_checkpoint(tmp_path / "n.npz", Checkpoint(facts, {"x": torch.ones(1)}))
        with pytest.raises(TrainingError, match="holds a network of another version of this program"):
            read_result(result(log__jsonl=b"", network__npz=(tmp_path / "n.npz").read_bytes()), **take)
        assert not list(tmp_path.glob("carried-*"))

    def test_a_run_that_is_not_finished_has_no_result(self, recipe, images, tmp_path) -> None:
        fit(recipe(), images, tmp_path, until=4)
        with pytest.raises(TrainingError, match=r"is at step 4 of 12; go on with it first"):
            write_result(recipe(), tmp_path, tmp_path / "r.zip")

    def test_a_folder_of_another_pack(self, recipe, pictures, carried, tmp_path) -> None:
        carried()
        carry_away(recipe(), pictures, tmp_path / "other", tmp_path / "other.zip", seed=1)
        with pytest.raises(TrainingError, match=r"is of another pack than .*; name another one with --work"):
            compute(tmp_path / "other.zip", tmp_path / "r.zip", tmp_path / "there")
        with pytest.raises(TrainingError, match="cannot be read: No such file"):
            compute(tmp_path / "none.zip", tmp_path / "r.zip", tmp_path / "there")

    def test_a_seed_that_is_none(self, recipe, pictures, tmp_path) -> None:
        carry_away(recipe(), pictures, tmp_path / "mine", tmp_path / "run.zip")
        with zipfile.ZipFile(tmp_path / "run.zip") as archive:
            held = {name: archive.read(name) for name in archive.namelist()}
        held["images.json"] = json.dumps({**json.loads(held["images.json"]), "seed": "a"}).encode()
        with zipfile.ZipFile(tmp_path / "run.zip", "w") as archive:
            for name, content in held.items():
                archive.writestr(name, content)
        with pytest.raises(TrainingError, match="its seed is 'a'"):
            compute(tmp_path / "run.zip", tmp_path / "r.zip", tmp_path / "there")
