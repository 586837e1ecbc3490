"""Finds out where a message goes, and says why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from zlib import crc32

from aia_mas.domain.communication.destination import Destination
from aia_mas.domain.communication.mailroom.directory import Recipient
from aia_mas.domain.communication.mailroom.mailroom import Mailroom
from aia_mas.domain.communication.rules import followed
from aia_mas.domain.communication.sending import Route, SendMessage
from aia_mas.domain.communication.terms import MessageTerms, ToUnknown, WhenFull

Load = Callable[[str], int]
"""How many tasks an agent has, those on their way included."""

_MOST_COMPARED = 256
"""Most agents of a group among which the least loaded is looked for."""
_SLACK = 16
_ROOM_AFTER = 5
"""Seconds after which it may be worth another try where somebody has too much waiting."""


def bound_of(recipient: Recipient | None, terms: MessageTerms) -> int:
    """Return how many messages may wait for somebody."""
    if recipient is None or not recipient.registered:
        return terms.held
    return terms.queue_size if recipient.online else terms.retention


def most_of(recipient: Recipient | None, terms: MessageTerms) -> int:
    """Return how many may wait before some have to make room.

    Where mail is refused at the bound, it is not dropped for the few by which several nodes may
    exceed it together: there is some room for them, and for what comes to groups.
    """
    bound = bound_of(recipient, terms)
    if terms.when_full is WhenFull.DROP_LOWEST:
        return bound
    return bound + max(bound // 10, _SLACK)


def route(
    room: Mailroom,
    message: SendMessage,
    terms: MessageTerms,
    *,
    load: Load,
    coming: Mapping[str, int],
    held_coming: int = 0,
) -> Route:
    """Return where a message goes.

    Args:
        room: What is known.
        message: The message.
        terms: The bounds.
        load: Tells how much agents have to do.
        coming: How many messages to each recipient are on their way into the log.
        held_coming: How many of them are for ids that are not registered.
    """
    rules = followed(
        room.in_order,
        message.to,
        message_type=message.message_type,
        from_agent=message.from_agent,
        headers=message.headers,
        priority=message.priority,
    )
    why = list(rules.why)
    first, *others = rules.destinations
    named, anybody = _named(room, message, first, load, coming, why)
    recipients, copies = list(named), list[str]()
    for to in others:
        copies += _named(room, message, to, load, coming, why)[0]
    # A copy that reaches nobody, or somebody who has too much waiting, does not keep the message
    # from those whom it was sent to: at the copy's recipient the lowest makes room, as in groups.
    unknown, full, waiting = _refused(
        room, tuple(dict.fromkeys(recipients)), terms, coming, held_coming
    )
    recipients += _copied(room, copies, terms, why)
    return Route(
        destinations=rules.destinations,
        recipients=tuple(dict.fromkeys(recipients)),
        priority=rules.priority,
        why=tuple(why),
        empty=None if anybody else first,
        unknown=unknown,
        full=full,
        waiting=waiting,
        retry_after=_ROOM_AFTER,
    )


def _named(
    room: Mailroom,
    message: SendMessage,
    to: Destination,
    load: Load,
    coming: Mapping[str, int],
    why: list[str],
) -> tuple[Sequence[str], bool]:
    """Return who gets it by name, and whether there is anybody to get it, or need not be."""
    if to.agents:
        return to.agents, True
    if to.any_one:
        chosen = _least_loaded(room, message, to, load, coming, why)
        return ((), False) if chosen is None else ((chosen,), True)
    there = room.directory.audience(to, message.from_agent).bit_count()
    why.append(f"{to.told()}: {there} now")
    return (), bool(there) or to.topic is not None or to.broadcast


def _least_loaded(
    room: Mailroom,
    message: SendMessage,
    to: Destination,
    load: Load,
    coming: Mapping[str, int],
    why: list[str],
) -> str | None:
    """Choose one of those with a capability: who is there, and has the least to do."""
    best, chosen, candidates = None, None, 0
    recipients = room.directory.recipients
    members = room.directory.members(to.capability or "")
    if len(members) > _MOST_COMPARED:
        # Among so many, one that is chosen from a sample is hardly ever busier than the best.
        first = crc32(message.message_id.encode())
        step = len(members) // _MOST_COMPARED
        members = tuple(
            members[(first + number * step) % len(members)] for number in range(_MOST_COMPARED)
        )
    for number in members:
        recipient = recipients[number]
        if recipient.name == message.from_agent:
            continue
        candidates += 1
        busy = load(recipient.name) / recipient.places
        waiting = room.waiting(recipient.name) + coming.get(recipient.name, 0)
        there = recipient.online and recipient.active
        # Among equals the message's id decides, so that they take turns and it can be recomputed.
        turn = crc32(f"{message.message_id}/{recipient.name}".encode())
        rank = (not there, busy, waiting, turn)
        if best is None or rank < best:
            best, chosen = rank, recipient.name
    if best is not None:
        there, busy, waiting, _ = not best[0], *best[1:]
        why.append(
            f"{to.told()}: {chosen} is the least loaded of {candidates} "
            f"({busy:.0%} busy, {waiting} waiting{'' if there else ', away like all others'})"
        )
    return chosen


def _copied(
    room: Mailroom, copies: list[str], terms: MessageTerms, why: list[str]
) -> Iterator[str]:
    """Yield who gets a copy; where mail to unknown ids is not held, those do not."""
    for name in copies:
        if terms.to_unknown is ToUnknown.REFUSE and not _is_registered(room.directory.get(name)):
            why.append(f"{name} is not registered: it gets no copy")
        else:
            yield name


def _is_registered(recipient: Recipient | None) -> bool:
    return recipient is not None and recipient.registered


def _refused(
    room: Mailroom,
    named: tuple[str, ...],
    terms: MessageTerms,
    coming: Mapping[str, int],
    held_coming: int,
) -> tuple[str | None, str | None, int]:
    """Return a recipient that is unknown, one that is full, and how much waits for that one."""
    held = 0
    for name in named:
        recipient = room.directory.get(name)
        if not _is_registered(recipient):
            if terms.to_unknown is ToUnknown.REFUSE:
                return name, None, 0
            held += 1
            if room.held + held_coming + held > terms.held_in_all:
                return None, name, room.held
        if terms.when_full is WhenFull.REFUSE:
            waiting = room.waiting(name) + coming.get(name, 0)
            if waiting >= bound_of(recipient, terms):
                return None, name, waiting
    return None, None, 0
