"""The tasks that a worker has in hand, and what it is told about them."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from aia.client.types import ClaimedTask
from aia.client.worker.answers import Answers
from aia.client.worker.attempt import Attempt, Say
from aia.client.worker.frames import AgentStatus, Alive, Answer, Frame, Given, Lost
from aia.client.worker.handlers import Handlers
from aia.client.worker.tally import Ended

log = logging.getLogger("aia.client.worker")

_REMEMBERED = 10_000
"""Attempts that are over and still known: a server that lags behind may tell of one again."""


class Desk:
    """What is in hand.

    Attributes:
        taking: Further tasks are taken.
        status: How the agent stands, by the server's last word.
        told: Set when the server has told how the agent stands; cleared by who waits for it.
    """

    def __init__(
        self,
        handlers: Handlers,
        say: Say,
        answers: Answers,
        group: asyncio.TaskGroup,
        concurrency: int,
        taken: Callable[[ClaimedTask], None],
        ended: Callable[[Ended], None],
    ) -> None:
        """Begin with nothing in hand.

        Args:
            handlers: Who can do what.
            say: Sends a message.
            answers: Brings answers to questions.
            group: Where attempts run.
            concurrency: How many of them at once.
            taken: Is told of every task that is taken.
            ended: Is told of every end of an attempt.
        """
        self.taking = True
        self.status = "active"
        self.told = asyncio.Event()
        self._handlers = handlers
        self._say = say
        self._answers = answers
        self._group = group
        self._places = asyncio.Semaphore(concurrency)
        self._taken = taken
        self._ended = ended
        self._attempts: dict[str, Attempt] = {}
        self._known: OrderedDict[str, None] = OrderedDict()
        self._none = asyncio.Event()
        self._none.set()

    def __len__(self) -> int:
        """Return how many attempts are in hand."""
        return len(self._attempts)

    def __iter__(self) -> Iterator[Attempt]:
        """Go through the attempts in hand."""
        return iter(tuple(self._attempts.values()))

    async def empty(self) -> None:
        """Wait until nothing is in hand."""
        await self._none.wait()

    def hear(self, frame: Frame) -> None:
        """Take what the server says of the agent and its tasks."""
        if frame.type == "task_assigned":
            self._take(_read(frame, ClaimedTask), _read(frame, Given).payload)
        elif frame.type == "task_lost":
            lost = _read(frame, Lost)
            if (attempt := self._attempts.get(lost.lease or "")) is not None:
                attempt.lose(lost.status)
        elif frame.type == "task_input":
            answer = _read(frame, Answer)
            for attempt in self:
                if attempt.task.task_id == answer.task_id and not attempt.lost:
                    self._answers.told(attempt, answer)
        elif frame.type in {"agent_status", "welcome"}:
            self.status = _read(frame, AgentStatus).status
            self.told.set()

    def alive(self, named: dict[str, str], alive: Alive) -> None:
        """Take the answer to a heartbeat (``named``: the leases by task that it named)."""
        for lost in alive.lost:
            if (attempt := self._attempts.get(named.get(lost.task_id, ""))) is not None:
                attempt.lose(lost.status)
        for held in alive.tasks:
            if (attempt := self._attempts.get(held.lease or "")) is not None:
                self._answers.stands(attempt, held)

    def lose_all(self, status: str) -> None:
        """Stop working on everything: nothing of it can be delivered any more."""
        self.taking = False
        for attempt in self:
            attempt.lose(status)

    def give_back_all(self, code: str, message: str, within: float) -> None:
        """Stop working on everything, and let others try (arguments as in ``Attempt``)."""
        self.taking = False
        for attempt in self:
            attempt.give_back(code, message, within)

    def _take(self, task: ClaimedTask, payload: msgspec.Raw) -> None:
        if not self.taking or task.lease in self._known:
            return
        self._known[task.lease] = None
        if len(self._known) > _REMEMBERED + len(self._attempts):
            self._known.popitem(last=False)
        older = [attempt for attempt in self if attempt.task.task_id == task.task_id]
        for attempt in older:
            attempt.lose("assigned anew")
        before = older[-1].over if older else None
        attempt = Attempt(
            task, payload, self._handlers, self._say, self._answers.of, self._places, before
        )
        self._attempts[task.lease] = attempt
        self._none.clear()
        self._taken(task)
        self._group.create_task(self._work(attempt))

    async def _work(self, attempt: Attempt) -> None:
        try:
            await attempt.run()
        except Exception:
            log.exception("task %s could not be carried out", attempt.task.task_id)
        finally:
            self._answers.forget(attempt)
            del self._attempts[attempt.task.lease]
            self._ended(attempt.ended)
            if not self._attempts:
                self._none.set()


def _read(frame: Frame, kind: type[Any]) -> Any:
    return msgspec.json.decode(frame.data, type=kind)
