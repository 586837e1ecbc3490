"""What governance refuses: each with its code, and nothing is changed by it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aia_mas.domain.economy.governance.commands import (
    CancelProposal,
    CastVote,
    CreateProposal,
    ExecuteProposal,
    PayVotes,
    RecordResult,
    RequestExecution,
    SettleDeposit,
    VetoProposal,
)
from aia_mas.domain.economy.governance.proposal_events import ProposedOrder, Result, vote_stream
from aia_mas.domain.economy.governance.tally import Choice, Outcome, Tally
from aia_mas.domain.economy.governance.voting import cast_vote
from aia_mas.domain.kernel import Context, Principal, Role
from aia_mas.domain.kernel.errors import DomainError

from .town import OPERATOR, TREASURER, Town, agent, grant

CLIENT = Principal("carl", frozenset({Role.CLIENT}))


@pytest.fixture
def town() -> Town:
    """Return a town with voters, money, a text that is voted on, and one that pays, queued."""
    made = Town()
    for name, tokens in (("ann", 300), ("bob", 300), ("eve", 3_000)):
        made.bond(name, tokens)
        made.fund(name, 100)
    made.bond("dan", 0)
    made.propose("paid", "treasury", grant("zoe", 5))
    made.vote("eve", "yes", "paid")
    made.settle()
    made.propose("text")
    made.propose("later", "slow")
    made.delegate("bob", "ann")
    return made


def _refused(town: Town, act: Callable[[], object]) -> DomainError:
    before = len(town.log), dict(town.states)
    with pytest.raises(DomainError) as refusal:
        act()
    assert (len(town.log), town.states) == before
    return refusal.value


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (lambda t: t.vote("bob", "yes", "nowhere"), "proposal_not_found"),
        (lambda t: t.vote("ann", "yes", "later"), "voting_not_begun"),
        (lambda t: t.vote("ann", "yes", "paid"), "voting_ended"),
        (lambda t: t.vote("eve", "no", "paid"), "already_voted"),
        (lambda t: t.vote("dan", "yes", "text"), "no_voting_power"),
        (lambda t: t.vote("nobody", "yes", "text"), "no_voting_power"),
        (lambda t: t.vote("not an id", "yes", "text"), "invalid_id"),
        (lambda t: t.vote("bob", "yes", "text", agent("ann")), "permission_denied"),
        (lambda t: t.vote("bob", "yes", "text", OPERATOR), "permission_denied"),
        (lambda t: t.vote("bob", "yes", "text", TREASURER), "permission_denied"),
        (lambda t: t.vote("bob", "yes", "text", CLIENT), "permission_denied"),
        (lambda t: t.delegate("ann", "ann"), "self_delegation"),
        (lambda t: t.delegate("ann", "bob"), "delegation_cycle"),
        (lambda t: t.delegate("ann", "eve", agent("bob")), "permission_denied"),
        (lambda t: t.delegate("ann", "not an id"), "invalid_id"),
        (lambda t: t.withdraw("eve"), "votes_not_delegated"),
        (lambda t: t.withdraw("bob", agent("ann")), "permission_denied"),
        (lambda t: t.give(RequestExecution(proposal_id="paid")), "timelock_not_over"),
        (lambda t: t.give(RequestExecution(proposal_id="text")), "proposal_not_queued"),
        (lambda t: t.give(RequestExecution(proposal_id="nowhere")), "proposal_not_found"),
        (
            lambda t: t.give(CancelProposal(proposal_id="text"), agent("ann")),
            "proposal_not_pending",
        ),
        (lambda t: t.give(CancelProposal(proposal_id="later"), agent("bob")), "permission_denied"),
        (lambda t: t.give(CancelProposal(proposal_id="later"), TREASURER), "invalid_text"),
        (
            lambda t: t.give(VetoProposal(proposal_id="text", reason="no"), agent("ann")),
            "permission_denied",
        ),
        (
            lambda t: t.give(VetoProposal(proposal_id="text", reason="no"), OPERATOR),
            "permission_denied",
        ),
        (lambda t: t.give(VetoProposal(proposal_id="text", reason="")), "invalid_text"),
        (lambda t: t.give(VetoProposal(proposal_id="none", reason="x")), "proposal_not_found"),
    ],
)
def test_refused(town: Town, act: Callable[[Town], object], code: str):
    assert _refused(town, lambda: act(town)).code == code


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"proposal_id": "a b"}, "invalid_id", "proposal_id"),
        ({"proposal_id": "x" * 129}, "id_too_long", "proposal_id"),
        ({"title": ""}, "invalid_text", "title"),
        ({"title": "x" * 201}, "invalid_text", "title"),
        ({"title": "nul\0"}, "invalid_text", "title"),
        ({"body": "x" * 20_001}, "invalid_text", "body"),
        ({"kind": "war"}, "unknown_proposal_kind", "kind"),
        ({"kind": "treasury"}, "missing_command", "commands"),
        ({"orders": (grant("zoe", 1),)}, "command_not_allowed", "commands.0"),
        ({"orders": (grant("zoe", 1),) * 11}, "invalid_value", "commands"),
        (
            {"kind": "treasury", "orders": (ProposedOrder(kind="grant", order={"to": 5}),)},
            "invalid_value",
            "commands.0",
        ),
        (
            {"kind": "treasury", "orders": (grant("zoe", 1), grant("zoe", 0))},
            "zero_amount",
            "commands.1.amount",
        ),
        ({"proposer": "poor"}, "insufficient_funds", ""),
    ],
)
def test_no_proposal(town: Town, changes: dict, code: str, field: str):
    given = {"proposal_id": "p9", "kind": "text", "title": "T", "proposer": "ann", **changes}
    error = _refused(town, lambda: town.give(CreateProposal(**given)))
    assert (error.code, getattr(error, "field", "")) == (code, field)


def test_what_could_not_be_carried_out_now_is_refused_unless_it_only_lacks_funds(town: Town):
    stale = ProposedOrder(
        kind="change_parameters",
        order={"changes": {"gov_per_vote": 1}, "condition": {"revisions": [7]}},
    )
    given = {"kind": "parameters", "title": "T", "proposer": "ann"}
    act = lambda: town.give(CreateProposal(proposal_id="p9", orders=(stale,), **given))  # noqa: E731
    error = _refused(town, act)
    assert (error.code, error.facts["command"]) == ("precondition_failed", 0)

    dear = {"kind": "treasury", "title": "T", "proposer": "ann"}
    town.give(CreateProposal(proposal_id="p9", orders=(grant("zoe", 10**6),), **dear))


def test_tiers_are_changed_by_their_own_command_only(town: Town):
    order = ProposedOrder(kind="change_parameters", order={"changes": {"tiers": []}})
    given = {"kind": "parameters", "title": "T", "proposer": "ann", "orders": (order,)}
    error = _refused(town, lambda: town.give(CreateProposal(proposal_id="p9", **given)))
    assert error.code == "command_not_allowed"


@pytest.mark.parametrize("by", [agent("bob"), OPERATOR, CLIENT])
def test_nobody_proposes_with_the_money_of_others(town: Town, by: Principal):
    command = CreateProposal(proposal_id="p9", kind="text", title="T", proposer="ann")
    assert _refused(town, lambda: town.give(command, by)).code == "permission_denied"


def test_another_proposal_under_the_same_id_is_refused_the_same_one_is_not(town: Town):
    same = CreateProposal(proposal_id="text", kind="text", title="T", proposer="ann")
    assert town.give(same) == []
    for change in ({"title": "U"}, {"body": "b"}, {"proposer": "bob"}, {"kind": "slow"}):
        given = {"proposal_id": "text", "kind": "text", "title": "T", "proposer": "ann", **change}
        error = _refused(town, lambda given=given: town.give(CreateProposal(**given)))
        assert error.code == "proposal_exists"


def test_voting_late_is_refused_by_the_clock_before_the_settlement_comes(town: Town):
    ends_at = town.proposal("text").ends_at
    assert ends_at is not None
    town.now = ends_at
    assert _refused(town, lambda: town.vote("bob", "yes", "text")).code == "voting_ended"


def test_only_the_settlement_takes_proposals_further(town: Town):
    result = Result(outcome=Outcome.NO_QUORUM, tally=Tally(), total=0, voters=0, snapshot=0)
    for command in (
        RecordResult(proposal_id="text", result=result),
        ExecuteProposal(proposal_id="paid", orders=town.proposal("paid").orders),
        SettleDeposit(proposal_id="text", proposer="ann"),
        PayVotes(proposal_id="paid", batch=0, voters=()),
    ):
        error = _refused(town, lambda command=command: town.give(command))
        assert error.code == "system_account"


def test_a_vote_whose_power_is_not_known_here_is_to_be_tried_again(town: Town):
    command = CastVote(proposal_id="text", voter="bob", choice=Choice.YES, own=None)
    ctx = Context(town.now, 0, agent("bob"))
    decision = cast_vote(None, town.proposal("text"), command, ctx)
    assert decision.refusal is not None
    assert decision.refusal.code == "power_not_known"


def test_no_two_pairs_of_proposal_and_voter_share_a_stream():
    assert vote_stream("a:b", "c") != vote_stream("a", "b:c")
