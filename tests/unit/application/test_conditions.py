"""Conditions on an agent's revision hold when the command is carried out, not a moment before."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator

import msgspec
import pytest

from aia_mas.application.clock import ManualClock
from aia_mas.application.engine.engine import Engine
from aia_mas.application.engine.outcomes import CommandResult
from aia_mas.application.engine.snapshots import NoSnapshots
from aia_mas.application.engine.working_set import WorkingSet
from aia_mas.application.event_log.errors import AppendFailed
from aia_mas.application.event_log.mapper import EventMapper
from aia_mas.application.orchestration import handlers as orchestration
from aia_mas.application.orchestration.seats import Seats
from aia_mas.domain.kernel.errors import DomainError, PreconditionFailed
from aia_mas.domain.kernel.precondition import Precondition
from aia_mas.domain.orchestration.agent_commands import (
    ActivateAgent,
    DrainAgent,
    PutAgent,
    SuspendAgent,
    UnregisterAgent,
    UpdateAgent,
)
from aia_mas.domain.orchestration.agent_events import AgentUpdated
from aia_mas.domain.orchestration.capabilities import Capabilities

from .conftest import ALICE, settle
from .held_log import HeldLog

AGENT = "agent/a1"
FIRST, ANY = Precondition(revisions=(1,)), Precondition(exists=True)


def put(price: int = 0, condition: Precondition | None = None) -> PutAgent:
    return PutAgent(
        agent_id="a1",
        capabilities=Capabilities(cost_per_task=price),
        condition=condition or Precondition(),
    )


def update(price: int, condition: Precondition) -> UpdateAgent:
    return UpdateAgent(agent_id="a1", cost_per_task=price, condition=condition)


CHANGES = (
    put(5, FIRST),
    update(5, FIRST),
    DrainAgent(agent_id="a1", condition=FIRST),
    SuspendAgent(agent_id="a1", condition=FIRST),
    ActivateAgent(agent_id="a1", condition=FIRST),
    UnregisterAgent(agent_id="a1", condition=FIRST),
)


class Node:
    """An engine for agents over a log in memory."""

    def __init__(self, log: HeldLog) -> None:
        self.log = log
        self._engine = Engine(
            log,
            WorkingSet(log, orchestration.EVOLVERS, NoSnapshots()),
            orchestration.handlers(
                active_tasks=lambda _: 0, seat=Seats(lambda: 0, 100).place, place=lambda _: None
            ),
            orchestration.EVOLVERS,
            ManualClock(),
            lambda: f"id{next(log.made_up_ids)}",
        )

    async def do(self, command: msgspec.Struct, key: str | None = None) -> CommandResult:
        return await self._engine.execute(command, ALICE, command_id=key)

    def start(self, command: msgspec.Struct, key: str | None = None) -> asyncio.Task[CommandResult]:
        return asyncio.create_task(self.do(command, key))

    def topics(self) -> list[str]:
        return [event.topic.split(".")[1] for event in self.log.events]


@pytest.fixture
async def log() -> AsyncIterator[HeldLog]:
    held = HeldLog(EventMapper(orchestration.EVENTS))
    async with held.running():
        yield held
        held.gate.set()


@pytest.fixture
async def node(log: HeldLog) -> Node:
    """A node with an agent at revision 1."""
    made = Node(log)
    await made.do(put())
    return made


def named(command: msgspec.Struct) -> str:
    return type(command).__name__


@pytest.mark.parametrize("command", CHANGES, ids=named)
async def test_another_node_was_quicker(node: Node, command: msgspec.Struct) -> None:
    """This one still believes in revision 1 when it decides."""
    node.log.elsewhere(AGENT, AgentUpdated(capabilities=Capabilities(), revision=2))

    with pytest.raises(PreconditionFailed):
        await node.do(command)
    assert node.topics() == ["registered", "updated"]


@pytest.mark.parametrize("command", CHANGES, ids=named)
async def test_two_at_once_for_one_revision(node: Node, command: msgspec.Struct) -> None:
    """Whoever comes second is compared with what the first has made of it."""
    node.log.gate.clear()
    first = node.start(update(9, FIRST))
    await settle()
    second = node.start(command)
    await settle()
    node.log.gate.set()

    await first
    with pytest.raises(PreconditionFailed):
        await second
    assert node.topics() == ["registered", "updated"]


@pytest.mark.parametrize("command", CHANGES, ids=named)
async def test_no_refusal_for_a_revision_that_never_came_true(
    node: Node, command: msgspec.Struct
) -> None:
    node.log.gate.clear()
    node.log.fails.add("falls")
    falls = node.start(update(9, FIRST), "falls")
    await settle()
    waiting = node.start(command)
    await settle()
    node.log.gate.set()

    with pytest.raises(AppendFailed):
        await falls
    assert not (await waiting).replayed


async def test_any_revision_will_do_while_others_change_it(node: Node) -> None:
    node.log.gate.clear()
    changes = [node.start(update(price, ANY)) for price in range(1, 9)]
    await settle()
    node.log.elsewhere(AGENT, AgentUpdated(capabilities=Capabilities(), revision=2))
    node.log.gate.set()

    assert len(await asyncio.gather(*changes)) == 8


async def test_a_repeated_change_is_compared_once(node: Node) -> None:
    for number, command in enumerate((put(5, FIRST), UnregisterAgent(agent_id="a1"))):
        first = await node.do(command, f"key{number}")
        again = await node.do(command, f"key{number}")
        assert again == first._replace(replayed=True)
    with pytest.raises(DomainError):
        await node.do(put(5, FIRST), "another key")


@pytest.mark.parametrize("nodes", [1, 2], ids=["one node", "two nodes"])
async def test_of_many_first_puts_one_registers(log: HeldLog, nodes: int) -> None:
    made = itertools.cycle([Node(log) for _ in range(nodes)])
    results = await asyncio.gather(*(next(made).do(put()) for _ in range(6)))

    assert sorted(result.result for result in results) == ["registered", *["unchanged"] * 5]
