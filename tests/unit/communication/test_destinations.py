"""A destination is of one kind, and of that a right one."""

from __future__ import annotations

import pytest

from aia_mas.domain.communication.destination import (
    MOST_AGENTS,
    Destination,
    check_destination,
)
from aia_mas.domain.kernel.errors import InvalidValue

MANY = tuple(f"a{number}" for number in range(MOST_AGENTS))


@pytest.mark.parametrize(
    ("to", "is_group", "told"),
    [
        (Destination(agents=("bob",)), False, "bob"),
        (Destination(agents=MANY), False, "a0 and 255 more"),
        (Destination(topic="tasks.created"), True, "topic tasks.created"),
        (Destination(capability="python"), True, "all with capability python"),
        (Destination(capability="python", any_one=True), False, "any with capability python"),
        (Destination(role="reviewer"), True, "role reviewer"),
        (Destination(broadcast=True), True, "everybody"),
    ],
)
def test_each_kind(to, is_group, told):
    check_destination(to, "to")
    assert to.is_group is is_group
    assert to.told() == told


@pytest.mark.parametrize(
    ("to", "code"),
    [
        (Destination(), "invalid_destination"),
        (Destination(agents=("bob",), topic="t"), "invalid_destination"),
        (Destination(capability="python", role="reviewer"), "invalid_destination"),
        (Destination(broadcast=True, topic="t"), "invalid_destination"),
        (Destination(topic="t", any_one=True), "invalid_destination"),
        (Destination(agents=(*MANY, "one-more")), "invalid_destination"),
        (Destination(agents=("not an id",)), "invalid_id"),
        (Destination(agents=("",)), "invalid_id"),
        (Destination(agents=("system",)), "reserved_id"),
        (Destination(topic=""), "invalid_topic"),
        (Destination(topic="tasks.*"), "illegal_wildcard"),
        (Destination(capability=""), "invalid_text"),
        (Destination(role="\0"), "invalid_text"),
    ],
)
def test_what_is_none(to, code):
    with pytest.raises(InvalidValue) as refusal:
        check_destination(to, "to")
    assert refusal.value.code == code
    assert refusal.value.field == "to"
