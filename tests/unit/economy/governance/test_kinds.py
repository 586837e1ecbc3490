"""Kinds of proposals are data, within bounds, and one of them can always change them again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from aia_mas.application.economy.configured import parameters_of
from aia_mas.application.settings import Settings
from aia_mas.domain.economy.governance.errors import GovernanceLockout
from aia_mas.domain.economy.governance.execution import check_orders
from aia_mas.domain.economy.governance.kind_checks import check_kinds, is_way_back
from aia_mas.domain.economy.governance.kinds import (
    PROPOSAL_KINDS,
    ProposalKind,
    for_development,
)
from aia_mas.domain.economy.governance.proposal import ProposalStatus
from aia_mas.domain.economy.governance.proposal_events import ProposedOrder
from aia_mas.domain.economy.orders import Execution
from aia_mas.domain.economy.parameter_changes import CHANGE_PARAMETERS, ChangeParameters
from aia_mas.domain.economy.parameters import PARAMETERS
from aia_mas.domain.kernel import Context
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.money import MAX_AMOUNT, ONE

from .town import CHANGING, KINDS, NOW, ORDERS, TREASURER, Town

DAY = 86_400.0
TEXTS = ProposalKind(name="text")
MENDING = ProposalKind(name="mending", commands=("change_parameters",))


def refused(*kinds: ProposalKind) -> InvalidValue | None:
    """Return what parameters with such kinds are refused with; None: they are not."""
    changes = {"proposal_kinds": [asdict(kind) for kind in kinds]}
    try:
        CHANGE_PARAMETERS.check(ChangeParameters(changes=changes), Context(NOW, 0, TREASURER))
    except InvalidValue as error:
        return error
    return None


def test_those_that_there_are_from_the_beginning_may_be():
    for kinds in (PROPOSAL_KINDS, for_development()):
        assert refused(*kinds) is None
        assert all(is_way_back(kind) for kind in kinds if "change_parameters" in kind.commands)
    assert all(kind.period_seconds <= 120 for kind in for_development())


def test_nobody_takes_its_stake_back_in_time_when_its_slash_is_proposed():
    """With keys, where stake unbonds for a time: else it is gone as soon as anybody wants it."""
    terms = parameters_of(Settings(jwt_secret="x" * 32))
    for kind in terms.proposal_kinds:
        if "slash" in kind.commands:
            longest = kind.delay_seconds + kind.period_seconds + kind.timelock_seconds
            assert longest + kind.grace_seconds < terms.unbonding_seconds


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"period_seconds": 0.0}, "period_seconds"),
        ({"period_seconds": 367 * DAY}, "period_seconds"),
        ({"delay_seconds": -1.0}, "delay_seconds"),
        ({"delay_seconds": float("nan")}, "delay_seconds"),
        ({"delay_seconds": float("inf")}, "delay_seconds"),
        ({"timelock_seconds": 367 * DAY}, "timelock_seconds"),
        ({"grace_seconds": -0.1}, "grace_seconds"),
        ({"quorum_ppm": 1_000_001}, "quorum_ppm"),
        ({"quorum_ppm": -1}, "quorum_ppm"),
        ({"threshold_ppm": 1_000_000}, "threshold_ppm"),
        ({"threshold_ppm": -1}, "threshold_ppm"),
        ({"veto_ppm": 0}, "veto_ppm"),
        ({"veto_ppm": 1_000_001}, "veto_ppm"),
        ({"deposit": -1}, "deposit"),
        ({"deposit": MAX_AMOUNT + 1}, "deposit"),
        ({"commands": ("mint",)}, "commands"),
        ({"commands": ("fund", "fund")}, "commands"),
    ],
)
def test_a_figure_by_which_nothing_could_be_decided_is_refused(change: dict[str, Any], field: str):
    with pytest.raises(InvalidValue) as error:
        check_kinds((MENDING, replace(TEXTS, **change)), "proposal_kinds")
    assert (error.value.code, error.value.field) == ("invalid_value", f"proposal_kinds.1.{field}")


@pytest.mark.parametrize("kinds", [(MENDING, MENDING), tuple(
    replace(MENDING, name=f"k{number}") for number in range(33)
)])  # fmt: skip
def test_names_tell_kinds_apart_and_there_are_not_too_many(kinds: tuple[ProposalKind, ...]):
    error = refused(*kinds)
    assert error is not None
    assert (error.code, error.field) == ("invalid_value", "proposal_kinds")


@pytest.mark.parametrize(
    "kinds",
    [
        (),
        (TEXTS,),
        tuple(kind for kind in PROPOSAL_KINDS if "change_parameters" not in kind.commands),
        (replace(MENDING, quorum_ppm=1_000_000),),
        (replace(MENDING, quorum_ppm=667_001),),
        (replace(MENDING, threshold_ppm=999_999),),
        (replace(MENDING, threshold_ppm=750_001),),
        (replace(MENDING, veto_ppm=1),),
        (replace(MENDING, veto_ppm=99_999),),
        (replace(MENDING, deposit=10_000 * ONE + 1),),
        (replace(MENDING, deposit=MAX_AMOUNT),),
        (replace(MENDING, period_seconds=0.1),),
        (replace(MENDING, period_seconds=59.9),),
        (replace(MENDING, period_seconds=91 * DAY),),
        (replace(MENDING, delay_seconds=366 * DAY),),
        (replace(MENDING, timelock_seconds=366 * DAY),),
        (replace(MENDING, delay_seconds=42 * DAY, timelock_seconds=42 * DAY),),
        # Others do not help where none of them is a way back as a whole.
        (replace(MENDING, quorum_ppm=667_001), replace(MENDING, name="b", veto_ppm=1)),
    ],
)
def test_governance_never_locks_itself_out(kinds: tuple[ProposalKind, ...]):
    error = refused(*kinds)

    assert isinstance(error, GovernanceLockout)
    assert (error.code, error.field) == ("governance_lockout", "proposal_kinds")
    # By a vote neither: when it is proposed, and should it have been, when it is carried out.
    changes = {"proposal_kinds": [asdict(kind) for kind in kinds]}
    proposed = ProposedOrder(kind="change_parameters", order={"changes": changes})
    with pytest.raises(GovernanceLockout):
        check_orders((proposed,), Context(NOW, 0, TREASURER), ORDERS)
    execution = Execution("o", {PARAMETERS: None}, Context(NOW, 0, TREASURER), "proposal:p1")
    with pytest.raises(GovernanceLockout):
        CHANGE_PARAMETERS.execute(ChangeParameters(changes=changes), execution)
    assert execution.events == []


@pytest.mark.parametrize(
    "kinds",
    [
        (MENDING,),
        (replace(MENDING, quorum_ppm=667_000, threshold_ppm=750_000, veto_ppm=100_000),),
        (replace(MENDING, quorum_ppm=0, threshold_ppm=0, veto_ppm=1_000_000, deposit=0),),
        (replace(MENDING, delay_seconds=0, period_seconds=60, timelock_seconds=0),),
        (replace(MENDING, delay_seconds=42 * DAY, period_seconds=6 * DAY, timelock_seconds=42 * DAY),),  # noqa: E501
        # Another kind may be as hard as it likes.
        (MENDING, replace(TEXTS, quorum_ppm=1_000_000, deposit=MAX_AMOUNT, period_seconds=0.1)),
    ],
)  # fmt: skip
def test_terms_that_can_be_met_are_accepted(kinds: tuple[ProposalKind, ...]):
    assert refused(*kinds) is None


terms = st.builds(
    ProposalKind,
    name=st.just("k"),
    commands=st.sampled_from([("change_parameters",), ("change_parameters", "fund"), ("fund",)]),
    delay_seconds=st.sampled_from([0.0, 60.0, 89 * DAY, 366 * DAY]),
    period_seconds=st.sampled_from([0.1, 60.0, DAY, 366 * DAY]),
    quorum_ppm=st.sampled_from([0, 334_000, 667_000, 667_001, 1_000_000]),
    threshold_ppm=st.sampled_from([0, 500_000, 750_000, 750_001, 999_999]),
    veto_ppm=st.sampled_from([1, 99_999, 100_000, 334_000, 1_000_000]),
    timelock_seconds=st.sampled_from([0.0, DAY, 366 * DAY]),
    grace_seconds=st.sampled_from([0.0, 366 * DAY]),
    deposit=st.sampled_from([0, 10_000 * ONE, 10_000 * ONE + 1, MAX_AMOUNT]),
)


@given(terms)
def test_by_whatever_is_accepted_most_of_the_power_changes_the_parameters_again(
    kind: ProposalKind,
):
    """Four fifths that want it, of which one tenth is against it, get it within 90 days."""
    if refused(kind) is not None:
        return
    town = Town((kind,))
    town.fund("ann", 10_000)
    for name, tokens in (("ann", 72_000), ("bob", 8_000), ("asleep", 20_000)):
        town.bond(name, tokens)
    began = town.now
    changes = {"proposal_kinds": [asdict(each) for each in (CHANGING, *KINDS[:1])]}
    town.propose("p1", "k", ProposedOrder(kind="change_parameters", order={"changes": changes}))
    town.later(kind.delay_seconds)
    town.vote("bob", "veto" if kind.veto_ppm > 100_000 else "no")
    town.vote("ann", "yes")
    town.later(kind.period_seconds)
    town.later(kind.timelock_seconds)

    assert town.proposal().status is ProposalStatus.EXECUTED
    assert town.states[PARAMETERS].parameters.proposal_kinds == (CHANGING, *KINDS[:1])
    assert (town.now - began).total_seconds() <= 90 * DAY
