"""How many proposals somebody has open at once: bounded, so that nobody floods the voters.

A proposer is a stream of its own, ``proposer/<id>``, that each of its proposals writes: so that of
two that are made at once, on whichever nodes, one is decided on what the other one did.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from aia_mas.domain.economy.governance.errors import TooManyProposals
from aia_mas.domain.economy.governance.proposal import ProposalState, ProposalStatus
from aia_mas.domain.economy.governance.proposal_events import proposal_stream
from aia_mas.domain.kernel.event import Event, State
from aia_mas.domain.kernel.ids import stream_of

NOT_DECIDED = frozenset({ProposalStatus.PENDING, ProposalStatus.ACTIVE})
"""Where proposals count as open: voters are asked for something, or are about to be."""


class ProposalOpened(Event, frozen=True, kw_only=True):
    """The proposer has one more proposal open.

    Attributes:
        proposal_id: Which.
        open: All that are, this one last; of those before, the ones that were not decided yet.
        at: When, UTC.
    """

    topic: ClassVar[str] = "proposer.proposal_opened.v1"
    proposal_id: str
    open: tuple[str, ...]
    at: datetime


EVENTS: tuple[type[Event], ...] = (ProposalOpened,)
"""Every event of such a stream, for the topic registry."""


class ProposerState(State, frozen=True, kw_only=True):
    """The proposals that a proposer had open when it made the last one (``open``)."""

    open: tuple[str, ...] = ()


def proposer_stream(proposer: str) -> str:
    """Return the stream of a proposer."""
    return stream_of("proposer", proposer)


def evolve(_state: ProposerState | None, event: Event) -> ProposerState:
    """Fold one event of a proposer."""
    assert isinstance(event, ProposalOpened)
    return ProposerState(open=event.open)


def still_open(states: Mapping[str, Any], proposer: str, most: int) -> tuple[str, ...]:
    """Return which proposals a proposer has open.

    Args:
        states: Its state, and those of all proposals that this one names.
        proposer: Whose.
        most: How many it may have, the next one included.

    Raises:
        TooManyProposals: There is no room for another one.
    """
    known: ProposerState = states[proposer_stream(proposer)] or ProposerState()
    found = []
    for proposal_id in known.open:
        # One that was made just before, in the same go, is not among them, and is open.
        state: ProposalState | None = states.get(proposal_stream(proposal_id))
        if state is None or state.status in NOT_DECIDED:
            found.append(proposal_id)
    if len(found) >= most:
        raise TooManyProposals(
            f"{proposer} has {len(found)} proposals open, and may have {most}",
            proposer=proposer,
            open=found,
            most=most,
        )
    return tuple(found)
