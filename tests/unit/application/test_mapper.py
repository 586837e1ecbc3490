"""Envelopes: what goes in comes out, old shapes come out new, and nothing else gets through."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from aia_mas.application.event_log.errors import UnknownTopic, UnreadableEvent
from aia_mas.application.event_log.mapper import PLAIN_JSON, EventMapper
from aia_mas.domain.kernel import Event


class Painted(Event, frozen=True, kw_only=True):
    topic: ClassVar[str] = "wall.painted.v3"
    colours: list[str]
    coats: int = 1
    by: Any = None


def _v1(payload: dict[str, Any]) -> dict[str, Any]:
    return {"colours": [payload["colour"]]}


def _v2(payload: dict[str, Any]) -> dict[str, Any]:
    return {**payload, "coats": 2}


UPCASTERS = {
    "wall.painted.v1": ("wall.painted.v2", _v1),
    "wall.painted.v2": ("wall.painted.v3", _v2),
}
MAPPER = EventMapper([Painted], UPCASTERS)


def _stored(payload: bytes) -> bytes:
    return bytes([PLAIN_JSON]) + payload


def test_what_goes_in_comes_out() -> None:
    event = Painted(colours=["rød", "✓"], by={"name": "x"})

    envelope = MAPPER.encode(event)

    assert envelope[0] == PLAIN_JSON
    assert MAPPER.decode(Painted.topic, envelope) == event


def test_defaults_are_not_stored() -> None:
    assert MAPPER.encode(Painted(colours=[])) == _stored(b'{"colours":[]}')


def test_old_shapes_come_out_in_the_current_one() -> None:
    assert MAPPER.decode("wall.painted.v1", _stored(b'{"colour":"red"}')) == Painted(
        colours=["red"], coats=2
    )
    assert MAPPER.decode("wall.painted.v2", _stored(b'{"colours":["red"]}')) == Painted(
        colours=["red"], coats=2
    )
    assert MAPPER.topics == {"wall.painted.v1", "wall.painted.v2", "wall.painted.v3"}


def test_a_topic_of_nobody_is_told_as_such() -> None:
    with pytest.raises(UnknownTopic):
        MAPPER.decode("wall.built.v1", _stored(b"{}"))


@pytest.mark.parametrize(
    "state", [b"", b"\2{}", b"{}", b"\0"], ids=["empty", "format", "none", "zero"]
)
def test_an_unknown_format_is_unreadable(state: bytes) -> None:
    with pytest.raises(UnreadableEvent, match="format"):
        MAPPER.decode(Painted.topic, state)


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        (Painted.topic, b""),
        (Painted.topic, b"{"),
        (Painted.topic, b"{}"),
        (Painted.topic, b'{"colours":"red"}'),
        (Painted.topic, b'{"colours":["\xff"]}'),
        (Painted.topic, b'{"colours":[],"by":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
        ("wall.painted.v1", b"{}"),
        ("wall.painted.v1", b"[]"),
        ("wall.painted.v1", b"null"),
        ("wall.painted.v1", b"{"),
        ("wall.painted.v2", b'{"colours":1}'),
        ("wall.painted.v2", b"1"),
    ],
)
def test_whatever_cannot_be_decoded_is_unreadable_and_nothing_worse(
    topic: str, payload: bytes
) -> None:
    """One such event must not end whoever walks along the log."""
    with pytest.raises(UnreadableEvent):
        MAPPER.decode(topic, _stored(payload))


def test_an_upcaster_may_fail_in_any_way() -> None:
    def failing(_: dict[str, Any]) -> dict[str, Any]:
        raise ZeroDivisionError("a bug")

    mapper = EventMapper([Painted], {"wall.painted.v2": ("wall.painted.v3", failing)})
    with pytest.raises(UnreadableEvent, match="a bug"):
        mapper.decode("wall.painted.v2", _stored(b"{}"))


def test_topics_are_unique() -> None:
    with pytest.raises(ValueError, match=r"two event classes have the topic 'wall.painted.v3'"):
        EventMapper([Painted, Painted])


def test_upcasters_lead_somewhere() -> None:
    with pytest.raises(ValueError, match=r"leads to the unknown topic 'wall.painted.v9'"):
        EventMapper([Painted], {"wall.painted.v1": ("wall.painted.v9", _v1)})
