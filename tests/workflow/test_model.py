"""Models: checked, compared, and made from the weights of others."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper, save

from terrakin.bundles.bundle import open_bundle
from terrakin.nn.backbones.known import BACKBONES

FAILED, WRONG = 1, 2
SAID = ("--licence", "MIT", "--training-data", "generated scenes")
NORMAL = ("--mean", "0.5", "--std", "0.2,0.3,0.4")


@pytest.fixture(scope="module")
def network(tmp_path_factory) -> Path:
    """An ONNX classifier of 16 px images, written for a batch of one: means by band, doubled, times a matrix."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["input"], ["pooled"]),
        helper.make_node("Reshape", ["pooled", "rows"], ["flat"]),
        helper.make_node("Add", ["flat", "flat"], ["features"]),
        helper.make_node("Gemm", ["features", "dense"], ["scores"]),
    ]
    constants = {"rows": np.array([1, 3]), "dense": np.arange(15, dtype=np.float32).reshape(3, 5)}
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, 16, 16])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 5])],
        [numpy_helper.from_array(values, name) for name, values in constants.items()],
    )
    path = tmp_path_factory.mktemp("files") / "Mean Colour.onnx"
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    """ResNet-18 as a training script leaves it."""
    state = BACKBONES["resnet18"]().state_dict() | {"fc.weight": torch.ones(2, 512), "fc.bias": torch.ones(2)}
    path = tmp_path_factory.mktemp("files") / "resnet.pth"
    torch.save({"state_dict": {f"module.{name}": values for name, values in state.items()}, "epoch": 7}, path)
    return path


@pytest.fixture
def fails(run):
    """Run a command that must fail with a status, in one line that matches."""

    def call(status: int, words: str, *arguments) -> None:
        done = run(*arguments, status=status)
        assert done.err.count("\n") == 1
        assert re.search(words, done.err), done.err
        assert done.out == ""

    return call


def images(count: int, size: int) -> np.ndarray:
    return np.random.default_rng(0).random((count, 3, size, size), dtype=np.float32)


def test_check_says_what_a_model_is(run, tiny_bundle) -> None:
    facts = dict(re.split(r"\s{2,}", line) for line in run("model", "check", tiny_bundle).out.splitlines())
    assert (facts["model"], facts["self-test"], facts["input"]) == ("tiny 1", "passed", "16 px")
    assert (facts["space"], facts["licence"], facts["reducer"]) == ("cosine, 48 dimensions", "Apache-2.0", "none")
    assert all(float(facts[name].replace(",", "")) > 0 for name in ("images/s, 1 caller", "images/s, 2 callers"))
    assert facts["model.onnx"] == f"{(tiny_bundle / 'model.onnx').stat().st_size / 1e3:,.1f} kB"


def test_check_as_json_is_for_programs(run, tiny_bundle) -> None:
    found = json.loads(run("model", "check", tiny_bundle, "--json").out)
    assert found["passport"] == json.loads((tiny_bundle / "passport.json").read_text())
    assert found["self_test"] == "passed"
    assert set(found["images_per_second"]) == {"1", "2"}
    assert found["bytes"] == {file.name: file.stat().st_size for file in tiny_bundle.iterdir()}


def test_check_counts_a_reducer(run, tiny_bundle, pictures, tmp_path) -> None:
    run("index", pictures, "--archive", tmp_path / "a", "--model", tiny_bundle, "--reducer", "pca:8")
    shown = run("model", "check", tmp_path / "a" / "bundle-reduced").out
    assert re.search(r"^reducer\.npz +[0-9.]+ kB$", shown, re.MULTILINE)
    assert re.search(r"^reducer +pca to 8, fitted on archive$", shown, re.MULTILINE)


def test_check_refuses_a_model_that_computes_something_else(fails, tiny_bundle, tmp_path) -> None:
    passport = json.loads((tiny_bundle / "passport.json").read_text())
    passport["self_test"][0] += 1
    (tmp_path / "b").mkdir()
    for name in ("model.onnx", "card.md"):
        (tmp_path / "b" / name).write_bytes((tiny_bundle / name).read_bytes())
    (tmp_path / "b" / "passport.json").write_text(json.dumps(passport))
    fails(FAILED, "tiny fails its self-test: a mean is off by", "model", "check", tmp_path / "b")
    fails(WRONG, "did you mean 'imagenet-mobilenetv2'", "model", "check", "imagenet-mobilenet")


