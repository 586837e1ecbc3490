"""What each event changes in the mailroom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from math import inf
from typing import Any

from aia_mas.domain.communication.delivery_events import (
    CONNECTED,
    DISCONNECTED,
    Acknowledged,
    DeliveriesAcknowledged,
    DeliveriesDropped,
    DeliveriesFailed,
    DeliveriesNoted,
    DeliveriesReturned,
    Dropped,
    Failed,
    Noted,
    Returned,
)
from aia_mas.domain.communication.mailbox import (
    MailboxForwarded,
    TopicsSubscribed,
    TopicsUnsubscribed,
)
from aia_mas.domain.communication.mailroom.directory import Recipient
from aia_mas.domain.communication.mailroom.letter import Letter
from aia_mas.domain.communication.mailroom.mailroom import Mailroom
from aia_mas.domain.communication.message_events import (
    Died,
    MessageDied,
    MessageDropped,
    MessageExpired,
    MessageRedriven,
    MessageSent,
)
from aia_mas.domain.communication.rules import RuleRemoved, RuleSet
from aia_mas.domain.kernel.event import Event
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.kernel.steps import Steps, at_once, chunks
from aia_mas.domain.orchestration.agent_events import (
    AgentActivated,
    AgentCameOnline,
    AgentDrained,
    AgentRegistered,
    AgentSuspended,
    AgentUnregistered,
    AgentUpdated,
    AgentWentOffline,
)

_AT_ONCE = 100
"""Items of a batch that are folded in one step."""


def fold(mailroom: Mailroom, position: int, stream: str, event: Event) -> bool:
    """Fold one event; tells whether it concerned the mailroom."""
    steps = begin(mailroom, position, stream, event)
    if steps is not None:
        at_once(steps)
    return mailroom.position == position


def begin(mailroom: Mailroom, position: int, stream: str, event: Event) -> Steps[None] | None:
    """Fold one event, or return what folds it, if it is a long batch; None: it is folded."""
    batch = _BATCHES.get(type(event))
    if batch is not None:
        mailroom.position = position
        steps = _in_steps(mailroom, batch, entity_of(stream), event)
        if len(event.items) > _AT_ONCE:  # type: ignore[attr-defined]
            return steps
        at_once(steps)
    elif (change := _FOLDS.get(type(event))) is not None:
        mailroom.position = position
        change(mailroom, entity_of(stream), event, position)
        mailroom.inboxes.clear()
    return None


def _in_steps(
    room: Mailroom, change: Callable[[Mailroom, str, Any, Any], None], name: str, event: Any
) -> Steps[None]:
    for items in chunks(event.items, _AT_ONCE):
        change(room, name, event, items)
        yield
    room.inboxes.clear()


def _sent(room: Mailroom, message_id: str, event: MessageSent, position: int) -> None:
    sent_at = event.sent_at.timestamp()
    after = sent_at if event.deliver_after is None else event.deliver_after.timestamp()
    letter = Letter(
        position,
        message_id,
        position,
        event.from_agent,
        event.message_type,
        event.priority.rank,
        sent_at,
        max(sent_at, after),
        event.ack_seconds,
        event.max_attempts,
        0,
        event.size,
        _seconds(event.expires_at),
    )
    figures = room.figures[letter.rank]
    figures.sent += 1
    figures.bytes += event.size
    directory = room.directory
    group = 0
    for to in event.destinations:
        if to.is_group:
            group |= directory.audience(to, event.from_agent)
    room.put(letter, map(directory.number, event.recipients), group)
    room.on_sent(letter, event)


def _redriven(room: Mailroom, message_id: str, event: MessageRedriven, position: int) -> None:
    at = event.at.timestamp()
    letter = Letter(
        position,
        message_id,
        event.sent,
        event.from_agent,
        event.message_type,
        event.priority.rank,
        event.sent_at.timestamp(),
        at,
        event.ack_seconds,
        event.max_attempts,
        0,
        event.size,
        _seconds(event.expires_at),
    )
    room.put(letter, map(room.directory.number, event.recipients))


def _expired(room: Mailroom, message_id: str, event: MessageExpired, position: int) -> None:
    now = event.at.timestamp()
    for letter in room.letters_of(message_id):
        if letter.is_over(now):
            room.figures[letter.rank].expired += room.expire(letter, position)


def _dropped(room: Mailroom, _message_id: str, event: MessageDropped, _position: int) -> None:
    number = room.directory.find(event.recipient)
    letter = None if number is None else room.take_out(event.position, number, "dropped")
    if letter is not None:
        room.figures[letter.rank].dropped += 1


# Nobody becomes known by what was once delivered to them: it is over if they are forgotten.


def _died(room: Mailroom, _message_id: str, event: MessageDied, items: Sequence[Died]) -> None:
    find = room.directory.find
    for item in items:
        number = find(item.recipient)
        letter = None if number is None else room.take_out(event.position, number, "dead")
        if letter is not None:
            room.figures[letter.rank].dead += 1


def _noted(room: Mailroom, writer: str, _event: DeliveriesNoted, items: Sequence[Noted]) -> None:
    find = room.directory.find
    for item in items:
        number = find(item.recipient)
        if number is not None:
            room.deliver(item.position, number, item.attempt, item.deadline.timestamp())
            if item.transport in CONNECTED:
                room.on_connection(number, writer, True)


def _acknowledged(
    room: Mailroom, writer: str, event: DeliveriesAcknowledged, items: Sequence[Acknowledged]
) -> None:
    find, at = room.directory.find, event.at.timestamp()
    for item in items:
        number = find(item.recipient)
        if number is None or (letter := room.acknowledge(item.position, number)) is None:
            continue
        if item.transport in CONNECTED:
            room.on_connection(number, writer, True)
        delivered = None
        if item.delivered_at is not None:
            delivered = max(item.delivered_at.timestamp() - letter.available, 0.0)
        room.figures[letter.rank].acknowledge(delivered, max(at - letter.available, 0.0))


def _failed(room: Mailroom, writer: str, _event: DeliveriesFailed, items: Sequence[Failed]) -> None:
    find = room.directory.find
    for item in items:
        number = find(item.recipient)
        if number is not None:
            retry_at = inf if item.retry_at is None else item.retry_at.timestamp()
            room.fail(item.position, number, item.attempt, retry_at, item.reason)
            if item.reason == DISCONNECTED:
                room.on_connection(number, writer, False)


def _returned(
    room: Mailroom, writer: str, _event: DeliveriesReturned, items: Sequence[Returned]
) -> None:
    find = room.directory.find
    for item in items:
        number = find(item.recipient)
        if number is not None:
            room.give_back(item.position, number, item.attempt)
            room.on_connection(number, writer, False)


def _made_room(
    room: Mailroom, _writer: str, _event: DeliveriesDropped, items: Sequence[Dropped]
) -> None:
    find = room.directory.find
    for item in items:
        number = find(item.recipient)
        known = None if number is None else room.delivery(item.position, number)
        if number is None or (known is not None and known.spent):
            continue  # it is dead, that is only not yet written
        letter = room.take_out(item.position, number, "dropped")
        if letter is not None:
            room.figures[letter.rank].dropped += 1


def _subscribed(room: Mailroom, name: str, event: TopicsSubscribed, position: int) -> None:
    room.directory.subscribe(name, event.patterns, position)


def _unsubscribed(room: Mailroom, name: str, event: TopicsUnsubscribed, _position: int) -> None:
    number = room.directory.find(name)
    if number is not None:
        room.directory.unsubscribe(number, event.patterns)
        room.inboxes.forget(number)


def _forwarded(room: Mailroom, name: str, event: MailboxForwarded, position: int) -> None:
    room.directory.forward(name, position, webhook=event.webhook)
    room.inboxes.forget(room.directory.number(name))


def _rule_set(room: Mailroom, _name: str, event: RuleSet, _position: int) -> None:
    room.set_rules({**room.rules, event.rule.rule_id: event.rule})


def _rule_removed(room: Mailroom, _name: str, event: RuleRemoved, _position: int) -> None:
    room.set_rules({name: rule for name, rule in room.rules.items() if name != event.rule_id})


def _registered(room: Mailroom, name: str, event: AgentRegistered, _position: int) -> None:
    number = room.directory.number(name)
    if not room.directory.recipients[number].registered:
        room.declare(number)
    recipient = room.directory.declare(name, event.capabilities)
    recipient.online = recipient.active = True
    recipient.backlog = room.waiting(name)


def _updated(room: Mailroom, name: str, event: AgentUpdated, _position: int) -> None:
    if _agent(room, name) is not None:
        room.directory.declare(name, event.capabilities)


def _unregistered(room: Mailroom, name: str, _event: AgentUnregistered, _position: int) -> None:
    if _agent(room, name) is not None:
        room.leave(room.directory.number(name))


def _online(room: Mailroom, name: str, _event: Event, _position: int) -> None:
    if (recipient := _agent(room, name)) is not None:
        recipient.online = True
        recipient.backlog = room.waiting(name)


def _offline(room: Mailroom, name: str, _event: Event, _position: int) -> None:
    if (recipient := _agent(room, name)) is not None:
        recipient.online = False


def _active(room: Mailroom, name: str, _event: Event, _position: int) -> None:
    if (recipient := _agent(room, name)) is not None:
        recipient.active = True


def _inactive(room: Mailroom, name: str, _event: Event, _position: int) -> None:
    if (recipient := _agent(room, name)) is not None:
        recipient.active = False


def _agent(room: Mailroom, name: str) -> Recipient | None:
    """Return who is registered under a name, if somebody is."""
    recipient = room.directory.get(name)
    return recipient if recipient is not None and recipient.registered else None


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


# Any: each fold takes its own event type.
_BATCHES: dict[type[Event], Callable[[Mailroom, str, Any, Any], None]] = {
    DeliveriesNoted: _noted,
    DeliveriesAcknowledged: _acknowledged,
    DeliveriesFailed: _failed,
    DeliveriesReturned: _returned,
    DeliveriesDropped: _made_room,
    MessageDied: _died,
}
_FOLDS: dict[type[Event], Callable[[Mailroom, str, Any, int], None]] = {
    MessageSent: _sent,
    MessageRedriven: _redriven,
    MessageExpired: _expired,
    MessageDropped: _dropped,
    TopicsSubscribed: _subscribed,
    TopicsUnsubscribed: _unsubscribed,
    MailboxForwarded: _forwarded,
    RuleSet: _rule_set,
    RuleRemoved: _rule_removed,
    AgentRegistered: _registered,
    AgentUpdated: _updated,
    AgentUnregistered: _unregistered,
    AgentCameOnline: _online,
    AgentWentOffline: _offline,
    AgentActivated: _active,
    AgentDrained: _inactive,
    AgentSuspended: _inactive,
}
