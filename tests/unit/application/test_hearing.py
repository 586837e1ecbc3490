"""Nobody is missed for what keeps his signs of life from the node that leads."""

from __future__ import annotations

from datetime import timedelta

import anyio

from aia_mas.application.event_log.contact import Contact
from aia_mas.application.presence import Presence
from aia_mas.application.processes.hearing import Hearing

from .conftest import SteppedClock
from .presence_in_memory import INTERVAL, Store, running

HEARTBEAT = 1.0
WINDOW = timedelta(seconds=3 * HEARTBEAT)
TURNS = 20
"""Turns of the event loop that are more than an exchange takes."""


class Leader:
    """Misses agents as the process does that looks at deadlines."""

    def __init__(self, presence: Presence, clock: SteppedClock) -> None:
        self._presence = presence
        self._clock = clock
        self._hearing = Hearing(presence, Contact(), clock, lambda: None, slow=HEARTBEAT / 3)

    def misses(self, agent_id: str) -> bool:
        """Whether an agent counts as silent now."""
        now = self._clock.now()
        since = self._hearing.since(now)
        if since is None:
            return False
        return max(since, self._presence.last_seen("agent", agent_id) or since) + WINDOW <= now


async def beats(
    leader: Leader, other: Presence, clock: SteppedClock, seconds: float, agents: tuple[str, ...]
) -> None:
    """Let agents be heard of by another node for some time; the leader must miss none of them."""
    for _ in range(round(seconds / 0.125)):
        for agent_id in agents:
            other.beat("agent", agent_id)
        clock.advance(0.125)
        for _ in range(TURNS):
            assert not any(leader.misses(agent_id) for agent_id in agents)
            await anyio.lowlevel.checkpoint()


async def test_a_store_that_hangs_is_not_taken_for_silence_before_it_is_known_to_be_away() -> None:
    """It takes longer to find out than an agent of another node may be silent."""
    clock = SteppedClock()
    store = Store(clock)
    async with running(store, clock) as here, running(store, clock) as there:
        leader = Leader(here, clock)
        await beats(leader, there, clock, 5.0, ("a",))
        store.hangs = True
        await beats(leader, there, clock, 4.5, ("a",))
        assert here.available, "nobody has noticed"


async def test_what_was_held_up_by_a_store_that_hung_is_read_before_anybody_is_missed() -> None:
    """Its first answer tells the leader only what the others had written before."""
    clock = SteppedClock()
    store = Store(clock)
    async with running(store, clock) as here, running(store, clock) as there:
        leader = Leader(here, clock)
        await beats(leader, there, clock, 5.0, ("a", "gone"))
        store.hangs = True
        await beats(leader, there, clock, 3.5, ("a",))
        store.hangs = False
        store.goes_on.set()
        await beats(leader, there, clock, 4.0, ("a",))
        assert leader.misses("gone"), "who is silent is missed all the same"


async def test_after_an_outage_everybody_has_a_full_window() -> None:
    clock = SteppedClock()
    store = Store(clock)
    async with running(store, clock) as here, running(store, clock) as there:
        leader = Leader(here, clock)
        await beats(leader, there, clock, 5.0, ("a", "quiet"))
        store.away = True
        await beats(leader, there, clock, 60.0, ("a",))
        assert not here.available
        store.away = False
        await beats(leader, there, clock, INTERVAL, ("a",))
        assert here.available
        await beats(leader, there, clock, WINDOW.total_seconds() - INTERVAL, ("a",))
        assert not leader.misses("quiet")
        await beats(leader, there, clock, 2 * INTERVAL, ("a",))
        assert leader.misses("quiet")
