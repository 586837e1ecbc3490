"""The eight best of all candidates, with their features rounded as the event keeps them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aia_mas.domain.orchestration.scoring.board import (
    DRAG,
    GOOD,
    LEAN,
    OWN,
    PENDING,
    REST,
    STAKE,
    TOOK,
    TURN,
    UNKNOWN,
    UNSURE,
    Board,
    Slots,
)
from aia_mas.domain.orchestration.scoring.candidates import (
    SHORTLIST,
    Candidate,
    Mark,
    affinity_of,
    score,
)
from aia_mas.domain.orchestration.scoring.policies import Policy
from aia_mas.domain.orchestration.scoring.weights import ONE, Weights

_AFFINITIES = np.array([affinity_of(marks) / ONE for marks in range(8)])
# Ranks go by the score in ten-thousandths; these come before, or after, any of them.
_FIRST = 4.0 * ONE
_KEPT = 2.0 * ONE
_TURNS = 1e-4


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
    rows, columns = board.gather(field.slots, field.size, task_type)
    features = np.empty((6, field.size))
    _features(features, rows, columns, board.outlook(task_type), max_cost)
    if field.marks is None:
        features[5] = 0.0
    else:
        _AFFINITIES.take(field.marks, out=features[5])
    ranks = np.einsum("i,ij->j", np.array(tuple(counts), dtype=np.float64), features)
    # Equal ones take turns; and so do those that differ by less than a ten-thousandth of 0.0001.
    ranks -= rows[TURN] * (_TURNS / (turns + 1))
    if field.preferred and field.marks is not None:
        ranks += _FIRST * (field.marks & Mark.PREFERRED)
    if field.sticky is not None and policy.keeps_sticky:
        ranks[field.sticky] += _KEPT
    best = _best(ranks)
    rounded = np.rint(features[:, best].T * ONE).astype(np.int64).tolist()
    slots = best if field.slots is None else field.slots[best].tolist()
    marks = [0] * len(best) if field.marks is None else field.marks[best].tolist()
    last_turns = rows[TURN, best].tolist()
    found = []
    for slot, values, mark, turn in zip(slots, rounded, marks, last_turns, strict=True):
        candidate = Candidate(board.agent_id(slot), tuple(values), mark)
        order = (not mark & Mark.PREFERRED, -score(candidate, counts), turn, slot)
        found.append((order, candidate))
    found.sort()
    return [(order[-1], candidate) for order, candidate in found]


def _features(
    out: NDArray[np.float64],
    rows: NDArray[np.float64],
    columns: NDArray[np.float64],
    outlook: tuple[float, float, float],
    max_cost: int | None,
) -> None:
    """Work out the features of all candidates but their affinity, each 0..1."""
    mean, optimism, typical = outlook
    # Quality: the pair's record leans on the agent's, and that on the type's.
    quality = np.multiply(rows[LEAN], mean, out=out[0])
    quality += rows[OWN]
    quality *= columns[REST]
    quality += columns[GOOD]
    quality += columns[UNSURE] * optimism
    np.minimum(quality, 1.0, out=quality)
    # Latency: when it would be done, against the candidate that would be done first.
    done = columns[UNKNOWN] * typical
    done += columns[TOOK]
    done *= rows[PENDING]
    done *= rows[DRAG]
    np.divide(done.min(), done, out=out[1])
    out[2:5] = rows[: STAKE + 1]
    price = out[3]
    dearest = float(price.max()) if max_cost is None else float(max_cost)
    if dearest:
        price *= -1.0 / dearest
        price += 1.0
        np.maximum(price, 0.0, out=price)
    else:
        price[:] = 1.0


def _best(ranks: NDArray[np.float64]) -> list[int]:
    if ranks.size <= SHORTLIST:
        return list(range(ranks.size))
    best = []
    for _ in range(SHORTLIST):
        index = int(ranks.argmax())
        best.append(index)
        ranks[index] = -np.inf
    return best
