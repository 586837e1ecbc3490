"""The stakes as a read model: what stands in it, what it never takes in, and rebuilt the same."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.domain.economy.staking import events as happened
from aia_mas.domain.economy.staking.events import LoanCut, StakeEvent
from aia_mas.domain.economy.staking.state import NO_STAKE, StakeState, with_figures
from aia_mas.domain.kernel.money import ONE
from aia_mas.projections.batches import PoisonousEvent
from aia_mas.projections.economy.stakes import STAKES, Stakes
from aia_mas.projections.rebuilding import rebuild

from .conftest import PATIENCE, Pen, contents, one, runner, running
from .histories import NOW, Happening


class Ledger:
    """Stakes as the domain has them, and what happened to them."""

    def __init__(self, seed: int = 1) -> None:
        self.random = random.Random(seed)
        self.states: dict[str, StakeState] = {}
        self.count = 0

    def happen(self, agent_id: str, event: StakeEvent) -> Happening:
        state = self.states.get(agent_id, NO_STAKE)
        self.states[agent_id], figured = with_figures(state, event)
        return f"stake/{agent_id}", figured

    def bond(self, agent_id: str, amount: int, **fields: Any) -> Happening:
        self.count += 1
        event = happened.StakeBonded(amount=amount, transfer_id=f"t{self.count}", at=NOW, **fields)
        return self.happen(agent_id, event)

    def anything(self) -> Happening:
        """Return something that may happen to one of a few stakes."""
        name = self.random.choice(["ann", "bob", "cal"])
        state, amount = self.states.get(name, NO_STAKE), self.random.randrange(1, 10**30)
        self.count += 1
        later = NOW + timedelta(seconds=self.count)
        match self.random.randrange(6):
            case 0 if state.free > 1:
                part = self.random.randrange(1, state.free)
                return self.happen(
                    name,
                    happened.UnbondingBegan(
                        unbonding_id=f"u{self.count}", amount=part, releases_at=later, at=NOW
                    ),
                )
            case 1 if state.unbondings:
                first = state.unbondings[0]
                return self.happen(
                    name,
                    happened.UnbondingReleased(
                        unbonding_id=first.unbonding_id, amount=first.amount, at=NOW
                    ),
                )
            case 2:
                return self.happen(name, happened.AgentJailed(lost=5, until=later, at=NOW))
            case 3 if state.jailed_until is not None:
                return self.happen(name, happened.AgentUnjailed(at=NOW))
            case 4 if state.matured - state.delegated > 1:
                part = self.random.randrange(1, state.matured - state.delegated)
                return self.happen(name, happened.StakeDelegated(to="dee", amount=part, at=NOW))
            case _:
                matures = self.random.choice([None, later])
                return self.bond(name, amount, matures_at=matures)


async def test_a_rebuild_equals_the_live_one_row_for_row(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    ledger, position = Ledger(), 0
    for holder in ("first", "second"):
        live = runner(log, database, STAKES, holder)
        async with running(live.run):
            for size in (1, 5, 60, 9):
                steps = [[ledger.anything()] for _ in range(size)]
                position = await pen.write_all(steps)
                assert await live.progress.reached(position, PATIENCE)
    before = await contents(database, STAKES)

    await rebuild(STAKES, log, database)

    assert await contents(database, STAKES) == before
    assert len(before["stakes_v1"]) == len(ledger.states) > 1
    stakes = Stakes(log.pool)
    for name, state in ledger.states.items():
        assert await stakes.find(name) == (state, position)
    assert await stakes.find("nobody") == (None, position)
    assert (await stakes.find("\0")).item is None


async def test_the_figures_stand_beside_the_stake(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    ledger = Ledger()
    live = runner(log, database, STAKES, "one")
    async with running(live.run):
        written = await pen.write(
            ledger.bond("ann", 10**33),
            ledger.bond("ann", 5, token="AIA_GOV"),
            ledger.happen("ann", happened.StakeDelegated(to="bob", amount=7, at=NOW)),
            ledger.happen("bob", happened.DelegationReceived(from_agent="ann", amount=7, at=NOW)),
        )
        assert await live.progress.reached(written.last, PATIENCE)

    columns = "agent_id, bonded, effective, earning, delegated, received, bonded_gov"
    query = f"select array_agg(concat_ws(' ', {columns}) order by agent_id) from stakes_v1"
    assert await one(database, query) == [
        f"ann {10**33} {10**33 - 7} {10**33} 7 0 5",
        "bob 0 7 0 0 7 0",
    ]


@pytest.mark.parametrize(
    "broken",
    [
        happened.StakeWithdrawn(amount=101 * ONE, transfer_id="t", at=NOW),
        happened.StakeDelegated(to="bob", amount=101 * ONE, at=NOW),
        happened.DelegatedStakeSlashed(
            evidence_id="e",
            offender="bob",
            amount=101 * ONE,
            given=(LoanCut("bob", "", 1),),
            at=NOW,
        ),
    ],
    ids=lambda event: type(event).__name__,
)
async def test_what_would_break_a_stake_stops_the_read_model(
    database: str, log: PostgresEventLog, pen: Pen, broken: StakeEvent
) -> None:
    """Nothing decides like that; were it in the log, nobody should be shown what follows."""
    ledger = Ledger()
    good = await pen.write(ledger.bond("ann", 100 * ONE))
    live = runner(log, database, STAKES, "one")
    async with running(live.run):
        assert await live.progress.reached(good.last, PATIENCE)
        bad = await pen.write(("stake/ann", broken))
        assert not await live.progress.reached(bad.last, 0.5)

    assert await one(database, "select bonded from stakes_v1") == 100 * ONE
    with pytest.raises(PoisonousEvent):
        await rebuild(STAKES, log, database)
