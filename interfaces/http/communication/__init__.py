"""Messages over HTTP."""

from __future__ import annotations

from litestar.types import ControllerRouterHandler

from aia_mas.interfaces.http.communication.acknowledging import MessageSettling
from aia_mas.interfaces.http.communication.dead_letters import DeadLetters, MessageRedrives
from aia_mas.interfaces.http.communication.inbox import Inboxes
from aia_mas.interfaces.http.communication.message_queries import MessageQueries, ReceivedMessages
from aia_mas.interfaces.http.communication.metrics import CommunicationFigures
from aia_mas.interfaces.http.communication.routes import Routes
from aia_mas.interfaces.http.communication.rules import RoutingRules
from aia_mas.interfaces.http.communication.sending import Broadcasting, MessageSending
from aia_mas.interfaces.http.communication.subscriptions import Topics, TopicSubscriptions

__all__ = ["COMMUNICATION_CONTROLLERS"]


class Messages(MessageSending, MessageSettling, MessageRedrives, MessageQueries):
    """All about messages: Litestar takes the handlers of one path from one controller only."""


class Recipients(Inboxes, TopicSubscriptions, ReceivedMessages):
    """All about one recipient."""


COMMUNICATION_CONTROLLERS: tuple[ControllerRouterHandler, ...] = (
    Messages,
    Recipients,
    Broadcasting,
    Topics,
    RoutingRules,
    Routes,
    DeadLetters,
    CommunicationFigures,
)
"""All of messages that is served over HTTP."""
