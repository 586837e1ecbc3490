"""The system metrics as the fold host stores them: JSON, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from msgspec.structs import replace

from aia_mas.domain.kernel.steps import Steps, chunks, copied, drained
from aia_mas.projections.metrics_rollup import Bucket
from aia_mas.projections.metrics_state import AgentFigures, EndedTask, MetricsState, OpenTask
from aia_mas.projections.metrics_windows import Totals

_PER_PIECE = 500
_encode = msgspec.json.Encoder().encode


class _Part(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    agents: dict[str, AgentFigures] = {}
    tasks: dict[str, OpenTask] = {}
    ended: dict[str, EndedTask] = {}
    marks: list[Totals] = []
    buckets: dict[int, list[Bucket]] = {}


_state = msgspec.json.Decoder(MetricsState).decode
_part = msgspec.json.Decoder(_Part).decode


def frozen(state: MetricsState) -> Steps[Iterator[bytes]]:
    """Copy what will change, and return what encodes the copy, piece by piece."""
    # Rows that change are encoded at once: that takes no longer than to copy them.
    minutes, hours, days = (replace(rollup, buckets=[]) for rollup in state.rollups)
    rest = replace(
        state, agents={}, tasks={}, ended={}, marks=[], minutes=minutes, hours=hours, days=days
    )
    ready = [_encode(rest)]
    yield
    for some in chunks(state.agents.items(), _PER_PIECE):
        ready.append(_encode(_Part(agents=dict(some))))
        yield
    for marks in chunks(state.marks, _PER_PIECE):
        ready.append(_encode(_Part(marks=marks)))
        yield
    for number, rollup in enumerate(state.rollups):
        for buckets in chunks(rollup.buckets, _PER_PIECE):
            ready.append(_encode(_Part(buckets={number: buckets})))
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
        state.marks += part.marks
        for number, buckets in part.buckets.items():
            state.rollups[number].buckets += buckets
        yield
    return state


def _pieces(
    ready: list[bytes],
    tasks: list[tuple[str, OpenTask]],
    ended: list[tuple[str, EndedTask]],
) -> Iterator[bytes]:
    first, *rows = ready
    yield from rows
    for some_tasks in drained(tasks, _PER_PIECE):
        yield _encode(_Part(tasks=dict(some_tasks)))
    for some_ended in drained(ended, _PER_PIECE):
        yield _encode(_Part(ended=dict(some_ended)))
    # Last, so that a snapshot that was cut off is none.
    yield first
