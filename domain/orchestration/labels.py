"""Labels of agents, and what a task may ask of them: equality, membership, and order of numbers.

A label's value is text. Numbers and booleans from outside are stored as the text that JSON would
write (``8``, ``0.5``, ``true``), so that ``8`` and ``8.0`` are one value. Order compares what the
texts say as numbers; a text that says none never meets it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

import msgspec

from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.orchestration.bounds import MAX_NAME, check_count, check_name, check_text
from aia_mas.domain.orchestration.errors import InvalidLabelComparator

MAX_PREFERRED_LABELS = 16
"""Most labels that one task may prefer."""
NUMBER = r"-?[0-9]{1,18}(\.[0-9]{1,18})?"
"""How a label says a number, as a regular expression of Python and PostgreSQL."""

_NUMBER = re.compile(NUMBER)


class Comparator(StrEnum):
    """How a label's value stands to what is asked for."""

    EQUAL = "="
    NOT_EQUAL = "!="
    IN = "in"
    ABOVE = ">"
    AT_LEAST = ">="
    BELOW = "<"
    AT_MOST = "<="


ORDERING = frozenset({Comparator.ABOVE, Comparator.AT_LEAST, Comparator.BELOW, Comparator.AT_MOST})
"""The comparators of numbers."""


class LabelCondition(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that a task asks of an agent's labels.

    Attributes:
        key: Which label.
        op: How its value must stand to the operand. An agent without the label meets ``!=`` only.
        value: The operand; None with ``in``.
        values: The operands of ``in``: one of them must be equal.
        preferred: Who does not meet it may get the task all the same, after those who do.
    """

    key: str
    op: Comparator = Comparator.EQUAL
    value: str | None = None
    values: tuple[str, ...] = ()
    preferred: bool = False


Labels = dict[str, str] | tuple[LabelCondition, ...]
"""What a task asks: values that must be equal, by key, or conditions."""


def label_text(value: str | float | bool) -> str:
    """Return a label's value as it is stored."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if not value:
        return "0"
    text = format(Decimal(repr(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def label_number(text: str | None) -> float | None:
    """Return the number that a label says, None when it says none."""
    return float(text) if text is not None and _NUMBER.fullmatch(text) else None


def conditions_of(labels: Labels) -> tuple[LabelCondition, ...]:
    """Return what is asked, in an order that does not depend on how it was written."""
    if isinstance(labels, tuple):
        return tuple(sorted(set(map(_normal, labels)), key=_order))
    return tuple(LabelCondition(key, value=value) for key, value in sorted(labels.items()))


def meets(condition: LabelCondition, labels: Mapping[str, str]) -> bool:
    """Tell whether an agent's labels meet a condition."""
    held, op = labels.get(condition.key), condition.op
    if op is Comparator.EQUAL:
        return held is not None and held == condition.value
    if op is Comparator.NOT_EQUAL:
        return held != condition.value
    if op is Comparator.IN:
        return held in condition.values
    number, bound = label_number(held), label_number(condition.value)
    if number is None or bound is None:
        return False
    if op is Comparator.ABOVE:
        return number > bound
    if op is Comparator.AT_LEAST:
        return number >= bound
    return number < bound if op is Comparator.BELOW else number <= bound


def check_conditions(conditions: tuple[LabelCondition, ...], field: str) -> None:
    """Refuse conditions that mean nothing.

    Raises:
        InvalidValue: Too many.
        InvalidText: A key or an operand is out of bounds, or holds NUL.
        InvalidLabelComparator: A comparator does not take its operand.
    """
    check_count(conditions, field)
    if sum(each.preferred for each in conditions) > MAX_PREFERRED_LABELS:
        raise InvalidValue(f"{field} prefers at most {MAX_PREFERRED_LABELS} labels", field=field)
    mistakes = Mistakes()
    for index, condition in enumerate(conditions):
        mistakes.check(_check, condition, f"{field}.{index}")
    mistakes.refuse()


def _check(condition: LabelCondition, field: str) -> None:
    check_name(condition.key, f"{field}.key")
    op = condition.op
    if op is Comparator.IN:
        if condition.value is not None:
            raise InvalidLabelComparator("in takes values, not a value", field=f"{field}.value")
        if not condition.values:
            raise InvalidLabelComparator("in takes one value or more", field=f"{field}.values")
        check_count(condition.values, f"{field}.values")
        for index, value in enumerate(condition.values):
            check_text(value, f"{field}.values.{index}", longest=MAX_NAME)
        return
    if condition.values:
        raise InvalidLabelComparator(f"{op} takes a value, not values", field=f"{field}.values")
    if condition.value is None:
        raise InvalidLabelComparator(f"{op} takes a value", field=f"{field}.value")
    check_text(condition.value, f"{field}.value", longest=MAX_NAME)
    if op in ORDERING and label_number(condition.value) is None:
        raise InvalidLabelComparator(f"{op} takes a number", field=f"{field}.value")


def _order(condition: LabelCondition) -> tuple[str, ...]:
    preferred = str(condition.preferred)
    return (condition.key, condition.op, preferred, condition.value or "", *condition.values)


def _normal(condition: LabelCondition) -> LabelCondition:
    if not condition.values:
        return condition
    values = tuple(sorted(set(condition.values)))
    if len(values) == 1:
        return LabelCondition(condition.key, value=values[0], preferred=condition.preferred)
    return msgspec.structs.replace(condition, values=values)
