"""What a recipient subscribed to, and how it gets it: the streams ``mailbox/<agent_id>``."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import msgspec
from msgspec.structs import replace

from aia_mas.domain.communication.errors import TooManySubscriptions
from aia_mas.domain.communication.topics import check_pattern
from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, accept, refuse
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.event import Event, State
from aia_mas.domain.kernel.ids import check_id, stream_of
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.orchestration.agent import AgentState, AgentStatus

CATEGORY = "mailbox"
"""The kind of these streams."""
MOST_PATTERNS = 256
"""Most patterns that one recipient subscribes to."""


class TopicsSubscribed(Event, frozen=True, kw_only=True):
    """Messages to these topics go to the recipient, too (``patterns``; ``at``: since when, UTC)."""

    topic: ClassVar[str] = "mailbox.subscribed.v1"
    patterns: tuple[str, ...]
    at: datetime


class TopicsUnsubscribed(Event, frozen=True, kw_only=True):
    """They do not any more (``patterns``; ``at``: since when, UTC)."""

    topic: ClassVar[str] = "mailbox.unsubscribed.v1"
    patterns: tuple[str, ...]
    at: datetime


class MailboxForwarded(Event, frozen=True, kw_only=True):
    """Messages are sent to the agent's endpoint, too, or not any more.

    Attributes:
        webhook: Whether they are.
        at: Since when, UTC.
    """

    topic: ClassVar[str] = "mailbox.forwarded.v1"
    webhook: bool
    at: datetime


EVENTS: tuple[type[Event], ...] = (TopicsSubscribed, TopicsUnsubscribed, MailboxForwarded)
"""Every event of such a stream, for the topic registry."""


class MailboxState(State, frozen=True, kw_only=True):
    """How a recipient gets its messages.

    Attributes:
        patterns: What it subscribed to, in the order of their coming.
        webhook: Whether they are sent to its endpoint.
    """

    patterns: tuple[str, ...] = ()
    webhook: bool = False


class Subscribe(msgspec.Struct, frozen=True, kw_only=True):
    """Have messages to some topics go to a recipient, too.

    Attributes:
        agent_id: The recipient; it need not be registered.
        patterns: Topics or patterns; what it has already changes nothing.
    """

    agent_id: str
    patterns: tuple[str, ...]


class Unsubscribe(msgspec.Struct, frozen=True, kw_only=True):
    """Take subscriptions back (``patterns``; those that there are not change nothing)."""

    agent_id: str
    patterns: tuple[str, ...]


class SetSubscriptions(msgspec.Struct, frozen=True, kw_only=True):
    """Have exactly these subscriptions (``patterns``)."""

    agent_id: str
    patterns: tuple[str, ...]


class ForwardMailbox(msgspec.Struct, frozen=True, kw_only=True):
    """Have messages sent to the agent's endpoint, or not any more (``webhook``: whether)."""

    agent_id: str
    webhook: bool


class CloseMailbox(msgspec.Struct, frozen=True, kw_only=True):
    """Take back all that a recipient told of its mail, unless it is an agent (``agent_id``)."""

    agent_id: str


def mailbox_stream(agent_id: str) -> str:
    """Return the stream of a recipient's subscriptions."""
    return stream_of(CATEGORY, agent_id)


def evolve(state: MailboxState | None, event: Event) -> MailboxState:
    """Fold one event of the stream into the state."""
    known = state or MailboxState()
    if isinstance(event, TopicsSubscribed):
        return replace(known, patterns=tuple(dict.fromkeys(known.patterns + event.patterns)))
    if isinstance(event, MailboxForwarded):
        return replace(known, webhook=event.webhook)
    assert isinstance(event, TopicsUnsubscribed)
    gone = set(event.patterns)
    return replace(known, patterns=tuple(each for each in known.patterns if each not in gone))


def subscribe(state: MailboxState | None, command: Subscribe, ctx: Context) -> Decision:
    """Add what is not there yet.

    Raises:
        InvalidTopic: A pattern is none (or ``IllegalWildcard``).
        TooManySubscriptions: There would be more than there may be.
    """
    known = () if state is None else state.patterns
    return _changed(command.agent_id, known, (*known, *command.patterns), ctx)


def unsubscribe(state: MailboxState | None, command: Unsubscribe, ctx: Context) -> Decision:
    """Take away what is there."""
    known = () if state is None else state.patterns
    gone = set(command.patterns)
    return _changed(command.agent_id, known, tuple(each for each in known if each not in gone), ctx)


def set_subscriptions(
    state: MailboxState | None, command: SetSubscriptions, ctx: Context
) -> Decision:
    """Add and take away until exactly these are there; it raises as ``subscribe`` does."""
    known = () if state is None else state.patterns
    return _changed(command.agent_id, known, command.patterns, ctx)


def forward_mailbox(state: MailboxState | None, command: ForwardMailbox, ctx: Context) -> Decision:
    """Have messages sent to the endpoint that the agent has, or will have."""
    stream = mailbox_stream(command.agent_id)
    try:
        check_id(command.agent_id, "agent_id")
    except InvalidValue as error:
        return refuse(error)
    if command.webhook == (state is not None and state.webhook):
        return accept(stream)
    return accept(stream, MailboxForwarded(webhook=command.webhook, at=ctx.now))


def close_mailbox(
    state: MailboxState | None, agent: AgentState | None, command: CloseMailbox, ctx: Context
) -> Decision:
    """Have no subscriptions any more, nor an endpoint; an agent's mailbox stays as it is."""
    events: list[Event] = []
    if state is not None and (agent is None or agent.status is AgentStatus.UNREGISTERED):
        if state.patterns:
            events.append(TopicsUnsubscribed(patterns=state.patterns, at=ctx.now))
        if state.webhook:
            events.append(MailboxForwarded(webhook=False, at=ctx.now))
    return accept(mailbox_stream(command.agent_id), *events)


def _changed(
    agent_id: str, known: tuple[str, ...], wanted: tuple[str, ...], ctx: Context
) -> Decision:
    mistakes = Mistakes()
    mistakes.check(check_id, agent_id, "agent_id")
    have, want = dict.fromkeys(known), dict.fromkeys(wanted)
    new = tuple(each for each in want if each not in have)
    for number, pattern in enumerate(new):
        mistakes.check(check_pattern, pattern, f"patterns.{number}")
    try:
        mistakes.refuse()
    except InvalidValue as error:
        return refuse(error)
    if len(want) > MOST_PATTERNS and new:
        return refuse(
            TooManySubscriptions(
                f"a recipient has at most {MOST_PATTERNS} subscriptions", most=MOST_PATTERNS
            )
        )
    gone = tuple(each for each in have if each not in want)
    events: list[Event] = []
    if gone:
        events.append(TopicsUnsubscribed(patterns=gone, at=ctx.now))
    if new:
        events.append(TopicsSubscribed(patterns=new, at=ctx.now))
    return accept(mailbox_stream(agent_id), *events)
