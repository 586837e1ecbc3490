"""What subscribers are told of a proposal, and of votes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.economy.governance import proposal_events as events
from aia_mas.domain.economy.governance.kinds import ProposalKind
from aia_mas.domain.economy.governance.tally import Choice, Outcome, Tally
from aia_mas.domain.kernel import Event
from aia_mas.domain.kernel.money import ONE
from aia_mas.interfaces.realtime.proposal_facts import TOLD, told_proposal

AT = datetime(2026, 1, 2, tzinfo=UTC)
RESULT = events.Result(
    outcome=Outcome.SUCCEEDED, tally=Tally(yes=3 * ONE), total=4 * ONE, voters=2, snapshot=9
)
COUNTED = {
    "outcome": "succeeded",
    "yes": "3",
    "no": "0",
    "abstain": "0",
    "veto": "0",
    "total": "4",
    "voters": 2,
}
TEXT = ProposalKind(name="text")


@pytest.mark.parametrize(
    ("event", "update"),
    [
        (
            events.ProposalCreated(
                title="T", body="secret", proposer="ann", terms=TEXT, starts_at=AT, by="o", at=AT
            ),
            {
                "status": "pending",
                "title": "T",
                "kind": "text",
                "proposer": "ann",
                "starts_at": "2026-01-02T00:00:00Z",
            },
        ),
        (
            events.ProposalActivated(ends_at=AT, at=AT),
            {"status": "active", "ends_at": "2026-01-02T00:00:00Z"},
        ),
        (events.VotingClosed(early=False, at=AT), {"early": False}),
        (events.ProposalSucceeded(result=RESULT, at=AT), {"status": "succeeded", **COUNTED}),
        (
            events.ProposalVetoed(reason="theft", by="o", at=AT),
            {"status": "vetoed", "reason": "theft"},
        ),
        (
            events.ProposalExecuted(orders=("proposal:p1:0",), at=AT),
            {"status": "executed", "orders": ["proposal:p1:0"]},
        ),
        (events.DepositSettled(deposit=events.Deposit.BURNED, at=AT), {"deposit": "burned"}),
        (
            events.VoteCast(
                proposal_id="p1",
                voter="ann",
                choice=Choice.NO,
                own=ONE,
                delegated=2 * ONE,
                by="o",
                at=AT,
            ),
            {"voter": "ann", "choice": "no", "own": "1", "delegated": "2"},
        ),
    ],
)
def test_what_is_told(event: Event, update: dict[str, Any]):
    recorded = RecordedEvent(
        position=1,
        stream="proposal/p1",
        version=1,
        topic=event.topic,
        event=event,
        recorded_at=AT,
        command_id="c",
        actor="o",
        correlation_id=None,
        causation_id=None,
    )
    told = msgspec.json.decode(msgspec.json.encode(told_proposal("name", "p1", recorded)))
    common = {"event": "name", "version": 1, "at": "2026-01-02T00:00:00Z", "actor": "o"}
    assert told == {**common, "proposal_id": "p1", **update}


def test_every_event_of_a_proposal_is_told_but_payments():
    assert set(events.EVENTS) - TOLD.keys() == {events.VotesPaid}
