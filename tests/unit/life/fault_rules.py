"""Time passes, nodes die, lines break, and several things happen at once."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from aia_mas.domain.orchestration import agent_commands as agents
from aia_mas.domain.orchestration import task_commands as tasks
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.task_specification import TaskSpecification

from .agent_rules import AgentRules
from .basis import agent_itself
from .drawn import AGENTS, CAPABILITIES, OWNERS, PICK, SPANS, SPECS
from .world import OPERATOR


class FaultRules(AgentRules):
    """What befalls the system."""

    @rule(seconds=SPANS, alive=st.booleans())
    def time_passes(self, seconds: float, alive: bool) -> None:
        while alive and seconds > 10.0:
            self.world.step(10.0)
            seconds -= 10.0
            self.everybody_is_alive(0)
        self.world.step(seconds)

    @rule(pick=PICK, knows=st.booleans())
    def another_node_leads(self, pick: int, knows: bool) -> None:
        """The leader gives its leases back; or it stood still, and goes on under its old ones."""
        world, leader = self.world, self.world.leader
        others = [node for node in world.nodes if node is not leader] or world.nodes
        if leader is not None:
            if knows or leader in others:
                world.run(leader.stop_leading())
            else:
                leader.line.deaf = True
        world.let_lead(others[pick % len(others)])
        world.step()

    @rule(pick=PICK)
    def a_node_is_killed(self, pick: int) -> None:
        """Another one starts in its place, from snapshots and the log."""
        world, node = self.world, self.any_node(pick)
        world.crash(node)
        fresh = world.add_node()
        if world.leader is None or not world.leader.leads_by(world.store):
            world.let_lead(fresh)
        world.step()

    @rule(pick=PICK, hears=st.booleans())
    def a_line_is_held_up(self, pick: int, hears: bool) -> None:
        """A node cannot write, or does not hear, for some time."""
        line = self.any_node(pick).line
        if hears:
            line.open.clear()
        else:
            line.deaf = True

    @rule()
    def all_is_repaired(self) -> None:
        self.repair()

    @rule()
    def folds_go_on_from_snapshots(self) -> None:
        self.world.restored.restore()

    @rule(
        agent_id=AGENTS,
        capabilities=CAPABILITIES,
        spec=SPECS,
        owner=OWNERS,
        doing=st.sets(
            st.sampled_from(["submit", "update", "suspend", "leave", "complete", "cancel"]),
            min_size=2,
        ),
        pick=PICK,
    )
    def at_once(
        self,
        agent_id: str,
        capabilities: Capabilities,
        spec: TaskSpecification,
        owner: str,
        doing: set[str],
        pick: int,
    ) -> None:
        """Several commands on several nodes, none of which knows of the others."""
        world = self.world
        held = [each for each in self.held() if each.attempt is not None]
        chosen = held[pick % len(held)] if held else None
        for number, what in enumerate(sorted(doing)):
            node = self.any_node(pick + number)
            principal = OPERATOR
            if what == "submit":
                command: Any = tasks.SubmitTask(task_id=world.new_task(), spec=spec, owner=owner)
            elif what == "update":
                command = agents.PutAgent(agent_id=agent_id, capabilities=capabilities)
            elif what == "suspend":
                command = agents.SuspendAgent(agent_id=agent_id)
            elif what == "leave":
                command = agents.UnregisterAgent(agent_id=agent_id)
            elif chosen is None or chosen.attempt is None:
                continue
            elif what == "cancel":
                command = tasks.CancelTask(task_id=chosen.task_id)
            else:
                held_by, lease = chosen.attempt.agent_id, chosen.attempt.lease
                principal = agent_itself(held_by)
                command = tasks.CompleteTask(task_id=chosen.task_id, agent_id=held_by, lease=lease)
            world.begin(node, node.do(command, principal))
        world.step()
