"""Two nodes on one log: money is spent once, transfers happen once and are reversed once."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from aia_mas.application.clock import SystemClock
from aia_mas.application.economy import ledger_handlers
from aia_mas.application.engine.engine import Engine
from aia_mas.application.engine.outcomes import CommandResult
from aia_mas.application.engine.snapshots import PostgresSnapshots
from aia_mas.application.engine.working_set import WorkingSet
from aia_mas.application.event_log.mapper import EventMapper
from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.domain.economy.accounts import wallet
from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.errors import AlreadyReversed, InsufficientFunds
from aia_mas.domain.economy.ledger import Entry, account_stream, move
from aia_mas.domain.economy.ledger.commands import PostHold, ReverseTransfer, Transfer, VoidHold
from aia_mas.domain.kernel import DomainError, Principal, Role

ADMIN = Principal("admin", frozenset({Role.ADMIN}))
ANN, BOB = wallet("ann"), wallet("bob")


class Node:
    """An engine for transfers, as every node has one."""

    def __init__(self, log: PostgresEventLog) -> None:
        self.log = log
        snapshots = PostgresSnapshots(log.pool, dict(ledger_handlers.STATES))
        self.working_set = WorkingSet(log, ledger_handlers.EVOLVERS, snapshots)
        ids = itertools.count(1)
        self.engine = Engine(
            log,
            self.working_set,
            ledger_handlers.handlers(frozenset({"AIA"}), self.working_set),
            ledger_handlers.EVOLVERS,
            SystemClock(),
            lambda: f"{uuid4()}:{next(ids)}",
        )

    async def do(self, command: Any, by: Principal = ADMIN) -> CommandResult | DomainError:
        try:
            return await self.engine.execute(command, by)
        except DomainError as error:
            return error

    async def balance(self, account_id: str) -> int:
        entry = await self.working_set.anew(account_stream(account_id))
        balance: int = entry.state.balance
        return balance


@pytest.fixture
async def nodes(database: str) -> AsyncIterator[tuple[Node, Node]]:
    mapper = EventMapper(ledger_handlers.EVENTS)
    async with (
        PostgresEventLog(database, mapper).running() as one,
        PostgresEventLog(database, mapper).running() as other,
    ):
        yield Node(one), Node(other)


def transfer(transfer_id: str, amount: int, source: str = ANN, **said: Any) -> Transfer:
    entry = Entry(transfer_id=transfer_id, legs=move(source, BOB, amount), reason="gift")
    return Transfer(entry=entry, **said)


async def funded(node: Node, amount: int) -> None:
    entry = Entry(transfer_id="mint:1", legs=move("issuance:AIA", ANN, amount), reason="mint")
    assert isinstance(await node.do(Transfer(entry=entry), SETTLEMENT), CommandResult)


async def test_a_wallet_is_spent_once_however_many_ask_wherever(nodes: tuple[Node, Node]) -> None:
    await funded(nodes[0], 15)

    found = await asyncio.gather(
        *(nodes[number % 2].do(transfer(f"t{number}", 1)) for number in range(24))
    )

    made = [each for each in found if isinstance(each, CommandResult)]
    assert len(made) == 15
    assert {type(each) for each in found} == {CommandResult, InsufficientFunds}
    for node in nodes:
        assert [await node.balance(name) for name in (ANN, BOB)] == [0, 15]


async def test_the_same_transfer_on_two_nodes_at_once_happens_once(
    nodes: tuple[Node, Node],
) -> None:
    await funded(nodes[0], 15)

    found = await asyncio.gather(
        *(nodes[number % 2].do(transfer("same", 4)) for number in range(6))
    )

    told = [msgspec.json.decode(each.body) for each in found if isinstance(each, CommandResult)]
    assert len(told) == 6
    assert sorted("existed" in each for each in told) == [False, *[True] * 5]
    assert [await nodes[1].balance(name) for name in (ANN, BOB)] == [11, 4]


@pytest.mark.parametrize("pending", [False, True], ids=["posted", "pending, then posted"])
async def test_reversed_on_two_nodes_at_once_exactly_one_succeeds(
    nodes: tuple[Node, Node], pending: bool
) -> None:
    await funded(nodes[0], 15)
    for number in range(5):
        await nodes[0].do(transfer(f"t{number}", 2, pending=pending))
        if pending:
            await nodes[1].do(PostHold(transfer_id=f"t{number}"))

        found = await asyncio.gather(
            *(
                node.do(ReverseTransfer(transfer_id=f"t{number}", reversal_id=f"r{number}-{side}"))
                for side, node in enumerate(nodes)
            )
        )

        assert {type(each) for each in found} == {CommandResult, AlreadyReversed}
        assert [await nodes[0].balance(name) for name in (ANN, BOB)] == [15, 0]


async def test_a_pending_one_ends_once_posted_or_voided(nodes: tuple[Node, Node]) -> None:
    await funded(nodes[0], 100)
    for number in range(5):
        await nodes[0].do(transfer(f"t{number}", 2, pending=True))

    found = await asyncio.gather(
        *(
            node.do(kind(transfer_id=f"t{number}"))
            for number in range(5)
            for node, kind in ((nodes[0], PostHold), (nodes[1], VoidHold))
        )
    )

    made = [each for each in found if isinstance(each, CommandResult)]
    assert len(made) == 5
    posted = sum(msgspec.json.decode(each.body)["status"] == "posted" for each in made)
    state = (await nodes[1].working_set.anew(account_stream(ANN))).state
    assert (state.balance, state.held) == (100 - 2 * posted, 0)
