"""The ledger's read model: what the log says, at every position, and never anything impossible."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import msgspec
import psycopg
import pytest

from aia.testing.ledger import MemoryLedger
from aia.testing.tables import Tables
from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.application.registry import event_mapper
from aia_mas.domain.economy.accounts import wallet
from aia_mas.domain.economy.ledger import Leg
from aia_mas.domain.economy.ledger.events import BalanceChanged, TransferPosted
from aia_mas.domain.economy.ledger.states import TransferStatus
from aia_mas.domain.economy.statements import Summing
from aia_mas.domain.kernel import Event
from aia_mas.domain.kernel.money import to_text
from aia_mas.projections.economy.ledger import Ledger
from aia_mas.projections.economy.ledger_filters import (
    AccountFilter,
    ClosedFilter,
    TransactionFilter,
)
from aia_mas.projections.economy.ledger_fold import LEDGER
from aia_mas.projections.rebuilding import rebuild

from .conftest import PATIENCE, Pen, checkpoint, contents, eventually, one, runner, running
from .ledger_histories import NOW, OWNERS, Town

ANN, BOB = wallet("ann"), wallet("bob")


@pytest.fixture
async def log(database: str) -> AsyncIterator[PostgresEventLog]:
    async with PostgresEventLog(database, event_mapper()).running() as running_log:
        yield running_log


@pytest.fixture
def pen(log: PostgresEventLog) -> Pen:
    return Pen(log)


async def folded(log: PostgresEventLog, database: str, position: int) -> None:
    """Have the read model come to a position."""
    live = runner(log, database, LEDGER)
    async with running(live.run):
        assert await live.progress.reached(position, PATIENCE)


async def all_events(log: PostgresEventLog) -> list[RecordedEvent]:
    return await log.read(0, 100_000)


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_rebuild_equals_the_live_one_row_for_row(
    database: str, log: PostgresEventLog, pen: Pen, seed: int
) -> None:
    """The live one came to be in many batches, by two leaders; the rebuild in few."""
    town, position = Town(seed), 0
    for holder in ("first", "second"):
        live = runner(log, database, LEDGER, holder)
        async with running(live.run):
            for size in (1, 3, 40, 150, 7):
                position = await pen.write_all(town.history(size))
                assert await live.progress.reached(position, PATIENCE)
    position = await pen.write_all([town.closing(ANN, "2025-01"), town.closing(BOB, "2025-01")])
    await folded(log, database, position)
    before = await contents(database, LEDGER)

    async with PostgresEventLog(database, log.mapper).running() as fresh:
        assert await rebuild(LEDGER, fresh, database) == position

    assert await contents(database, LEDGER) == before
    assert all(before.values())


async def test_every_balance_at_every_position_and_time(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    """Against sums over the legs of transfers, not over what accounts say of themselves."""
    town = Town(3)
    for steps in (50, 1, 60):  # several commits, so several times
        position = await pen.write_all(town.history(steps))
    await folded(log, database, position)
    ledger = Ledger(log.pool)
    balances: defaultdict[str, int] = defaultdict(int)
    names = {event.stream.partition("/")[2] for event in await all_events(log)
             if event.stream.startswith("account/")}  # fmt: skip
    latest: dict[datetime, dict[str, int]] = {}
    checked = 0
    for event in await all_events(log):
        if isinstance(event.event, BalanceChanged):
            continue
        # The lines of a transfer stand before it, in the same commit.
        for leg in getattr(event.event, "legs", ()):
            if event.topic in {"transfer.posted.v1", "transfer.hold_posted.v1"}:
                balances[leg.account] += leg.amount
        latest[event.recorded_at] = dict(balances)
        if event.position % 7 == 0:
            checked += 1
            for name in names:
                then = (await ledger.account_then(name, position=event.position)).item
                held = "0" if then is None else then.balance
                assert held == to_text(balances[name]), (name, event.position)
    assert checked > 10
    assert len(latest) > 2
    for time, expected in latest.items():
        for name in names:
            found = (await ledger.account_then(name, time=time)).item
            assert (found.balance if found else "0") == to_text(expected.get(name, 0))
    before = (await ledger.account_then(ANN, time=min(latest) - timedelta(seconds=1))).item
    assert before is None
    for name in names:
        assert (await ledger.account(name)).item == (
            await ledger.account_then(name, position=position)
        ).item


async def test_lists_and_statements_are_those_of_the_ledger_in_memory(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    town = Town(4)
    await pen.write_all(town.history(150))
    closings = [town.closing(ANN, month) for month in ("2025-01", "2024-12", "2025-02")]
    position = await pen.write_all([*closings, town.closing(BOB, "2025-01")])
    await folded(log, database, position)
    tables = Tables(LEDGER)
    for event in await all_events(log):
        tables.apply(event)
    stored, memory = Ledger(log.pool), MemoryLedger(tables, lambda: position)
    amount = 10**28
    for filters in (
        TransactionFilter(),
        TransactionFilter(account=ANN),
        TransactionFilter(owner="grosse.b-1", token="AIA_GOV"),
        TransactionFilter(reason=("help", "mistake")),
        TransactionFilter(status=(TransferStatus.PENDING, TransferStatus.EXPIRED)),
        TransactionFilter(min_amount=amount),
        TransactionFilter(max_amount=amount),
        TransactionFilter(since=NOW + timedelta(minutes=10), until=NOW + timedelta(minutes=20)),
        TransactionFilter(transfer_id="t3"),
        TransactionFilter(account="wallet:AIA:nobody"),
        TransactionFilter(owner="100%", token="%s", account="%'; \\ %(x)s"),
        TransactionFilter(reason=("help", "%", "a'b\\")),
    ):
        assert await stored.count_transactions(filters) == await memory.count_transactions(filters)
        for sort in ("position", "-position", "amount", "-amount"):
            cursor = None
            while True:
                one_page = await stored.transactions(filters, sort, cursor, 17)
                assert one_page == await memory.transactions(filters, sort, cursor, 17)
                cursor = one_page.next_cursor
                if cursor is None:
                    break
    for accounts in (
        AccountFilter(),
        AccountFilter(owner="a:b"),
        AccountFilter(token="AIA_GOV", purpose=("wallet", "treasury")),
    ):
        for sort in ("account_id", "-balance", "updated_at"):
            page = await stored.accounts(accounts, sort, None, 500)
            assert page == await memory.accounts(accounts, sort, None, 500)
            assert await stored.count_accounts(accounts) == len(page.items)
    month = f"{datetime.now(tz=NOW.tzinfo):%Y-%m}"
    for name in (ANN, BOB, "treasury:AIA", "wallet:AIA:nobody"):
        for each in (month, "2025-01", "2030-01"):
            view = await stored.month(name, each)
            assert view == await memory.month(name, each)
            lines = await stored.lines(name, view.first_line, view.last_line)
            assert lines == await memory.lines(name, view.first_line, view.last_line)
            if view.closed is None:
                sums = Summing(name, each, view.opening, view.first_line)
                sums.add(lines)
                assert sums.figures.closing == view.closing
                assert len(lines) == view.lines
    for closed, count in (
        (ClosedFilter(account=ANN), 3),
        (ClosedFilter(account=ANN, since="2025-01"), 2),
        (ClosedFilter(account=ANN, since="2024-12", until="2025-02"), 2),
        (ClosedFilter(account="wallet:AIA:nobody"), 0),
    ):
        assert await stored.count_closed_months(closed) == count
        assert await memory.count_closed_months(closed) == count
        for sort in ("month", "-month"):
            cursor = None
            while True:
                months = await stored.closed_months(closed, sort, cursor, 2)
                assert months == await memory.closed_months(closed, sort, cursor, 2)
                cursor = months.next_cursor
                if cursor is None:
                    break
    for transfer_id in ("t1", "t7", "none"):
        assert await stored.transfer(transfer_id) == await memory.transfer(transfer_id)


def changed(amount: int, balance: int, held: int = 0) -> BalanceChanged:
    return BalanceChanged(
        transfer_id="t1", amount=amount, balance=balance, held=held, reason="gift", at=NOW
    )


def posted(*legs: Leg) -> TransferPosted:
    return TransferPosted(legs=legs, reason="gift", by="ann", at=NOW)


@pytest.mark.parametrize(
    ("stream", "event"),
    [
        (f"account/{ANN}", changed(5, 16)),
        (f"account/{ANN}", changed(-11, -1)),
        (f"account/{ANN}", changed(0, 10, held=11)),
        (f"account/{ANN}", changed(0, 10, held=-1)),
        ("account/issuance:AIA", changed(3, 3)),
        ("transfer/t9", posted(Leg(ANN, -3), Leg(BOB, 2))),
        ("transfer/t9", posted(Leg(ANN, -3), Leg("wallet:AIA_GOV:bob", 3))),
        ("transfer/t9", posted(Leg(ANN, -3), Leg(ANN, 3))),
        ("transfer/t9", posted()),
    ],
    ids=[
        "a gap", "below zero", "more held than there", "less than nothing held",
        "issuance above zero", "legs that make tokens", "of two tokens", "an account twice", "none",
    ],
)  # fmt: skip
async def test_it_stops_at_what_cannot_be(
    database: str, log: PostgresEventLog, pen: Pen, stream: str, event: Event
) -> None:
    """What no decision ever says: somebody else wrote the log, or a program at fault."""
    await pen.write((f"account/{ANN}", changed(10, 10)))
    await pen.write((stream, event))
    live = runner(log, database, LEDGER)

    async def stopped() -> bool:
        why = await one(
            database,
            "select stopped from projection_checkpoints where projection = %s",
            LEDGER.key,
        )
        return why is not None and "position 2" in why

    async with running(live.run):
        await eventually(stopped)

    assert await checkpoint(database, LEDGER) == 1
    assert await one(database, "select count(*) from projection_parked") == 0


IMPOSSIBLE = {
    "continuous": "update ledger_v1 set balance = balance + 1",
    "available": "update ledger_v1 set held = balance + 1 where purpose = 'wallet'",
    "ledger_v1_held_check": "update ledger_v1 set held = -1 where purpose = 'wallet'",
    "ledger_v1_entries_held_check": "update ledger_v1_entries set held = -1 where balance > 0",
    "begun": "update ledger_v1_entries set amount = amount + 1 where line = 1",
    "ledger_v1_entries_account_id_line_key": "update ledger_v1_entries set line = 7 where line > 1",
    "moved": "update ledger_v1_transfers set legs = '[]' where status = 'posted'",
    "balanced": """update ledger_v1_transfers set legs = jsonb_set(legs, '{0,amount}', '"7"')
        where status = 'posted'""",
    "ledger_v1_transfers_status_check": "update ledger_v1_transfers set status = 'lost'",
    "ledger_v1_transfers_reverses_idx": """update ledger_v1_transfers set reverses = 't1'
        where status = 'posted'""",
    "sums": "update ledger_v1_closed set closing = closing + 1",
}
"""Constraint -> what it does not let pass."""


async def test_the_tables_refuse_what_cannot_be(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    town = Town(5)
    await pen.write_all(town.history(60))
    await folded(log, database, await pen.write_all([town.closing(ANN, "2025-01")]))
    before = await contents(database, LEDGER)

    refused = {}
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        for constraint, change in IMPOSSIBLE.items():
            with pytest.raises(psycopg.IntegrityError) as error:
                await connection.execute(change)
            refused[constraint] = error.value.diag.constraint_name

    assert refused == {constraint: constraint for constraint in IMPOSSIBLE}
    assert await contents(database, LEDGER) == before


async def test_a_rebuilt_table_has_the_same_constraints(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    query = """select string_agg(conrelid::regclass || ' ' || pg_get_constraintdef(oid), E'\\n'
        order by conrelid::regclass::text, pg_get_constraintdef(oid))
        from pg_constraint where conrelid::regclass::text like 'ledger_v1%%' and contype <> 'n'"""
    before = await one(database, query)
    await pen.write_all(Town(6).history(20))

    await rebuild(LEDGER, log, database)

    assert await one(database, query) == before
    assert "ledger_balanced" in before


async def test_amounts_are_exact_however_large(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    huge = 10**33 - 1
    position = (
        await pen.write(
            ("account/issuance:AIA", changed(-huge, -huge)),
            (f"account/{ANN}", changed(huge, huge)),
            ("transfer/t1", posted(Leg("issuance:AIA", -huge), Leg(ANN, huge))),
        )
    ).last
    await folded(log, database, position)
    ledger = Ledger(log.pool)

    found = (await ledger.account(ANN)).item
    transfer = (await ledger.transfer("t1")).item

    assert found is not None
    assert found.balance == "999999999999999.999999999999999999"
    assert transfer is not None
    assert msgspec.to_builtins(transfer)["amount"] == found.balance
    assert OWNERS[0] == found.owner
