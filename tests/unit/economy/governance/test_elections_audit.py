"""The audit of elections agrees with what governance does, and names whatever was changed."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
import pytest

from aia_mas.domain.kernel.money import ONE
from aia_mas.interfaces.economy_audit.elections import ElectionsAudit
from aia_mas.interfaces.economy_audit.facts import Fact
from aia_mas.interfaces.economy_audit.findings import Findings
from aia_mas.interfaces.economy_audit.ledger import LedgerAudit

from .town import NOW, Town

pytestmark = pytest.mark.anyio


def story() -> list[Fact]:
    """Two rounds: in the first one two votes, on which stake moves; then one that nobody heeds."""
    town = Town()
    town.fund("ann", 1_000)
    for name, tokens in (("eve", 1_000), ("bob", 300), ("cal", 250)):
        town.bond(name, tokens)
    town.delegate("cal", "eve")
    town.propose("p1")
    town.propose("p2")
    town.vote("eve", "yes", "p1")
    town.vote("bob", "no", "p2")
    town.vote("eve", "no", "p2")
    town.vote("cal", "yes", "p2")
    town.later(101)
    town.bond("bob", 200)
    town.bond("dan", 900)
    town.propose("p3")
    town.vote("dan", "yes", "p3")
    town.vote("bob", "yes", "p3")
    town.later(101)
    town.later(8 * 86_400)
    town.propose("p4")
    town.vote("dan", "yes", "p4")
    town.vote("eve", "yes", "p4")
    town.later(101)
    town.propose("p5")
    town.later(101)
    return [
        Fact(number, stream, event.topic, NOW, "me", f"c{number}", plain(event))
        for number, (stream, event) in enumerate(town.log, 1)
    ]


def plain(event: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(event))


async def found(facts: list[Fact]) -> list[str]:
    """Return what an auditor finds about elections."""
    findings = Findings()
    ledger = LedgerAudit(findings)
    auditor = ElectionsAudit(findings, ledger)
    for fact in facts:
        category = fact.stream.partition("/")[0]
        for each in (ledger, auditor):
            if category in each.categories:
                await each.take(fact, None)
    auditor.finish(len(facts))
    assert findings.checked["elections"] > 20
    return [f"{each.subject}: {each.detail}" for each in findings.named if each.area == "elections"]


async def test_what_happened_is_right():
    assert await found(story()) == []


@pytest.mark.parametrize(
    ("topic", "number", "changes", "names"),
    [
        # p2 pays all three of them, so that p1 and p3 pay nobody; p4 pays dan and eve.
        ("proposal.votes_paid.v1", 0, {"voters": ["bob", "cal", "eve", "eve"]}, "is paid twice"),
        ("proposal.votes_paid.v1", 0, {"voters": ["bob", "eve"]}, "does not pay cal"),
        ("proposal.votes_paid.v1", 0, {"paid": 16 * ONE}, "what voters got"),
        ("proposal.votes_paid.v1", 1, {"voters": ["bob", "dan", "eve"]}, "is owed nothing"),
        ("proposer.proposal_opened.v1", 1, {"open": ["p2"]}, "what it has open"),
        ("proposer.proposal_opened.v1", 2, {"open": ["p2", "p3"]}, "what it has open"),
        ("vote.cast.v1", 0, {"own": 999 * ONE}, "the own power"),
        ("vote.cast.v1", 0, {"delegated": 0}, "the delegated power"),
        ("proposal.deposit_settled.v1", 4, {"deposit": "refunded"}, "the deposit"),
        ("proposal.created.v1", 3, {"gov_round_seconds": 10**8}, "is owed nothing"),
    ],
)
async def test_what_was_changed_is_named(
    topic: str, number: int, changes: dict[str, Any], names: str
):
    facts = copy.deepcopy(story())
    [fact for fact in facts if fact.topic == topic][number].data.update(changes)

    assert any(names in each for each in await found(facts)), await found(facts)
