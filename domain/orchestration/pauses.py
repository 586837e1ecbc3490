"""Pauses of the dispatcher, for a task type or for all; the stream ``dispatch/pauses``."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import msgspec

from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, accept, refuse
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.event import Event, State
from aia_mas.domain.kernel.ids import stream_of
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.orchestration.bounds import check_name, check_text
from aia_mas.domain.orchestration.errors import TooManyPauses

PAUSES = stream_of("dispatch", "pauses")
"""The stream of all pauses."""
MAX_PAUSES = 1_000
"""Most task types that are paused at once."""


class DispatchPaused(Event, frozen=True, kw_only=True):
    """Nothing new is assigned from here on.

    Attributes:
        task_type: Of which type; None: of any.
        reason: Why.
        by: By whom.
        at: When, UTC.
    """

    topic: ClassVar[str] = "dispatch.paused.v1"
    task_type: str | None = None
    reason: str = ""
    by: str
    at: datetime


class DispatchResumed(Event, frozen=True, kw_only=True):
    """A pause is over; the fields: see ``DispatchPaused``."""

    topic: ClassVar[str] = "dispatch.resumed.v1"
    task_type: str | None = None
    reason: str = ""
    by: str
    at: datetime


EVENTS: tuple[type[Event], ...] = (DispatchPaused, DispatchResumed)
"""Every event of the stream, for the topic registry."""


class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """A pause that lasts.

    Attributes:
        task_type: Of which type; None: of the whole fleet.
        reason: Why.
        by: By whom.
        since: Since when, UTC.
    """

    task_type: str | None
    reason: str
    by: str
    since: datetime


class PauseState(State, frozen=True, kw_only=True):
    """All pauses that last, in the order in which they began."""

    pauses: tuple[Pause, ...] = ()


class PauseDispatch(msgspec.Struct, frozen=True, kw_only=True):
    """Assign nothing new of a type (None: of any) until it is resumed."""

    task_type: str | None = None
    reason: str = ""


class ResumeDispatch(msgspec.Struct, frozen=True, kw_only=True):
    """End the pause of a type; None ends that of the whole fleet, not those of types."""

    task_type: str | None = None
    reason: str = ""


def evolve(state: PauseState | None, event: Event) -> PauseState:
    """Fold one event of the stream into the state."""
    pauses = () if state is None else state.pauses
    assert isinstance(event, (DispatchPaused, DispatchResumed))
    known = next((each for each in pauses if each.task_type == event.task_type), None)
    if isinstance(event, DispatchResumed):
        return PauseState(pauses=tuple(pause for pause in pauses if pause is not known))
    paused = pause_of(event, known)
    if known is None:
        return PauseState(pauses=(*pauses, paused))
    return PauseState(pauses=tuple(paused if pause is known else pause for pause in pauses))


def pause_of(event: DispatchPaused, known: Pause | None = None) -> Pause:
    """Return the pause that an event begins, or gives another reason (``known``: as it was)."""
    since = event.at if known is None else known.since
    return Pause(task_type=event.task_type, reason=event.reason, by=event.by, since=since)


def pause_dispatch(state: PauseState | None, command: PauseDispatch, ctx: Context) -> Decision:
    """Begin a pause; one that lasts already stays as it is, unless it gets another reason."""
    try:
        _check(command)
    except InvalidValue as error:
        return refuse(error)
    pauses = () if state is None else state.pauses
    known = next((each for each in pauses if each.task_type == command.task_type), None)
    if known is not None and command.reason in {known.reason, ""}:
        return accept(PAUSES)
    if known is None and len(pauses) >= MAX_PAUSES:
        return refuse(TooManyPauses())
    paused = DispatchPaused(
        task_type=command.task_type,
        reason=command.reason,
        by=ctx.principal.subject,
        at=ctx.now,
    )
    return accept(PAUSES, paused)


def resume_dispatch(state: PauseState | None, command: ResumeDispatch, ctx: Context) -> Decision:
    """End a pause; nothing happens when there is none."""
    try:
        _check(command)
    except InvalidValue as error:
        return refuse(error)
    pauses = () if state is None else state.pauses
    if all(pause.task_type != command.task_type for pause in pauses):
        return accept(PAUSES)
    resumed = DispatchResumed(
        task_type=command.task_type,
        reason=command.reason,
        by=ctx.principal.subject,
        at=ctx.now,
    )
    return accept(PAUSES, resumed)


def _check(command: PauseDispatch | ResumeDispatch) -> None:
    mistakes = Mistakes()
    if command.task_type is not None:
        mistakes.check(check_name, command.task_type, "task_type")
    mistakes.check(check_text, command.reason, "reason", longest=1_000)
    mistakes.refuse()
