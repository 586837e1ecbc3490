"""The eight best of all candidates, with their features rounded as the event keeps them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aia_mas.domain.orchestration.scoring.board import (
    HOPED,
    SLOW,
    TILT,
    TOOK,
    UNKNOWN,
    Board,
    Slots,
)
from aia_mas.domain.orchestration.scoring.candidates import (
    EVERY_MARK,
    SHORTLIST,
    Candidate,
    Mark,
    affinity_of,
    score,
)
from aia_mas.domain.orchestration.scoring.policies import Policy
from aia_mas.domain.orchestration.scoring.weights import ONE, Weights

# Rows of what ranks are made of; the first four are those of the board.
_HEADROOM, _PRICE, _STAKE, _TURN, _QUALITY, _LATENCY, _AFFINITY = range(7)
_AFFINITIES = np.array([affinity_of(marks) / ONE for marks in range(EVERY_MARK)])
# Ranks are scores times ten thousand; these come before, or after, any of them.
_FIRST = 4.0 * ONE
_KEPT = 2.0 * ONE
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
    marks: NDArray[np.uint8] | None
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
    parts = _parts(board, field, task_type, max_cost)
    # Negative, so that the best come first where ranks are sorted.
    factors = np.array(
        (
            -counts.headroom,
            -counts.price,
            -counts.stake,
            _TURNS / (turns + 1),  # equal ones take turns, of those that never had one the first
            -counts.quality,
            -counts.latency,
            -counts.affinity,
        )
    )
    small = field.size <= _VERY_MANY
    ranks = factors @ parts if small else np.einsum("i,ij->j", factors, parts)
    if field.preferred and field.marks is not None:
        ranks -= _FIRST * (field.marks & Mark.PREFERRED)
    if field.sticky is not None and policy.keeps_sticky:
        ranks[field.sticky] -= _KEPT
    best = _best(ranks)
    rounded = (parts.take(best, axis=1) * ONE + 0.5).astype(np.int64).tolist()
    slots = (best if field.slots is None else field.slots[best]).tolist()
    marks = [0] * len(slots) if field.marks is None else field.marks[best].tolist()
    found = []
    for slot, mark, headroom, price, stake, turn, quality, latency, affinity in zip(
        slots, marks, *rounded, strict=True
    ):
        candidate = Candidate(
            board.agent_id(slot), quality, latency, headroom, price, stake, affinity, mark
        )
        order = (not mark & Mark.PREFERRED, -score(candidate, counts), turn, slot)
        found.append((order, candidate))
    found.sort()
    return [(order[-1], candidate) for order, candidate in found]


def _parts(board: Board, field: Field, task_type: str, max_cost: int | None) -> NDArray[np.float64]:
    """Return the features of all candidates, each 0..1, and their turns."""
    rows, column = board.gather(field.slots, field.size, task_type)
    mean, typical = board.outlook(task_type)
    parts = np.empty((7, field.size))
    parts[:_QUALITY] = rows[:_QUALITY]
    price = parts[_PRICE]
    dearest = float(price.max()) if max_cost is None else float(max_cost)
    if dearest:
        price *= -1.0 / dearest
        price += 1.0
    else:
        price[:] = 1.0
    # The record in the type leans on the agent's in all, and that on everybody's in the type.
    quality = np.multiply(column[TILT], mean, out=parts[_QUALITY])
    quality += column[HOPED]
    np.minimum(quality, 1.0, out=quality)
    # When it would be done, against the candidate that would be done first.
    done = column[UNKNOWN] * typical
    done += column[TOOK]
    done *= rows[SLOW]
    np.divide(done.min(), done, out=parts[_LATENCY])
    if field.marks is None:
        parts[_AFFINITY] = 0.0
    else:
        _AFFINITIES.take(field.marks, out=parts[_AFFINITY])
    return parts


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
