"""Labels: what is stored of a value, and which comparators it meets."""

import pytest

from aia_mas.domain.orchestration.labels import (
    Comparator,
    LabelCondition,
    label_number,
    label_text,
    meets,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("eu", "eu"),
        ("8.0", "8.0"),
        (8, "8"),
        (8.0, "8"),
        (0.5, "0.5"),
        (1e21, "1000000000000000000000"),
        (1e-7, "0.0000001"),
        (-100.0, "-100"),
        (-0.0, "0"),
        (True, "true"),
        (False, "false"),
    ],
)
def test_a_value_is_stored_as_json_would_write_it(value, text):
    assert label_text(value) == text


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("8", 8.0),
        ("-0.5", -0.5),
        ("0" * 18, 0.0),
        ("1" * 19, None),
        ("1e3", None),
        (" 1", None),
        ("1\n", None),
        ("٣", None),
        ("nan", None),
        ("", None),
        (None, None),
    ],
)
def test_which_texts_say_a_number(text, number):
    assert label_number(text) == number


@pytest.mark.parametrize(
    ("op", "operand", "met_by"),
    [
        ("=", "8", {"8"}),
        ("!=", "8", {"8.0", "16", "-2", "many", None}),
        (">", "8", {"16"}),
        (">=", "8", {"8", "8.0", "16"}),
        ("<", "8", {"-2"}),
        ("<=", "8", {"8", "8.0", "-2"}),
    ],
)
def test_comparators_of_one_value(op, operand, met_by):
    condition = LabelCondition("cores", Comparator(op), operand)
    held = ["8", "8.0", "16", "-2", "many", None]

    met = {text for text in held if meets(condition, {} if text is None else {"cores": text})}

    assert met == met_by


def test_membership():
    condition = LabelCondition("zone", Comparator.IN, values=("eu", "us"))

    assert meets(condition, {"zone": "us"})
    assert not meets(condition, {"zone": "ap"})
    assert not meets(condition, {})
