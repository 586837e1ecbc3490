"""To-do list of the settlement: what incentive programs owe, and which of them are over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import ClassVar, NamedTuple, Self

import msgspec
from msgspec.structs import replace

from aia_mas.domain.economy.incentives.commands import CloseProgram, PayAwards
from aia_mas.domain.economy.incentives.events import (
    AwardsPaid,
    ProgramCancelled,
    ProgramClosed,
    ProgramOpened,
)
from aia_mas.domain.economy.incentives.standing import Progress, Standing
from aia_mas.domain.economy.incentives.terms import Criterion
from aia_mas.domain.economy.incentives.tiers import TiersOfAgents
from aia_mas.domain.economy.parameters import TierTerms
from aia_mas.domain.economy.todo import Happened, Work
from aia_mas.domain.kernel.event import Event
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.kernel.steps import Steps, chunks, copied, drained
from aia_mas.domain.orchestration.task_events import (
    TaskCancelled,
    TaskCompleted,
    TaskExpired,
    TaskFailed,
    TaskRated,
    TaskReleased,
    TaskRequeued,
    TaskStatus,
    TaskSubmitted,
)

REMEMBERED = 50
"""Programs that are over whose standing is still known."""


class _Task(NamedTuple):
    """What of a task decides whether work at it counts (``owner``: whose it is)."""

    task_type: str
    owner: str


class _Unrated(NamedTuple):
    """A completed task whose rating will count (``programs``: in which programs)."""

    programs: tuple[str, ...]


class Programs:
    """All programs that run, how far agents have come in them, and the tasks they work on.

    Work at tasks of one's own never counts: whoever submits what it does itself earns nothing.
    """

    name: ClassVar[str] = "incentives"
    events: ClassVar[frozenset[type[Event]]] = frozenset(
        {
            ProgramOpened,
            AwardsPaid,
            ProgramCancelled,
            ProgramClosed,
            TaskSubmitted,
            TaskRequeued,
            TaskCompleted,
            TaskRated,
            TaskFailed,
            TaskReleased,
            TaskCancelled,
            TaskExpired,
            *TiersOfAgents.events,
        }
    )

    def __init__(self) -> None:
        """Start without any."""
        self._running: dict[str, Standing] = {}
        self._over: dict[str, Standing] = {}
        self._tasks: dict[str, _Task] = {}
        self._unrated: dict[str, _Unrated] = {}
        self._tiers = TiersOfAgents()
        self._looked: datetime | None = None

    def standing(self, program_id: str) -> Standing | None:
        """Return how far agents have come in a program, if that is still known."""
        return self._running.get(program_id) or self._over.get(program_id)

    def apply(self, happened: Happened) -> None:
        """Fold one event."""
        event, entity, at = happened.event, entity_of(happened.stream), happened.at
        match event:
            case TaskSubmitted():
                self._tasks[entity] = _Task(event.spec.task_type, event.owner)
            case TaskRequeued():
                self._tasks[entity] = _Task(event.terms.task_type, event.owner)
            case TaskCompleted():
                self._completed(entity, event, at)
            case TaskRated():
                self._rated(entity, event, at)
            case TaskFailed() | TaskReleased():
                self._failed(entity, event, at)
            case TaskCancelled() | TaskExpired():
                self._tasks.pop(entity, None)
            case ProgramOpened():
                self._running[entity] = Standing(program_id=entity, terms=event.terms)
            case AwardsPaid():
                self._running[entity].paid(event)
            case ProgramCancelled():
                self._running[entity].cancelled = True
                self._forget_unrated()
            case ProgramClosed():
                self._close(entity)
            case _:
                self._tiers.apply(entity, event)

    def due(self, now: datetime, most: int) -> Sequence[Work]:
        """Return at most one thing for each program: payments, and when none is left its end."""
        works: list[Work] = []
        self._looked = now
        for standing in self._running.values():
            if len(works) == most:
                break
            work = _work(standing, now)
            if work is not None:
                works.append(work)
        return works

    def next_due(self) -> datetime | None:
        """Return when the next program ends."""
        ends = (each.terms.ends_at for each in self._running.values())
        looked = self._looked
        return min((end for end in ends if looked is None or end > looked), default=None)

    def _completed(self, task_id: str, event: TaskCompleted, at: datetime) -> None:
        task = self._tasks.pop(task_id, None)
        if task is None:
            return
        rated = []
        for standing in self._counting(event.agent_id, task, at):
            standing.completed(event.agent_id)
            if standing.terms.criterion is Criterion.QUALITY:
                rated.append(standing.program_id)
        if rated:
            self._unrated[task_id] = _Unrated(tuple(rated))

    def _rated(self, task_id: str, event: TaskRated, at: datetime) -> None:
        unrated = self._unrated.pop(task_id, None)
        for program_id in () if unrated is None else unrated.programs:
            standing = self._running.get(program_id)
            if standing is not None and standing.counts_at(at):
                standing.rated(event.agent_id, event.rating)

    def _failed(self, task_id: str, event: TaskFailed | TaskReleased, at: datetime) -> None:
        over = event.outcome is not TaskStatus.QUEUED
        task = self._tasks.pop(task_id, None) if over else self._tasks.get(task_id)
        if task is not None and (isinstance(event, TaskFailed) or event.lost):
            for standing in self._counting(event.agent_id, task, at):
                standing.failed(event.agent_id)

    def _counting(self, agent_id: str, task: _Task, at: datetime) -> Iterable[Standing]:
        if task.owner == agent_id or not self._running:
            return ()
        tier = self._tiers.of(agent_id)
        return [
            each
            for each in self._running.values()
            if each.counts_at(at) and each.eligible(agent_id, task.task_type, tier)
        ]

    def _close(self, program_id: str) -> None:
        standing = self._running.pop(program_id)
        standing.closed = True
        self._over[program_id] = standing
        while len(self._over) > REMEMBERED:
            del self._over[next(iter(self._over))]
        self._forget_unrated()

    def _forget_unrated(self) -> None:
        if not any(
            each.terms.criterion is Criterion.QUALITY and not each.cancelled
            for each in self._running.values()
        ):
            self._unrated.clear()

    def snapshot(self) -> Steps[Iterator[bytes]]:
        """Return what encodes a copy."""
        pieces = [_encode(_Piece(tiers=self._tiers.tiers))]
        for kind, rows in (("running", self._running), ("over", self._over)):
            for standing in rows.values():
                pieces += yield from _pieces(kind, standing)
        tasks = yield from copied(self._tasks.items())
        unrated = yield from copied(self._unrated.items())
        for stakes in self._tiers.pieces(_AT_ONCE):
            pieces.append(_encode(_Piece(stakes=stakes)))
            yield
        return chain(
            pieces,
            (_encode(_Piece(tasks=some)) for some in drained(tasks, _AT_ONCE)),
            (_encode(_Piece(unrated=some)) for some in drained(unrated, _AT_ONCE)),
        )

    @classmethod
    def restore(cls, pieces: Sequence[bytes]) -> Steps[Self]:
        """Return a list that goes on where a snapshot was taken."""
        restored = cls()
        for encoded in pieces:
            piece = _decode(encoded)
            restored._running |= {each.program_id: each for each in piece.running}
            restored._over |= {each.program_id: each for each in piece.over}
            for program_id, some in piece.agents:
                standing = restored.standing(program_id)
                assert standing is not None
                standing.agents |= some
            for program_id, queue in piece.queues:
                standing = restored.standing(program_id)
                assert standing is not None
                standing.queue += queue
            restored._tasks |= piece.tasks
            restored._unrated |= piece.unrated
            restored._tiers.take(piece.stakes)
            restored._tiers.tiers = piece.tiers or restored._tiers.tiers
            yield
        return restored


_AT_ONCE = 500


class _Piece(msgspec.Struct, omit_defaults=True):
    tiers: tuple[TierTerms, ...] = ()
    running: list[Standing] = []
    over: list[Standing] = []
    agents: list[tuple[str, dict[str, Progress]]] = []
    queues: list[tuple[str, list[str]]] = []
    stakes: list[tuple[str, int]] = []
    tasks: list[tuple[str, _Task]] = []
    unrated: list[tuple[str, _Unrated]] = []


# JSON: amounts are larger than the integers of MessagePack.
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Piece).decode


def _pieces(kind: str, standing: Standing) -> Steps[list[bytes]]:
    """Return the pieces of one program: itself, then its agents and what it owes them."""
    program_id, pieces = standing.program_id, []
    head = replace(standing, agents={}, queue=[])
    pieces.append(_encode(_Piece(running=[head]) if kind == "running" else _Piece(over=[head])))
    for some in chunks(standing.agents.items(), _AT_ONCE):
        pieces.append(_encode(_Piece(agents=[(program_id, dict(some))])))
        yield
    for queue in chunks(standing.queue, _AT_ONCE):
        pieces.append(_encode(_Piece(queues=[(program_id, queue)])))
        yield
    return pieces


def _work(standing: Standing, now: datetime) -> Work | None:
    program_id, token = standing.program_id, standing.terms.token
    awards = standing.to_pay(now)
    if awards:
        number = standing.payments + 1
        command = PayAwards(program_id=program_id, token=token, number=number, awards=awards)
        return Work(f"incentive:{program_id}:{number}", command)
    outcome = standing.outcome(now)
    if outcome is None:
        return None
    closing = CloseProgram(
        program_id=program_id, token=token, outcome=outcome, agents=len(standing.agents)
    )
    return Work(f"incentive:{program_id}:close", closing)
