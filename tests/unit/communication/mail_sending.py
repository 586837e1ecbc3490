"""Messages are sent in a world of messages: each is refused just when it must be."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from aia_mas.domain.communication.destination import Destination
from aia_mas.domain.communication.ending import RedriveMessage
from aia_mas.domain.communication.errors import NotDead
from aia_mas.domain.communication.message_events import MessageRedriven, MessageSent
from aia_mas.domain.communication.sending import SendMessage
from aia_mas.domain.kernel.errors import DomainError

from .mail_world import MailWorld


def send(world: MailWorld, node: int, sender: str, to: Destination, **said: Any) -> None:
    """Send a message; it is refused just when it must be."""
    after = said.pop("after", None)
    command = SendMessage(
        message_id=f"m{len(world.sent)}",
        from_agent=sender,
        to=to,
        message_type="note",
        payload=len(world.sent),
        deliver_after=None if after is None else world.now + timedelta(seconds=after),
        **said,
    )
    refusal = _refusal(world, to, sender)
    answer = world.do(node, command)
    if refusal is None:
        assert not isinstance(answer, DomainError), answer
        world.sent[command.message_id] = command
    else:
        assert isinstance(answer, DomainError), answer
        assert answer.code == refusal


def send_again(world: MailWorld, node: int, message_id: str) -> None:
    """Send what was sent before, twice at a time: it changes nothing."""
    command, head = world.sent[message_id], len(world.post.events)
    answers = world.run(world.post.stations[node].do_at_once([command, command]))
    assert [answer["status"] for answer in answers] == ["queued", "queued"]
    assert len(world.post.events) == head


def send_at_once(world: MailWorld, node: int, sender: str, to: str, count: int) -> None:
    """Send several at the same time over one node: no bound is exceeded by that."""
    begin = len(world.sent)
    commands = [
        SendMessage(
            message_id=f"m{begin + number}",
            from_agent=sender,
            to=Destination(agents=(to,)),
            message_type="note",
        )
        for number in range(count)
    ]
    room = world.bound(to) - len(world.person(to).waiting) if world.refuses else count
    if not world.person(to).registered:
        room = min(room, world.terms.held_in_all - world.plain.held)
    answers = world.run(world.post.stations[node].do_at_once(commands))
    world.follow()
    taken = [not isinstance(answer, Exception) for answer in answers]
    assert taken == [number < room for number in range(count)]
    world.sent |= {command.message_id: command for command in commands[: sum(taken)]}


def redrive(world: MailWorld, node: int, position: int, name: str) -> None:
    """Queue a letter again that was dead once: only if it is still."""
    message_id = world.post.events[position - 1].stream.partition("/")[2]
    letters = [
        each.position
        for each in world.post.events
        if each.stream == f"message/{message_id}"
        and (
            isinstance(each.event, MessageSent)
            or (isinstance(each.event, MessageRedriven) and name in each.event.recipients)
        )
    ]
    dead = world.plain.outcomes.get((letters[-1], name)) == "dead"
    command = RedriveMessage(message_id=message_id, recipient=name, sent=letters[0])
    assert isinstance(world.do(node, command), NotDead) is not dead


def _refusal(world: MailWorld, to: Destination, sender: str) -> str | None:
    """Return why nothing can be sent there now."""
    if to.capability is not None or to.role is not None:
        group = [world.person(name) for name in world.plain.group(to, sender)]
        if not group:
            return "empty_group"
        if not to.any_one:
            return None
        # Whoever is there and has the least waiting is chosen.
        away = min(not each.online for each in group)
        least = min(len(each.waiting) for each in group if each.online is not away)
        bound = world.terms.retention if away else world.terms.queue_size
        return "inbox_full" if world.refuses and least >= bound else None
    held = world.plain.held
    for name in to.agents:
        person = world.person(name)
        held += not person.registered
        if not person.registered and held > world.terms.held_in_all:
            return "inbox_full"
        if world.refuses and len(person.waiting) >= world.bound(name):
            return "inbox_full"
    return None
