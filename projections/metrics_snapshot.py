"""The system metrics as the fold host stores them: lines of JSON, encoded piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from itertools import islice
from typing import Any

import msgspec
from msgspec.structs import replace

from aia_mas.domain.orchestration.task_events import TaskStatus
from aia_mas.projections.metrics_state import AgentFigures, MetricsState, OpenTask

_PER_LINE = 500
_encode = msgspec.json.Encoder().encode


class _Part(msgspec.Struct, omit_defaults=True):
    agents: dict[str, AgentFigures] = {}
    tasks: dict[str, OpenTask] = {}
    ended: dict[str, TaskStatus] = {}


_state = msgspec.json.Decoder(MetricsState).decode
_part = msgspec.json.Decoder(_Part).decode


def frozen(state: MetricsState) -> Callable[[], bytes]:
    """Copy what will change and return a function that encodes the copy; it may run in a thread."""
    small = _encode(replace(state, agents={}, tasks={}, ended={}))
    agents = {agent_id: copy(agent) for agent_id, agent in state.agents.items()}
    tasks, ended = dict(state.tasks), dict(state.ended)

    def encode() -> bytes:
        parts = (
            *(_Part(agents=chunk) for chunk in _chunks(agents)),
            *(_Part(tasks=chunk) for chunk in _chunks(tasks)),
            *(_Part(ended=chunk) for chunk in _chunks(ended)),
        )
        return b"\n".join((small, *(_encode(part) for part in parts)))

    return encode


def thawed(data: bytes) -> MetricsState:
    """Return the state of a snapshot.

    Raises:
        msgspec.MsgspecError: It is damaged, or of another version.
    """
    first, *others = data.split(b"\n")
    state = _state(first)
    for line in others:
        part = _part(line)
        state.agents |= part.agents
        state.tasks |= part.tasks
        state.ended |= part.ended
    return state


def _chunks(rows: dict[str, Any]) -> Iterator[dict[str, Any]]:
    remaining = iter(rows.items())
    while chunk := dict(islice(remaining, _PER_LINE)):
        yield chunk
