"""Elections counted a second time: from the log alone, the long way round, in fractions."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from aia_mas.domain.economy.governance.delegation import VotesDelegated, VotesWithdrawn
from aia_mas.domain.economy.governance.kinds import ProposalKind
from aia_mas.domain.economy.governance.proposal_events import (
    ProposalActivated,
    VoteCast,
    VotingClosed,
)
from aia_mas.domain.economy.staking.events import StakeEvent
from aia_mas.domain.kernel import Event


def recount(log: Sequence[tuple[str, Event]], proposal_id: str) -> tuple[dict[str, int], int]:
    """Return power by choice, and all power, of the election on a proposal."""
    stream = f"proposal/{proposal_id}"
    begins = next(n for n, (s, e) in enumerate(log) if s == stream and type(e) is ProposalActivated)
    ends = next(
        (n for n, (s, e) in enumerate(log) if s == stream and type(e) is VotingClosed), len(log)
    )
    power: dict[str, int] = {}
    delegate: dict[str, str | None] = {}
    for stream_id, event in log[:begins]:
        name = stream_id.split("/", 1)[1]
        if isinstance(event, StakeEvent):
            power[name] = event.bonded + event.bonded_gov
        elif isinstance(event, VotesDelegated):
            delegate[name] = event.to
        elif isinstance(event, VotesWithdrawn):
            delegate[name] = None
    said = {
        event.voter: event.choice.value
        for _, event in log[begins:ends]
        if isinstance(event, VoteCast) and event.proposal_id == proposal_id
    }
    counted = dict.fromkeys(("yes", "no", "abstain", "veto"), 0)
    for owner, owned in power.items():
        voice: str | None = owner
        while voice is not None and voice not in said:
            voice = delegate.get(voice)
        if voice is not None:
            counted[said[voice]] += owned
    return counted, sum(power.values())


def verdict(counted: dict[str, int], total: int, terms: ProposalKind) -> str:
    """Return how an election ends, by the words of the documentation."""
    cast = sum(counted.values())
    if cast == 0 or Fraction(cast, total) < Fraction(terms.quorum_ppm, 10**6):
        return "no_quorum"
    if Fraction(counted["veto"], cast) >= Fraction(terms.veto_ppm, 10**6):
        return "vetoed"
    taking_sides = cast - counted["abstain"]
    if taking_sides == 0:
        return "defeated"
    accepted = Fraction(counted["yes"], taking_sides) > Fraction(terms.threshold_ppm, 10**6)
    return "succeeded" if accepted else "defeated"
