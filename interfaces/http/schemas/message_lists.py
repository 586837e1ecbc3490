"""Pages of messages, of what became of them, and of dead letters."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.orchestration.task_specification import Priority
from aia_mas.interfaces.http.schemas.values import AgentId, Moment, Text, moment
from aia_mas.projections.communication.delivery_view import Delivery
from aia_mas.projections.communication.message_filters import DeadLetterFilter
from aia_mas.projections.communication.message_view import DeadLetter, Message, ReceivedMessage

MAX_REDRIVE = 1_000
"""Most dead letters of one order."""

MessageSort = Literal["sent_at", "-sent_at"]
ReceivedSort = Literal["queued_at", "-queued_at"]
DeadLetterSort = Literal["died_at", "-died_at"]


class MessagePage(msgspec.Struct, frozen=True, kw_only=True):
    """Messages (``next_cursor``: for the next page, if there is one; ``total``: when asked for)."""

    items: list[Message]
    next_cursor: str | None
    total: int | UnsetType = UNSET


class ReceivedPage(msgspec.Struct, frozen=True, kw_only=True):
    """What one recipient was sent (``next_cursor``, ``total``: see lists)."""

    items: list[ReceivedMessage]
    next_cursor: str | None
    total: int | UnsetType = UNSET


class DeliveryPage(msgspec.Struct, frozen=True, kw_only=True):
    """How a message stands at its recipients, by their ids (``next_cursor``: see lists)."""

    items: list[Delivery]
    next_cursor: str | None


class DeadLetterPage(msgspec.Struct, frozen=True, kw_only=True):
    """Dead letters (``next_cursor``, ``total``: see lists)."""

    items: list[DeadLetter]
    next_cursor: str | None
    total: int | UnsetType = UNSET


class OneRedrive(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For whom a dead letter is queued again (``agent_id``: left out, all for whom it is dead)."""

    agent_id: AgentId | None = None


class DeadLetterCriteria(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The filters of the list of dead letters; what is left out does not restrict.

    What is given does: an empty list or null, which a program may send by mistake, is not "all".
    """

    recipient: str | UnsetType = UNSET
    from_agent: str | UnsetType = UNSET
    message_type: str | UnsetType = UNSET
    priority: tuple[Priority, ...] | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    since: Moment | UnsetType = UNSET
    until: Moment | UnsetType = UNSET

    def filters(self) -> DeadLetterFilter:
        """Return it as the read model has it.

        Raises:
            InvalidValue: A list is empty, or a time is out of range; ``others`` has all others.
        """
        mistakes = Mistakes()
        given = {
            name: value
            for name in self.__struct_fields__
            if (value := getattr(self, name)) is not UNSET
        }
        if given.get("priority") == ():
            empty = "priority has one entry or more"
            mistakes.add(InvalidValue(empty, field="filter.priority"))
        for name in ("since", "until"):
            if name in given:
                given[name] = mistakes.check(moment, given[name], f"filter.{name}")
        mistakes.refuse()
        return DeadLetterFilter(**given)


class DeadLetterRedrive(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which dead letters are queued again; left out: all.

    Attributes:
        filter: Like the filters of the list.
        limit: So many at most, 1..1,000; those that died first.
        dry_run: Only tell which ones they are.
        reason: Why, for the record.
    """

    filter: DeadLetterCriteria = DeadLetterCriteria()
    limit: Annotated[
        int, msgspec.Meta(extra_json_schema={"minimum": 1, "maximum": MAX_REDRIVE})
    ] = MAX_REDRIVE
    dry_run: bool = False
    reason: Text = ""


class RedriveItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one dead letter.

    Attributes:
        message_id: The message.
        agent_id: For whom it was dead.
        status: ``redriven``, or ``refused``; in a dry run what it would be.
        code: Why it was refused.
    """

    message_id: str
    agent_id: str
    status: Literal["redriven", "refused"]
    code: str | None = None


class RedriveResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an order to queue dead letters again.

    Attributes:
        bulk_id: Its id; the order itself stands in the audit stream ``bulk/<bulk_id>``. None: it
            was a dry run.
        items: The letters, each with what became of it.
        redriven: How many were queued again.
        refused: How many were not.
        more: There are others beyond the limit; order again.
    """

    bulk_id: str | None
    items: list[RedriveItem]
    redriven: int
    refused: int
    more: bool
