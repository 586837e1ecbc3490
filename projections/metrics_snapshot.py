"""The system metrics as the fold host stores them: JSON, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from msgspec.structs import replace

from aia_mas.domain.kernel.steps import Steps, chunks, copied, drained
from aia_mas.domain.orchestration.task_events import TaskStatus
from aia_mas.projections.metrics_state import AgentFigures, MetricsState, OpenTask

_PER_PIECE = 500
_encode = msgspec.json.Encoder().encode


class _Part(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    agents: dict[str, AgentFigures] = {}
    tasks: dict[str, OpenTask] = {}
    ended: dict[str, TaskStatus] = {}


_state = msgspec.json.Decoder(MetricsState).decode
_part = msgspec.json.Decoder(_Part).decode


def frozen(state: MetricsState) -> Steps[Iterator[bytes]]:
    """Copy what will change, and return what encodes the copy, piece by piece."""
    # Rows that change are encoded at once: that takes no longer than to copy them.
    ready = [_encode(replace(state, agents={}, tasks={}, ended={}))]
    yield
    for some in chunks(state.agents.items(), _PER_PIECE):
        ready.append(_encode(_Part(agents=dict(some))))
        yield
    tasks = yield from copied(state.tasks.items())
    ended = yield from copied(state.ended.items())
    return _pieces(ready, tasks, ended)


def thawed(pieces: Sequence[bytes]) -> Steps[MetricsState]:
    """Return the state of a snapshot.

    Raises:
        msgspec.MsgspecError: It is damaged, or of another version.
    """
    *parts, last = pieces
    state = _state(last)
    yield
    for data in parts:
        part = _part(data)
        state.agents |= part.agents
        state.tasks |= part.tasks
        state.ended |= part.ended
        yield
    return state


def _pieces(
    ready: list[bytes],
    tasks: list[tuple[str, OpenTask]],
    ended: list[tuple[str, TaskStatus]],
) -> Iterator[bytes]:
    first, *agents = ready
    yield from agents
    for some_tasks in drained(tasks, _PER_PIECE):
        yield _encode(_Part(tasks=dict(some_tasks)))
    for some_ended in drained(ended, _PER_PIECE):
        yield _encode(_Part(ended=dict(some_ended)))
    # Last, so that a snapshot that was cut off is none.
    yield first
