"""Which facts of a topic a subscription gets, decided by what stands in the event alone."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import msgspec

from aia_mas.domain.kernel.ids import stream_of
from aia_mas.interfaces.realtime.facts import Fact, FactTopic

MAX_VALUES = 256
"""Most values in one member of a filter."""

_FEW = 16
"""Streams that are read one by one; with more, reading the whole log costs less."""

_Id = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._:-]{1,128}\Z")]
_Ids = Annotated[frozenset[_Id], msgspec.Meta(min_length=1, max_length=MAX_VALUES)] | None
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
_Names = Annotated[frozenset[_Name], msgspec.Meta(min_length=1, max_length=MAX_VALUES)] | None


class Filter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a client asks for: all members must match, each by any of its values.

    A member that an event does not carry does not match: ``task_types`` selects submissions, whose
    later events are had by ``task_ids``.

    Attributes:
        task_ids: Events of these tasks.
        agent_ids: Events in which one of these agents stands.
        task_types: Events that carry one of these types.
        statuses: Events that lead to one of these statuses.
        events: These events, for example ``task.completed``.
        proposal_ids: Events of these proposals, votes included.
    """

    task_ids: _Ids = None
    agent_ids: _Ids = None
    task_types: _Names = None
    statuses: _Names = None
    events: _Names = None
    proposal_ids: _Ids = None


class InvalidFilter(Exception):
    """The filter names a status or an event that the topic does not have."""


class Selection(NamedTuple):
    """A checked filter; equal ones are served together."""

    task_ids: frozenset[str] | None = None
    agent_ids: frozenset[str] | None = None
    task_types: frozenset[str] | None = None
    statuses: frozenset[str] | None = None
    events: frozenset[str] | None = None
    proposal_ids: frozenset[str] | None = None

    def takes(self, fact: Fact) -> bool:
        """Tell whether a fact is selected."""
        if self.events is not None and fact.event not in self.events:
            return False
        if self == EVERYTHING:
            return True
        keys = fact.keys
        return (
            (self.task_ids is None or keys.task_id in self.task_ids)
            and (self.agent_ids is None or keys.agent_id in self.agent_ids)
            and (self.task_types is None or keys.task_type in self.task_types)
            and (self.statuses is None or keys.status in self.statuses)
            and (self.proposal_ids is None or keys.proposal_id in self.proposal_ids)
        )

    def streams(self, category: str) -> tuple[str, ...]:
        """Return the streams in which all of it stands, when these are few; else nothing."""
        ids = {"task": self.task_ids, "agent": self.agent_ids}.get(category)
        if ids is None or len(ids) > _FEW:
            return ()
        return tuple(stream_of(category, entity_id) for entity_id in sorted(ids))


EVERYTHING = Selection()
"""Selects every fact of a topic."""


def selection_of(wanted: Filter | None, topic: FactTopic) -> Selection:
    """Check a filter against the topic that it is for.

    Raises:
        InvalidFilter: It names what the topic does not have, so it would never match.
    """
    if wanted is None:
        return EVERYTHING
    for field, known in (("statuses", topic.statuses), ("events", topic.events)):
        unknown = (getattr(wanted, field) or frozenset()) - known
        if unknown:
            raise InvalidFilter(
                f"{topic.name} has no {field} {', '.join(sorted(unknown))}; "
                f"there are {', '.join(sorted(known))}"
            )
    return Selection(
        task_ids=wanted.task_ids,
        agent_ids=wanted.agent_ids,
        task_types=wanted.task_types,
        statuses=wanted.statuses,
        events=wanted.events,
        proposal_ids=wanted.proposal_ids,
    )
