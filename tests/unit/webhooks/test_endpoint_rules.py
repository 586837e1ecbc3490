"""Where an endpoint is named that may not be called, nothing is changed."""

from datetime import UTC, datetime

from aia_mas.application.orchestration.endpoint_rules import calling_only_allowed
from aia_mas.application.webhooks.addresses import Allowed
from aia_mas.domain.kernel import Context, Principal
from aia_mas.domain.orchestration import agent, agent_decisions
from aia_mas.domain.orchestration.agent_commands import PutAgent, UpdateAgent
from aia_mas.domain.orchestration.agent_events import AgentRegistered
from aia_mas.domain.orchestration.capabilities import Capabilities

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CTX = Context(now=NOW, head=1, principal=Principal(subject="alice"))
BAD, GOOD = "https://10.0.0.1/", "https://agent.example/"

put = calling_only_allowed(agent_decisions.put_agent, Allowed().check_url)
update = calling_only_allowed(agent_decisions.update_agent, Allowed().check_url)


def with_endpoint(url: str | None) -> agent.AgentState:
    registered = AgentRegistered(
        capabilities=Capabilities(endpoint=url), owner="alice", registered_at=NOW
    )
    return agent.evolve(None, registered)


def refused(decision) -> bool:
    if decision.refusal is None:
        return False
    assert (decision.refusal.code, decision.refusal.field) == ("endpoint_not_allowed", "endpoint")
    assert decision.events == ()
    return True


def test_new_endpoints_are_looked_at() -> None:
    for state in (None, with_endpoint(None), with_endpoint(GOOD)):
        bad = PutAgent(agent_id="a", capabilities=Capabilities(endpoint=BAD))
        assert refused(put(state, bad, CTX))
        good = PutAgent(agent_id="a", capabilities=Capabilities(endpoint=GOOD))
        assert not refused(put(state, good, CTX))
    assert refused(update(with_endpoint(GOOD), UpdateAgent(agent_id="a", endpoint=BAD), CTX))


def test_one_that_was_taken_before_keeps_nobody_from_other_changes() -> None:
    """It was allowed then, or declared to a former release; each delivery looks at it anyway."""
    state = with_endpoint(BAD)

    assert not refused(update(state, UpdateAgent(agent_id="a", cost_per_task=1), CTX))
    other = Capabilities(endpoint=BAD, cost_per_task=1)
    assert not refused(put(state, PutAgent(agent_id="a", capabilities=other), CTX))
