"""How long work that gives way runs at a time."""

import asyncio

import pytest

from aia_mas.application.event_log import slices
from aia_mas.application.event_log.slices import Slices

EVENT = 0.0001
EVENTS = 4_000


async def turns_until_folded(clock: list[float], others: float) -> int:
    """Fold events of 0.1 ms each beside others that take so many seconds of every turn."""
    turns = 0

    async def run_others() -> None:
        nonlocal turns
        while True:
            clock[0] += others
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(run_others())
    own = Slices()
    for _ in range(EVENTS):
        clock[0] += EVENT
        if own.over():
            await own.give_way()
    beside.cancel()
    return turns


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(slices, "perf_counter", lambda: now[0])
    return now


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("others", "share"),
    [(0.0005, 0.5), (0.004, 0.3), (0.016, 0.3), (0.100, 0.3), (0.400, 0.1)],
    ids=["idle", "busy", "dozens of commands", "hundreds of commands", "thousands of commands"],
)
async def test_a_fold_gets_its_share_of_the_loop_however_much_else_there_is(
    clock: list[float], others: float, share: float
) -> None:
    began = clock[0]
    turns = await turns_until_folded(clock, others)
    assert share * (clock[0] - began) <= EVENTS * EVENT
    assert turns > 1


@pytest.mark.anyio
async def test_others_wait_fifty_milliseconds_at_most(clock: list[float]) -> None:
    turns = await turns_until_folded(clock, others=1.0)
    assert turns >= EVENTS * EVENT / Slices.LONGEST - 1
