"""What is sent, and answered, when messages are taken, acknowledged or refused."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from aia_mas.application.communication.post_office import LONGEST_PAUSE, LONGEST_REASON
from aia_mas.application.communication.views import MessageView
from aia_mas.domain.communication.sending import MOST_ATTEMPTS
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.ids import check_made_id
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.orchestration.bounds import check_number, check_text
from aia_mas.interfaces.http.schemas.values import AgentId, EncodedProblem
from aia_mas.projections.communication.standing import MessageStatus

MOST_ACKNOWLEDGED = 1_000

_Reason = Annotated[str, msgspec.Meta(extra_json_schema={"maxLength": LONGEST_REASON})]
_Pause = Annotated[float, msgspec.Meta(extra_json_schema={"minimum": 0, "maximum": LONGEST_PAUSE})]
_Attempt = Annotated[int, msgspec.Meta(extra_json_schema={"minimum": 1, "maximum": MOST_ATTEMPTS})]
_MessageId = Annotated[str, msgspec.Meta(extra_json_schema={"minLength": 1, "maxLength": 300})]
_Ids = Annotated[
    tuple[_MessageId, ...],
    msgspec.Meta(extra_json_schema={"minItems": 1, "maxItems": MOST_ACKNOWLEDGED}),
]


class Acknowledgement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whoever has a message (``agent_id``: its recipient)."""

    agent_id: AgentId


class Refusal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a recipient could not do anything with.

    Attributes:
        agent_id: The recipient.
        reason: Why, for the record, at most 1,000 characters.
        attempt: Which delivery, as the message said (1, when it said nothing). One that has failed
            already is not counted once more. Left out: the last one.
        retry_after_seconds: When it is to be delivered again; left out: as the server's settings
            say.
        requeue: Whether it is to be at all; else it is dead at once.
    """

    agent_id: AgentId
    reason: _Reason = ""
    attempt: _Attempt | None = None
    retry_after_seconds: _Pause | None = None
    requeue: bool = True

    def check(self) -> None:
        """Refuse values that are out of bounds.

        Raises:
            InvalidValue: One is; ``others`` has all others.
        """
        mistakes = Mistakes()
        check = mistakes.check
        check(check_text, self.reason, "reason", longest=LONGEST_REASON)
        if self.attempt is not None:
            check(check_number, self.attempt, "attempt", lowest=1, highest=MOST_ATTEMPTS)
        pause = self.retry_after_seconds
        if pause is not None:
            field = "retry_after_seconds"
            check(check_number, pause, field, lowest=0.0, highest=LONGEST_PAUSE)
            if not self.requeue:
                wrong = "what is not to be delivered again has no time for that"
                mistakes.add(InvalidValue(wrong, field=field))
        mistakes.refuse()


class InboxAcknowledgement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which messages have arrived (``message_ids``: 1 to 1,000)."""

    message_ids: _Ids

    def checked(self) -> tuple[str, ...]:
        """Return them.

        Raises:
            InvalidValue: There are none, or too many.
            InvalidId: One is none.
        """
        ids = self.message_ids
        if not 0 < len(ids) <= MOST_ACKNOWLEDGED:
            most = f"message_ids has 1 to {MOST_ACKNOWLEDGED} entries"
            raise InvalidValue(most, field="message_ids")
        for index, message_id in enumerate(ids):
            check_made_id(message_id, f"message_ids.{index}")
        return ids


class Settled(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a message stands at a recipient, who has just said so.

    Attributes:
        message_id: The message.
        agent_id: The recipient.
        status: ``acknowledged``; or ``failed`` when it is delivered again, ``dead`` when it is not.
        attempts: How many deliveries have failed.
        retry_at: When it is delivered again, UTC.
    """

    message_id: str
    agent_id: str
    status: MessageStatus
    attempts: int = 0
    retry_at: datetime | None = None


class AcknowledgedItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one acknowledgement.

    Attributes:
        message_id: The message.
        status: The HTTP status that it would have had alone.
        problem: Why it was not taken, when it was not.
    """

    message_id: str
    status: int
    problem: EncodedProblem | None = None


class AcknowledgedItems(msgspec.Struct, frozen=True, kw_only=True):
    """What became of acknowledgements, in their order."""

    items: list[AcknowledgedItem]
    acknowledged: int
    refused: int


class DeliveredMessage(MessageView, frozen=True, kw_only=True, omit_defaults=True):
    """A message that was handed over; it is to be acknowledged within ``ack_seconds``.

    Attributes:
        position: By what it was queued for the recipient, in the log.
        attempt: Which delivery it is, when it is not the first.
    """

    position: int
    attempt: int = 1


class DeliveredMessages(msgspec.Struct, frozen=True, kw_only=True):
    """Messages that were handed over.

    Attributes:
        items: Those, the most urgent first.
        waiting: How many others have not arrived: those that were handed over before and are not
            acknowledged, and those that are to be delivered later.
    """

    items: list[DeliveredMessage]
    waiting: int


class WaitingMessage(MessageView, frozen=True, kw_only=True, omit_defaults=True):
    """A message that a recipient has not acknowledged.

    Attributes:
        position: By what it was queued for the recipient, in the log.
        status: ``queued``, ``delivered`` or ``failed``.
        attempts: How many deliveries were made.
        deadline: Until when it is to be acknowledged, UTC.
        retry_at: When it is delivered again, UTC.
        reason: Why the last delivery failed.
    """

    position: int
    status: MessageStatus
    attempts: int = 0
    deadline: datetime | None = None
    retry_at: datetime | None = None
    reason: str = ""


class WaitingPage(msgspec.Struct, frozen=True, kw_only=True):
    """Messages that wait, oldest first (``total``: how many wait; ``next_cursor``: see lists)."""

    items: list[WaitingMessage]
    next_cursor: str | None
    total: int
