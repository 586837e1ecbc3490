"""Who leads: one node at a time, by the clock of the database, and nobody from the past."""

import asyncio
from collections.abc import Callable

import anyio
import psycopg
import pytest

from aia_mas.application.event_log.errors import Fenced
from aia_mas.application.event_log.leases import Lease, LeaseKeeper
from aia_mas.application.event_log.postgres_log import PostgresEventLog

from .conftest import (
    MAPPER,
    PATIENCE,
    Wire,
    eventually,
    lock_held,
    note,
    texts,
    waiting_for_lock,
)

pytestmark = pytest.mark.usefixtures("node")
Make = Callable[..., LeaseKeeper]


@pytest.fixture
def keeper(node: PostgresEventLog) -> Make:
    """Makes the keepers of several nodes."""
    return lambda holder, **options: LeaseKeeper(node.pool, node.store_id, holder, **options)


async def _expire(connection: psycopg.AsyncConnection) -> None:
    await connection.execute("update leases set expires_at = clock_timestamp() - interval '1 ms'")


class Work:
    """What is done under a lease, as seen from outside."""

    def __init__(self) -> None:
        self.leases: list[Lease] = []
        self.begun = asyncio.Event()
        self.ended = asyncio.Event()
        self.finish = asyncio.Event()
        self.fails = False

    async def __call__(self, lease: Lease) -> None:
        self.leases.append(lease)
        self.begun.set()
        try:
            await self.finish.wait()
            if self.fails:
                raise ValueError("a bug")
        finally:
            self.ended.set()

    async def again(self) -> Lease:
        """Wait until it is begun, and be ready to wait for the next time."""
        with anyio.fail_after(PATIENCE):
            await self.begun.wait()
        self.begun.clear()
        return self.leases[-1]


async def test_a_lease_is_held_by_one_node(keeper: Make) -> None:
    keepers = [keeper(f"node{number}") for number in range(8)]

    taken = await asyncio.gather(*(each.take("work") for each in keepers))

    [lease] = [lease for lease in taken if lease is not None]
    assert (lease.name, lease.epoch, lease.head) == ("work", 1, 0)
    assert await keeper("late").take("work") is None
    assert await keeper("late").take("other work") is not None


async def test_takeover_when_it_has_expired(
    keeper: Make, connection: psycopg.AsyncConnection
) -> None:
    await keeper("first").take("work")
    await _expire(connection)

    second = await keeper("second").take("work")

    assert second is not None
    assert second.epoch == 2
    assert await keeper("first").take("work") is None


async def test_its_holder_may_take_it_anew_in_another_epoch(keeper: Make) -> None:
    first = await keeper("same").take("work")
    again = await keeper("same").take("work")

    assert first is not None
    assert again is not None
    assert (first.epoch, again.epoch) == (1, 2)


async def test_fencing(
    keeper: Make, node: PostgresEventLog, connection: psycopg.AsyncConnection
) -> None:
    """Expiry alone forbids nothing; the next leader's epoch does."""
    first = await keeper("first").take("work")
    assert first is not None
    await node.append(note("a", fence=first.fence))
    await _expire(connection)
    await node.append(note("b", fence=first.fence))

    second = await keeper("second").take("work")

    assert second is not None
    assert second.head == 2
    with pytest.raises(Fenced):
        await node.append(note("c", fence=first.fence))
    await node.append(note("c", fence=second.fence))


async def test_the_head_of_a_new_lease_bounds_everything_before_it(
    keeper: Make,
    node: PostgresEventLog,
    database: str,
    connection: psycopg.AsyncConnection,
) -> None:
    """An append that is under way at the takeover is either below the head, or refused."""
    first = await keeper("first").take("work")
    assert first is not None
    await _expire(connection)
    async with lock_held(database):
        before = node.enqueue(note("before", fence=first.fence))
        await waiting_for_lock(connection)
        taking = asyncio.create_task(keeper("second").take("work"))
        await waiting_for_lock(connection, 2)
        behind = node.enqueue(note("behind", fence=first.fence))

    second = await taking
    assert second is not None
    assert second.epoch == 2
    assert (await before).last <= second.head == 1
    with pytest.raises(Fenced):
        await behind


async def test_renewal_keeps_it(
    node: PostgresEventLog, keeper: Make, connection: psycopg.AsyncConnection
) -> None:
    work = Work()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keeper("first", seconds=30.0, renew_every=0.01).lead, "work", work)
        lease = await work.again()

        seen: set[object] = set()

        async def renewed() -> bool:
            cursor = await connection.execute("select expires_at, epoch from leases")
            row = await cursor.fetchone()
            assert row is not None
            assert row[1] == lease.epoch
            seen.add(row[0])
            return len(seen) > 3

        await eventually(renewed)
        assert await keeper("second").take("work") is None
        assert not work.ended.is_set()
        tasks.cancel_scope.cancel()


