"""What stands in messages: what was sent just now is not read back from the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from aia_mas.application.communication.contents import Contents
from aia_mas.application.event_log.log import EventLog
from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.communication.mailroom.letter import Letter

from .mail import sent


class SilentLog:
    """A log that is asked for nothing.

    Attributes:
        reads: How often it was asked all the same.
    """

    def __init__(self) -> None:
        self.reads = 0

    async def read(self, after: int, most: int) -> Sequence[RecordedEvent]:
        self.reads += 1
        return ()


def letter(*, left: int) -> Letter:
    return Letter(7, "m7", 7, "ann", "note", 2, 0.0, 0.0, 30.0, 5, left)


def contents_of(log: SilentLog) -> Contents:
    # It is asked for nothing but to read.
    return Contents(cast(EventLog, log), lambda _, event: event.payload)


async def payload_at(contents: Contents, position: int) -> Any:
    content = await contents.at(position)
    return None if content is None else content.view.payload


async def test_what_was_sent_just_now_is_there():
    log = SilentLog()
    contents = contents_of(log)
    contents.follow(letter(left=1), sent("bob", payload={"a": 1}))

    assert await payload_at(contents, 7) == {"a": 1}
    assert (await contents.of([letter(left=1)]))[7].view.message_id == "m7"
    assert log.reads == 0


async def test_what_nobody_gets_is_not_kept():
    log = SilentLog()
    contents = contents_of(log)
    contents.follow(letter(left=0), sent("bob"))

    assert await payload_at(contents, 7) is None
    assert log.reads == 1
