"""Carries out commands: load states, decide, append, answer once it is true.

Nothing is answered before it is durable, and nothing is refused on hearsay: a refusal, or a command
that changes nothing, goes through the log as well, without events, and is given only when every
version that the decision read proved to be committed and current.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec

from aia_mas.application.clock import Clock
from aia_mas.application.engine import outcomes
from aia_mas.application.engine.handlers import Evolvers, Handlers, NotYet
from aia_mas.application.engine.outcomes import CommandResult
from aia_mas.application.engine.turn import Turn
from aia_mas.application.engine.working_set import WorkingSet
from aia_mas.application.event_log.errors import EventLogError, Fenced, StaleExpectation
from aia_mas.application.event_log.log import EventLog
from aia_mas.application.event_log.records import Appended, AppendRequest, Fence, Kind
from aia_mas.domain.kernel import Context, DomainError, Principal
from aia_mas.domain.kernel.errors import Conflict, PermissionDenied, TooMuch

MAX_TRIES = 20


class Origin(msgspec.Struct, frozen=True):
    """Where a command comes from.

    Attributes:
        principal: Who wants it.
        command_id: Its identity, when it may be repeated; the first outcome is kept.
        body_hash: Tells a repetition from another command under the same id.
        correlation_id: Groups what one request set in motion.
        causation_id: The command or event that caused it.
        fence: The lease that must still be held, for processes.
        kind: How long the outcome is kept.
    """

    principal: Principal
    command_id: str | None = None
    body_hash: bytes = b""
    correlation_id: str | None = None
    causation_id: str | None = None
    fence: Fence | None = None
    kind: Kind = Kind.EXPIRING


class Engine:
    """The one way in: every change of the system is a command given to ``execute``."""

    def __init__(
        self,
        log: EventLog,
        working_set: WorkingSet,
        handlers: Handlers,
        evolvers: Evolvers,
        clock: Clock,
        new_id: Callable[[], str],
    ) -> None:
        """Wire the engine.

        Args:
            log: Where events go.
            working_set: Where states come from.
            handlers: Who carries out which command.
            evolvers: How the events of each stream category are folded.
            clock: What time it is.
            new_id: Makes ids up (UUIDv7 text).
        """
        self._log = log
        self._working_set = working_set
        self._handlers = handlers
        self._evolvers = evolvers
        self._clock = clock
        self._new_id = new_id

    async def execute(
        self,
        command: msgspec.Struct,
        principal: Principal,
        *,
        command_id: str | None = None,
        body_hash: bytes = b"",
        correlation_id: str | None = None,
    ) -> CommandResult:
        """Carry out one command and return its durable answer.

        Args:
            command: What to do.
            principal: Who wants it.
            command_id: Its identity, when it may be repeated; the first outcome is kept.
            body_hash: Tells a repetition from another command under the same id.
            correlation_id: Groups what one request set in motion.

        Raises:
            DomainError: It was refused (``Conflict``: it lost too many races).
            EventLogError: It could not be carried out now, or the id was used for another command.
        """
        return await self.run(command, Origin(principal, command_id, body_hash, correlation_id))

    async def run(self, command: msgspec.Struct, origin: Origin) -> CommandResult:
        """Carry out one command; see ``execute``."""
        items, result, position, replayed = await self._run(
            (command,), origin, atomic=False, several=False
        )
        item = items[0]
        if isinstance(item, DomainError):
            raise item
        return CommandResult(item, position, replayed, result)

    async def execute_many(
        self, commands: Sequence[msgspec.Struct], origin: Origin, *, atomic: bool = False
    ) -> list[CommandResult | DomainError]:
        """Carry out commands in order and in one commit.

        Args:
            commands: What to do; at least one.
            origin: Where they come from; one identity for all of them.
            atomic: All or nothing; else each is accepted or refused on its own.

        Returns:
            For each command its answer or its refusal.

        Raises:
            DomainError: ``atomic`` and one of them was refused; nothing was changed.
            EventLogError: See ``execute``.
        """
        items, _, position, replayed = await self._run(
            commands, origin, atomic=atomic, several=True
        )
        if atomic and isinstance(items[0], DomainError):
            raise items[0]
        return [
            item if isinstance(item, DomainError) else CommandResult(item, position, replayed)
            for item in items
        ]

    async def foretell(
        self, commands: Sequence[msgspec.Struct], principal: Principal
    ) -> list[DomainError | None]:
        """Return, for each of some commands, what it would be refused with now; None: with nothing.

        Nothing comes of it, and nothing is promised: what it is decided on may not be committed
        yet, and may be otherwise when the commands are given.

        Args:
            commands: What is to be done, in order; none that makes a stream.
            principal: Who wants it.
        """
        turn = await self._prepared(commands, again=False)
        try:
            context = Context(self._clock.now(), self._log.feed.position, principal)
            items = turn.decide(context, atomic=False)
        finally:
            turn.drop()
        return [item if isinstance(item, DomainError) else None for item in items]

    async def _run(
        self,
        commands: Sequence[msgspec.Struct],
        origin: Origin,
        *,
        atomic: bool,
        several: bool,
    ) -> tuple[list[bytes | DomainError], Any, int, bool]:
        command_id = origin.command_id or f"cmd:{self._new_id()}"
        for number in range(MAX_TRIES):
            turn = await self._prepared(commands, again=number > 0)
            try:
                context = Context(self._clock.now(), self._log.feed.position, origin.principal)
                items, result = turn.decide(context, atomic=atomic), turn.result
                request = AppendRequest(
                    command_id=command_id,
                    events=turn.events,
                    expectations=turn.expectations,
                    body_hash=origin.body_hash,
                    outcome=outcomes.of_items(items)
                    if several
                    else outcomes.of_item(items[0], result),
                    kind=_kind(origin, items, has_events=bool(turn.events)),
                    actor=origin.principal.subject,
                    correlation_id=origin.correlation_id,
                    causation_id=origin.causation_id,
                    fence=origin.fence or turn.fence,
                    maybe_known=origin.command_id is not None,
                )
                # A cancelled wait takes only the waiter away: the request takes its course, and
                # nothing but its answer settles the try.
                future = self._log.enqueue(request, partial(_settle, turn, request.outcome))
            except BaseException:
                turn.drop()
                raise
            turn.keep(command_id)
            try:
                appended = await future
            except StaleExpectation:
                continue
            except Fenced:
                if origin.fence is not None:
                    raise
                continue
            if appended.replayed is not None:
                items, result = outcomes.restored(appended.replayed)
            return (
                items,
                result,
                appended.last,
                appended.replayed is not None and request.maybe_known,
            )
        raise Conflict

    async def _prepared(self, commands: Sequence[msgspec.Struct], *, again: bool) -> Turn:
        """Return a try whose states are all in memory; nothing may wait until it is enqueued."""
        for _ in range(MAX_TRIES):
            turn = Turn(self._handlers, self._evolvers, self._working_set, self._log.mapper)
            try:
                missing = turn.prepare(commands, again=again)
            except NotYet as not_yet:
                turn.drop()
                await not_yet.happened()
                continue
            except BaseException:
                turn.drop()
                raise
            if not missing:
                return turn
            turn.drop()
            await self._working_set.load(missing)
        raise Conflict


def _kind(origin: Origin, items: Sequence[bytes | DomainError], *, has_events: bool) -> Kind:
    """Return how long to keep the outcome: not at all where its id was made up just now.

    A process decides anew as long as its work is open, so its refusals are not kept either. Nor are
    those that may be no more later, under the same key: of callers who may not do this, and of what
    was too much just now.
    """
    if origin.command_id is None:
        return Kind.NOT_KEPT
    if not has_events and (
        origin.kind is Kind.FOREVER
        or isinstance(items[0], PermissionDenied)
        or any(isinstance(item, TooMuch) for item in items)
    ):
        return Kind.NOT_KEPT
    return origin.kind


def _settle(turn: Turn, outcome: bytes, answer: Appended | EventLogError) -> None:
    replayed = answer.replayed if isinstance(answer, Appended) else None
    turn.settle(
        accepted=isinstance(answer, Appended) and replayed is None,
        # This very outcome stands in the log: the commit came through, its answer was lost.
        placed=replayed == outcome,
        fenced=isinstance(answer, Fenced),
    )
