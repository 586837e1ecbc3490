"""An agent: registration, changes, standing, presence."""

from datetime import timedelta

import msgspec
import pytest

from aia_mas.domain.kernel import Role
from aia_mas.domain.kernel.money import MAX_AMOUNT
from aia_mas.domain.kernel.precondition import Precondition
from aia_mas.domain.orchestration.agent import AgentStatus
from aia_mas.domain.orchestration.agent_commands import (
    ActivateAgent,
    DrainAgent,
    MarkAgentOffline,
    MarkAgentOnline,
    PutAgent,
    RegisterAgent,
    SuspendAgent,
    UnregisterAgent,
    UpdateAgent,
)
from aia_mas.domain.orchestration.agent_events import (
    AgentCameOnline,
    AgentDrained,
    AgentUnregistered,
    AgentUpdated,
    AgentWentOffline,
)
from aia_mas.domain.orchestration.capabilities import Capabilities

from .agent_stories import ANALYST, GONE, NOW, REGISTERED, WRITER, register, registered


def test_registers_for_the_caller(an_agent):
    an_agent.when(register(initial_stake=5)).then(registered(initial_stake=5), result="registered")

    assert an_agent.state.assignable
    assert an_agent.state.revision == 1


def test_an_operator_registers_for_a_named_owner(an_agent):
    an_agent.by("ops", Role.OPERATOR)
    an_agent.when(register(owner="team")).then(registered(owner="team"))


def test_nobody_else_registers_for_another(an_agent):
    an_agent.when(register(owner="alice")).then(registered(owner="alice"))
    an_agent.state = None
    an_agent.when(register(owner="team")).then_refused("permission_denied")
    an_agent.when(PutAgent(agent_id="a1", capabilities=ANALYST, owner="team"))
    an_agent.then_refused("permission_denied")


def test_a_second_registration_is_refused(an_agent):
    an_agent.given(REGISTERED).when(register()).then_refused("agent_already_registered")


def test_registering_again_after_leaving_restores_the_id(an_agent):
    an_agent.given(*GONE).when(register()).then(registered(again=True))

    assert an_agent.state.assignable
    assert an_agent.state.revision == 2


def test_the_number_of_agents_is_limited(an_agent):
    an_agent.when(register(registered_agents=2, max_agents=2)).then_refused("max_agents_reached")
    an_agent.when(register(registered_agents=1, max_agents=2)).then(REGISTERED)


@pytest.mark.parametrize(
    ("agent_id", "code"),
    [
        ("", "invalid_id"),
        ("a/b", "invalid_id"),
        ("..", "invalid_id"),
        ("ä", "invalid_id"),
        ("a\n", "invalid_id"),
        ("tasks", "reserved_id"),
        ("Metrics", "reserved_id"),
        ("x" * 129, "id_too_long"),
        ("/" * 129, "id_too_long"),
    ],
)
def test_bad_ids_are_refused(an_agent, agent_id, code):
    an_agent.when(register(agent_id=agent_id)).then_refused(code, field="agent_id")


def test_a_long_id_is_fine(an_agent):
    agent_id = "x" * 128
    an_agent.when(RegisterAgent(agent_id=agent_id, capabilities=ANALYST))
    assert an_agent.decision.events == ((f"agent/{agent_id}", REGISTERED),)


