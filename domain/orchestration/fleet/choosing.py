"""The choice of one agent among those who suit: who has room, by which policy, on what grounds."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np

from aia_mas.domain.orchestration.fleet.matching import Pool, Slots
from aia_mas.domain.orchestration.requirement import RequirementSignature
from aia_mas.domain.orchestration.scoring.board import Board
from aia_mas.domain.orchestration.scoring.candidates import Candidate, Mark
from aia_mas.domain.orchestration.scoring.policies import SCORED, Policies, choice
from aia_mas.domain.orchestration.scoring.rules import AssignmentRules
from aia_mas.domain.orchestration.scoring.shortlisting import Field, shortlist


class Grounds(NamedTuple):
    """What a choice was made on, for the record; see ``TaskAssigned``."""

    policy: str
    revision: int
    seed: int
    candidates: tuple[Candidate, ...]


class Pick(NamedTuple):
    """The agent that a task should go to.

    Attributes:
        agent_id: Who.
        price: What it takes for the task, base units.
        load: The share of its places in use, 0..1.
        considered: How many agents qualified and had room.
        grounds: What it was chosen on.
    """

    agent_id: str
    price: int
    load: float
    considered: int
    grounds: Grounds


class Chooser:
    """Chooses by the rules in force.

    Attributes:
        rules: These rules, as the log tells them.
        policies: What may choose, by name.
        failures: How often a policy of a user failed, by name; the default one chose instead.
    """

    def __init__(self, board: Board, policies: Policies) -> None:
        """Choose by what a board says."""
        self.rules = AssignmentRules()
        self.policies = policies
        self.failures: Counter[str] = Counter()
        self._board = board

    def choose(
        self,
        pool: Pool,
        everybody: int,
        full: int,
        signature: RequirementSignature,
        seed: int,
        sticky: int | None,
        turns: int,
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
        # A node may lead that does not know a policy which another one did.
        policy = self.policies.get(rules.by_type.get(task_type, rules.default), SCORED)
        found = shortlist(
            self._board, field, task_type, signature.max_cost, policy, rules.weights, turns
        )
        candidates = tuple(candidate for _, candidate in found)
        try:
            chosen = choice(candidates, policy, rules.weights, seed)
        except Exception:  # noqa: BLE001 - whatever a user's policy raises, tasks go on
            self.failures[policy.name] += 1
            policy = SCORED
            chosen = choice(candidates, policy, rules.weights, seed)
        slot = next(slot for slot, candidate in found if candidate is chosen)
        return slot, size, Grounds(policy.name, rules.revision, seed, candidates)

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
