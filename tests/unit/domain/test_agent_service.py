"""Agents in and out of service: drained, suspended, activated, and by whom."""

from typing import Any

import pytest

from aia_mas.domain.kernel import Event, Role
from aia_mas.domain.orchestration.agent import AgentStatus
from aia_mas.domain.orchestration.agent_commands import (
    ActivateAgent,
    DrainAgent,
    SuspendAgent,
    UnregisterAgent,
)
from aia_mas.domain.orchestration.agent_events import (
    AgentActivated,
    AgentCameOnline,
    AgentDrained,
    AgentSuspended,
    AgentUnregistered,
    AgentWentOffline,
)

from .agent_stories import ACTIVATE, DRAIN, NOW, OWN_DRAIN, PUT, REGISTERED, register, registered


@pytest.mark.parametrize(
    ("command", "event", "status"),
    [
        (DrainAgent(agent_id="a1"), AgentDrained(at=NOW), AgentStatus.DRAINING),
        (
            SuspendAgent(agent_id="a1", reason="r"),
            AgentSuspended(reason="r", at=NOW),
            AgentStatus.SUSPENDED,
        ),
        (
            UnregisterAgent(agent_id="a1", reason="r"),
            AgentUnregistered(reason="r", at=NOW),
            AgentStatus.UNREGISTERED,
        ),
    ],
)
def test_an_agent_out_of_service_gets_no_work(
    an_agent, command: Any, event: Event, status: AgentStatus
):
    an_agent.given(REGISTERED).when(command).then(event)

    assert an_agent.state.status is status
    assert not an_agent.state.assignable


def test_drain_suspend_and_activate_may_be_repeated(an_agent):
    an_agent.given(REGISTERED)
    an_agent.when(ActivateAgent(agent_id="a1")).then()
    an_agent.when(DrainAgent(agent_id="a1")).then(AgentDrained(at=NOW))
    an_agent.when(DrainAgent(agent_id="a1")).then()
    an_agent.when(SuspendAgent(agent_id="a1")).then(AgentSuspended(at=NOW))
    an_agent.when(SuspendAgent(agent_id="a1", reason="again")).then()
    an_agent.when(ActivateAgent(agent_id="a1")).then(AgentActivated(at=NOW))
    assert an_agent.state.assignable


def test_an_agent_that_drained_itself_comes_back_when_it_puts_itself(an_agent):
    """It restarts: drain, stop, start again."""
    an_agent.given(REGISTERED).by("a1", Role.AGENT).when(DRAIN).then(OWN_DRAIN)
    an_agent.when(DRAIN).then()
    an_agent.given(AgentWentOffline(at=NOW)).when(PUT)
    an_agent.then(AgentCameOnline(at=NOW), AgentActivated(at=NOW), result="unchanged")
    assert an_agent.state.assignable
    an_agent.when(PUT).then()


def test_an_agent_can_end_its_own_drain(an_agent):
    an_agent.given(REGISTERED, OWN_DRAIN).by("a1", Role.AGENT)
    an_agent.when(ACTIVATE).then(AgentActivated(at=NOW))
    an_agent.when(ACTIVATE).then()


@pytest.mark.parametrize(
    "ordered",
    [
        (AgentDrained(at=NOW),),
        (AgentSuspended(at=NOW),),
        (OWN_DRAIN, AgentDrained(at=NOW)),
        (OWN_DRAIN, AgentSuspended(at=NOW)),
        (OWN_DRAIN, AgentActivated(at=NOW), AgentDrained(at=NOW)),
    ],
)
def test_what_operators_have_ordered_an_agent_cannot_end(an_agent, ordered):
    an_agent.given(REGISTERED, *ordered).by("a1", Role.AGENT)
    before = an_agent.state.status

    an_agent.when(ACTIVATE).then_refused("permission_denied")
    an_agent.when(PUT).then()
    an_agent.when(DRAIN).then()
    an_agent.when(ACTIVATE).then_refused("permission_denied")
    assert an_agent.state.status is before
    an_agent.by("ops", Role.OPERATOR).when(ACTIVATE).then(AgentActivated(at=NOW))


@pytest.mark.parametrize("order", [AgentDrained(at=NOW), AgentSuspended(at=NOW)])
def test_an_agent_that_leaves_and_comes_back_is_where_its_operators_put_it(an_agent, order):
    an_agent.given(REGISTERED, order, AgentUnregistered(at=NOW))

    for command in (PUT, register()):
        owned = registered(again=True, owner="a1")
        an_agent.by("a1", Role.AGENT).when(command)
        first, second = an_agent.decision.events
        assert first == ("agent/a1", owned)
        assert type(second[1]) is type(order)
    an_agent.by("ops", Role.OPERATOR).when(PUT).then(registered(again=True, owner="ops"))
    assert an_agent.state.assignable


def test_an_agent_that_left_while_it_drained_itself_comes_back_to_work(an_agent):
    an_agent.given(REGISTERED, OWN_DRAIN, AgentUnregistered(at=NOW)).by("a1", Role.AGENT)
    an_agent.when(PUT).then(registered(again=True, owner="a1"))


def test_an_operator_takes_an_agents_own_drain_over(an_agent):
    an_agent.given(REGISTERED, OWN_DRAIN).by("ops", Role.OPERATOR)
    an_agent.when(DRAIN).then(AgentDrained(at=NOW))
    an_agent.when(DRAIN).then()


def test_somebody_elses_put_leaves_a_drain_alone(an_agent):
    an_agent.given(REGISTERED, OWN_DRAIN).by("ops", Role.OPERATOR).when(PUT).then()
