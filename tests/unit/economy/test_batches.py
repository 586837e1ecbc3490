"""Transfers given together do what they do one by one, linked ones all or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aia_mas.application.clock import ManualClock
from aia_mas.application.economy import ledger_handlers
from aia_mas.application.engine.engine import Engine, Origin
from aia_mas.application.engine.outcomes import CommandResult
from aia_mas.application.engine.snapshots import NoSnapshots
from aia_mas.application.engine.working_set import WorkingSet
from aia_mas.application.event_log.mapper import EventMapper
from aia_mas.application.event_log.memory_log import MemoryEventLog
from aia_mas.domain.economy.accounts import wallet
from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.errors import AlreadyReversed
from aia_mas.domain.economy.ledger import Entry, Leg, move
from aia_mas.domain.economy.ledger.commands import PostHold, ReverseTransfer, Transfer, VoidHold
from aia_mas.domain.kernel import DomainError, Principal, Role

ADMIN = Principal("admin", frozenset({Role.ADMIN}))
OWNERS = ("ann", "bob", "cal")
TOKENS = frozenset({"AIA"})
IDS = tuple(f"t{number}" for number in range(8))


class Desk:
    """An engine over a log in memory; its clock stands."""

    def __init__(self, log: MemoryEventLog) -> None:
        self.log = log
        numbers = count()
        working_set = WorkingSet(log, ledger_handlers.EVOLVERS, NoSnapshots())
        self.engine = Engine(
            log,
            working_set,
            ledger_handlers.handlers(TOKENS, working_set),
            ledger_handlers.EVOLVERS,
            ManualClock(),
            lambda: f"id{next(numbers)}",
        )

    async def fund(self, funds: Sequence[int]) -> None:
        legs = [Leg(wallet(owner), amount) for owner, amount in zip(OWNERS, funds, strict=True)]
        entry = Entry(
            transfer_id="mint:1", legs=(Leg("issuance:AIA", -sum(funds)), *legs), reason="mint"
        )
        command = Transfer(entry=entry)
        # Accounts of the system are written by the settlement alone.
        await self.engine.execute(command, SETTLEMENT)

    async def one_by_one(self, commands: Sequence[Any]) -> list[Any]:
        found: list[Any] = []
        for command in commands:
            try:
                found.append((await self.engine.execute(command, ADMIN)).body)
            except DomainError as error:
                found.append(error.code)
        return found

    async def together(self, commands: Sequence[Any]) -> list[Any]:
        found = await self.engine.execute_many(commands, Origin(ADMIN))
        return [each.body if isinstance(each, CommandResult) else each.code for each in found]

    def told(self) -> list[tuple[str, Any]]:
        """Return all events, each with its stream."""
        return [(event.stream, event.event) for event in self.log.events]


@asynccontextmanager
async def desk(*funds: int) -> AsyncIterator[Desk]:
    log = MemoryEventLog(EventMapper(ledger_handlers.EVENTS))
    async with log.running():
        opened = Desk(log)
        await opened.fund(funds)
        yield opened


transfers = st.builds(
    lambda transfer_id, parties, amount, pending: Transfer(
        entry=Entry(
            transfer_id=transfer_id,
            legs=move(wallet(parties[0]), wallet(parties[1]), amount),
            reason="gift",
        ),
        pending=pending,
    ),
    st.sampled_from(IDS),
    st.permutations(OWNERS),
    st.integers(0, 60),
    st.booleans(),
)
funds = st.tuples(*[st.integers(1, 100)] * 3)


@given(funds, st.lists(transfers, min_size=1, max_size=20))
@settings(max_examples=60)
def test_batched_equals_one_by_one(funds: tuple[int, ...], commands: list[Transfer]) -> None:
    async def compared() -> None:
        async with desk(*funds) as single, desk(*funds) as batched:
            assert await single.one_by_one(commands) == await batched.together(commands)
            assert single.told() == batched.told()

    asyncio.run(compared())


@given(funds, st.lists(transfers, min_size=1, max_size=8))
@settings(max_examples=60)
def test_linked_ones_happen_all_or_not_at_all(
    funds: tuple[int, ...], commands: list[Transfer]
) -> None:
    async def compared() -> None:
        async with desk(*funds) as single, desk(*funds) as linked:
            before = linked.told()
            expected = await single.one_by_one(commands)
            refused = [(n, each) for n, each in enumerate(expected) if isinstance(each, str)]
            if refused:
                with pytest.raises(DomainError) as error:
                    await linked.engine.execute_many(commands, Origin(ADMIN), atomic=True)
                assert (error.value.facts["index"], error.value.code) == refused[0]
                assert linked.told() == before
            else:
                found = await linked.engine.execute_many(commands, Origin(ADMIN), atomic=True)
                assert [each.body for each in found if isinstance(each, CommandResult)] == expected
                assert linked.told() == single.told()

    asyncio.run(compared())


ends = st.sampled_from(IDS).flatmap(
    lambda transfer_id: st.sampled_from(
        (
            PostHold(transfer_id=transfer_id),
            PostHold(transfer_id=transfer_id, amount=1),
            VoidHold(transfer_id=transfer_id),
            ReverseTransfer(transfer_id=transfer_id, reversal_id=f"r{transfer_id}"),
            ReverseTransfer(transfer_id=transfer_id, reversal_id=f"s{transfer_id}"),
        )
    )
)


@given(funds, st.lists(st.one_of(transfers, ends), min_size=1, max_size=25), st.integers(2, 6))
@settings(max_examples=60)
def test_clients_at_once_lose_and_make_nothing(
    funds: tuple[int, ...], commands: list[Any], clients: int
) -> None:
    async def compared() -> None:
        async with desk(*funds) as crowd:
            await asyncio.gather(
                *(crowd.one_by_one(commands[first::clients]) for first in range(clients))
            )
            balance = dict.fromkeys(map(wallet, OWNERS), 0)
            done: set[tuple[str, str]] = set()
            for event in crowd.log.events:
                if event.topic == "account.changed.v1" and event.stream != "account/issuance:AIA":
                    name = event.stream.partition("/")[2]
                    balance[name] += event.event.amount
                    assert balance[name] == event.event.balance >= event.event.held >= 0
                if event.topic in {"transfer.posted.v1", "transfer.reversed.v1"}:
                    # Made once, reversed once.
                    assert (event.stream, event.topic) not in done
                    done.add((event.stream, event.topic))
            assert sum(balance.values()) == sum(funds)

    asyncio.run(compared())


async def test_of_two_reversals_at_once_one_succeeds() -> None:
    async with desk(100, 1, 1) as opened:
        legs = move(wallet("ann"), wallet("bob"), 5)
        entry = Entry(transfer_id="t1", legs=legs, reason="gift")
        await opened.engine.execute(Transfer(entry=entry), ADMIN)

        found = await asyncio.gather(
            *(
                opened.engine.execute(
                    ReverseTransfer(transfer_id="t1", reversal_id=f"r{number}"), ADMIN
                )
                for number in range(5)
            ),
            return_exceptions=True,
        )

        made = [each for each in found if isinstance(each, CommandResult)]
        assert len(made) == 1
        others = [each for each in found if not isinstance(each, CommandResult)]
        assert all(isinstance(each, AlreadyReversed) for each in others)
        assert msgspec.json.decode(made[0].body)["reverses"] == "t1"


async def test_the_same_transfer_again_is_told_as_it_stands_now() -> None:
    async with desk(100, 1, 1) as opened:
        legs = move(wallet("ann"), wallet("bob"), 5)
        command = Transfer(entry=Entry(transfer_id="t1", legs=legs, reason="gift"))
        await opened.engine.execute(command, ADMIN)
        reversal = ReverseTransfer(transfer_id="t1", reversal_id="r1")
        await opened.engine.execute(reversal, ADMIN)
        before = opened.told()

        [again] = await opened.one_by_one([command])

        told = msgspec.json.decode(again)
        assert (told["existed"], told["reversed_by"], told["status"]) == (True, "r1", "posted")
        assert opened.told() == before
