"""From patches of three resolutions to a bundle, an archive, and queries by labels."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from terrakin import Archive
from terrakin.bundles.bundle import open_bundle
from terrakin.datasets.bigearthnet_labels import LABELS_19
from terrakin.datasets.generated.patches import make_patches

pytestmark = pytest.mark.filterwarnings("ignore:.*patches instead of:terrakin.datasets.dataset.CountWarning")
SIDE = 24
CHANGES = (
    *("backbone.side=24", "data.size=24", "data.stored=24", "export.size=24", "schedule.epochs=2", "sampler.batch=8"),
    *("data.validation=0.3", "export.training_data=generated patches"),
)


@pytest.fixture(scope="module")
def patches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("patches")
    make_patches(root, count=30, side=SIDE)
    return root


@pytest.fixture(scope="module", params=["three-branch", "single-branch"])
def bundle(request: pytest.FixtureRequest, patches: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from terrakin.cli.app import run as program

    out = tmp_path_factory.mktemp("bundle") / "model"
    changes = [word for change in CHANGES for word in ("--set", change)]
    ended = program(
        [
            *("train", f"bigearthnet.{request.param}", "--data", str(patches), "--dataset", "bigearthnet-19"),
            *("--out", str(out), "--quiet", *changes),
        ]
    )
    assert ended == 0
    return out


def test_a_bundle_says_how_it_reads(bundle: Path) -> None:
    passport = open_bundle(bundle).passport
    three = passport.name == "bigearthnet-three-branch"
    assert passport.scaling == "0:65535"
    assert passport.upsampling == ("nearest" if three else "bicubic")
    assert passport.outputs == ("embedding", "logits")
    assert passport.space.size == 128
    lines = [json.loads(line) for line in (bundle.parent / "model.training/log.jsonl").read_text().splitlines()]
    assert {"map", "label-recall@10"} <= set(lines[-1])


def test_patches_are_indexed_and_found_by_label(run: Callable, bundle: Path, patches: Path, tmp_path: Path) -> None:
    run("index", patches, "--archive", tmp_path / "a", "--model", bundle, "--dataset", "bigearthnet-19", "--quiet")
    archive = Archive.open(tmp_path / "a")
    assert len(archive) == 30
    name = "S2A_MSIL2A_20170613T101031_0_0"
    assert archive.search(patches / "BigEarthNet-v1.0" / name, k=1)[0].id == name
    labels = {hit.id: set(hit.labels) for hit in archive.search(name, k=30)}
    assert set().union(*labels.values()) <= set(LABELS_19)
    both = sorted(max(labels.values(), key=len))[:2]
    asked = [word for label in both for word in ("--label", label)]

    def ids(*options: str) -> list[str]:
        done = run("search", tmp_path / "a", name, "-k", 30, "--format", "json", *options)
        return [hit["id"] for hit in json.loads(done.out)["hits"]]

    at_least = {chip for chip, those in labels.items() if set(both) <= those}
    assert at_least
    assert set(ids("--where", " and ".join(f"label = '{one}'" for one in both))) == at_least
    assert set(ids(*asked)) == at_least
    assert set(ids(*asked, "--label-match", "exactly")) == {chip for chip, those in labels.items() if set(both) == those}
    some = ids(*asked, "--label-match", "overlap")
    assert set(some) == {chip for chip, those in labels.items() if set(both) & those}
    done = run("search", tmp_path / "a", name, "--label", "Marine water", status=2)
    assert "no chip has the label 'Marine water'; did you mean 'Marine waters'?" in done.err


def test_thumbnails_are_for_eyes(run: Callable, bundle: Path, patches: Path, tmp_path: Path) -> None:
    import io

    from PIL import Image

    run("index", patches, "--archive", tmp_path / "a", "--model", bundle, "--dataset", "bigearthnet", "--quiet")
    hit = Archive.open(tmp_path / "a").search("S2A_MSIL2A_20170613T101031_0_0", k=1)[0]
    shades = np.asarray(Image.open(io.BytesIO(hit.thumbnail)))
    assert shades.ndim == 3
    assert 20 < shades.mean() < 120
