"""Answers reach the question that they belong to, however they come."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from aia.client.worker.answers import Answers, Asked
from aia.client.worker.frames import Answer, Held


def attempt(number: int) -> Any:
    """What answers need to know of an attempt."""
    task = SimpleNamespace(task_id="t", lease=f"lease {number}", attempt=number)
    return SimpleNamespace(task=task)


async def asked() -> None:
    """The question has been taken."""


class Board:
    """The questions about a task as they can be read; each reading takes the next state."""

    def __init__(self, *states: Sequence[Asked]) -> None:
        self._states = list(states)
        self.looked = 0

    async def inputs(self, task_id: str) -> Sequence[Asked]:
        """Read the task."""
        assert task_id == "t"
        self.looked += 1
        return self._states.pop(0) if len(self._states) > 1 else self._states[0]


async def test_a_first_attempt_takes_what_the_socket_says_once() -> None:
    answers, one = Answers(Board(()).inputs), attempt(1)
    answers.told(one, Answer(task_id="t", number=1, answer="nobody asked"))
    waiting = asyncio.create_task(answers.of(one, asked()))
    await asyncio.sleep(0)
    answers.told(one, Answer(task_id="t", number=1, answer="yes"))
    assert await waiting == "yes"
    again = asyncio.create_task(answers.of(one, asked()))
    await asyncio.sleep(0)
    answers.told(one, Answer(task_id="t", number=1, answer="yes, once more"))
    answers.told(one, Answer(task_id="t", number=2, answer="no"))
    assert await again == "no"


async def test_a_later_attempt_gets_no_answer_to_a_question_of_an_earlier_one() -> None:
    old = Asked(number=1, attempt=1, answer="old", answered_by="x")
    open_one = Asked(number=2, attempt=2)
    new = Asked(number=2, attempt=2, answer="new", answered_by="x")
    board = Board([old, open_one], [old, open_one], [old, new])
    answers, second = Answers(board.inputs), attempt(2)
    waiting = asyncio.create_task(answers.of(second, asked()))
    await asyncio.sleep(0)
    answers.told(second, Answer(task_id="t", number=1, answer="old"))
    assert await waiting == "new"
    assert board.looked == 3


async def test_an_answer_that_a_heartbeat_tells_of_is_read() -> None:
    answer = Asked(number=3, attempt=1, answer=None, answered_by="x")
    answers, one = Answers(Board((), [answer]).inputs), attempt(1)
    answers.stands(one, Held(task_id="t", answered=2))
    waiting = asyncio.create_task(answers.of(one, asked()))
    await asyncio.sleep(0)
    answers.stands(one, Held(task_id="t", answered=0))
    await asyncio.sleep(0)
    assert not waiting.done()
    answers.stands(one, Held(task_id="t", answered=3))
    assert await waiting is None


async def test_a_question_that_is_refused_waits_for_nothing() -> None:
    async def refused() -> None:
        raise LookupError

    answers, one = Answers(Board(()).inputs), attempt(1)
    with pytest.raises(LookupError):
        await answers.of(one, refused())
    answers.told(one, Answer(task_id="t", number=1, answer="late"))