@pytest.mark.parametrize(
    ("capabilities", "code", "field"),
    [
        (Capabilities(skills={"x": 1.01}), "invalid_skill_level", "skills.x"),
        (Capabilities(skills={"x": -0.01}), "invalid_skill_level", "skills.x"),
        (Capabilities(skills={"x": float("nan")}), "invalid_skill_level", "skills.x"),
        (Capabilities(skills={"": 1.0}), "invalid_text", "skills"),
        (Capabilities(skills={f"s{n}": 1.0 for n in range(257)}), "invalid_value", "skills"),
        (Capabilities(specializations=("a", "\0")), "invalid_text", "specializations.1"),
        (Capabilities(specializations=("x" * 129,)), "invalid_text", "specializations.0"),
        (Capabilities(specializations=("\ud800",)), "invalid_text", "specializations.0"),
        (Capabilities(max_concurrent_tasks=0), "invalid_value", "max_concurrent_tasks"),
        (Capabilities(max_concurrent_tasks=1001), "invalid_value", "max_concurrent_tasks"),
        (Capabilities(cost_per_task=-1), "negative_amount", "cost_per_task"),
        (Capabilities(cost_per_task=MAX_AMOUNT + 1), "amount_too_large", "cost_per_task"),
        (Capabilities(labels={"k": "v" * 129}), "invalid_text", "labels.k"),
        (
            Capabilities(resources={"gpu": float("inf")}),
            "invalid_resource_amount",
            "resources.gpu",
        ),
        (Capabilities(resources={"gpu": -1.0}), "invalid_resource_amount", "resources.gpu"),
        (Capabilities(endpoint="agent.example"), "invalid_endpoint", "endpoint"),
        (Capabilities(endpoint="ftp://agent.example"), "invalid_endpoint", "endpoint"),
        (Capabilities(endpoint="http://:80"), "invalid_endpoint", "endpoint"),
        (Capabilities(endpoint="http://a:99999"), "invalid_endpoint", "endpoint"),
        (Capabilities(endpoint="http://a b"), "invalid_endpoint", "endpoint"),
        (Capabilities(endpoint="http://[a"), "invalid_endpoint", "endpoint"),
        (Capabilities(data_sources=("",)), "invalid_text", "data_sources.0"),
        (Capabilities(endpoint=""), "invalid_text", "endpoint"),
        (Capabilities(wallet_address="x" * 257), "invalid_address", "wallet_address"),
        (Capabilities(wallet_address=""), "invalid_address", "wallet_address"),
        (Capabilities(wallet_address=f"0xA{'b' * 39}"), "wrong_checksum", "wallet_address"),
        (Capabilities(metadata={"a": [{"b": "\0"}]}), "invalid_text", "metadata"),
        (Capabilities(metadata={"a": float("nan")}), "invalid_value", "metadata"),
        (Capabilities(metadata={"a": object()}), "invalid_value", "metadata"),
        (Capabilities(metadata={"a": "x" * 65_529}), "invalid_value", "metadata"),
    ],
)
def test_bad_capabilities_are_refused_however_they_come(an_agent, capabilities, code, field):
    command = register(capabilities=capabilities)
    put = PutAgent(agent_id="a1", capabilities=capabilities)

    an_agent.when(command).then_refused(code, field=field)
    an_agent.when(put).then_refused(code, field=field)
    an_agent.given(REGISTERED).when(put).then_refused(code, field=field)


def test_a_bad_stake_or_owner_is_refused(an_agent):
    an_agent.when(register(initial_stake=-1)).then_refused("negative_amount", field="initial_stake")
    an_agent.when(register(owner="o" * 256)).then_refused("invalid_text", field="owner")


def test_put_registers_updates_or_leaves_as_it_is(an_agent):
    put = PutAgent(agent_id="a1", capabilities=ANALYST)
    other = PutAgent(agent_id="a1", capabilities=WRITER)

    an_agent.when(put).then(REGISTERED, result="registered")
    an_agent.when(put).then(result="unchanged")
    an_agent.when(other).then(AgentUpdated(capabilities=WRITER, revision=2), result="updated")
    assert an_agent.state.capabilities == WRITER
    assert an_agent.state.revision == 2


def test_put_of_an_agent_that_left_registers_it_again(an_agent):
    put = PutAgent(agent_id="a1", capabilities=ANALYST)

    an_agent.given(*GONE).when(put).then(registered(again=True), result="registered")


def test_put_counts_as_a_heartbeat(an_agent):
    put = PutAgent(agent_id="a1", capabilities=ANALYST)

    an_agent.given(REGISTERED, AgentWentOffline(at=NOW)).when(put)
    an_agent.then(AgentCameOnline(at=NOW), result="unchanged")


def test_put_keeps_an_agent_drained(an_agent):
    an_agent.given(REGISTERED, AgentDrained(at=NOW))
    an_agent.when(PutAgent(agent_id="a1", capabilities=ANALYST)).then()

    assert an_agent.state.status is AgentStatus.DRAINING


def test_put_of_a_revision_replaces_only(an_agent):
    put = PutAgent(agent_id="a1", capabilities=WRITER, condition=Precondition(revisions=(1,)))

    an_agent.when(put).then_refused("precondition_failed")
    an_agent.given(REGISTERED).when(put).then(AgentUpdated(capabilities=WRITER, revision=2))
    an_agent.when(put).then_refused("precondition_failed")
    assert an_agent.decision.refusal.facts == {"revision": 2}


def test_put_can_be_made_to_register_only_or_to_replace_only(an_agent):
    create = PutAgent(agent_id="a1", capabilities=ANALYST, condition=Precondition(exists=False))
    replace = PutAgent(agent_id="a1", capabilities=WRITER, condition=Precondition(exists=True))

    an_agent.when(replace).then_refused("precondition_failed")
    an_agent.when(create).then(REGISTERED, result="registered")
    an_agent.when(create).then_refused("precondition_failed")
    an_agent.when(replace).then(AgentUpdated(capabilities=WRITER, revision=2), result="updated")
    an_agent.given(AgentUnregistered(at=NOW)).when(replace).then_refused("precondition_failed")
    an_agent.when(create).then(registered(again=True), result="registered")


CONDITIONAL = (
    (UpdateAgent, {"skills": {}}),
    (DrainAgent, {}),
    (SuspendAgent, {}),
    (ActivateAgent, {}),
    (UnregisterAgent, {}),
)


