"""Revoked tokens: which are refused, for how long, and how many at once."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from aia_mas.domain.access import revocations
from aia_mas.domain.access.revocations import (
    MAX_REVOCATIONS,
    REVOCATIONS,
    Revocation,
    RevocationState,
    RevokeTokens,
    TokensRevoked,
    evolve,
    key_of,
    revoke_tokens,
)
from aia_mas.domain.kernel import Context, Principal, Role

from .agent_stories import NOW

ADMIN = Principal("root", frozenset({Role.ADMIN}))
MINUTE = timedelta(minutes=1)


def context(now: datetime = NOW) -> Context:
    return Context(now, 0, ADMIN)


def decided(
    state: RevocationState | None, now: datetime = NOW, **command: Any
) -> tuple[RevocationState | None, int]:
    """Decide and fold; return the state, and how many events there were."""
    decision = revoke_tokens(state, RevokeTokens(**command), context(now))
    if decision.refusal is not None:
        raise decision.refusal
    for stream, event in decision.events:
        assert stream == REVOCATIONS
        state = evolve(state, event)
    return state, len(decision.events)


def entry(state: RevocationState | None, subject: str | None, token_id: str | None) -> Revocation:
    assert state is not None
    return state.entries[key_of(subject, token_id)]


def test_a_subject_s_tokens_are_refused_that_were_issued_until_now() -> None:
    state, events = decided(None, subject="ann", reason="lost")
    shown = entry(state, "ann", None)
    assert events == 1
    assert (shown.issued_before, shown.expires_at) == (NOW, None)
    assert (shown.by, shown.at, shown.reason) == ("root", NOW, "lost")


def test_what_is_refused_already_is_not_revoked_once_more() -> None:
    state, _ = decided(None, subject="ann")
    assert decided(state, NOW, subject="ann")[1] == 0
    assert decided(state, NOW + MINUTE, subject="ann", issued_before=NOW - MINUTE)[1] == 0
    later, events = decided(state, NOW + MINUTE, subject="ann")
    assert events == 1
    assert entry(later, "ann", None).issued_before == NOW + MINUTE
    token, _ = decided(None, token_id="t1")
    assert decided(token, NOW + MINUTE, token_id="t1")[1] == 0


def test_a_subject_and_a_token_of_one_name_are_two() -> None:
    state, _ = decided(None, subject="x")
    state, events = decided(state, token_id="x")
    assert events == 1
    assert state is not None
    assert len(state.entries) == 2


def test_a_revocation_is_never_shortened() -> None:
    state, _ = decided(None, token_id="t1", expires_at=NOW + 9 * MINUTE)
    assert decided(state, token_id="t1", expires_at=NOW + 5 * MINUTE)[1] == 0
    longer, _ = decided(state, token_id="t1", expires_at=NOW + 10 * MINUTE)
    assert entry(longer, None, "t1").expires_at == NOW + 10 * MINUTE
    endless, _ = decided(longer, token_id="t1")
    assert entry(endless, None, "t1").expires_at is None
    assert decided(endless, token_id="t1", expires_at=NOW + 20 * MINUTE)[1] == 0


def test_what_is_over_is_forgotten_with_the_next_event_and_may_begin_anew() -> None:
    state, _ = decided(None, token_id="t1", expires_at=NOW + MINUTE)
    again, events = decided(state, NOW + MINUTE, token_id="t1", expires_at=NOW + 2 * MINUTE)
    assert events == 1
    other, _ = decided(again, NOW + 3 * MINUTE, subject="ann")
    assert other is not None
    assert list(other.entries) == [key_of("ann", None)]


def test_an_event_folded_twice_is_the_same() -> None:
    events = [
        TokensRevoked(subject="ann", issued_before=NOW, by="root", at=NOW),
        TokensRevoked(token_id="t", expires_at=NOW + MINUTE, by="root", at=NOW),
        TokensRevoked(subject="ann", issued_before=NOW + MINUTE, by="root", at=NOW + MINUTE),
    ]
    once: RevocationState | None = None
    for event in events:
        once = evolve(once, event)
    twice = once
    for event in events:
        twice = evolve(twice, event)
    assert twice is not None
    assert once is not None
    assert twice.entries[key_of("ann", None)].issued_before == NOW + MINUTE
    assert once.entries.keys() <= twice.entries.keys()


def test_there_are_no_more_than_every_node_can_keep() -> None:
    many = {
        key_of(None, f"t{number}"): Revocation(
            subject=None,
            token_id=f"t{number}",
            issued_before=None,
            expires_at=None if number else NOW + MINUTE,
            reason="",
            by="root",
            at=NOW,
        )
        for number in range(MAX_REVOCATIONS)
    }
    full = RevocationState(entries=many)
    with pytest.raises(revocations.TooManyRevocations):
        decided(full, subject="ann")
    # One that is there already takes no further place, and what is over takes none.
    assert decided(full, token_id="t0", expires_at=NOW + 2 * MINUTE)[1] == 1
    assert decided(full, NOW + MINUTE, subject="ann")[1] == 1
