"""What is said over a socket about messages, each as the request that says the same over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from aia_mas.domain.communication.errors import InboxNotAllowed
from aia_mas.domain.communication.mailbox import MOST_PATTERNS, Subscribe, Unsubscribe
from aia_mas.domain.kernel.ids import check_made_id
from aia_mas.interfaces.http.schemas.message_delivery import InboxAcknowledgement, Refusal
from aia_mas.interfaces.http.schemas.messages import MessageToSend
from aia_mas.interfaces.http.schemas.values import AgentId

_Patterns = Annotated[
    tuple[str, ...],
    msgspec.Meta(extra_json_schema={"maxItems": MOST_PATTERNS}),
]


class Send(MessageToSend, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Send a message, from whom the socket is, unless it says otherwise."""


class Acknowledge(InboxAcknowledgement, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say that messages have arrived (``message_ids``: 1 to 1,000): they do not come again."""


class GiveBack(Refusal, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Give a message back: it comes again later, until its attempts are used up.

    Attributes:
        message_id: Which.
    """

    agent_id: AgentId = ""
    message_id: str

    def check_whole(self, name: str) -> None:
        """Refuse what is said for another mailbox (``name``: of the socket), or out of bounds.

        Raises:
            InboxNotAllowed: It is for another one.
            InvalidId: The message's id is none.
            InvalidValue: See ``Refusal.check``.
        """
        if self.agent_id not in ("", name):
            raise InboxNotAllowed("This socket serves another mailbox")
        check_made_id(self.message_id, "message_id")
        self.check()


class SubscribeTopics(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Have messages to topics come, too; that outlasts the connection.

    Attributes:
        patterns: Topics, or patterns of them: ``tasks.*``, ``tasks.>``.
    """

    patterns: _Patterns

    def command(self, name: str) -> Subscribe:
        """Return the command (``name``: of whom the socket is)."""
        return Subscribe(agent_id=name, patterns=self.patterns)


class UnsubscribeTopics(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Have them come no more.

    Attributes:
        patterns: As they were subscribed to.
    """

    patterns: _Patterns

    def command(self, name: str) -> Unsubscribe:
        """Return the command (``name``: of whom the socket is)."""
        return Unsubscribe(agent_id=name, patterns=self.patterns)


MAIL_ACTS: Mapping[str, tuple[str, type[Any]]] = {
    "send": ("send_message", Send),
    "ack": ("acknowledge_messages", Acknowledge),
    "nack": ("refuse_message", GiveBack),
    "subscribe_topics": ("add_subscriptions", SubscribeTopics),
    "unsubscribe_topics": ("remove_subscriptions", UnsubscribeTopics),
}
"""Type of message -> the operation on the list of permissions that does the same, and its data."""
