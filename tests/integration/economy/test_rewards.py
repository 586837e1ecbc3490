"""Rewards on a real log: whatever becomes of nodes and connections, each is paid once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import anyio
import msgspec
import psycopg
import pytest

from aia_mas.application.engine.engine import Origin
from aia_mas.application.event_log.errors import Fenced
from aia_mas.application.event_log.log import EventFilter
from aia_mas.application.event_log.records import Fence, Kind
from aia_mas.application.settings import Settings
from aia_mas.domain.economy.accounts import AIA_GOV, wallet
from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.rewards.blocks import RESERVED
from aia_mas.domain.economy.rewards.errors import RewardsMovedOn
from aia_mas.domain.economy.rewards.events import RewardBlockReserved, RewardsSettled
from aia_mas.domain.economy.rewards.settling import Completion, SettleRewards
from aia_mas.domain.economy.staking.commands import Stake
from aia_mas.domain.kernel import Event, Principal, Role
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.orchestration.agent_commands import RegisterAgent
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.task_commands import (
    CancelTask,
    CompleteTask,
    RateTask,
    SubmitTask,
)
from aia_mas.domain.orchestration.task_events import TaskAssigned, TaskCompleted
from aia_mas.domain.orchestration.task_specification import TaskSpecification
from aia_mas.interfaces.bootstrap import System

DEV = Principal("dev", frozenset({Role.ADMIN}))
ONE = 10**18
PATIENCE = 60.0
SPEC = TaskSpecification(task_type="t")


async def recorded(node: System, *kinds: type[Event]) -> list[Any]:
    topics = tuple(kind.topic for kind in kinds)
    return list(await node.log.read(0, 100_000, EventFilter(topics=topics)))


async def ready(node: System, agents: Sequence[str], stake: int = 1_000) -> None:
    """Register agents with stakes (tokens), and wait until rewards can be promised to them."""
    for agent_id in agents:
        able = Capabilities(max_concurrent_tasks=20)
        await node.engine.execute(RegisterAgent(agent_id=agent_id, capabilities=able), DEV)
        await node.economy.enrolment.enter(agent_id, stake * ONE, Origin(DEV))
        command = Stake(agent_id=agent_id, amount=stake * ONE, transfer_id=node.new_id())
        staked = await node.engine.execute(command, DEV)
    await until(node, RewardBlockReserved, 1)
    with anyio.fail_after(PATIENCE):
        while not node.dispatcher.is_leader:
            await node.log.feed.wait(node.log.feed.position, 0.05)
    assert await node.dispatcher.knows(max(staked.position, node.log.feed.position), PATIENCE)


async def until(node: System, kind: type[Event], count: int) -> None:
    with anyio.fail_after(PATIENCE):
        while len(await recorded(node, kind)) < count:
            await node.log.feed.wait(node.log.feed.position, 0.1)


async def until_settled(node: System, tasks: Sequence[str]) -> None:
    """Wait until all of these that were promised anything are settled."""
    with anyio.fail_after(PATIENCE):
        while not (await promised(node)).keys() & set(tasks) <= set(await paid(node)):
            await node.log.feed.wait(node.log.feed.position, 0.1)


async def promised(node: System) -> dict[str, int]:
    """Return what was kept for tasks at their last assignment, of those that it was kept for."""
    found: dict[str, int] = {}
    for each in await recorded(node, TaskAssigned):
        if each.event.reward is not None:
            found[entity_of(each.stream)] = each.event.reward.reserved
    return found


async def paid(node: System) -> Counter[str]:
    """Return how often each task was settled."""
    settled = await recorded(node, RewardsSettled)
    return Counter(item.task_id for each in settled for item in each.event.items)


async def submitted(node: System, task_id: str) -> dict[str, Any]:
    done = await node.engine.execute(SubmitTask(task_id=task_id, spec=SPEC), DEV)
    task: dict[str, Any] = msgspec.json.decode(done.body)
    return task


async def completed(node: System, task_id: str, rating: float | None = None) -> None:
    task = await submitted(node, task_id)
    assert task["status"] == "assigned"
    who = {"task_id": task_id, "agent_id": task["agent_id"], "lease": task["lease"]}
    await node.engine.execute(CompleteTask(**who), DEV)
    if rating is not None:
        await node.engine.execute(RateTask(task_id=task_id, rating=rating), DEV)


async def check_books(node: System, agents: Sequence[str]) -> None:
    """Compare all that was ever promised, paid and kept, by the log alone."""
    kept = await promised(node)
    done = {entity_of(each.stream) for each in await recorded(node, TaskCompleted)}
    times = await paid(node)
    assert set(times.values()) <= {1}, "nothing is paid twice"
    assert set(times) == kept.keys() & done, "nothing is lost"
    settled = [each.event for each in await recorded(node, RewardsSettled)]
    assert [each.number for each in settled] == list(range(1, len(settled) + 1))
    items = [item for each in settled for item in each.items]
    rewards = sum(item.reward for item in items)
    assert rewards + sum(each.freed for each in settled) == sum(kept[name] for name in times)
    blocks = sum(each.event.amount for each in await recorded(node, RewardBlockReserved))
    accounts = await node.economy.standing.accounts([RESERVED, *map(wallet, agents)])
    assert accounts[RESERVED].balance == blocks - rewards
    assert sum(accounts[wallet(each)].balance for each in agents) == rewards
    found = node._dispatch_host.fold.state.rewards
    assert (found.blocks, found.paid, found.awaiting) == (blocks, rewards, 0)
    assert found.available + found.reserved == blocks - rewards


async def test_what_was_completed_before_a_restart_is_paid_once_after_it(database: str) -> None:
    settings = Settings(database_url=database, rating_window_seconds=2)
    tasks = [f"t{number}" for number in range(6)]
    async with System(settings) as node:
        await ready(node, ["ann"])
        for task_id in tasks[:3]:
            await completed(node, task_id)
        assert await paid(node) == {}
    async with System(settings) as again:
        await ready(again, ["bob"])
        for task_id in tasks[3:]:
            await completed(again, task_id, 1.0)
        await until_settled(again, tasks)
        await check_books(again, ["ann", "bob"])
    async with System(settings) as once_more:
        await until(once_more, RewardsSettled, 1)
        assert await once_more.dispatcher.knows(once_more.log.feed.position, PATIENCE)
        await check_books(once_more, ["ann", "bob"])


async def test_a_change_of_leaders_while_tasks_are_paid_pays_each_once(database: str) -> None:
    """The node that dispatches and settles stops amid all this; the other one takes over."""
    settings = Settings(database_url=database, rating_window_seconds=0)
    agents = ["ann", "bob"]
    async with System(settings) as first:
        await ready(first, agents)
        async with System(settings) as second:
            early = [f"early{number}" for number in range(30)]
            late = [f"late{number}" for number in range(30)]
            await asyncio.gather(*(completed(first, task_id) for task_id in early))
            # What is on its way to be paid is on its way when the node stops.
            await first._leave()
            await _led_by(second)
            for task_id in late:
                await completed(second, task_id)
            await until_settled(second, [*early, *late])
            assert await second.dispatcher.knows(second.log.feed.position, PATIENCE)
            await check_books(second, agents)


async def _led_by(node: System) -> None:
    with anyio.fail_after(PATIENCE):
        while not {"settlement", "dispatcher"} <= {each.name for each in node.leases.held}:
            await node.log.feed.wait(node.log.feed.position, 0.1)
        while not node.dispatcher.is_leader:
            await asyncio.sleep(0.02)


async def test_a_leader_whose_lease_is_over_pays_nothing(database: str) -> None:
    settings = Settings(database_url=database, rating_window_seconds=3_600)
    async with System(settings) as node:
        await ready(node, ["ann"])
        await completed(node, "t1")
        (assigned,) = await recorded(node, TaskAssigned)
        (lease,) = [each for each in node.leases.held if each.name == "settlement"]
        terms = assigned.event.reward
        command = SettleRewards(number=1, completions=(Completion("t1", 1, "ann", terms),))
        old = Origin(SETTLEMENT, fence=Fence("settlement", lease.epoch - 1))

        with pytest.raises(Fenced):
            await node.engine.run(command, old)

        assert await paid(node) == {}
        await node.engine.execute(RateTask(task_id="t1", rating=0.5), DEV)
        await until_settled(node, ["t1"])
        # What it had in mind then is no more to be done by anybody.
        with pytest.raises(RewardsMovedOn):
            await node.engine.run(command, Origin(SETTLEMENT, fence=lease.fence))
        await check_books(node, ["ann"])


async def test_a_settlement_that_got_no_answer_and_is_given_again_pays_once(database: str) -> None:
    """Committed, and the answer lost: whoever leads next gives the same work under the same id."""
    settings = Settings(database_url=database, rating_window_seconds=3_600)
    async with System(settings) as node:
        await ready(node, ["ann"])
        await completed(node, "t1")
        (assigned,) = await recorded(node, TaskAssigned)
        (lease,) = [each for each in node.leases.held if each.name == "settlement"]
        origin = Origin(
            SETTLEMENT,
            command_id="proc:settlement:rewards:settled:1",
            fence=lease.fence,
            kind=Kind.FOREVER,
        )
        terms = assigned.event.reward
        command = SettleRewards(number=1, completions=(Completion("t1", 1, "ann", terms),))

        await node.engine.run(command, origin)
        again = await node.engine.run(command, origin)
        other = SettleRewards(number=1, completions=command.completions * 2)
        third = await node.engine.run(other, origin)

        assert (again.replayed, third.replayed) == (True, True)
        assert await node.dispatcher.knows(node.log.feed.position, PATIENCE)
        await check_books(node, ["ann"])


async def test_connections_cut_amid_settlements_lose_and_double_nothing(
    database: str, connection: psycopg.AsyncConnection
) -> None:
    """Each cut may come before, within or after a commit; nobody can tell from outside."""
    settings = Settings(database_url=database, rating_window_seconds=0)
    agents = ["ann", "bob"]
    async with System(settings) as node:
        await ready(node, agents)
        tasks = [f"t{number}" for number in range(40)]

        async def work(some: Sequence[str]) -> None:
            for task_id in some:
                await completed(node, task_id)

        async def cut() -> None:
            while True:
                await connection.execute(
                    """select pg_terminate_backend(pid) from pg_stat_activity
                    where datname = current_database() and pid <> pg_backend_pid()
                    and query like '%append_batch%'"""
                )
                await asyncio.sleep(0.15)

        cutting = asyncio.create_task(cut())
        await asyncio.gather(*(work(tasks[start::4]) for start in range(4)))
        await until_settled(node, tasks)
        cutting.cancel()
        await asyncio.wait({cutting})
        assert await node.dispatcher.knows(node.log.feed.position, PATIENCE)
        await check_books(node, agents)


async def test_a_promise_whose_assignment_did_not_get_into_the_log_is_free_again(
    database: str,
) -> None:
    """The leader promised and reserved, and is gone before its append: nothing remembers it."""
    settings = Settings(database_url=database, rating_window_seconds=0)
    async with System(settings) as node:
        await ready(node, ["ann"])
        fold = node._dispatch_host.fold.state
        planned = fold.place("never", SPEC, node.clock.now(), "dev")
        assert planned.reward is not None
        assert fold.rewards.promisable == fold.rewards.available - planned.reward.reserved
    async with System(settings) as again:
        assert await again.dispatcher.knows(again.log.feed.position, PATIENCE)
        rewards = again._dispatch_host.fold.state.rewards
        assert rewards.promisable == rewards.available == rewards.blocks
        await check_books(again, ["ann"])


async def test_what_comes_to_nothing_gives_back_and_unfunded_work_goes_on(database: str) -> None:
    settings = Settings(database_url=database, rating_window_seconds=0)
    async with System(settings) as node:
        await ready(node, ["ann"], stake=100)
        await submitted(node, "t1")
        await submitted(node, "t2")
        first, second = [each.event for each in await recorded(node, TaskAssigned)]
        assert first.reward is not None
        assert (second.reward, second.unfunded) == (None, "stake_limit")

        await node.engine.execute(CancelTask(task_id="t1"), DEV)
        await completed(node, "t3")
        await until_settled(node, ["t3"])
        assert await node.dispatcher.knows(node.log.feed.position, PATIENCE)
        await check_books(node, ["ann"])


async def test_a_rebuild_shows_what_the_live_read_models_do(
    database: str, connection: psycopg.AsyncConnection
) -> None:
    settings = Settings(database_url=database, rating_window_seconds=0)
    async with System(settings) as node:
        await ready(node, ["ann"])
        for number in range(5):
            await completed(node, f"t{number}")
        await submitted(node, "open")
        await until_settled(node, [f"t{number}" for number in range(5)])
        head = node.log.feed.position
        models = ("task_rewards", "task_board", "ledger")
        for name in models:
            assert await node.projections.wait_for(name, head, PATIENCE)
        tables = ("task_rewards_v1", "task_rewards_v1_blocks", "task_board_v3")
        live = [await _rows(connection, table) for table in tables]
        assert [len(rows) for rows in live] == [5, 1, 6]
        for name in models[:2]:
            await node.projections.rebuild(name)
        assert [await _rows(connection, table) for table in tables] == live

        gov = await node.economy.standing.accounts([wallet("ann", AIA_GOV)])
        assert gov[wallet("ann", AIA_GOV)].balance == 5 * ONE
        reward = (await node.projections.board.get("t0")).reward
        assert (reward.status, reward.amount, reward.gov) == ("paid", "13.2", "1")


async def _rows(connection: psycopg.AsyncConnection, table: str) -> list[Any]:
    cursor = await connection.execute(f"select t::text from {table} t order by 1")
    return await cursor.fetchall()


async def test_an_agent_earns_nothing_by_tasks_of_its_own(database: str) -> None:
    settings = Settings(database_url=database, rating_window_seconds=0)
    async with System(settings) as node:
        await ready(node, ["ann"])
        await node.engine.execute(SubmitTask(task_id="t1", spec=SPEC, owner="ann"), DEV)
        await node.engine.execute(SubmitTask(task_id="t2", spec=SPEC, owner="bob"), DEV)
        own, other = [each.event for each in await recorded(node, TaskAssigned)]

        assert (own.reward, own.unfunded) == (None, "own_task")
        assert other.reward is not None
