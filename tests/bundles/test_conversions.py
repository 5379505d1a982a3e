"""What a passport says of a front-end."""

import pytest

from terrakin.bundles.conversions import Conversions, Part, step_output

AFFINE, LINEAR = Part("affine", 6), Part("linear", 4)


def test_outputs_are_theta_and_the_steps_in_the_order_in_which_they_act() -> None:
    said = Conversions("jsst", (AFFINE, LINEAR), ("linear", "affine"))
    assert said.outputs == ("theta", "after_linear", "after_affine")
    assert said.length == 10


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (("a b", (AFFINE,), ("affine",)), "a front-end's name is letters, digits, dots, hyphens and underscores, got 'a b'"),
        (("x", (), ()), "one conversion or more, each of its own name, got none"),
        (("x", (AFFINE, AFFINE), ("affine", "affine")), "each of its own name, got affine, affine"),
        (("x", (Part("a-b", 1), Part("a_b", 1)), ("a-b", "a_b")), "each of its own name, got a-b, a_b"),
        (("x", (AFFINE, LINEAR), ("affine",)), r"order names each conversion once \(affine, linear\), got affine"),
        (("x", (AFFINE,), ()), "got none"),
    ],
)
def test_what_cannot_be_is_refused(fields, words) -> None:
    with pytest.raises(ValueError, match=words):
        Conversions(*fields)


@pytest.mark.parametrize(
    ("name", "length", "words"), [("", 1, "name is letters"), ("affine", 0, "at least 1 number .*, got 0")]
)
def test_a_part_has_a_name_and_numbers(name, length, words) -> None:
    with pytest.raises(ValueError, match=words):
        Part(name, length)


def test_names_of_outputs_are_what_onnx_allows() -> None:
    assert step_output("gamma.grid-2") == "after_gamma_grid_2"
