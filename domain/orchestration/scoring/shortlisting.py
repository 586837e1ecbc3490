"""The eight best of all candidates, with their features rounded as the event keeps them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aia_mas.domain.orchestration.scoring.board import Board, Slots
from aia_mas.domain.orchestration.scoring.candidates import (
    EVERY_MARK,
    SHORTLIST,
    Candidate,
    Mark,
    affinity_of,
    score_of,
)
from aia_mas.domain.orchestration.scoring.column import PRICE, QUALITY, SLOW, TAKES
from aia_mas.domain.orchestration.scoring.policies import Policy
from aia_mas.domain.orchestration.scoring.weights import ONE, Weights

# How many rows a choice looks at: up to SLOW, and up to TAKES.
_OF_AGENTS, _OF_TYPE = SLOW + 1, TAKES + 1
_AFFINITIES = tuple(affinity_of(marks) for marks in range(EVERY_MARK))
_AFFINITY = np.array(_AFFINITIES) / ONE
# Ranks are scores times ten thousand; these come before, or after, any of them.
_FIRST = 4.0 * ONE
_KEPT = 2.0 * ONE
_PREFERRED = _FIRST * (np.arange(EVERY_MARK) & Mark.PREFERRED)
_TURNS = 1e-4
_MANY, _VERY_MANY = 256, 1_000
"""With more candidates than this it is quicker to look for the best one eight times; and to add up
their parts without BLAS, which would start threads for them."""


class Field(NamedTuple):
    """The candidates for a task: all who suit and have room.

    Attributes:
        slots: Theirs, ascending; None: all slots from 0 to ``size``.
        size: How many they are.
        marks: What ties each of them to the task, as ``Mark``; None: nothing ties any of them.
        sticky: Where the agent that had the sticky key last stands among them; None: it does not.
        preferred: Whether any of them may be preferred.
    """

    slots: Slots | None
    size: int
    marks: Slots | None
    sticky: int | None = None
    preferred: bool = False


def shortlist(
    board: Board,
    field: Field,
    task_type: str,
    max_cost: int | None,
    policy: Policy,
    weights: Weights,
    turns: int,
) -> list[tuple[int, Candidate]]:
    """Return the slots and features of the best candidates, at most eight of them.

    They are sorted: preferred ones first, then by score (of the rounded features, exactly), then by
    whose last turn was the longest ago.

    Args:
        board: The agents.
        field: Who comes into question; not empty.
        task_type: The type of the task.
        max_cost: The highest price that it allows, base units; None: any.
        policy: What chooses; it may have weights of its own.
        weights: Those in force.
        turns: How many turns there were.
    """
    counts = policy.weights or weights
    agents, column, slots = board.rows, board.column(task_type), field.slots
    if slots is None:
        agents, column = agents[:_OF_AGENTS, : field.size], column[:_OF_TYPE, : field.size]
    else:
        agents = agents[:_OF_AGENTS].take(slots, axis=1)
        column = column[:_OF_TYPE].take(slots, axis=1)
    dearest = float(agents[PRICE].max() if max_cost is None else max_cost) or 1.0
    done = column[TAKES] * agents[SLOW]
    soonest = float(done.min())

    # Negative, so that the best come first where ranks are sorted; what is the same for all is
    # left out.
    factors = np.array(
        (
            -counts.headroom,
            counts.price / dearest,
            -counts.stake,
            _TURNS / (turns + 1),  # equal ones take turns, of those that never had one the first
        )
    )
    # Many are added up without BLAS, which would start threads for them.
    few = field.size <= _VERY_MANY
    ranks = factors @ agents[:4] if few else np.einsum("i,ij->j", factors, agents[:4])
    if counts.quality:
        ranks -= column[QUALITY] * counts.quality
    if counts.latency:
        ranks -= counts.latency * soonest / done
    if field.marks is not None:
        ties = _AFFINITY * counts.affinity
        if field.preferred:
            ties += _PREFERRED
        ranks -= ties.take(field.marks)
    if field.sticky is not None and policy.keeps_sticky:
        ranks[field.sticky] -= _KEPT
    best = _best(ranks)
    # A view would be copied whole to take a few columns of it.
    places = best if slots is None else slots[best]
    rows = board.rows.take(places, axis=1)
    marks = [0] * best.size if field.marks is None else field.marks[best].tolist()
    ids, scale, found = board.agent_id, ONE / dearest, []
    for slot, mark, headroom, price, stake, turn, quality, latency in zip(
        places.tolist(),
        marks,
        *rows[:4].tolist(),
        column[QUALITY][best].tolist(),
        (soonest / done[best]).tolist(),
        strict=True,
    ):
        # Rounded as the event keeps them, so that scores of them are exact.
        features = (
            int(quality * ONE + 0.5),
            int(latency * ONE + 0.5),
            int(headroom * ONE + 0.5),
            int(ONE - price * scale + 0.5),
            int(stake * ONE + 0.5),
            _AFFINITIES[mark],
        )
        order = (not mark & Mark.PREFERRED, -score_of(features, counts), turn, slot)
        found.append((order, Candidate(ids(slot), *features, mark)))
    found.sort()
    return [(order[-1], candidate) for order, candidate in found]


def _best(ranks: NDArray[np.float64]) -> NDArray[np.intp]:
    size = ranks.size
    if size <= SHORTLIST:
        return np.arange(size)
    if size < _MANY:
        return ranks.argsort(kind="stable")[:SHORTLIST]
    best = np.empty(SHORTLIST, dtype=np.intp)
    for index in range(SHORTLIST):
        best[index] = at = ranks.argmin()
        ranks[at] = np.inf
    return best
