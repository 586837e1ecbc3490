"""A small firm of nodes on one log, in virtual time; whatever breaks a promise fails at once."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any

from aia_mas.application.event_log.errors import EventLogError
from aia_mas.application.presence import MemoryPresence
from aia_mas.domain.kernel import Principal
from aia_mas.domain.kernel.principal import Role
from aia_mas.domain.kernel.steps import at_once

from .books import Books
from .folds import Folds, known, stored
from .hearing import Hearing
from .node import Node
from .order import Order, Plan
from .promises import Promises
from .store import Store
from .virtual_time import MOMENT, START, LoopClock, VirtualLoop
from .waiting import check_nothing_overstays, check_waiting

OPERATOR = Principal("operator", frozenset({Role.OPERATOR}))


class World:
    """The nodes, the log, and those who watch it.

    Attributes:
        clock: The time.
        store: The log.
        nodes: Those that live.
        books: What an onlooker knows by the log.
        hearing: The signs of life that were given.
        live: All folds, kept up to date event by event.
        restored: The same, which now and then go on from a snapshot.
        calls: Commands whose answers are still out.
    """

    def __init__(self, cap: int | None = None) -> None:
        self._loop = VirtualLoop()
        self.clock = LoopClock(self._loop)
        self.store = Store(self.clock)
        self.books = Books()
        self.hearing = Hearing()
        self.live, self.restored = Folds(), Folds()
        self.nodes: list[Node] = []
        self.calls: dict[asyncio.Task[Any], Node] = {}
        self._cap = cap
        self._promises = Promises(self.books, self.hearing, cap)
        self._order = Order(self.books, self._planned_at)
        self._planned: dict[str, Plan] = {}
        self._led_by: Node | None = None
        self._ids = itertools.count(1)
        self._tasks = itertools.count(1)
        self._signs = MemoryPresence(self.clock)

    # ---------------------------------------------------------------------------------- nodes

    @property
    def leader(self) -> Node | None:
        """The node that holds the leases and knows it."""
        leading = [node for node in self.nodes if node.leads_since is not None]
        return max(leading, key=lambda node: node.leads_since or 0.0, default=None)

    def add_node(self) -> Node:
        """Start a node."""

        async def start() -> Node:
            node = Node(self.store, self._signs, self.clock, self._new_id, self._cap)
            node.start()
            return node

        node: Node = self.run(start())
        self.nodes.append(node)
        return node

    def let_lead(self, node: Node) -> None:
        """Give the leases to a node; whoever had them need not know."""

        async def lead() -> None:
            node.lead()

        self.run(lead())

    def crash(self, node: Node) -> None:
        """Kill a node."""
        self.nodes.remove(node)
        self.hearing.lose(node, self.clock.now())
        for call, by in list(self.calls.items()):
            if by is node:
                call.cancel()
        self.run(node.crash())

    def new_task(self) -> str:
        """Return an id that no task has."""
        return f"t{next(self._tasks)}"

    # ----------------------------------------------------------------------------------- time

    def begin(self, node: Node, call: Coroutine[Any, Any, Any]) -> None:
        """Ask something of a node, without waiting for the answer."""
        self.calls[self._loop.create_task(call)] = node

    def ask(self, node: Node, call: Coroutine[Any, Any, Any]) -> Any:
        """Ask something of a node, and let happen what follows; None: there is no answer yet."""
        task = self._loop.create_task(call)
        self.calls[task] = node
        self.step()
        if not task.done() or task.cancelled():
            return None
        error = task.exception()
        if isinstance(error, EventLogError):
            return None
        return task.result()

    def step(self, seconds: float = MOMENT) -> None:
        """Let time pass, and look at what has happened."""
        self.run(asyncio.sleep(seconds))
        for call in [call for call in self.calls if call.done()]:
            del self.calls[call]
            error = None if call.cancelled() else call.exception()
            if error is not None and not isinstance(error, EventLogError):
                raise error
        self._look()

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run something to its end."""
        return self._loop.run_until_complete(coroutine)

    def close(self) -> None:
        """Stop everything."""

        async def stop() -> None:
            for call in self.calls:
                call.cancel()
            await asyncio.gather(*self.calls, return_exceptions=True)
            for node in self.nodes:
                await node.crash()

        self.run(stop())
        self._loop.close()

    # --------------------------------------------------------------------------------- checks

    @property
    def calm(self) -> bool:
        """Whether everything that can happen now has happened, and one node leads."""
        node = self.leader
        return (
            node is not None
            and not self.calls
            and node.leads_by(self.store)
            and node.position == self.store.head == self.books.position
            and node.line.open.is_set()
            and not node.line.deaf
            and not node.line.committer.waiting
            and not node.dispatcher._under_way
        )

    def _look(self) -> None:
        events = self.store.events[self.books.position :]
        self._order.expect(events)
        now = self.clock.now()
        self._order.look(now)
        for recorded in events:
            self._promises.check(recorded)
            self.books.note(recorded)
            self.live.apply(recorded)
            self.restored.apply(recorded)
            self._order.look(now)
        calm = self.calm
        # A new leader knows nothing of what the last one had on its way.
        self._order.settled(calm=calm and self.leader is self._led_by)
        self._led_by = self.leader
        if calm:
            self._promises.news.clear()
            self._check(now)

    def _check(self, now: datetime) -> None:
        leader = self.leader
        assert leader is not None and leader.leads_since is not None
        check_waiting(self.books, leader.dispatching, now, self._cap)
        since = START + timedelta(seconds=max(leader.leads_since, leader.line.whole_since))
        check_nothing_overstays(self.books, self.hearing, now, since)
        for node in self.nodes:
            if node.position == self.store.head:
                assert known(node.dispatching) == known(self.live.dispatching)
                assert stored(node.expiry) == stored(self.live.expiry)
                node.check_memory(self.store, self.books)
        for key, state in leader.dispatching.queue.keys.states.items():
            waiting = [each for each in self.books.waiting() if each.terms.concurrency_key == key]
            assert (state.reserved, state.queued) == (0, len(waiting))
            assert state.held == self.books.held_of_key(key)
        fleet = at_once(leader.dispatching.fleet.snapshot())
        holdings = {(fleet.seats[slot].agent_id, task_id) for task_id, slot in fleet.holders}
        by_the_books = {
            (agent_id, each.task_id)
            for agent_id in self.books.agents
            for each in self.books.held(agent_id)
        }
        assert holdings == by_the_books, "a place is not given back, or not taken"
        for agent_id in self.books.agents:
            held = {each.task_id for each in self.books.held(agent_id)}
            assert leader.dispatching.fleet.active_tasks(agent_id) == len(held), "a place is lost"
        self.live.check_equal(self.restored)
        self.live.check_true(self.books)

    def _new_id(self, node: Node) -> str:
        name = f"id{next(self._ids)}"
        under_way = frozenset(node.dispatcher._under_way)
        self._planned[name] = Plan(node.dispatch_host.position, under_way)
        return name

    def _planned_at(self, lease: str) -> Plan:
        return self._planned[lease]
