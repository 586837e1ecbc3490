# Written by `make client` from the OpenAPI document; changes are lost.
"""What is answered about agent webhooks."""

from __future__ import annotations

from datetime import datetime

import msgspec

from aia.client.types.base import Answer


class LastDelivery(msgspec.Struct, frozen=True, kw_only=True):
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


class WebhookState(Answer, frozen=True, kw_only=True):
    """How things stand with an agent's endpoint.

    Attributes:
        agent_id: The agent.
        endpoint: Where its tasks are sent; null: it asks for them.
        state: `enabled`, `disabled`, or `none` where it has no endpoint.
        reason: Why it is disabled: `failing` or `gone`.
        secret: What signs, as the Standard Webhooks specification writes it.
        previous_secret_until: How long the secret before signs, too; null: there is none that
            does.
        failures: How many deliveries failed in a row.
        last_delivery: The last one; null: there was none since the endpoint was set or enabled.
    """

    agent_id: str
    endpoint: str | None
    state: str
    reason: str | None
    secret: str
    previous_secret_until: datetime | None
    failures: int
    last_delivery: LastDelivery | None


class WebhookTest(Answer, frozen=True, kw_only=True):
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