def test_a_checkpoint_becomes_a_bundle(run, checkpoint, tmp_path) -> None:
    said = ("--licence", "MIT", "--training-data", "generated scenes", "--input-size", 32)
    done = run("model", "convert", checkpoint, "--out", tmp_path / "b", *said)
    assert "mean of the last feature map of resnet18" in done.err
    assert "Left out: module.fc.weight, module.fc.bias" in done.err
    bundle = open_bundle(tmp_path / "b")
    passport = bundle.passport
    assert (passport.name, passport.version, passport.licence) == ("resnet", "1", "MIT")
    assert (passport.training_data, passport.input_size, passport.space.size) == ("generated scenes", 32, 512)
    backbone = BACKBONES["resnet18"]()
    assert (passport.mean, passport.std) == (backbone.mean, backbone.std)
    kept = torch.load(checkpoint)["state_dict"]
    backbone.load_published({name.removeprefix("module."): values for name, values in kept.items()})
    mean, std = (np.array(one, np.float32)[:, None, None] for one in (backbone.mean, backbone.std))
    with torch.no_grad():
        wanted = backbone.eval()(torch.from_numpy((images(2, 32) - mean) / std)).mean((2, 3))
    np.testing.assert_allclose(bundle.raw(images(2, 32)), wanted, rtol=1e-3, atol=1e-5)


def test_a_checkpoint_is_adapted_to_other_bands(run, checkpoint, tmp_path) -> None:
    bands = ("--bands", "red, green,blue,nir", "--input-size", 32, "--architecture", "resnet18")
    assert "adapted from 3 bands to 4" in run("model", "convert", checkpoint, "--out", tmp_path / "b", *bands, *SAID).err
    passport = open_bundle(tmp_path / "b").passport
    assert (passport.bands, len(passport.mean)) == (("red", "green", "blue", "nir"), 4)


def test_padding_that_no_file_tells_is_asked_for(run, fails, network, checkpoint, tmp_path) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = {padding: BACKBONES["mobilenetv2"](padding=padding).eval() for padding in ("same", "symmetric")}
    state = made["same"].state_dict()
    made["symmetric"].load_published(state)
    torch.save(state, tmp_path / "mobilenet.pth")
    convert = ("model", "convert", tmp_path / "mobilenet.pth", *SAID, "--input-size", 64)
    fails(WRONG, "no file tells which: say --padding symmetric for torchvision's", *convert, "--out", tmp_path / "b")
    for padding, backbone in made.items():
        run(*convert, "--out", tmp_path / padding, "--padding", padding)
        bundle = open_bundle(tmp_path / padding)
        assert (bundle.passport.mean, bundle.passport.std) == (backbone.mean, backbone.std)
        assert f"{padding} padding" in bundle.card
        mean, std = (np.array(one, np.float32)[:, None, None] for one in (backbone.mean, backbone.std))
        with torch.no_grad():
            wanted = backbone(torch.from_numpy((images(2, 64) - mean) / std)).mean((2, 3))
        np.testing.assert_allclose(bundle.raw(images(2, 64)), wanted, rtol=1e-3, atol=1e-3 * float(wanted.abs().max()))
    given = (*SAID, "--out", tmp_path / "c", "--padding", "same")
    fails(WRONG, "resnet18 pads in one way alone", "model", "convert", checkpoint, *given)
    fails(WRONG, "an ONNX file holds its own padding", "model", "convert", network, *given, *NORMAL)


def test_an_onnx_file_becomes_a_bundle(run, network, tmp_path) -> None:
    convert = ("model", "convert", network, *SAID, "--mean", "0.5", "--std", "0.2,0.3,0.4", "--out")
    assert "tensor `features`" in run(*convert, tmp_path / "a").err
    bundle = open_bundle(tmp_path / "a")
    assert (bundle.passport.name, bundle.passport.input_size) == ("mean-colour", 16)
    wanted = 2 * (images(2, 16).mean(axis=(2, 3)) - 0.5) / [0.2, 0.3, 0.4]
    np.testing.assert_allclose(bundle.raw(images(2, 16)), wanted, atol=1e-5)
    assert "sha256" in bundle.card
    named = ("--name", "colour", "--version", "2.1", "--weights", "int8", "--output", "scores", "--quiet")
    assert run(*convert, tmp_path / "b", *named).err == ""
    other = open_bundle(tmp_path / "b")
    assert (other.passport.name, other.passport.version) == ("colour", "2.1")
    assert b"dense.integers" in other.model


