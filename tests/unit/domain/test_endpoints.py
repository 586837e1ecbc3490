"""Endpoints of agents: disabled, enabled again, their secrets' numbers."""

from datetime import timedelta

import pytest

from aia_mas.domain.kernel import Role
from aia_mas.domain.orchestration.agent_commands import (
    DisableEndpoint,
    PutAgent,
    RotateWebhookSecret,
    SuspendAgent,
    UpdateAgent,
)
from aia_mas.domain.orchestration.agent_endpoint import BOTH_SIGN, signing_versions
from aia_mas.domain.orchestration.agent_events import (
    AgentActivated,
    AgentEndpointDisabled,
    AgentEndpointEnabled,
    AgentSuspended,
    AgentUnregistered,
    AgentUpdated,
    AgentWebhookSecretRotated,
)
from aia_mas.domain.orchestration.capabilities import Capabilities

from .agent_stories import ACTIVATE, GONE, NOW, PUT, registered

URL = "https://agent.example/"
ABLE = Capabilities(endpoint=URL)
REGISTERED = registered(capabilities=ABLE)
DISABLED = AgentEndpointDisabled(reason="failing", failures=20, at=NOW)
ENABLED = AgentEndpointEnabled(at=NOW)
DISABLE = DisableEndpoint(agent_id="a1", endpoint=URL, reason="failing", failures=20)
ROTATE = RotateWebhookSecret(agent_id="a1")


def test_an_endpoint_is_disabled_once(an_agent):
    an_agent.given(REGISTERED).when(DISABLE).then(DISABLED)
    an_agent.when(DISABLE).then()


@pytest.mark.parametrize("able", [Capabilities(), Capabilities(endpoint="https://b.example")])
def test_another_endpoint_than_the_one_that_failed_is_not_disabled(an_agent, able):
    an_agent.given(registered(capabilities=able)).when(DISABLE).then()


@pytest.mark.parametrize("command", [DISABLE, ROTATE])
def test_of_an_agent_that_left_nothing_is_changed(an_agent, command):
    an_agent.given(*GONE).when(command).then_refused("agent_not_found")


def test_an_agent_whose_endpoint_is_disabled_gets_no_work(an_agent):
    assert an_agent.given(REGISTERED).state.assignable
    an_agent.given(DISABLED)
    assert not an_agent.state.assignable
    an_agent.given(ENABLED)
    assert an_agent.state.assignable


def test_activate_enables_the_endpoint(an_agent):
    an_agent.given(REGISTERED, DISABLED).when(ACTIVATE).then(ENABLED)
    an_agent.when(ACTIVATE).then()


def test_activate_ends_a_suspension_too(an_agent):
    an_agent.given(REGISTERED, DISABLED)
    an_agent.when(SuspendAgent(agent_id="a1")).then(AgentSuspended(at=NOW))
    an_agent.when(ACTIVATE).then(AgentActivated(at=NOW), ENABLED)


def test_an_agent_stopped_by_operators_does_not_activate_itself(an_agent):
    an_agent.given(REGISTERED, DISABLED, AgentSuspended(at=NOW)).by("a1", Role.AGENT)
    an_agent.when(ACTIVATE).then_refused("permission_denied")


def test_a_put_enables_the_endpoint(an_agent):
    put = PutAgent(agent_id="a1", capabilities=ABLE)
    an_agent.given(REGISTERED, DISABLED).when(put).then(ENABLED, result="unchanged")


def test_a_patch_that_names_the_endpoint_enables_it(an_agent):
    update = UpdateAgent(agent_id="a1", endpoint=URL)
    an_agent.given(REGISTERED, DISABLED).when(update).then(ENABLED, result="unchanged")
    moved = Capabilities(endpoint="https://b.example")
    an_agent.given(DISABLED).when(UpdateAgent(agent_id="a1", endpoint="https://b.example"))
    an_agent.then(AgentUpdated(capabilities=moved, revision=2), ENABLED, result="updated")


def test_a_patch_of_something_else_does_not(an_agent):
    an_agent.given(REGISTERED, DISABLED)
    an_agent.when(UpdateAgent(agent_id="a1", cost_per_task=1))
    able = Capabilities(endpoint=URL, cost_per_task=1)
    an_agent.then(AgentUpdated(capabilities=able, revision=2), result="updated")


def test_registering_again_enables_the_endpoint_and_takes_another_secret(an_agent):
    an_agent.given(REGISTERED, DISABLED, AgentUnregistered(at=NOW))
    an_agent.when(PUT).then(registered(again=True))
    assert an_agent.state.endpoint_disabled is None
    assert (an_agent.state.secret_version, an_agent.state.secret_rotated_at) == (2, None)


def test_secrets_are_counted(an_agent):
    an_agent.given(REGISTERED).when(ROTATE).then(AgentWebhookSecretRotated(version=2, at=NOW))
    an_agent.when(ROTATE).then(AgentWebhookSecretRotated(version=3, at=NOW))
    assert an_agent.state.revision == 1


def test_the_secret_before_signs_for_a_day():
    assert signing_versions(1, None, NOW) == (1,)
    assert signing_versions(3, NOW, NOW) == (3, 2)
    assert signing_versions(3, NOW, NOW + BOTH_SIGN - timedelta(seconds=1)) == (3, 2)
    assert signing_versions(3, NOW, NOW + BOTH_SIGN) == (3,)
