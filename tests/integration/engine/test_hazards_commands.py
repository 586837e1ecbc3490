"""One test for each hazard of commands on PostgreSQL, named after it."""

from __future__ import annotations

import asyncio
from itertools import islice

import anyio
import psycopg
import pytest

from aia_mas.application.engine.engine import Origin
from aia_mas.application.event_log.errors import AppendFailed, CommandIdReused, LogUnavailable
from aia_mas.domain.kernel import DomainError, Principal
from aia_mas.domain.orchestration.agent_commands import PutAgent
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.errors import AgentAlreadyRegistered, AgentNotFound
from aia_mas.domain.orchestration.task_commands import SubmitTask
from aia_mas.domain.orchestration.task_specification import TaskSpecification

from .conftest import ALICE, PATIENCE, Node, Nodes, commits_held, register, update


async def test_refusal_based_on_an_uncommitted_event(node: Node, database: str) -> None:
    """The refusal waits for the event, and is given up with it."""
    async with commits_held(database):
        falls = asyncio.create_task(
            node.engine.execute(register(cost_per_task=1), Principal(subject="nul\0"))
        )
        await asyncio.sleep(0)
        refused = node.start(register(cost_per_task=2))
        # It reads what a registration reads, so that it keeps its place behind the other one.
        nothing_to_do = node.start(
            PutAgent(agent_id="a", capabilities=Capabilities(cost_per_task=1))
        )
        while node.log.committer.waiting < 3:
            await asyncio.sleep(0)
        assert not refused.done()

    with pytest.raises(AppendFailed):
        await falls
    assert not (await refused).replayed
    assert (await nothing_to_do).position == 2, "it was decided on the other registration"
    assert await node.topics("agent/a") == ["registered", "updated"]


async def test_refusal_based_on_an_event_that_comes_true(node: Node, database: str) -> None:
    async with commits_held(database):
        first = node.start(register())
        await asyncio.sleep(0)
        refused = node.start(register())
        while node.log.committer.waiting < 2:
            await asyncio.sleep(0)
        assert not refused.done()

    await first
    with pytest.raises(AgentAlreadyRegistered):
        await refused


@pytest.mark.parametrize("nodes_count", [1, 2], ids=["one node", "two nodes"])
async def test_same_idempotency_key_twice_at_once_with_the_same_body(
    nodes: Nodes, nodes_count: int
) -> None:
    """Ten clients' retries at once: one is carried out, and all get its answer."""
    async with nodes() as one, nodes() as other:
        made = [one, other][:nodes_count]
        results = await asyncio.gather(
            *(
                made[number % nodes_count].do(register(), command_id="http:alice:1", body_hash=b"h")
                for number in range(10)
            )
        )

        assert len({(result.body, result.position) for result in results}) == 1
        assert sorted(result.replayed for result in results) == [False, *[True] * 9]
        assert await one.topics("agent/a") == ["registered"]


@pytest.mark.parametrize("nodes_count", [1, 2], ids=["one node", "two nodes"])
async def test_same_idempotency_key_twice_at_once_with_another_body(
    nodes: Nodes, nodes_count: int
) -> None:
    async with nodes() as one, nodes() as other:
        made = [one, other][:nodes_count]
        results = await asyncio.gather(
            *(
                made[number % nodes_count].do(
                    register(f"a{number}"),
                    command_id="http:alice:1",
                    body_hash=str(number).encode(),
                )
                for number in range(10)
            ),
            return_exceptions=True,
        )

        [carried_out] = [n for n, r in enumerate(results) if not isinstance(r, BaseException)]
        assert sum(isinstance(result, CommandIdReused) for result in results) == 9
        events = await one.log.read(0, 100)
        assert [event.stream for event in events] == [f"agent/a{carried_out}"]


async def test_a_refusal_under_a_key_is_given_again_by_every_node(nodes: Nodes) -> None:
    async with nodes() as one, nodes() as other:
        with pytest.raises(AgentNotFound):
            await one.do(update("b"), command_id="http:alice:1", body_hash=b"h")
        await one.do(register("b"))

        with pytest.raises(DomainError) as again:
            await other.do(update("b"), command_id="http:alice:1", body_hash=b"h")

    assert again.value.code == AgentNotFound.code
    assert again.value.replayed is True  # type: ignore[attr-defined]
    assert again.value.facts == {"agent_id": "b"}