def test_a_graph_that_does_not_bear_rounded_weights_is_refused(run, fails, tmp_path) -> None:
    # One scale an output: beside a weight of 100, which meets nothing but zeros, those of 0.3 are rounded away.
    weight = np.array([[0.3, 0.1]] * 3 + [[100, 0]] * 3, np.float32)
    nodes = [
        helper.make_node("GlobalAveragePool", ["input"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Sub", ["flat", "flat"], ["zeros"]),
        helper.make_node("Concat", ["flat", "zeros"], ["six"], axis=1),
        helper.make_node("MatMul", ["six", "weight"], ["scores"]),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", 3, 16, 16])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", 2])],
        [numpy_helper.from_array(weight, "weight")],
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "m.onnx")
    convert = ("model", "convert", tmp_path / "m.onnx", *SAID, *NORMAL, "--output", "scores", "--out")
    words = (
        r"rounding the weights of m to 8 bits turns an embedding to a cosine of 0\.316, at least 0\.95 is wanted; store them"
    )
    fails(FAILED, words, *convert, tmp_path / "b", "--weights", "int8")
    assert not (tmp_path / "b").exists()
    run(*convert, tmp_path / "c")


def test_another_tensor_can_be_taken(run, network, tmp_path) -> None:
    run("model", "convert", network, *SAID, *NORMAL, "--out", tmp_path / "b", "--output", "pooled")
    bundle = open_bundle(tmp_path / "b")
    wanted = (images(1, 16).mean(axis=(2, 3)) - 0.5) / [0.2, 0.3, 0.4]
    np.testing.assert_allclose(bundle.raw(images(1, 16)), wanted, atol=1e-5)


def test_what_no_file_tells_is_asked_for(fails, network, checkpoint, tmp_path) -> None:
    convert = ("model", "convert", network, "--out", tmp_path / "b")
    fails(WRONG, r"'?--licence'?: whoever uses .* no file of weights says it.* See: terrakin model convert", *convert)
    fails(WRONG, r"--training-data'?: what a model saw decides", *convert, "--licence", "MIT")
    fails(WRONG, r"does not tell how its input is normalised; say it with --mean and --std", *convert, *SAID)
    fails(WRONG, r"'a' is not numbers with commas", *convert, *SAID, "--mean", "a", "--std", "1")
    assert not (tmp_path / "b").exists()


def test_what_does_not_go_with_the_file_is_refused(fails, network, checkpoint, tmp_path) -> None:
    onnx, state = (("model", "convert", file, "--out", tmp_path / "b", *SAID) for file in (network, checkpoint))
    fails(WRONG, "--architecture goes with a checkpoint", *onnx, *NORMAL, "--architecture", "resnet18")
    fails(WRONG, "--output goes with an ONNX file", *state, "--output", "x")
    fails(WRONG, "the graph reads 3 bands, --bands names 2", *onnx, *NORMAL, "--bands", "red,nir")
    fails(WRONG, "'resnet19'; did you mean 'resnet18'", *state, "--architecture", "resnet19")
    fails(FAILED, r"known \(resnet34\); nearest is resnet34, but", *state, "--architecture", "resnet34")
    fails(FAILED, "a name is lower case letters", *onnx, *NORMAL, "--name", "My Net")
    nowhere = ("model", "convert", tmp_path / "no.pth", "--out", tmp_path / "b", *SAID)
    fails(FAILED, "there is no file of weights at", *nowhere)


def test_a_mistake_of_the_program_is_not_blamed_on_the_command(fails, network, tmp_path, monkeypatch) -> None:
    def broken(*given: object, **options: object) -> None:
        raise ValueError("operands could not be broadcast")

    monkeypatch.setattr("terrakin.training.foreign.embedder", broken)
    words = "this should not happen: ValueError: operands could not be broadcast"
    fails(FAILED, words, "model", "convert", network, "--out", tmp_path / "b", *SAID, *NORMAL)


def test_a_graph_that_mixes_up_images_is_refused(fails, tmp_path) -> None:
    nodes = [
        helper.make_node("GlobalAveragePool", ["input"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Softmax", ["flat"], ["mixed"], axis=0),
        helper.make_node("Add", ["flat", "mixed"], ["scores"]),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", 3, 16, 16])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", 3])],
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "m.onnx")
    convert = ("model", "convert", tmp_path / "m.onnx", "--out", tmp_path / "b", *SAID, *NORMAL)
    fails(FAILED, "another embedding when two are read at once", *convert)


