"""Values as they are outside: times, and what is documented about the others.

The bounds that stand here are for the reader of the documentation; the domain checks them, so that
each has a code of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

import msgspec

from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.orchestration.labels import label_text

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
"""RFC 3339 with an offset."""

AgentId = Annotated[str, msgspec.Meta(extra_json_schema={"pattern": "^[A-Za-z0-9._:-]{1,128}$"})]
Name = Annotated[str, msgspec.Meta(extra_json_schema={"minLength": 1, "maxLength": 128})]
Text = Annotated[str, msgspec.Meta(extra_json_schema={"maxLength": 10_000})]
Level = Annotated[float, msgspec.Meta(extra_json_schema={"minimum": 0, "maximum": 1})]
"""Of a skill, or of quality."""
Resource = Annotated[float, msgspec.Meta(extra_json_schema={"minimum": 0, "maximum": 10**12})]
"""How much of a resource, counted in millionths."""
LabelValue = str | int | float | bool
"""Stored as text: numbers and booleans as JSON writes them (``8``, ``0.5``, ``true``)."""

_LAST_YEAR = 9000


def encoded_as(kind: str) -> msgspec.Meta:
    """Return what documents JSON that is taken or given as it is (``kind``: its schema's name)."""
    return msgspec.Meta(extra_json_schema={"$ref": f"#/components/schemas/{kind}"})


EncodedProblem = Annotated[msgspec.Raw, encoded_as("Problem")]
"""Why one of several things was refused, as it would have been answered alone."""


def label_texts(labels: Mapping[str, LabelValue]) -> dict[str, str]:
    """Return labels as they are stored."""
    return {key: label_text(value) for key, value in labels.items()}


def moment(value: datetime | None, field: str) -> datetime | None:
    """Return a time in UTC.

    Raises:
        InvalidValue: It has no zone, or no calendar of ours reaches it.
    """
    if value is None:
        return None
    if value.tzinfo is None:
        raise InvalidValue(f"{field} has no time zone", field=field)
    try:
        moved = value.astimezone(UTC)
    except OverflowError:
        raise InvalidValue(f"{field} is out of range", field=field) from None
    if moved.year > _LAST_YEAR:
        raise InvalidValue(f"{field} is out of range", field=field)
    return moved