@pytest.mark.parametrize(("command", "fields"), CONDITIONAL)
@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (Precondition(), True),
        (Precondition(revisions=(2,)), True),
        (Precondition(revisions=(7, 2)), True),
        (Precondition(exists=True), True),
        (Precondition(revisions=(1,)), False),
        (Precondition(revisions=(3, 1)), False),
        (Precondition(revisions=()), False),
        (Precondition(exists=False), False),
    ],
)
def test_a_condition_is_decided_with_the_command(an_agent, command, fields, condition, holds):
    an_agent.given(REGISTERED, AgentUpdated(capabilities=ANALYST, revision=2))
    an_agent.when(command(agent_id="a1", condition=condition, **fields))

    if holds:
        assert an_agent.decision.refusal is None
    else:
        an_agent.then_refused("precondition_failed")


@pytest.mark.parametrize(("command", "fields"), CONDITIONAL)
def test_an_agent_that_is_not_there_is_not_found_whatever_is_asked_of_it(an_agent, command, fields):
    for condition in (Precondition(revisions=(1,)), Precondition(exists=True)):
        asked = command(agent_id="a1", condition=condition, **fields)
        an_agent.when(asked).then_refused("agent_not_found")


def test_update_replaces_the_given_fields_only(an_agent):
    update = UpdateAgent(agent_id="a1", skills={"sql": 0.5}, endpoint="https://a1")
    whole = Capabilities(
        skills={"sql": 0.5},
        max_concurrent_tasks=3,
        cost_per_task=15 * 10**18,
        endpoint="https://a1",
    )

    an_agent.given(REGISTERED).when(update)
    an_agent.then(AgentUpdated(capabilities=whole, revision=2), result="updated")
    an_agent.when(update).then(result="unchanged")
    an_agent.when(UpdateAgent(agent_id="a1", endpoint=None))
    assert an_agent.decision.events[0][1].capabilities.endpoint is None


def test_update_is_checked(an_agent):
    an_agent.given(REGISTERED)
    an_agent.when(UpdateAgent(agent_id="a1", skills={"x": 2.0})).then_refused("invalid_skill_level")


def test_metadata_has_64_kib_at_most(an_agent):
    able = Capabilities(metadata={"a": "x" * 65_528})
    an_agent.when(register(capabilities=able)).then(registered(capabilities=able))


def test_an_agent_with_more_metadata_than_is_taken_today_can_still_be_changed(an_agent):
    large = Capabilities(metadata={"a": "x" * 100_000})
    an_agent.given(registered(capabilities=large))

    an_agent.when(UpdateAgent(agent_id="a1", cost_per_task=5))
    changed = msgspec.structs.replace(large, cost_per_task=5)
    an_agent.then(AgentUpdated(capabilities=changed, revision=2), result="updated")


def test_presence_is_recorded_when_it_changes(an_agent):
    seen = NOW - timedelta(seconds=90)

    an_agent.given(REGISTERED)
    an_agent.when(MarkAgentOnline(agent_id="a1")).then()
    an_agent.when(MarkAgentOffline(agent_id="a1", last_seen=seen))
    an_agent.then(AgentWentOffline(last_seen=seen, at=NOW))
    assert not an_agent.state.assignable
    an_agent.when(MarkAgentOffline(agent_id="a1")).then()
    an_agent.when(MarkAgentOnline(agent_id="a1")).then(AgentCameOnline(at=NOW))
    assert an_agent.state.assignable


def test_a_drain_is_recorded_with_its_reason(an_agent):
    drain = DrainAgent(agent_id="a1", reason="maintenance")
    an_agent.given(REGISTERED).when(drain).then(AgentDrained(at=NOW, reason="maintenance"))


@pytest.mark.parametrize("before", [(), GONE])
@pytest.mark.parametrize(
    "command",
    [
        UpdateAgent(agent_id="a1"),
        DrainAgent(agent_id="a1"),
        SuspendAgent(agent_id="a1"),
        ActivateAgent(agent_id="a1"),
        UnregisterAgent(agent_id="a1"),
        MarkAgentOffline(agent_id="a1"),
        MarkAgentOnline(agent_id="a1"),
    ],
)
def test_an_unknown_agent_is_not_found(an_agent, before, command):
    an_agent.given(*before).when(command).then_refused("agent_not_found")


@pytest.mark.parametrize(
    "command",
    [
        SuspendAgent(agent_id="a1", reason="\0"),
        UnregisterAgent(agent_id="a1", reason="x" * 10_001),
        DrainAgent(agent_id="a1", reason="\0"),
    ],
)
def test_reasons_are_bounded(an_agent, command):
    an_agent.given(REGISTERED).when(command).then_refused("invalid_text", field="reason")
