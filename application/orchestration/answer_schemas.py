"""Answers against the JSON Schema of their question, by a library that keeps to linear time.

References to elsewhere are never followed, and patterns run in an engine without backtracking: they
take no look-around and no back-references.
"""

from __future__ import annotations

from typing import Any

import jsonschema_rs

from aia_mas.domain.kernel.places import within
from aia_mas.domain.orchestration.answer_schema import check_bounds, check_effort, draft_of
from aia_mas.domain.orchestration.errors import AnswerMismatch, InvalidSchema

_VALIDATORS = {
    "2020-12": jsonschema_rs.Draft202012Validator,
    "draft-07": jsonschema_rs.Draft7Validator,
}
_PATTERNS = jsonschema_rs.RegexOptions(size_limit=64 * 1024, dfa_size_limit=1024 * 1024)
_LONGEST = 200
_MOST_STEPS = 32
_LONGEST_STEP = 128


def check_schema(schema: Any) -> None:
    """Refuse what cannot bind an answer (None: nothing does).

    Raises:
        InvalidSchema: It is no JSON Schema, or one that is not taken (see ``answer_schema``).
    """
    if schema is not None:
        check_bounds(schema)
        _validator(schema)


def check_answer(answer: Any, schema: Any) -> None:
    """Refuse an answer that does not fit (``schema`` None: everything does).

    Raises:
        AnswerMismatch: It does not fit; the field tells where.
        InvalidValue: It takes too long to find out.
    """
    if schema is None:
        return
    try:
        validator = _validator(schema)
        check_effort(answer, schema)
    except InvalidSchema:
        # From before schemas were enforced: it is for whoever answers, as it was then.
        return
    try:
        validator.validate(answer)
    except jsonschema_rs.ValidationError as error:
        field = _field("answer", error.instance_path)
        raise AnswerMismatch(f"{field}: {error.message[:_LONGEST]}", field=field) from None


def _validator(schema: Any) -> jsonschema_rs.Validator:
    validator = _VALIDATORS[draft_of(schema)]
    try:
        return validator(
            schema,
            validate_formats=False,  # an annotation, as the draft has it
            pattern_options=_PATTERNS,
            offline=True,
            mask="it",  # in place of the value: it may be long, and its sender knows it
        )
    except jsonschema_rs.ValidationError as error:
        field = _field("schema", error.instance_path)
        raise InvalidSchema(f"{field}: {error.message[:_LONGEST]}", field=field) from None
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        raise InvalidSchema(f"schema: {str(error)[:_LONGEST]}", field="schema") from None


def _field(root: str, steps: list[str | int]) -> str:
    place = root
    for step in steps[:_MOST_STEPS]:
        place = within(place, step if isinstance(step, int) else step[:_LONGEST_STEP])
    return place
