"""The audit of the ledger agrees with what the product books, and names whatever was changed."""

from typing import Any

import pytest

from .ledgers import Told, audited, changed

pytestmark = pytest.mark.anyio

A, B, POOL, ISSUED = "wallet:AIA:a", "wallet:AIA:b", "treasury:AIA", "issuance:AIA"


def story() -> Told:
    """A little of everything that a ledger can do."""
    told = Told().post("genesis", (ISSUED, -1_000), (POOL, 1_000))
    told.post("fund", (POOL, -500), (A, 300), (B, 200))
    told.hold("h1", (A, -50)).post_held("h1", (A, -30), (B, 30))
    told.hold("h2", (B, -70), (A, 70)).void("h2")
    told.post("t1", (A, -10), (B, 10)).reverse("t1", "r1")
    return told


async def test_what_was_booked_rightly_is_right() -> None:
    auditor, differences = await audited(story().facts)

    assert differences == []
    assert auditor.balances == {ISSUED: -1_000, POOL: 500, A: 270, B: 230}
    assert auditor.held == {ISSUED: 0, POOL: 0, A: 0, B: 0}


@pytest.mark.parametrize(
    ("topic", "number", "data", "subject", "words"),
    [
        ("account.changed.v1", 2, {"balance": 501}, POOL, "balance"),
        ("account.changed.v1", 3, {"amount": 301}, A, "balance is 300, and should be 301"),
        ("account.changed.v1", 5, {"held": 10_000}, A, "of which 10000 are held"),
        ("account.changed.v1", 5, {"held": 40}, "h1", "what it changed"),
        ("transfer.posted.v1", 1, {"legs": [[POOL, -500], [A, 500]]}, "fund", "what it changed"),
        ("transfer.posted.v1", 0, {"legs": [[ISSUED, -1_000], [POOL, 999]]}, "genesis", "the sum"),
        ("transfer.hold_posted.v1", 0, {"legs": [[A, -60], [B, 60]]}, "h1", "moves -60 of -50"),
        ("transfer.reversed.v1", 0, {"reversal_id": "fund"}, "fund", "its legs"),
    ],
)
async def test_what_was_changed_is_named(
    topic: str, number: int, data: dict[str, Any], subject: str, words: str
) -> None:
    _, differences = await audited(changed(story().facts, topic, number, **data))

    assert [each for each in differences if each.subject == subject and words in each.detail], (
        differences
    )


async def test_the_systems_accounts_are_the_settlements() -> None:
    facts = story().facts
    _, differences = await audited([fact._replace(actor="somebody") for fact in facts])

    assert {each.subject for each in differences} == {ISSUED, POOL}


async def test_a_transfer_that_ends_twice_is_named() -> None:
    facts = story().facts
    again = next(fact for fact in facts if fact.topic == "transfer.hold_voided.v1")
    twice = next(fact for fact in facts if fact.topic == "transfer.reversed.v1")

    _, differences = await audited([*facts, again, twice])

    assert any(each.subject == "h2" and "is voided" in each.detail for each in differences)
    assert any(each.subject == "t1" and "reversed twice" in each.detail for each in differences)
