"""Schemas of answers in force: what is no schema, what does not fit, and where."""

from typing import Any

import pytest

from aia_mas.application.orchestration.answer_schemas import check_answer, check_schema
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.orchestration.errors import AnswerMismatch, InvalidSchema

ORDER = {
    "type": "object",
    "required": ["items"],
    "additionalProperties": False,
    "properties": {
        "items": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/item"}},
        "note": {"type": ["string", "null"], "maxLength": 3},
    },
    "$defs": {"item": {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}}},
}


@pytest.mark.parametrize(
    "schema",
    [None, True, {}, ORDER, {"pattern": "^(a+)+$"}, {"format": "email"},
     {"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "string"}]}],
)  # fmt: skip
def test_a_schema_is_taken(schema: Any) -> None:
    check_schema(schema)


@pytest.mark.parametrize(
    ("schema", "field"),
    [
        ({"type": "text"}, "schema.type"),
        ({"properties": {"a": {"minimum": "one"}}}, "schema.properties.a.minimum"),
        ({"properties": []}, "schema.properties"),
        ({"required": "a"}, "schema.required"),
        ({"pattern": "("}, "schema.pattern"),
        ({"pattern": "(?=a)b"}, "schema.pattern"),
        ({"pattern": r"(a)\1"}, "schema.pattern"),
        ({"pattern": "(a{1000}){1000}"}, "schema.pattern"),
        ({"patternProperties": {"[": True}}, "schema"),
        ({"items": [{"type": "string"}]}, "schema.items"),
        ({"$ref": "http://127.0.0.1:1/x"}, "schema.$ref"),
        ({"$schema": "http://127.0.0.1:1/x"}, "schema.$schema"),
        ("{}", "schema"),
    ],
)
def test_what_is_no_schema_is_refused_with_its_place(schema: Any, field: str) -> None:
    with pytest.raises(InvalidSchema) as refused:
        check_schema(schema)

    assert refused.value.field.startswith(field)


@pytest.mark.parametrize(
    ("answer", "field"),
    [
        ({"items": [{"n": 1}, {"n": 0}]}, "answer.items.1.n"),
        ({"items": []}, "answer.items"),
        ({"items": [{}], "note": "secret"}, "answer.note"),
        ({"items": [{}], "more": 1}, "answer"),
        ({}, "answer"),
        (None, "answer"),
        ("text", "answer"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused_with_its_place(answer: Any, field: str) -> None:
    with pytest.raises(AnswerMismatch) as refused:
        check_answer(answer, ORDER)

    assert refused.value.field == field
    assert "secret" not in refused.value.detail


@pytest.mark.parametrize(
    ("answer", "schema"),
    [
        ({"items": [{"n": 1}], "note": None}, ORDER),
        ("anything", None),
        (10**40, {"type": "integer", "minimum": 10**39}),
        ("a" * 10_000, {"pattern": "^(a+)+$"}),
    ],
)
def test_an_answer_that_fits_is_taken(answer: Any, schema: Any) -> None:
    check_answer(answer, schema)


def test_a_pattern_that_would_explode_does_not() -> None:
    """By backtracking this takes longer than the universe has existed."""
    with pytest.raises(AnswerMismatch):
        check_answer("a" * 10_000 + "b", {"pattern": "^(a+)+$"})


def test_an_answer_is_not_checked_for_ever() -> None:
    schema = {"items": {"anyOf": [{"const": number} for number in range(300)]}}

    with pytest.raises(InvalidValue) as refused:
        check_answer([-1] * 5_000, schema)

    assert (refused.value.code, refused.value.field) == ("invalid_value", "answer")


@pytest.mark.parametrize("schema", ["for people", {"type": "text"}, {"$ref": "#"}])
def test_a_schema_from_before_they_were_enforced_binds_nobody(schema: Any) -> None:
    check_answer("whatever", schema)
