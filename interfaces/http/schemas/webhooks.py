"""What is sent to the endpoints of agents and what they answer; and what is told about them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

from aia_mas.application.webhooks.verdicts import Completed, GivenUp
from aia_mas.domain.kernel.errors import DomainError
from aia_mas.interfaces.http.bodies import decode
from aia_mas.interfaces.http.schemas.task_reports import ReportedUsage
from aia_mas.interfaces.http.schemas.values import AgentId, Level, Name, Text


class WebhookPing(msgspec.Struct, frozen=True):
    """Asks whether the agent is there; any 2xx says that it is."""

    agent_id: AgentId
    type: Literal["ping"] = "ping"


class WebhookResult(msgspec.Struct, frozen=True):
    """The answer of an agent that has done the task already.

    Attributes:
        result: Any JSON.
        quality: The agent's own estimate, 0..1.
        usage: What it consumed.
    """

    result: Any
    quality: Level | None = None
    usage: ReportedUsage | None = None


class WebhookFailure(msgspec.Struct, frozen=True):
    """The answer of an agent that gives the task up (``retryable``: another try might do better).

    Attributes:
        error_code: The agent's word for what went wrong.
        message: For people.
    """

    error_code: Name
    message: Text = ""
    retryable: bool = True


class WebhookState(msgspec.Struct, frozen=True):
    """How things stand with an agent's endpoint.

    Attributes:
        agent_id: The agent.
        endpoint: Where its tasks are sent; null: it asks for them.
        state: `enabled`, `disabled`, or `none` where it has no endpoint.
        reason: Why it is disabled: `failing` or `gone`.
        secret: What signs, as the Standard Webhooks specification writes it.
        previous_secret_until: How long the secret before signs, too; null: there is none that does.
        failures: How many deliveries failed in a row.
        last_delivery: The last one; null: there was none since the endpoint was set or enabled.
    """

    agent_id: str
    endpoint: str | None
    state: Literal["enabled", "disabled", "none"]
    reason: str | None
    secret: str
    previous_secret_until: datetime | None
    failures: int
    last_delivery: LastDelivery | None


class LastDelivery(msgspec.Struct, frozen=True):
    """The last delivery of a task.

    Attributes:
        webhook_id: What it was known by: `{task_id}:{attempt}`.
        at: When it ended, UTC.
        outcome: `taken`, `completed`, `failed`, `gone`, `later` (it asked for a pause),
            `invalid_answer` (also one with values out of bounds), `3xx` and so on by its status;
            without an answer `not_allowed`, `unresolved`, `unreachable`, `timed_out`,
            `answer_too_large`.
        status: The HTTP status of the answer; null: there was none.
    """

    webhook_id: str
    at: datetime
    outcome: str
    status: int | None


class WebhookTest(msgspec.Struct, frozen=True):
    """What came back of a ping.

    Attributes:
        agent_id: The agent.
        endpoint: Where it was sent.
        outcome: `answered` with a 2xx; else as in `last_delivery`.
        status: The HTTP status of the answer; null: there was none.
        seconds: How long it took.
    """

    agent_id: str
    endpoint: str
    outcome: str
    status: int | None
    seconds: float


class _Members(msgspec.Struct, frozen=True):
    error_code: Any = None


def read_answer(body: bytes) -> Completed | GivenUp | None:
    """Return what the JSON of an endpoint's answer says; None: nothing that is understood."""
    try:
        if decode(body, _Members).error_code is not None:
            failure = decode(body, WebhookFailure)
            return GivenUp(failure.error_code, failure.message, failure.retryable)
        done = decode(body, WebhookResult)
        usage = None if done.usage is None else done.usage.usage()
        return Completed(done.result, done.quality, usage)
    except DomainError:
        return None
