"""Agents come and go, change, and give signs of life."""

from __future__ import annotations

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import rule

from aia_mas.domain.kernel import DomainError
from aia_mas.domain.orchestration import agent_commands as agents
from aia_mas.domain.orchestration.capabilities import Capabilities

from .basis import Basis, agent_itself
from .drawn import AGENTS, CAPABILITIES, PICK
from .world import OPERATOR

STANDING = [
    agents.DrainAgent,
    agents.SuspendAgent,
    agents.ActivateAgent,
    agents.ActivateAgent,
    agents.UnregisterAgent,
]


class AgentRules(Basis):
    """What agents and their operators do."""

    @rule(agent_id=AGENTS, capabilities=CAPABILITIES, again=st.booleans(), pick=PICK)
    def register(self, agent_id: str, capabilities: Capabilities, again: bool, pick: int) -> None:
        kind = agents.PutAgent if again else agents.RegisterAgent
        known, quiet = self.world.books.agents.get(agent_id), self.quiet
        free = known is None or known.status == "unregistered"
        result = self.do(kind(agent_id=agent_id, capabilities=capabilities), pick)
        if quiet:
            assert isinstance(result, DomainError) == (not free and not again)

    @rule(agent_id=AGENTS, capabilities=CAPABILITIES, pick=PICK)
    def update(self, agent_id: str, capabilities: Capabilities, pick: int) -> None:
        fields = msgspec.structs.asdict(capabilities)
        names = ("max_concurrent_tasks", "resources", "skills", "labels")
        changes = {each: fields[each] for each in names}
        self.do(agents.UpdateAgent(agent_id=agent_id, **changes), pick)

    @rule(agent_id=AGENTS, kind=st.sampled_from(STANDING), itself=st.booleans(), pick=PICK)
    def change_standing(self, agent_id: str, kind: type, itself: bool, pick: int) -> None:
        principal = agent_itself(agent_id) if itself else OPERATOR
        self.do(kind(agent_id=agent_id), pick, principal)

    @rule(
        agent_id=st.one_of(st.none(), AGENTS), names=st.sampled_from([True, True, False]), pick=PICK
    )
    def heartbeat(self, agent_id: str | None, names: bool, pick: int) -> None:
        if agent_id is None:
            self.everybody_is_alive(pick)
        else:
            self.beat(agent_id, names, pick)

    def everybody_is_alive(self, pick: int) -> None:
        """Have all agents give signs of life."""
        for agent_id in list(self.world.books.agents):
            self.beat(agent_id, True, pick)

    def beat(self, agent_id: str, names: bool, pick: int) -> None:
        """Have an agent tell that it lives, and (``names``) works on what it holds."""
        world, node, quiet = self.world, self.any_node(pick), self.quiet
        held = {each.task_id: each.attempt for each in world.books.held(agent_id)}
        named = ["never-heard-of", *held] if names else []
        at = world.clock.now()
        found = world.ask(node, node.heartbeat(agent_id, named, agent_itself(agent_id)))
        if found is None:
            # It may have been taken note of, or not.
            world.hearing.doubt("agent", agent_id)
            return
        if isinstance(found, DomainError):
            agent = world.books.agents.get(agent_id)
            assert not quiet or agent is None or agent.status == "unregistered"
            return
        world.hearing.heard("agent", agent_id, at, node)
        for each in found.held:
            if each.task_id in named:
                world.hearing.heard("task", each.lease, at, node)
        if quiet:
            assert {each.task_id for each in found.held} == set(held)
            assert [each.task_id for each in found.lost] == named[:1]
