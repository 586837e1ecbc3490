"""What is to be sent to endpoints: a fold of the log into a to-do list.

An item is open from the assignment of a task until the agent has begun it, or it was taken away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from aia_mas.domain.kernel import Event
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.kernel.steps import Steps, copied, drained
from aia_mas.domain.orchestration.agent_events import (
    AgentEndpointDisabled,
    AgentEndpointEnabled,
    AgentRegistered,
    AgentUnregistered,
    AgentUpdated,
)
from aia_mas.domain.orchestration.task_events import (
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskExpired,
    TaskFailed,
    TaskReleased,
    TaskStarted,
)

_ROWS = 200


class Endpoint(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Where an agent's tasks are sent.

    Attributes:
        url: Its URL.
        since: The position of the event by which it became what it is, or was enabled again.
        enabled: Tasks are sent to it.
    """

    url: str
    since: int
    enabled: bool = True


class Work(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An attempt at a task that its agent has not begun.

    Attributes:
        task_id: The task.
        attempt: Which attempt.
        agent_id: Whose.
        lease: Its fencing token.
    """

    task_id: str
    attempt: int
    agent_id: str
    lease: str

    @property
    def webhook_id(self) -> str:
        """What every delivery of it is known by."""
        return f"{self.task_id}:{self.attempt}"


class Webhooks:
    """The fold, and the questions of those who send.

    Attributes:
        touched: Agents with an endpoint for which something changed; whoever looks takes them out.
    """

    def __init__(self) -> None:
        """Start without endpoints."""
        self._endpoints: dict[str, Endpoint] = {}
        # Also of agents without an endpoint, which may get one any time.
        self._open: dict[str, Work] = {}
        self._by_agent: dict[str, dict[str, None]] = {}
        self.touched: set[str] = set()

    def apply(self, position: int, stream: str, event: Event) -> None:
        """Fold one event; those that do not concern it change nothing."""
        fold = _FOLDS.get(type(event))
        if fold is not None:
            fold(self, entity_of(stream), event, position)

    def endpoint(self, agent_id: str) -> Endpoint | None:
        """Return the endpoint of an agent; None: it has none, or is not registered."""
        return self._endpoints.get(agent_id)

    def due(self, agent_id: str) -> list[Work]:
        """Return what is to be sent to an agent now, oldest first."""
        endpoint = self._endpoints.get(agent_id)
        if endpoint is None or not endpoint.enabled:
            return []
        return [self._open[task_id] for task_id in self._by_agent.get(agent_id, ())]

    def is_due(self, work: Work) -> bool:
        """Tell whether an attempt is still to be sent."""
        endpoint = self._endpoints.get(work.agent_id)
        return endpoint is not None and endpoint.enabled and self._open.get(work.task_id) == work

    def endpoints(self) -> Iterator[tuple[str, Endpoint]]:
        """Yield every agent that has an endpoint, with it."""
        yield from self._endpoints.items()

    def touch_all(self) -> None:
        """Have everything looked at again."""
        self.touched.update(self._endpoints)

    def count(self) -> tuple[int, int]:
        """Return how many endpoints are enabled, and how many disabled."""
        counts = Counter(each.enabled for each in self._endpoints.values())
        return counts[True], counts[False]

    def snapshot(self) -> Steps[Iterator[bytes]]:
        """Return what encodes a copy of the fold, piece by piece.

        No event may be applied between the steps.
        """
        endpoints = yield from copied(self._endpoints.items())
        work = yield from copied(self._open.values())
        return _encoded(endpoints, work)

    @classmethod
    def restore(cls, pieces: Sequence[bytes]) -> Steps[Webhooks]:
        """Return a fold that goes on where a snapshot was taken.

        Raises:
            msgspec.MsgspecError: It is damaged.
        """
        restored, complete = cls(), False
        for data in pieces:
            piece = _decode(data)
            restored._endpoints |= piece.endpoints
            for work in piece.work:
                restored._add(work)
            complete = piece.last
            yield
        if not complete:
            raise msgspec.ValidationError("the end of a snapshot is missing")
        restored.touch_all()
        return restored

    def _add(self, work: Work) -> None:
        self._open[work.task_id] = work
        self._by_agent.setdefault(work.agent_id, {})[work.task_id] = None

    def _touch(self, agent_id: str) -> None:
        if agent_id in self._endpoints:
            self.touched.add(agent_id)

    def _registered(self, agent_id: str, event: AgentRegistered, position: int) -> None:
        self._endpoints.pop(agent_id, None)
        self._declared(agent_id, event.capabilities.endpoint, position)

    def _updated(self, agent_id: str, event: AgentUpdated, position: int) -> None:
        known, url = self._endpoints.get(agent_id), event.capabilities.endpoint
        if (None if known is None else known.url) == url:
            return
        self._touch(agent_id)
        enabled = known is None or known.enabled
        self._endpoints.pop(agent_id, None)
        self._declared(agent_id, url, position, enabled=enabled)

    def _declared(
        self, agent_id: str, url: str | None, position: int, *, enabled: bool = True
    ) -> None:
        if url is not None:
            self._endpoints[agent_id] = Endpoint(url, position, enabled)
            self._touch(agent_id)

    def _left(self, agent_id: str, _event: AgentUnregistered, _position: int) -> None:
        self._touch(agent_id)
        self._endpoints.pop(agent_id, None)

    def _disabled(self, agent_id: str, _event: AgentEndpointDisabled, _position: int) -> None:
        if (known := self._endpoints.get(agent_id)) is not None:
            self._endpoints[agent_id] = replace(known, enabled=False)
            self._touch(agent_id)

    def _enabled(self, agent_id: str, _event: AgentEndpointEnabled, position: int) -> None:
        if (known := self._endpoints.get(agent_id)) is not None:
            self._endpoints[agent_id] = Endpoint(known.url, position)
            self._touch(agent_id)

    def _assigned(self, task_id: str, event: TaskAssigned, _position: int) -> None:
        self._add(Work(task_id, event.attempt, event.agent_id, event.lease))
        self._touch(event.agent_id)

    def _over(self, task_id: str, _event: Event, _position: int) -> None:
        work = self._open.pop(task_id, None)
        if work is None:
            return
        of_agent = self._by_agent[work.agent_id]
        del of_agent[task_id]
        if not of_agent:
            del self._by_agent[work.agent_id]
        self._touch(work.agent_id)


class _Piece(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """Some of what the fold knows (``last``: no other piece follows)."""

    endpoints: dict[str, Endpoint] = {}
    work: list[Work] = []
    last: bool = False


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Piece).decode


def _encoded(endpoints: list[tuple[str, Endpoint]], work: list[Work]) -> Iterator[bytes]:
    for some_endpoints in drained(endpoints, _ROWS):
        yield _encode(_Piece(endpoints=dict(some_endpoints)))
    for some_work in drained(work, _ROWS):
        yield _encode(_Piece(work=some_work))
    # It shows that none is missing.
    yield _encode(_Piece(last=True))


# Any: each fold takes its own event type.
_FOLDS: dict[type[Event], Callable[[Webhooks, str, Any, int], None]] = {
    AgentRegistered: Webhooks._registered,
    AgentUpdated: Webhooks._updated,
    AgentUnregistered: Webhooks._left,
    AgentEndpointDisabled: Webhooks._disabled,
    AgentEndpointEnabled: Webhooks._enabled,
    TaskAssigned: Webhooks._assigned,
    TaskStarted: Webhooks._over,
    TaskCompleted: Webhooks._over,
    TaskFailed: Webhooks._over,
    TaskReleased: Webhooks._over,
    TaskCancelled: Webhooks._over,
    TaskExpired: Webhooks._over,
}
