"""What attempts can still be promised: a fold of blocks, assignments and settlements.

What is promised by a plan that is on its way into the log is counted as well, by whoever plans.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import msgspec

from aia_mas.domain.economy.parameters import EconomicParameters, ParametersChanged
from aia_mas.domain.economy.rewards.events import RewardBlockReserved, RewardsSettled
from aia_mas.domain.economy.rewards.terms import (
    RewardTerms,
    Unfunded,
    rewarded_at_once,
    terms_by,
)
from aia_mas.domain.kernel.event import Event
from aia_mas.domain.kernel.steps import Steps, chunks, copied
from aia_mas.domain.orchestration.task_events import (
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskExpired,
    TaskFailed,
    TaskReleased,
)


class Share(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is kept for an attempt (base units), and whose it is."""

    agent_id: str
    amount: int


class Promise(NamedTuple):
    """What an attempt is promised, or why it is promised nothing (empty: nothing is offered)."""

    terms: RewardTerms | None = None
    unfunded: str = ""


class AllowanceSnapshot(msgspec.Struct, frozen=True):
    """All of an allowance that came from the log."""

    held: list[tuple[str, Share]] = []
    blocks: int = 0
    available: int = 0
    awaiting: int = 0
    paid: int = 0
    parameters: EconomicParameters | None = None


class Allowance:
    """The reserved blocks, and where they are: amounts in base units.

    At any position of the log ``available + reserved + awaiting + paid == blocks``.

    Attributes:
        parameters: Those in force; None: no leader of the settlement has told any yet.
        blocks: What was reserved altogether.
        available: What can still be promised, by the log.
        awaiting: What is kept for completed attempts that are not settled.
        paid: What was paid.
    """

    def __init__(self) -> None:
        """Start with nothing reserved."""
        self.parameters: EconomicParameters | None = None
        self.blocks = self.available = self.awaiting = self.paid = 0
        self._held: dict[str, Share] = {}
        self._planned: dict[str, Share] = {}
        self._planned_sum = self._held_sum = 0
        self._at_once: Counter[str] = Counter()

    @property
    def reserved(self) -> int:
        """What is kept for attempts that go on."""
        return self._held_sum

    @property
    def promisable(self) -> int:
        """What can be promised now: what is available, less what plans took of it."""
        return self.available - self._planned_sum

    def rewarded(self, agent_id: str) -> int:
        """Return how many attempts of an agent a reward is kept for, planned ones included."""
        return self._at_once[agent_id]

    def promise(self, task_id: str, agent_id: str, stake: int, *, own: bool = False) -> Promise:
        """Promise a reward for an attempt that is planned, and keep it.

        It is kept until the assignment is applied or ``drop`` is called.

        Args:
            task_id: Which task.
            agent_id: Who will get it.
            stake: The agent's stake, base units.
            own: The task is that agent's own.
        """
        parameters = self.parameters
        if parameters is None:
            return Promise(unfunded=Unfunded.POOL_EMPTY)
        if not parameters.base_task_reward:
            return Promise()
        if own:  # else it could order its rewards itself
            return Promise(unfunded=Unfunded.OWN_TASK)
        terms = terms_by(parameters, stake)
        if terms is None:
            return Promise(unfunded=Unfunded.NO_STAKE)
        if self._at_once[agent_id] >= rewarded_at_once(parameters, stake):
            return Promise(unfunded=Unfunded.STAKE_LIMIT)
        if self.promisable < terms.reserved:
            return Promise(unfunded=Unfunded.POOL_EMPTY)
        self._planned[task_id] = Share(agent_id, terms.reserved)
        self._planned_sum += terms.reserved
        self._at_once[agent_id] += 1
        return Promise(terms)

    def drop(self, task_id: str) -> None:
        """Take back what was promised by a plan that came to nothing."""
        share = self._planned.pop(task_id, None)
        if share is not None:
            self._planned_sum -= share.amount
            self._less(share.agent_id)

    def apply(self, task_id: str, event: Event) -> None:
        """Fold one event (``task_id``: the task of an event of one)."""
        fold = _FOLDS.get(type(event))
        if fold is not None:
            fold(self, task_id, event)

    def snapshot(self) -> Steps[AllowanceSnapshot]:
        """Return what came from the log, as a copy; what is only planned is not in it."""
        held = yield from copied(self._held.items())
        return AllowanceSnapshot(
            held, self.blocks, self.available, self.awaiting, self.paid, self.parameters
        )

    @classmethod
    def restore(cls, snapshot: AllowanceSnapshot) -> Steps[Allowance]:
        """Return an allowance that goes on where the snapshot was taken."""
        restored = cls()
        restored.parameters = snapshot.parameters
        restored.blocks, restored.available = snapshot.blocks, snapshot.available
        restored.awaiting, restored.paid = snapshot.awaiting, snapshot.paid
        for some in chunks(snapshot.held, _AT_ONCE):
            restored._keep(some)
            yield
        return restored

    def _keep(self, shares: Iterable[tuple[str, Share]]) -> None:
        for task_id, share in shares:
            self._held[task_id] = share
            self._held_sum += share.amount
            self._at_once[share.agent_id] += 1

    def _less(self, agent_id: str) -> None:
        self._at_once[agent_id] -= 1
        if not self._at_once[agent_id]:
            del self._at_once[agent_id]

    def _changed(self, _: str, event: ParametersChanged) -> None:
        self.parameters = event.parameters

    def _reserved(self, _: str, event: RewardBlockReserved) -> None:
        self.blocks += event.amount
        self.available += event.amount

    def _assigned(self, task_id: str, event: TaskAssigned) -> None:
        self.drop(task_id)
        if event.reward is not None:
            self.available -= event.reward.reserved
            self._keep([(task_id, Share(event.agent_id, event.reward.reserved))])

    def _over(self, task_id: str, _event: Event) -> None:
        self.available += self._let_go(task_id)

    def _completed(self, task_id: str, _event: TaskCompleted) -> None:
        self.awaiting += self._let_go(task_id)

    def _let_go(self, task_id: str) -> int:
        share = self._held.pop(task_id, None)
        if share is None:
            return 0
        self._held_sum -= share.amount
        self._less(share.agent_id)
        return share.amount

    def _settled(self, _: str, event: RewardsSettled) -> None:
        self.awaiting -= event.reward + event.freed
        self.available += event.freed
        self.paid += event.reward


_AT_ONCE = 500
# Any: each fold takes its own event type.
_FOLDS: dict[type[Event], Callable[[Allowance, str, Any], None]] = {
    ParametersChanged: Allowance._changed,
    RewardBlockReserved: Allowance._reserved,
    RewardsSettled: Allowance._settled,
    TaskAssigned: Allowance._assigned,
    TaskFailed: Allowance._over,
    TaskReleased: Allowance._over,
    TaskCancelled: Allowance._over,
    TaskExpired: Allowance._over,
    TaskCompleted: Allowance._completed,
}
EVENTS = frozenset(_FOLDS)
"""The events that it folds."""
