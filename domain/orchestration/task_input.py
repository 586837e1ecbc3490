"""Questions of an agent to whoever can answer them, while it works on a task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, accept, refuse
from aia_mas.domain.kernel.errors import InvalidValue, PermissionDenied
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.kernel.principal import Principal, Role
from aia_mas.domain.orchestration.bounds import check_names, check_small_json, check_text
from aia_mas.domain.orchestration.errors import (
    InputNotAwaited,
    InputPending,
    TaskNotFound,
    TooManyQuestions,
)
from aia_mas.domain.orchestration.task import Question, TaskState, task_stream
from aia_mas.domain.orchestration.task_commands import AskForInput, GiveInput
from aia_mas.domain.orchestration.task_events import TaskInputGiven, TaskInputRequested
from aia_mas.domain.orchestration.task_holding import holds, not_held, taken_up
from aia_mas.domain.orchestration.task_status import TaskStatus

MAX_QUESTIONS = 100
"""Most questions about one task, over all its attempts."""
MAX_ANSWER_BYTES = 16 * 1024
"""Largest answer, and largest schema of one, as JSON."""

SchemaCheck = Callable[[Any], None]
"""Refuses (by ``InvalidSchema``) what cannot bind an answer."""
AnswerCheck = Callable[[Any, Any], None]
"""Refuses (by ``AnswerMismatch``) an answer, the first, that does not fit a schema, the second."""


def ask_for_input(
    state: TaskState | None,
    command: AskForInput,
    ctx: Context,
    check_schema: SchemaCheck = lambda _schema: None,
) -> Decision:
    """Ask; the task then waits for the answer, and its attempt does not run out meanwhile.

    Repeating the question that is open changes nothing; another one is refused with
    ``input_pending``, and one too many with ``too_many_questions``. The result is its number.
    """
    if state is None or not holds(state, command):
        return not_held(state, command, "ask", ctx)
    try:
        _check_question(command, check_schema)
    except InvalidValue as error:
        return refuse(error)
    stream = task_stream(command.task_id)
    if state.question is not None:
        if state.question == _question(command):
            return accept(stream, result=state.asked)
        return refuse(InputPending(number=state.asked))
    if state.asked >= MAX_QUESTIONS:
        return refuse(TooManyQuestions(most=MAX_QUESTIONS))
    requested = TaskInputRequested(
        agent_id=command.agent_id,
        attempt=state.attempt,
        number=state.asked + 1,
        question=command.question,
        choices=command.choices,
        schema=command.schema,
        at=ctx.now,
    )
    return accept(stream, *taken_up(state, command, ctx), requested, result=requested.number)


def give_input(
    state: TaskState | None,
    command: GiveInput,
    ctx: Context,
    check_answer: AnswerCheck = lambda _answer, _schema: None,
) -> Decision:
    """Answer the open question; the task is running again.

    Its owner, operators and other agents may; others are refused with ``permission_denied``. When
    no question is open, or another one than the answer is meant for: ``input_not_awaited``.
    """
    if state is None:
        return refuse(TaskNotFound(task_id=command.task_id))
    if not _may_answer(state, ctx.principal):
        return refuse(PermissionDenied("Its owner, operators and other agents may answer"))
    if state.status is not TaskStatus.INPUT_REQUIRED or state.question is None:
        return refuse(InputNotAwaited(status=state.status))
    if command.number not in (None, state.asked):
        return refuse(InputNotAwaited("Another question is open by now", number=state.asked))
    choices = state.question.choices
    try:
        check_small_json(command.answer, "answer", MAX_ANSWER_BYTES)
        if choices and command.answer not in choices:
            raise InvalidValue("answer is one of the choices", field="answer")
        check_answer(command.answer, state.question.schema)
    except InvalidValue as error:
        return refuse(error)
    assert state.agent_id is not None
    given = TaskInputGiven(
        agent_id=state.agent_id,
        attempt=state.attempt,
        number=state.asked,
        answer=command.answer,
        by=ctx.principal.subject,
        at=ctx.now,
    )
    return accept(task_stream(command.task_id), given)


def _check_question(command: AskForInput, check_schema: SchemaCheck) -> None:
    mistakes = Mistakes()
    mistakes.check(check_text, command.question, "question", shortest=1)
    mistakes.check(check_names, command.choices, "choices")
    mistakes.check(check_small_json, command.schema, "schema", MAX_ANSWER_BYTES)
    mistakes.refuse()
    check_schema(command.schema)


def _question(command: AskForInput) -> Question:
    return Question(text=command.question, choices=command.choices, schema=command.schema)


def _may_answer(state: TaskState, principal: Principal) -> bool:
    if principal.operates:
        return True
    # Whoever asks does not approve of itself.
    if principal.agent_id is not None and principal.agent_id == state.agent_id:
        return False
    return principal.may_dispose_of(state.owner) or principal.has(Role.AGENT)
