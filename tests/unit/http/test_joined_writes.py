"""Head and body of an answer go out in one piece, and nothing is held back for long."""

import asyncio
from itertools import chain, repeat
from typing import Any

import pytest

from aia_mas.interfaces.http import joined_writes
from aia_mas.interfaces.http.joined_writes import JoinedWrites


class Pieces:
    """A transport that remembers what it was given."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.unsent = 0
        self.aborted = asyncio.Event()

    def write(self, data: bytes) -> None:
        self.pieces.append(data)

    def close(self) -> None:
        self.pieces.append(b"<closed>")

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def abort(self) -> None:
        self.aborted.set()

    def is_closing(self) -> bool:
        return b"<closed>" in self.pieces


def joined() -> tuple[JoinedWrites, Pieces]:
    inner: Any = Pieces()
    return JoinedWrites(inner, asyncio.get_running_loop()), inner


async def test_head_and_body_are_one_write() -> None:
    transport, inner = joined()
    transport.write(b"head ")
    assert inner.pieces == []
    transport.write(b"body")
    assert inner.pieces == [b"head body"]

    await asyncio.sleep(0)
    assert inner.pieces == [b"head body"]


async def test_what_nothing_follows_goes_out_with_the_turn_of_the_loop() -> None:
    transport, inner = joined()
    transport.write(b"head of a stream")
    transport.write(b"")

    await asyncio.sleep(0)

    assert inner.pieces == [b"head of a stream"]


async def test_the_order_of_many_pieces_is_kept() -> None:
    transport, inner = joined()
    for number in range(7):
        transport.write(b"%d" % number)

    await asyncio.sleep(0)

    assert b"".join(inner.pieces) == b"0123456"


async def test_closing_sends_what_is_held_back() -> None:
    transport, inner = joined()
    transport.write(b"head")
    transport.close()

    assert inner.pieces == [b"head", b"<closed>"]
    assert transport.is_closing()


async def test_who_takes_nothing_any_more_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(joined_writes, "STUCK_SECONDS", 0.001)
    transport, inner = joined()
    sizes = chain([5, 4, 3, 2], repeat(2))  # something is taken at first
    asked: list[int] = []

    def unsent() -> int:
        asked.append(next(sizes))
        return asked[-1]

    inner.get_write_buffer_size = unsent  # type: ignore[method-assign]
    transport.close()

    async with asyncio.timeout(30):
        await inner.aborted.wait()
    assert asked == [5, 4, 3, 2, 2]


async def test_nothing_is_left_of_a_connection_that_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joined_writes, "STUCK_SECONDS", 0.001)
    transport, inner = joined()
    inner.unsent = 5
    transport.close()
    transport.lost()

    await asyncio.sleep(0.01)

    assert not inner.aborted.is_set()
