"""The rules of assignment: who may change them, to what, and which are refused."""

import pytest

from aia_mas.domain.kernel import Context, Principal, Role
from aia_mas.domain.kernel.mistakes import MOST
from aia_mas.domain.kernel.precondition import Precondition
from aia_mas.domain.orchestration.errors import InvalidWeights
from aia_mas.domain.orchestration.scoring.policies import (
    BUILT_IN,
)
from aia_mas.domain.orchestration.scoring.rules import (
    RULES,
    AdoptConfiguredWeights,
    AssignmentRules,
    AssignmentRulesChanged,
    ReplaceAssignmentRules,
    SetTypePolicy,
    decisions,
)
from aia_mas.domain.orchestration.scoring.weights import (
    DEFAULT_WEIGHTS,
    Weights,
    check_weights,
    weights_of,
)

from .scored_fleet import NOW, PRICE_ONLY

OPERATOR = Principal("op", frozenset({Role.OPERATOR}))
CLIENT = Principal("cl", frozenset({Role.CLIENT}))
DECISIONS = decisions(BUILT_IN)


def decide(state, command, principal=OPERATOR):
    return DECISIONS[type(command)](state, command, Context(NOW, 1, principal))


def changed(state, command) -> AssignmentRules:
    ((stream, event),) = decide(state, command).events
    assert stream == RULES
    assert isinstance(event, AssignmentRulesChanged)
    assert (event.by, event.at) == ("op", NOW)
    return event.rules


def test_rules_are_replaced_as_a_whole():
    first = changed(None, ReplaceAssignmentRules(weights=PRICE_ONLY, by_type={"t": "sticky"}))
    second = changed(first, ReplaceAssignmentRules(default="cheapest"))

    assert first == AssignmentRules(revision=1, weights=PRICE_ONLY, by_type={"t": "sticky"})
    assert second == AssignmentRules(revision=2, default="cheapest")
    assert decide(second, ReplaceAssignmentRules(default="cheapest")).events == ()


def test_one_type_is_changed_and_changed_back():
    first = changed(None, SetTypePolicy(task_type="t", policy="round_robin"))
    second = changed(first, SetTypePolicy(task_type="t", policy=None))

    assert first.by_type == {"t": "round_robin"}
    assert (second.by_type, second.revision) == ({}, 2)
    assert decide(second, SetTypePolicy(task_type="t", policy=None)).events == ()


@pytest.mark.parametrize(
    ("command", "code", "field"),
    [
        (ReplaceAssignmentRules(default="best"), "unknown_policy", "default"),
        (ReplaceAssignmentRules(by_type={"t": "best"}), "unknown_policy", "by_type.t"),
        (ReplaceAssignmentRules(by_type={"": "scored"}), "invalid_text", "by_type"),
        (
            ReplaceAssignmentRules(by_type={f"t{n}": "scored" for n in range(257)}),
            "invalid_value",
            "by_type",
        ),
        (SetTypePolicy(task_type="t", policy=""), "unknown_policy", "policy"),
        (SetTypePolicy(task_type="x" * 129, policy="scored"), "invalid_text", "task_type"),
        (
            ReplaceAssignmentRules(
                weights=Weights(
                    quality=8_000, latency=0, headroom=0, price=0, stake=2_000, affinity=0
                )
            ),
            "invalid_weights",
            "weights.stake",
        ),
    ],
)
def test_bad_rules_are_refused(command, code, field):
    refusal = decide(None, command).refusal

    assert refusal is not None
    assert (refusal.code, refusal.field) == (code, field)


def test_all_mistakes_of_rules_are_told():
    weights = Weights(quality=-1, latency=0, headroom=0, price=0, stake=2_000, affinity=0)
    command = ReplaceAssignmentRules(
        default="best", by_type={"": "scored", "a.b": "best"}, weights=weights
    )

    refusal = decide(None, command).refusal

    assert {each.field: each.code for each in refusal.all} == {
        "default": "unknown_policy",
        "by_type": "invalid_text",
        "by_type.a\\.b": "unknown_policy",
        "weights.quality": "invalid_weights",
        "weights.stake": "invalid_weights",
    }


def test_a_million_mistakes_are_not_all_looked_for():
    looked_for = 0

    class Names(dict):
        def items(self):
            nonlocal looked_for
            for item in super().items():
                looked_for += 1
                yield item

    decide(None, ReplaceAssignmentRules(by_type=Names({f"t{n}": "best" for n in range(1_000)})))

    assert looked_for <= MOST + 1


def test_only_operators_change_rules_and_only_the_revision_they_know():
    refused = decide(None, ReplaceAssignmentRules(default="cheapest"), CLIENT)
    stale = ReplaceAssignmentRules(default="cheapest", condition=Precondition(revisions=(3,)))
    fresh = ReplaceAssignmentRules(default="cheapest", condition=Precondition(revisions=(0,)))

    assert refused.refusal is not None
    assert refused.refusal.code == "permission_denied"
    assert decide(None, stale).refusal.code == "precondition_failed"
    assert changed(None, fresh).revision == 1


def test_configured_weights_are_adopted_when_the_configuration_changes_and_then_left_alone():
    adopted = changed(None, AdoptConfiguredWeights(weights=PRICE_ONLY))
    assert (adopted.weights, adopted.configured) == (PRICE_ONLY, PRICE_ONLY)

    live = changed(adopted, ReplaceAssignmentRules(weights=DEFAULT_WEIGHTS))
    assert decide(live, AdoptConfiguredWeights(weights=PRICE_ONLY)).events == ()
    back = changed(live, ReplaceAssignmentRules())
    assert back.weights == PRICE_ONLY
    other = changed(live, AdoptConfiguredWeights(weights=DEFAULT_WEIGHTS))
    assert other.configured == DEFAULT_WEIGHTS


SHARES = DEFAULT_WEIGHTS.shares()


@pytest.mark.parametrize(
    ("shares", "field"),
    [
        ({**SHARES, "quality": 0.36}, "weights"),
        ({**SHARES, "quality": -0.1}, "weights.quality"),
        ({**SHARES, "quality": 1.1}, "weights.quality"),
        ({**SHARES, "quality": float("nan")}, "weights.quality"),
        ({**SHARES, "quality": 0.35001}, "weights.quality"),
        ({**SHARES, "quality": 0.25, "stake": 0.15}, "weights.stake"),
        ({**SHARES, "beauty": 0.0}, "weights.beauty"),
        ({"quality": 1.0}, "weights.latency"),
    ],
)
def test_bad_weights_are_refused(shares, field):
    with pytest.raises(InvalidWeights) as refused:
        weights_of(shares)

    assert refused.value.field == field


def test_weights_read_back():
    assert weights_of(SHARES) == DEFAULT_WEIGHTS
    with pytest.raises(InvalidWeights):
        check_weights(Weights(quality=-1, latency=1, headroom=0, price=0, stake=0, affinity=0))
