"""One unfinished task for each key of an owner: a stream for the key tells which one it is."""

from __future__ import annotations

import hashlib
from typing import ClassVar

from msgspec.structs import replace

from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, refuse
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.event import Event, State
from aia_mas.domain.kernel.ids import stream_of
from aia_mas.domain.orchestration.agent import AgentState
from aia_mas.domain.orchestration.task import TaskState, task_stream
from aia_mas.domain.orchestration.task_commands import SubmitTask
from aia_mas.domain.orchestration.task_submission import submit_task
from aia_mas.domain.orchestration.tiers import DEFAULT_TIERS, Tiers


class DedupKeyTaken(Event, frozen=True, kw_only=True):
    """A task was submitted under the key, in the same commit."""

    topic: ClassVar[str] = "dedup.key_taken.v1"
    task_id: str


EVENTS: tuple[type[Event], ...] = (DedupKeyTaken,)
"""Every event of such a stream, for the topic registry."""


class DedupKey(State, frozen=True, kw_only=True):
    """A key (``task_id``: the last task submitted under it)."""

    task_id: str


def dedup_stream(owner: str, key: str) -> str:
    """Return the stream of a key; both may hold what stream ids may not."""
    # The length keeps pairs apart that are the same text when put together.
    named = f"{len(owner)}:{owner}{key}".encode("utf-8", "surrogatepass")
    return stream_of("dedup", hashlib.sha256(named).hexdigest())


def evolve(_state: DedupKey | None, event: DedupKeyTaken) -> DedupKey:
    """Fold one event of the stream into the state."""
    return DedupKey(task_id=event.task_id)


def submit_once(
    state: TaskState | None,
    agent: AgentState | None,
    key: DedupKey | None,
    holder: TaskState | None,
    command: SubmitTask,
    ctx: Context,
    tiers: Tiers = DEFAULT_TIERS,
) -> Decision:
    """Submit, unless an unfinished task has the same key: that one is answered then.

    Args:
        state: See ``submit_task``.
        agent: See ``submit_task``.
        key: The stream of the command's ``dedup_key``, if it has one.
        holder: The task ``command.key_holder``.
        command: What to submit.
        ctx: When and by whom.
        tiers: See ``submit_task``.

    Returns:
        The result is ``"deduplicated"``, or that of ``submit_task``.
    """
    if command.spec.dedup_key is None:
        return submit_task(state, agent, command, ctx, tiers)
    if not command.owner:
        return refuse(InvalidValue("a task with a dedup_key names its owner", field="owner"))
    decision = submit_task(state, agent, command, ctx, tiers)
    if decision.refusal is not None:
        return decision
    # Another holder than the one that was looked up was submitted a moment ago, by a command that
    # is decided together with this one.
    if key is not None and (
        key.task_id != command.key_holder or (holder is not None and holder.unfinished)
    ):
        first = replace(command, task_id=key.task_id, deduplicated=True)
        return Decision(result="deduplicated", instead=(task_stream(key.task_id), first))
    stream = dedup_stream(command.owner, command.spec.dedup_key)
    taken = DedupKeyTaken(task_id=command.task_id)
    return decision._replace(events=(*decision.events, (stream, taken)))
