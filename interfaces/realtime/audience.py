"""Who gets a fact the moment it happens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from aia_mas.interfaces.realtime.facts import Fact
from aia_mas.interfaces.realtime.selection import Selection
from aia_mas.interfaces.realtime.subscription import FactSubscription


class Parcel(NamedTuple):
    """Facts in order, all their frames, and the subscriptions that get exactly these."""

    facts: Sequence[Fact]
    frames: bytes
    receivers: tuple[FactSubscription, ...]


class Audience:
    """The live subscriptions of one topic, found by what stands in a fact.

    A selection by ids stands under each of its ids, so that ten thousand agents that watch their
    own tasks cost an event nothing but the one that it concerns.
    """

    def __init__(self) -> None:
        """Make an empty audience."""
        self._groups: dict[tuple[Selection, bytes], _Group] = {}
        self._any: dict[_Group, None] = {}
        self._by_task: dict[str, dict[_Group, None]] = {}
        self._by_agent: dict[str, dict[_Group, None]] = {}

    def add(self, subscription: FactSubscription) -> None:
        """Push to a subscription from now on."""
        key = (subscription.selection, subscription.suffix)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group(subscription.selection)
            for place in self._places(subscription.selection):
                place[group] = None
        group.add(subscription)
        subscription.live = True

    def discard(self, subscription: FactSubscription) -> None:
        """Push to a subscription no more."""
        if not subscription.live:
            return
        subscription.live = False
        key = (subscription.selection, subscription.suffix)
        group = self._groups[key]
        if group.discard(subscription):
            del self._groups[key]
            for place in self._places(subscription.selection):
                del place[group]
            for value in subscription.selection.task_ids or ():
                self._drop_empty(self._by_task, value)
            for value in subscription.selection.agent_ids or ():
                self._drop_empty(self._by_agent, value)

    def parcels(self, facts: Sequence[Fact]) -> list[Parcel]:
        """Return who gets which of some facts now; those who get the same share a parcel."""
        if not self._groups:
            return []
        selected: dict[_Group, list[Fact]] = {}
        for fact in facts:
            for group in self._candidates(fact):
                if group.selection.takes(fact):
                    selected.setdefault(group, []).append(fact)
        return [
            Parcel(taken, b"".join(map(group.members[0].frame, taken)), group.members)
            for group, taken in selected.items()
        ]

    def _candidates(self, fact: Fact) -> Iterator[_Group]:
        yield from self._any
        if self._by_task or self._by_agent:
            task_id, agent_id, *_ = fact.keys
            if task_id is not None:
                yield from self._by_task.get(task_id, ())
            if agent_id is not None:
                yield from self._by_agent.get(agent_id, ())

    def _places(self, selection: Selection) -> Iterator[dict[_Group, None]]:
        if selection.task_ids is not None:
            yield from (self._by_task.setdefault(value, {}) for value in selection.task_ids)
        elif selection.agent_ids is not None:
            yield from (self._by_agent.setdefault(value, {}) for value in selection.agent_ids)
        else:
            yield self._any

    def _drop_empty(self, index: dict[str, dict[_Group, None]], value: str) -> None:
        if value in index and not index[value]:
            del index[value]


class _Group:
    """Live subscriptions that get the same bytes: one selection, one id."""

    __slots__ = ("_members", "_snapshot", "selection")

    def __init__(self, selection: Selection) -> None:
        self.selection = selection
        self._members: dict[FactSubscription, None] = {}
        self._snapshot: tuple[FactSubscription, ...] | None = None

    @property
    def members(self) -> tuple[FactSubscription, ...]:
        if self._snapshot is None:
            self._snapshot = tuple(self._members)
        return self._snapshot

    def add(self, subscription: FactSubscription) -> None:
        self._members[subscription] = None
        self._snapshot = None

    def discard(self, subscription: FactSubscription) -> bool:
        self._members.pop(subscription, None)
        self._snapshot = None
        return not self._members
