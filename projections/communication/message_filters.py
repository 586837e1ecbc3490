"""Which messages, letters and dead letters are listed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.orchestration.task_specification import Priority
from aia_mas.projections.communication.message_sql import (
    HAS_EXPIRED,
    LAST,
    LETTERS,
    STANDING,
    STANDS,
)
from aia_mas.projections.communication.standing import MessageStatus
from aia_mas.projections.listing import Conditions, check_texts


class MessageFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which messages are listed; empty fields do not restrict.

    Attributes:
        from_agent: Sent by this one.
        recipient: To this one: by name, or as a member of a group once anything is known of its
            delivery.
        message_type: Of this type.
        priority: Of these classes.
        topic: Going to this topic.
        correlation_id: Tied together by this.
        status: Standing so at some recipient, as far as anything is known of them; the summary in
            the list may tell of another one.
        since: Sent at this time or later.
        until: Sent before this time.
    """

    from_agent: str | None = None
    recipient: str | None = None
    message_type: str | None = None
    priority: tuple[str, ...] = ()
    topic: str | None = None
    correlation_id: str | None = None
    status: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


class ReceivedFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which messages of a recipient are listed; empty fields do not restrict.

    Attributes:
        from_agent: Sent by this one.
        message_type: Of this type.
        priority: Of these classes.
        status: Standing so at the recipient.
        since: Sent at this time or later.
        until: Sent before this time.
    """

    from_agent: str | None = None
    message_type: str | None = None
    priority: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


class DeadLetterFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which dead letters are listed; empty fields do not restrict.

    Attributes:
        recipient: For this one.
        from_agent: Sent by this one.
        message_type: Of this type.
        priority: Of these classes.
        reason: Dead for this reason: all of it, or what stands before the colon (``refused``).
        since: Dead since this time or later.
        until: Dead before this time.
    """

    recipient: str | None = None
    from_agent: str | None = None
    message_type: str | None = None
    priority: tuple[str, ...] = ()
    reason: str | None = None
    since: datetime | None = None
    until: datetime | None = None


AnyFilter = MessageFilter | ReceivedFilter | DeadLetterFilter


def check_filter(filters: AnyFilter) -> None:
    """Refuse a filter that nothing can pass.

    Raises:
        InvalidValue: A status or a priority is none, or a text cannot be stored.
    """
    check_texts(filters)
    _check_words("priority", filters.priority, Priority)
    if not isinstance(filters, DeadLetterFilter):
        check_statuses(filters.status)


def check_statuses(statuses: tuple[str, ...]) -> None:
    """Refuse what is no status.

    Raises:
        InvalidValue: One of them is none.
    """
    _check_words("status", statuses, MessageStatus)


def of_messages(filters: MessageFilter) -> Conditions:
    """Return the conditions of a list of messages (table ``m``).

    Raises:
        InvalidValue: See ``check_filter``.
    """
    conditions = _common(filters)
    _add(
        conditions,
        ("m.topics @> array[%s::text] and m.topics <> '{}'", filters.topic),
        ("m.correlation_id = %s", filters.correlation_id),
        (
            f"m.position in (select d.sent from {LETTERS} d where d.recipient = %s)",  # noqa: S608
            filters.recipient,
        ),
        ("m.sent_at >= %s", filters.since),
        ("m.sent_at < %s", filters.until),
    )
    if filters.status:
        others = [status for status in filters.status if status != MessageStatus.EXPIRED]
        stands = STANDS.format(", ".join(f"'{status}'" for status in others))
        ways = [stands] if others else []
        ways += [HAS_EXPIRED] if len(others) < len(filters.status) else []
        conditions.add(f"({' or '.join(ways)})")
    return conditions


def of_received(recipient: str, filters: ReceivedFilter) -> Conditions:
    """Return the conditions of a list of what somebody received (tables ``m`` and ``d``).

    Raises:
        InvalidValue: See ``check_filter``.
    """
    conditions = _common(filters)
    conditions.add("d.recipient = %s", recipient)
    conditions.add(LAST)
    if filters.status:
        conditions.add_choice(STANDING, filters.status)
    _add(conditions, ("m.sent_at >= %s", filters.since), ("m.sent_at < %s", filters.until))
    return conditions


def of_dead_letters(filters: DeadLetterFilter) -> Conditions:
    """Return the conditions of a list of dead letters (tables ``m`` and ``d``).

    Raises:
        InvalidValue: See ``check_filter``.
    """
    conditions = _common(filters)
    conditions.add(f"d.state = 'dead' and {STANDING} = 'dead'")
    conditions.add(LAST)
    _add(
        conditions,
        ("d.recipient = %s", filters.recipient),
        ("d.ended_at >= %s", filters.since),
        ("d.ended_at < %s", filters.until),
    )
    if filters.reason is not None:
        conditions.add(
            "(d.reason = %s or starts_with(d.reason, %s))", filters.reason, f"{filters.reason}:"
        )
    return conditions


def _common(filters: AnyFilter) -> Conditions:
    check_filter(filters)
    conditions = Conditions()
    _add(
        conditions,
        ("m.from_agent = %s", filters.from_agent),
        ("m.message_type = %s", filters.message_type),
    )
    if filters.priority:
        conditions.add_choice("m.priority", filters.priority)
    return conditions


# Any: texts and times.
def _add(conditions: Conditions, *wanted: tuple[str, Any]) -> None:
    for condition, value in wanted:
        if value is not None:
            conditions.add(condition, value)


def _check_words(field: str, words: Iterable[str], known: type[StrEnum]) -> None:
    names = [word.value for word in known]
    if not set(words) <= set(names):
        raise InvalidValue(f"{field} is one of {', '.join(names)}", field=field)
