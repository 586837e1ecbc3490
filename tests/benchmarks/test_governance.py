"""Governance inside the process: votes, and counting the votes of ten thousand."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from aia_mas.application.engine.engine import Origin
from aia_mas.application.event_log.log import new_events
from aia_mas.application.event_log.records import AppendRequest, Expectation
from aia_mas.application.settings import load_settings
from aia_mas.domain.economy.governance.commands import CastVote, CreateProposal
from aia_mas.domain.economy.governance.delegation import MOST_HOPS
from aia_mas.domain.economy.governance.election import Election
from aia_mas.domain.economy.governance.power import PowerHistory
from aia_mas.domain.economy.governance.tally import Choice
from aia_mas.domain.economy.staking.events import StakeBonded
from aia_mas.domain.kernel import Principal, Role
from aia_mas.domain.kernel.money import ONE
from aia_mas.interfaces.bootstrap import System
from aia_mas.interfaces.cli import collection

ADMIN = Principal("bench", frozenset({Role.ADMIN}))
VOTERS = 10_000
CLIENTS = 256
STAKES_AT_ONCE = 500
TALLIES = 5
CHOICES = (Choice.YES, Choice.NO, Choice.ABSTAIN, Choice.YES, Choice.NO)


class Measured(NamedTuple):
    """What came out of a run.

    Attributes:
        rate: Votes per second.
        lag: Seconds until the read model and the count had them all.
        right: The count is that of the votes that were cast.
    """

    rate: float
    lag: float
    right: bool


async def staked(system: System) -> None:
    """Have everybody bond something, as the log would tell of it."""
    now = system.clock.now()
    for start in range(0, VOTERS, STAKES_AT_ONCE):
        streams = [f"stake/v{number}" for number in range(start, start + STAKES_AT_ONCE)]
        event = StakeBonded(bonded=100 * ONE, amount=100 * ONE, transfer_id="bench", at=now)
        request = AppendRequest(
            command_id=system.new_id(),
            events=[
                each
                for stream in streams
                for each in new_events(system.log.mapper, stream, 0, [event])
            ],
            expectations=[Expectation(stream, 0, "") for stream in streams],
        )
        await system.log.append(request)


async def measured(data_dir: Path) -> Measured:
    """Have everybody vote on one proposal, each vote acknowledged after its commit."""
    settings = load_settings({"data_dir": data_dir}, environment={})
    async with System(settings) as system:
        await staked(system)
        command = CreateProposal(proposal_id="p", kind="text", title="T", proposer="v0")
        await system.engine.execute(command, ADMIN)
        collection.tune()
        polls = system.economy.polls

        async def client(first: int) -> None:
            for number in range(first, VOTERS, CLIENTS):
                vote = CastVote(
                    proposal_id="p",
                    voter=f"v{number}",
                    choice=CHOICES[number % len(CHOICES)],
                )
                await polls.carry_out(system.engine, vote, Origin(ADMIN))

        began = time.perf_counter()
        await asyncio.gather(*(client(first) for first in range(CLIENTS)))
        ended = time.perf_counter()
        head = system.log.feed.position
        assert await system.economy.host.reached(head, 300)
        standing = polls.elections.standing("p")
        assert await system.projections.wait_for("governance", head, 300)
        lag = time.perf_counter() - ended
    tally = None if standing is None else standing.tally
    right = tally is not None and (tally.yes, tally.no, tally.abstain) == (
        2 * VOTERS // 5 * 100 * ONE,
        2 * VOTERS // 5 * 100 * ONE,
        VOTERS // 5 * 100 * ONE,
    )
    return Measured(VOTERS / (ended - began), lag, right)


@pytest.mark.usefixtures("collector")
def test_votes(
    benchmark: BenchmarkFixture,
    run: Callable[[Coroutine[Any, Any, Any]], Any],
    figure: Callable[..., None],
    tmp_path: Path,
) -> None:
    found: Measured = benchmark.pedantic(lambda: run(measured(tmp_path / "mas")), rounds=1)
    assert found.right
    figure(
        f"durable votes/s in the process, {VOTERS:,} voters on one proposal",
        f"{found.rate:,.0f}",
        "",
        f"count and read model {found.lag:.3f} s behind at the end",
    )


def elected() -> tuple[PowerHistory, Election]:
    """Return an election in which half of the voters have delegated, in chains, and all vote."""
    history = PowerHistory()
    for number in range(VOTERS):
        history.bonded(number + 1, f"v{number}", (number + 1) * ONE)
    position = VOTERS
    for number in range(VOTERS):
        if number % MOST_HOPS:
            position += 1
            history.delegated(position, f"v{number}", f"v{number - 1}")
    history.open("p", position)
    election = Election(position, position)
    # Who stands at the end of a chain first: each of the others takes something back.
    for number in range(VOTERS):
        election.vote(history, f"v{number}", CHOICES[number % len(CHOICES)])
    return history, election


@pytest.mark.usefixtures("collector")
def test_tally(benchmark: BenchmarkFixture, figure: Callable[..., None]) -> None:
    history, election = elected()
    seconds: list[float] = []

    def count() -> None:
        began = time.perf_counter()
        again = election.recounted(history)
        seconds.append(time.perf_counter() - began)
        assert again.tally == election.tally

    benchmark.pedantic(count, rounds=TALLIES)
    assert election.tally.cast == history.total() == VOTERS * (VOTERS + 1) // 2 * ONE
    figure(
        f"counting the votes of {VOTERS:,} who had delegated in chains of {MOST_HOPS}, ms",
        f"{min(seconds) * 1_000:,.0f}",
        "",
        "all of them vote themselves; as votes come in, each is counted at once",
    )
