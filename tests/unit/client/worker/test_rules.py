"""What comes after a close code, a refusal, or a while without a server."""

import asyncio

import pytest

from aia.client import Rejected, Replaced
from aia.client.worker.closing import Next, what_next
from aia.client.worker.frames import Problem
from aia.client.worker.messages import Message
from aia.client.worker.pauses import Pauses


@pytest.mark.parametrize(
    ("code", "following"),
    [
        (1000, Next.CONNECT),
        (1001, Next.CONNECT),
        (1006, Next.CONNECT),
        (1009, Next.SHORTEN),
        (1011, Next.CONNECT),
        (1013, Next.CONNECT),
        (4001, Next.AUTHENTICATE),
        (4004, Next.REGISTER),
        (4008, Next.CONNECT),
        (4009, Next.CONNECT),
    ],
)
def test_a_worker_comes_back_where_that_helps(code: int, following: Next) -> None:
    assert what_next(code, "why") is following


def test_a_worker_ends_where_it_does_not() -> None:
    with pytest.raises(Replaced):
        what_next(4010, "this agent connected once more")
    for code in (1008, 4003):
        with pytest.raises(Rejected) as rejected:
            what_next(code, "why")
        assert rejected.value.detail == "why"


async def message() -> Message:
    future = asyncio.get_running_loop().create_future()
    return Message("m1", "complete", {}, "key", False, b"", future)


@pytest.mark.parametrize(
    ("status", "code"), [(429, "rate_limited"), (503, "overloaded"), (409, "conflict")]
)
async def test_what_passes_is_said_again(status: int, code: str) -> None:
    said = await message()
    for _ in range(20):
        wait = said.wait_after(status, Problem(code=code, retry_after=7.0))
        assert wait is not None
        assert 7.0 <= wait <= 37.0


@pytest.mark.parametrize(("status", "code"), [(409, "stale_lease"), (422, "invalid_value")])
async def test_what_is_refused_is_not_said_again(status: int, code: str) -> None:
    assert (await message()).wait_after(status, Problem(code=code)) is None


async def test_what_the_server_fails_at_is_said_again_a_few_times() -> None:
    said = await message()
    waits = [said.wait_after(500, Problem(code="internal_error")) for _ in range(6)]
    assert [wait is not None for wait in waits] == [True] * 5 + [False]


async def test_a_message_to_a_full_inbox_is_sent_again_a_few_times() -> None:
    said = await message()
    waits = [said.wait_after(429, Problem(code="inbox_full", retry_after=5.0)) for _ in range(6)]
    assert [wait is not None for wait in waits] == [True] * 5 + [False]


def test_pauses_grow_within_bounds_and_begin_anew() -> None:
    pauses = Pauses()
    for bound in (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0):
        assert 0.0 <= pauses.next() <= bound
    pauses.reset()
    assert pauses.next() <= 0.5
