"""Elections counted a second time: from the log alone, the long way round, in fractions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction

from aia_mas.domain.economy.governance.delegation import VotesDelegated, VotesWithdrawn
from aia_mas.domain.economy.governance.kinds import ProposalKind
from aia_mas.domain.economy.governance.proposal_events import (
    ProposalActivated,
    ProposalCreated,
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


def payments(
    log: Sequence[tuple[str, Event]],
) -> tuple[dict[str, dict[str, int]], list[tuple[int, dict[str, int]]]]:
    """Return who is owed what for votes, from the log alone.

    Returns:
        For each proposal what its voters get, and for each round all power when it began, and what
        everybody gets in it.
    """
    owed: dict[str, dict[str, int]] = {}
    rounds: list[tuple[datetime, dict[str, int], dict[str, int]]] = []
    of_proposal: dict[str, int] = {}
    made = {s: e for s, e in log if isinstance(e, ProposalCreated)}
    for number, (stream, event) in enumerate(log):
        proposal_id = stream.split("/", 1)[1]
        if isinstance(event, ProposalActivated):
            seconds = made[stream].gov_round_seconds
            if not rounds or (event.at - rounds[-1][0]).total_seconds() >= seconds:
                rounds.append((event.at, _power(log[:number]), {}))
            of_proposal[proposal_id] = len(rounds) - 1
        result = getattr(event, "result", None)
        if result is None or verdict_of(log, stream, made[stream].terms) == "no_quorum":
            continue
        _, begun, paid = rounds[of_proposal[proposal_id]]
        begins = next(
            n for n, (s, e) in enumerate(log) if s == stream and type(e) is ProposalActivated
        )
        power = _power(log[:begins])
        for _, vote in log[:number]:
            if not isinstance(vote, VoteCast) or vote.proposal_id != proposal_id:
                continue
            hundreds = min(power.get(vote.voter, 0), begun.get(vote.voter, 0)) // (100 * 10**18)
            if hundreds and vote.voter not in paid:
                paid[vote.voter] = hundreds * made[stream].gov_per_vote
                owed.setdefault(proposal_id, {})[vote.voter] = paid[vote.voter]
    return owed, [(sum(power.values()), paid) for _, power, paid in rounds]


def verdict_of(log: Sequence[tuple[str, Event]], stream: str, terms: ProposalKind) -> str:
    """Return how the election on a proposal ends."""
    counted, total = recount(log, stream.split("/", 1)[1])
    return verdict(counted, total, terms)


def _power(log: Sequence[tuple[str, Event]]) -> dict[str, int]:
    return {
        stream.split("/", 1)[1]: event.bonded + event.bonded_gov
        for stream, event in log
        if isinstance(event, StakeEvent)
    }
