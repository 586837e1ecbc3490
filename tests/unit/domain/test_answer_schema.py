"""Which schemas may bind an answer: those whose check ends soon, whatever the answer is."""

from typing import Any

import pytest

from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.orchestration.answer_schema import (
    MAX_HEIGHT,
    MAX_SIZE,
    check_bounds,
    check_effort,
    draft_of,
)
from aia_mas.domain.orchestration.errors import InvalidSchema


def doubling(times: int) -> dict[str, Any]:
    """A schema of a few lines that amounts to 2**times."""
    defs: dict[str, Any] = {"d0": {"type": "string"}}
    for number in range(1, times + 1):
        below = {"$ref": f"#/$defs/d{number - 1}"}
        defs[f"d{number}"] = {"allOf": [below, below]}
    return {"$ref": f"#/$defs/d{times}", "$defs": defs}


def nested(depth: int) -> Any:
    schema: Any = True
    for _ in range(depth):
        schema = {"not": schema}
    return schema


@pytest.mark.parametrize(
    ("schema", "size"),
    [
        (True, 1),
        ({}, 1),
        ({"type": "object", "properties": {"a": {}, "b": {"items": {"type": "string"}}}}, 4),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [True, False]}}}, 4),
        ({"$defs": {"unused": {"anyOf": [True, False]}}}, 1),
        ({"properties": {"$ref": {"type": "string"}, "$id": True}}, 3),
        ({"const": {"$ref": "https://example.com"}, "default": {"$id": "x"}}, 1),
        ({"dependencies": {"a": ["b"], "c": {}}}, 2),
        (doubling(6), 254),
    ],
)
def test_a_schema_counts_with_every_reference_followed(schema: Any, size: int) -> None:
    assert check_bounds(schema) == size


@pytest.mark.parametrize(
    ("schema", "field"),
    [
        ([], "schema"),
        ("{}", "schema"),
        (7, "schema"),
        ({"properties": {"a": 1}}, "schema.properties.a"),
        ({"anyOf": [True, None]}, "schema.anyOf.1"),
        ({"$ref": "https://example.com/schema"}, "schema.$ref"),
        ({"$ref": "other.json#/a"}, "schema.$ref"),
        ({"$ref": "#name"}, "schema.$ref"),
        ({"$ref": 1}, "schema.$ref"),
        ({"$ref": "#/$defs/none"}, "schema.$ref"),
        ({"$ref": "#/%24defs/a", "$defs": {"a": {}}, "%24defs": {"a": {}}}, "schema.$ref"),
        ({"$ref": "#/x/y", "x": {"$id": "http://a/", "y": True}}, "schema.$ref"),
        ({"$ref": "#"}, "schema.$ref"),
        ({"properties": {"child": {"$ref": "#"}}}, "schema.properties.child.$ref"),
        ({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
         "schema.$defs.a.$ref"),
        ({"$id": "https://example.com/me"}, "schema.$id"),
        ({"items": {"$anchor": "a"}}, "schema.items.$anchor"),
        ({"$dynamicRef": "#a"}, "schema.$dynamicRef"),
        ({"unevaluatedProperties": False}, "schema.unevaluatedProperties"),
        ({"anyOf": [True] * MAX_SIZE}, "schema"),
        ({"enum": list(range(MAX_SIZE * 4))}, "schema"),
        (doubling(300), "schema.$defs.d"),
        (nested(MAX_HEIGHT), None),
        (nested(300), None),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_what_might_take_long_is_refused(schema: Any, field: str | None) -> None:
    with pytest.raises(InvalidSchema) as refused:
        check_bounds(schema)

    if field is not None:
        assert refused.value.field.startswith(field)


def test_a_chain_of_references_is_as_high_as_its_parts() -> None:
    defs: dict[str, Any] = {"d0": True}
    for number in range(1, 2 * MAX_HEIGHT):
        defs[f"d{number}"] = {"$ref": f"#/$defs/d{number - 1}"}

    with pytest.raises(InvalidSchema):
        check_bounds({"$defs": defs})


def test_an_answer_may_be_too_large_for_its_schema() -> None:
    costly = {"items": {"anyOf": [{"const": number} for number in range(200)]}}

    check_effort(list(range(60)), costly)
    for answer in (list(range(5_000)), "x" * 10**6):
        with pytest.raises(InvalidValue):
            check_effort(answer, costly)


def test_what_takes_long_counts_for_more() -> None:
    """Exact division of large numbers, and patterns, which are compiled before they are used."""
    divisible = {"items": {"multipleOf": 0.01}}
    check_effort([1e300] * 100, divisible)
    with pytest.raises(InvalidValue):
        check_effort([1e300] * 200, divisible)

    check_bounds({"allOf": [{"pattern": f"a{number}"} for number in range(10)]})
    with pytest.raises(InvalidSchema):
        check_bounds({"allOf": [{"pattern": f"a{number}"} for number in range(12)]})


@pytest.mark.parametrize(
    ("named", "draft"),
    [
        (None, "2020-12"),
        ("https://json-schema.org/draft/2020-12/schema", "2020-12"),
        ("http://json-schema.org/draft-07/schema#", "draft-07"),
    ],
)
def test_a_schema_names_its_draft(named: str | None, draft: str) -> None:
    assert draft_of({} if named is None else {"$schema": named}) == draft


@pytest.mark.parametrize("named", ["https://example.com/meta", "", 7, ["x"]])
def test_other_drafts_are_refused(named: Any) -> None:
    with pytest.raises(InvalidSchema) as refused:
        draft_of({"$schema": named})

    assert refused.value.field == "schema.$schema"