async def test_redecided_on_stale_from_another_node(nodes: Nodes) -> None:
    """Two nodes change the same agent as fast as they can; no change is lost."""
    async with nodes() as one, nodes() as other:
        await one.do(register(labels={"start": "1"}))

        async def change(node: Node, name: str) -> None:
            for number in range(15):
                await node.do(update(cost_per_task=number * 2 + (name == "one")))

        await asyncio.gather(change(one, "one"), change(other, "other"))

        events = await one.log.read_stream("agent/a")
        revisions = [event.event.revision for event in events[1:]]
        assert revisions == list(range(2, len(events) + 1)), "each decided on the one before"
        assert [event.version for event in events] == list(range(1, len(events) + 1))
        costs = [event.event.capabilities.cost_per_task for event in events[1:]]
        for parity in (0, 1):
            own = [cost for cost in costs if cost % 2 == parity]
            assert own == sorted(set(own))


async def test_a_node_that_has_not_heard_yet_does_not_refuse_on_old_states(nodes: Nodes) -> None:
    async with nodes() as one, nodes() as other:
        with pytest.raises(AgentNotFound):
            await other.do(update())
        await one.do(register())

        result = await other.do(update(cost_per_task=5))

    assert result.position == 2


async def test_a_cancelled_client_takes_nothing_back(node: Node, database: str) -> None:
    async with commits_held(database):
        leaving = node.start(register(), command_id="http:alice:1", body_hash=b"h")
        while not node.log.committer.waiting:
            await asyncio.sleep(0)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving

    again = await node.do(register(), command_id="http:alice:1", body_hash=b"h")
    assert again.replayed
    assert await node.topics("agent/a") == ["registered"]


async def test_an_outage_while_states_are_read_is_told_as_such(node: Node, database: str) -> None:
    """The store is away: no domain error, no bug, but come again."""
    await node.log.pool.close()

    with pytest.raises(LogUnavailable):
        await node.do(update("not-in-memory"))


async def test_hundreds_of_commands_in_one_commit(node: Node) -> None:
    tasks = [
        SubmitTask(task_id=f"t{number}", spec=TaskSpecification(task_type="x"))
        for number in range(500)
    ]
    tasks[100] = SubmitTask(task_id="t1", spec=TaskSpecification(task_type="x"))

    with anyio.fail_after(PATIENCE):
        results = await node.engine.execute_many(tasks, Origin(ALICE))

    refused = [result for result in results if isinstance(result, DomainError)]
    assert [error.code for error in refused] == ["task_already_submitted"]
    async with node.log.pool.connection() as connection:
        cursor = await connection.execute("select first_position, last_position from batches")
        assert sorted(await cursor.fetchall()) == [(0, 0), (1, 499)]


async def test_several_commands_all_or_nothing(node: Node) -> None:
    commands = [register("a"), register("b"), update("missing")]
    with pytest.raises(AgentNotFound):
        await node.engine.execute_many(commands, Origin(ALICE, "key"), atomic=True)
    assert await node.log.read(0, 10) == []
    with pytest.raises(DomainError):
        await node.engine.execute_many(commands, Origin(ALICE, "key"), atomic=True)

    results = await node.engine.execute_many(commands[:2], Origin(ALICE), atomic=True)
    assert [getattr(result, "position", None) for result in results] == [2, 2]


async def test_commands_survive_a_storm(nodes: Nodes, connection: psycopg.AsyncConnection) -> None:
    """Two nodes, thirty clients, one agent each, and every connection cut now and then."""
    async with nodes() as one, nodes() as other:
        answers: dict[str, int] = {}

        async def client(number: int) -> None:
            node = (one, other)[number % 2]
            agent_id = f"a{number}"
            answers[f"{agent_id}:0"] = (await node.do(register(agent_id))).position
            for cost in range(1, 6):
                result = await node.do(update(agent_id, cost_per_task=cost))
                answers[f"{agent_id}:{cost}"] = result.position

        async def cut() -> None:
            while True:
                await connection.execute(
                    """select pg_terminate_backend(pid) from pg_stat_activity
                    where datname = current_database() and pid <> pg_backend_pid()
                        and query like '%append_batch%'"""
                )
                await anyio.sleep(0.05)

        async with anyio.create_task_group() as cutting:
            cutting.start_soon(cut)
            async with anyio.create_task_group() as tasks:
                for number in range(30):
                    tasks.start_soon(client, number)
            cutting.cancel_scope.cancel()

        events = await one.log.read(0, 1000)
        assert [event.position for event in events] == list(range(1, 181))
        assert sorted(answers.values()) == list(range(1, 181)), "each answered with its own event"
        for number in range(30):
            stream = [event for event in events if event.stream == f"agent/a{number}"]
            assert [answers[f"a{number}:{n}"] for n in range(6)] == [e.position for e in stream]
            for cost, event in enumerate(islice(stream, 1, None), 1):
                assert event.event.capabilities.cost_per_task == cost
