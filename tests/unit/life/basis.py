"""What all rules of the machine share: a world, and who is asked."""

from __future__ import annotations

import msgspec
from hypothesis.stateful import RuleBasedStateMachine

from aia_mas.application.engine.outcomes import CommandResult
from aia_mas.domain.kernel import DomainError, Principal
from aia_mas.domain.kernel.principal import Role

from .entries import TaskEntry
from .node import Node
from .world import OPERATOR, World

LONGEST_TROUBLE = 6
"""Commands; then somebody repairs what is broken, because nothing much happens meanwhile."""


class Basis(RuleBasedStateMachine):
    """A world, and how it is asked.

    Attributes:
        world: The world.
    """

    world: World
    _trouble = 0

    def any_node(self, pick: int) -> Node:
        """Return one of the nodes."""
        return self.world.nodes[pick % len(self.world.nodes)]

    def do(
        self, command: msgspec.Struct, pick: int = 0, principal: Principal = OPERATOR
    ) -> CommandResult | DomainError | None:
        """Have a node carry out a command; None: it has not answered yet."""
        if not self.quiet:
            self._trouble += 1
            if self._trouble > LONGEST_TROUBLE:
                self.repair()
        node = self.any_node(pick)
        result: CommandResult | DomainError | None
        result = self.world.ask(node, node.do(command, principal))
        return result

    def repair(self) -> None:
        """Repair all lines, and let those notice who lead no more."""
        world, leader = self.world, self.world.leader
        for node in world.nodes:
            if node is not leader and node.leads_since is not None:
                world.run(node.stop_leading())
            node.line.repair()
        self._trouble = 0
        world.step(2.0)

    @property
    def quiet(self) -> bool:
        """Whether everything has settled, on all nodes."""
        head = self.world.store.head
        return self.world.calm and all(
            node.line.feed.position == head and node.line.open.is_set() for node in self.world.nodes
        )

    def held(self) -> list[TaskEntry]:
        """Return all tasks that agents hold."""
        return [each for each in self.world.books.tasks.values() if each.attempt is not None]

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.close()


def client(subject: str) -> Principal:
    """Return somebody who owns tasks."""
    return Principal(subject, frozenset({Role.CLIENT}))


def agent_itself(agent_id: str) -> Principal:
    """Return an agent that acts for itself."""
    return Principal(agent_id, frozenset({Role.AGENT}), agent_id)