@pytest.fixture(scope="module")
def colours(network, tmp_path_factory) -> Path:
    """A bundle that sees nothing but mean colours."""
    from terrakin.api.model_convert import convert

    path = tmp_path_factory.mktemp("bundles") / "colours"
    convert(network, licence="MIT", training_data="none", mean=[0.5], std=[0.25]).save(path)
    return path


def test_the_better_model_is_named(run, pictures, tiny_bundle, colours, tmp_path) -> None:
    compare = ("model", "compare", "--data", pictures)
    done = run(*compare, colours, tiny_bundle, "--json", tmp_path / "c.json")
    assert f"mAP: {tiny_bundle} is better by " in done.out
    found = json.loads((tmp_path / "c.json").read_text())
    assert (found["first"], found["second"], found["queries"]) == (str(colours), str(tiny_bundle), 48)
    value = found["measures"]["map"]
    assert value["better"] == "second"
    assert value["second"] - value["first"] == pytest.approx(value["difference"])
    assert 0 < value["ci95"][0] < value["difference"] < value["ci95"][1]
    assert f"mAP: {tiny_bundle} is better by " in run(*compare, tiny_bundle, colours).out
    assert f"mAP: no real difference between {colours} and {colours}" in run(*compare, colours, colours).out


def test_how_models_are_compared_can_be_chosen(run, pictures, tiny_bundle, colours, tmp_path) -> None:
    compare = ("model", "compare", colours, tiny_bundle, "--data", pictures)
    found = {}
    for name, options in {
        "a": ("--measures", "p@10,anmrr"),
        "b": ("--measures", "p@10,anmrr", "--seed", 5),
        "c": ("--measures", "p@10,anmrr", "--protocol", "jsst20", "--seed", 5),
    }.items():
        run(*compare, *options, "--json", tmp_path / f"{name}.json")
        found[name] = json.loads((tmp_path / f"{name}.json").read_text())
        assert set(found[name]["measures"]) == {"p@10", "anmrr"}
    one, seeded, other = found.values()
    assert one["measures"]["p@10"]["difference"] == seeded["measures"]["p@10"]["difference"]
    assert one["measures"]["p@10"]["ci95"] != seeded["measures"]["p@10"]["ci95"]
    assert other["queries"] < one["queries"]
    # Less is better.
    assert one["measures"]["anmrr"]["difference"] < 0
    assert one["measures"]["anmrr"]["better"] == "second"


@pytest.mark.filterwarnings("ignore::terrakin.datasets.dataset.CountWarning")
def test_models_are_compared_on_a_benchmark(run, pictures, tiny_bundle, colours, tmp_path) -> None:
    for name, source in {"Agricultural": "field", "Golf_Course": "water"}.items():
        (tmp_path / "ucm" / name).mkdir(parents=True)
        for picture in sorted((pictures / source).iterdir())[:3]:
            (tmp_path / "ucm" / name / picture.name).write_bytes(picture.read_bytes())
    compare = ("model", "compare", colours, tiny_bundle, "--dataset", "ucm", "--root", tmp_path / "ucm")
    assert "(protocol loo, 6 queries of each model" in run(*compare, "--quiet").out
    loud, quiet = (run(*compare, "--json", tmp_path / "c.json", *options) for options in ((), ("--quiet",)))
    assert (f"comparison: {tmp_path}" in loud.err, "comparison" in quiet.err) == (True, False)


def test_what_models_are_compared_on_must_be_said_and_whole(fails, pictures, tiny_bundle, tmp_path) -> None:
    compare = ("model", "compare", tiny_bundle, tiny_bundle)
    fails(WRONG, "name a benchmark with --dataset and --root, or your own class folders with --data", *compare)
    fails(WRONG, "--dataset and --root go together", *compare, "--dataset", "ucm")
    fails(WRONG, "nowhere does not exist", *compare, "--data", tmp_path / "nowhere")
    (tmp_path / "in" / "a").mkdir(parents=True)
    (tmp_path / "in" / "a" / "broken.png").write_bytes(b"no picture")
    fails(FAILED, r"broken\.png: .*; mend or remove it, then compare again", *compare, "--data", tmp_path / "in")


def test_help_says_what_there_is(run) -> None:
    for verb in ("check", "compare", "convert"):
        done = run("model", verb, "--help")
        assert f"Usage: terrakin model {verb} " in done.out
        assert f"Example: terrakin model {verb} " in " ".join(done.out.split())
    alone = run("model", status=WRONG)
    assert "Usage: terrakin model " in alone.err
    assert alone.out == ""
    assert "See: terrakin model check --help" in run("model", "check", status=WRONG).err