async def test_release_at_stop(keeper: Make) -> None:
    """Nobody waits for the lease of a node that was stopped in order."""
    work = Work()
    first = keeper("first", seconds=30.0)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(first.lead, "work", work)
        lease = await work.again()
        assert first.held == (lease,)
        tasks.cancel_scope.cancel()

    assert first.held == ()
    second = await keeper("second").take("work")
    assert second is not None
    assert second.epoch == 2


async def test_work_ends_when_the_lease_is_lost(
    keeper: Make, connection: psycopg.AsyncConnection
) -> None:
    work = Work()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keeper("first", renew_every=0.01).lead, "work", work)
        await work.again()
        await connection.execute("update leases set holder = 'second', epoch = 2")

        with anyio.fail_after(PATIENCE):
            await work.ended.wait()
        cursor = await connection.execute(
            "select holder, epoch, expires_at > clock_timestamp() from leases"
        )
        assert await cursor.fetchone() == ("second", 2, True), "it was not given back as ours"

        await _expire(connection)
        assert (await work.again()).epoch == 3, "it leads again when it can"
        tasks.cancel_scope.cancel()


async def test_work_ends_when_the_lease_cannot_be_renewed_in_time(wire: Wire) -> None:
    work = Work()
    async with PostgresEventLog(wire.conninfo, MAPPER, poll=3600).running() as log:
        keeper = LeaseKeeper(log.pool, log.store_id, "first", seconds=0.3, renew_every=0.05)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(keeper.lead, "work", work)
            await work.again()
            wire.break_down()

            with anyio.fail_after(PATIENCE):
                await work.ended.wait()
            tasks.cancel_scope.cancel()


@pytest.mark.parametrize("fails", [False, True], ids=["returns", "fails"])
async def test_work_that_ends_gives_the_lease_back_and_gets_it_again(
    keeper: Make, fails: bool
) -> None:
    """A bug in one process must neither end the node nor leave the work undone for ever."""
    work = Work()
    work.fails = fails
    work.finish.set()
    first = keeper("first", seconds=30.0, renew_every=0.01)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(first.lead, "work", work)
        for epoch in (1, 2, 3):
            assert (await work.again()).epoch >= epoch
        tasks.cancel_scope.cancel()


async def test_another_node_leads_when_the_first_one_is_gone(
    keeper: Make, connection: psycopg.AsyncConnection
) -> None:
    first, second = Work(), Work()
    async with anyio.create_task_group() as tasks:
        scope = anyio.CancelScope()

        async def lead() -> None:
            with scope:
                await keeper("first").lead("work", first)

        tasks.start_soon(lead)
        await first.again()
        tasks.start_soon(keeper("second", renew_every=0.01).lead, "work", second)
        scope.cancel()

        assert (await second.again()).epoch == 2
        assert first.ended.is_set()
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize(("ahead", "free"), [("30 seconds", False), ("1 hour", True)])
async def test_a_lease_from_before_the_clock_was_set_back_keeps_nobody_waiting(
    keeper: Make, connection: psycopg.AsyncConnection, ahead: str, free: bool
) -> None:
    await keeper("first").take("work")
    await connection.execute(
        "update leases set expires_at = clock_timestamp() + %s::interval", [ahead]
    )

    assert (await keeper("second").take("work") is not None) == free


async def test_a_former_leader_whose_append_was_on_its_way_is_fenced(
    wire: Wire, node: PostgresEventLog, keeper: Make, connection: psycopg.AsyncConnection
) -> None:
    """The append was sent in time, and reaches PostgreSQL when another node leads."""
    async with PostgresEventLog(wire.conninfo, MAPPER, poll=3600).running() as former:
        await former.append(note("first", command_id="c"))
        lease = await keeper("former").take("work")
        assert lease is not None
        wire.committer.keep()
        future = former.enqueue(note("a", fence=lease.fence))
        with anyio.fail_after(PATIENCE):
            await wire.committer.kept.wait()
            await _expire(connection)
            new = await keeper("new").take("work")
            assert new is not None
            await node.append(note("a", (0, ""), "new", fence=new.fence))
            wire.committer.deliver(deaf=False)
            with pytest.raises(Fenced):
                await future

    assert texts(await node.read_stream("a")) == ["new"]
