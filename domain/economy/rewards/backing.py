"""Which stake backs which rewarded attempts: so much of it for each of them at a time.

A stake that goes away, by whichever way, takes the rewards with it that it backed, the latest ones
first; else one stake could be handed on from agent to agent while they work, and earn for all.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from aia_mas.domain.economy.parameters import EconomicParameters
from aia_mas.domain.economy.rewards.terms import rewarded_at_once
from aia_mas.domain.kernel.steps import Steps, chunks

_AT_ONCE = 500


class Backed(msgspec.Struct, array_like=True, gc=False):
    """An agent's effective stake (base units), and the tasks whose rewards it backs, in order."""

    stake: int = 0
    tasks: dict[str, None] = {}


class Backing:
    """The stakes of all agents, and what they back; folded from the log."""

    def __init__(self, agents: Iterable[tuple[str, Backed]] = ()) -> None:
        """Start with these agents."""
        self._agents = dict(agents)

    def staked(self, agent_id: str, stake: int, parameters: EconomicParameters) -> list[str]:
        """Note an agent's stake, base units; returns the tasks that it does not back any more."""
        backed = self._agents.setdefault(agent_id, Backed())
        backed.stake = stake
        lost = self._beyond(backed, parameters)
        self._forget_idle(agent_id, backed)
        return lost

    def assigned(self, agent_id: str, task_id: str, parameters: EconomicParameters) -> list[str]:
        """Back a rewarded attempt; returns the tasks that the stake does not back."""
        backed = self._agents.setdefault(agent_id, Backed())
        backed.tasks[task_id] = None
        lost = self._beyond(backed, parameters)
        self._forget_idle(agent_id, backed)
        return lost

    def over(self, agent_id: str, task_id: str) -> None:
        """Back an attempt no longer."""
        backed = self._agents.get(agent_id)
        if backed is not None:
            backed.tasks.pop(task_id, None)
            self._forget_idle(agent_id, backed)

    def rows(self) -> Steps[list[tuple[str, Backed]]]:
        """Return all agents, as a copy."""
        rows: list[tuple[str, Backed]] = []
        for some in chunks(self._agents.items(), _AT_ONCE):
            rows += ((agent_id, Backed(each.stake, dict(each.tasks))) for agent_id, each in some)
            yield
        return rows

    def _beyond(self, backed: Backed, parameters: EconomicParameters) -> list[str]:
        most = rewarded_at_once(parameters, backed.stake)
        return [backed.tasks.popitem()[0] for _ in range(len(backed.tasks) - most)]

    def _forget_idle(self, agent_id: str, backed: Backed) -> None:
        if not backed.stake and not backed.tasks:
            self._agents.pop(agent_id, None)
