"""The choice of one agent among those who suit: who has room, by which policy, on what grounds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.fleet.matching import Pool, Slots
from aia_mas.domain.orchestration.requirement import RequirementSignature
from aia_mas.domain.orchestration.scoring.board import Board
from aia_mas.domain.orchestration.scoring.candidates import Candidate, Mark
from aia_mas.domain.orchestration.scoring.failures import (
    FailedPolicy,
    PolicyFailure,
    PolicyFailures,
    failure_of,
    unknown,
)
from aia_mas.domain.orchestration.scoring.learning import milliseconds
from aia_mas.domain.orchestration.scoring.policies import SCORED, Policies, choice
from aia_mas.domain.orchestration.scoring.rules import AssignmentRules
from aia_mas.domain.orchestration.scoring.shortlisting import Field, shortlist
from aia_mas.domain.orchestration.task_events import TaskAssigned


class Grounds(NamedTuple):
    """What a choice was made on, for the record; see ``TaskAssigned``."""

    policy: str
    revision: int
    seed: int
    candidates: tuple[Candidate, ...]
    failure: PolicyFailure | None = None
    agents: int = 0
    with_room: int = 0


class Pick(NamedTuple):
    """The agent that a task should go to.

    Attributes:
        agent_id: Who.
        price: What it takes for the task, base units.
        load: The share of its places in use, 0..1.
        considered: How many agents qualified and had room.
        grounds: What it was chosen on.
        declared: What it declared then, as far as placement asks for it.
        stake: Its stake, base units.
    """

    agent_id: str
    price: int
    load: float
    considered: int
    grounds: Grounds
    declared: Capabilities | None = None
    stake: int = 0


class Chooser:
    """Chooses by the rules in force.

    Attributes:
        rules: These rules, as the log tells them.
        policies: What may choose, by name.
        failures: Policies that failed, as the log tells it; the default one chose instead.
    """

    def __init__(self, board: Board, policies: Policies) -> None:
        """Choose by what a board says."""
        self.rules = AssignmentRules()
        self.policies = policies
        self.failures = PolicyFailures()
        self._board = board

    def assigned(self, task_id: str, event: TaskAssigned) -> None:
        """Fold an assignment, which tells of a policy that failed."""
        if event.failure is not None:
            self.failures.note(event.failure, task_id, milliseconds(event.assigned_at))

    def stored(self) -> tuple[AssignmentRules, dict[str, FailedPolicy]]:
        """Return what came from the log, as a copy."""
        return self.rules, dict(self.failures.by_policy)

    def restore(self, rules: AssignmentRules, failures: dict[str, FailedPolicy]) -> None:
        """Go on from what was stored."""
        self.rules, self.failures = rules, PolicyFailures(failures)

    def choose(
        self,
        pool: Pool,
        everybody: int,
        full: int,
        signature: RequirementSignature,
        seed: int,
        sticky: int | None,
        turns: int,
        agents: int,
    ) -> tuple[int, int, Grounds] | None:
        """Return the slot chosen, how many came into question, and the grounds.

        Args:
            pool: All who suit.
            everybody: How many slots there are.
            full: How many of them have no place left.
            signature: What the task asks for.
            seed: What chance is drawn from.
            sticky: The slot of the agent that had the task's sticky key last, if anybody had.
            turns: How many assignments there were.
            agents: How many agents there are.

        Returns:
            None when nobody who suits has room.
        """
        slots, marks = pool if not full else self._with_room(pool)
        size = slots.size
        if not size:
            return None
        place, marks = _marked(slots, marks, sticky)
        whole = None if size == everybody else slots
        field = Field(whole, size, marks, place, bool(signature.preferred))
        rules, task_type = self.rules, signature.task_type
        name = rules.by_type.get(task_type, rules.default)
        # A node may lead that does not know a policy which another one did.
        policy, failure = self.policies.get(name), None
        if policy is None:
            policy, failure = SCORED, unknown(name)
        found = shortlist(
            self._board, field, task_type, signature.max_cost, policy, rules.weights, turns
        )
        candidates = tuple(candidate for _, candidate in found)
        try:
            chosen = choice(candidates, policy, rules.weights, seed)
        except Exception as error:  # noqa: BLE001 - whatever a user's policy raises, tasks go on
            policy, failure = SCORED, failure_of(name, error)
            chosen = choice(candidates, policy, rules.weights, seed)
        slot = next(slot for slot, candidate in found if candidate is chosen)
        room = everybody - full
        grounds = Grounds(
            policy.name, rules.revision, seed, candidates, failure, agents, with_room=room
        )
        return slot, size, grounds

    def _with_room(self, pool: Pool) -> Pool:
        room = self._board.open.take(pool.slots)
        if room.all():
            return pool
        return Pool(pool.slots[room], None if pool.marks is None else pool.marks[room])


def _marked(
    slots: Slots, marks: Slots | None, sticky: int | None
) -> tuple[int | None, Slots | None]:
    """Return where a slot stands among others, and their marks with one for it there."""
    if sticky is None:
        return None, marks
    place = int(slots.searchsorted(sticky))
    if place == slots.size or slots[place] != sticky:
        return None, marks
    marks = np.zeros(slots.size, dtype=np.intp) if marks is None else marks.copy()
    marks[place] |= Mark.STICKY
    return place, marks
