"""A candidate as the event keeps it: rounded features, so that the choice can be made again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from aia_mas.domain.orchestration.scoring.weights import ONE, Weights

SHORTLIST: Final = 8
"""How many candidates the choice is made among."""


class Mark:
    """What ties a candidate to a task, as bits; ``affinity`` follows from them."""

    # No IntFlag: that takes a microsecond for each look at a bit.
    PREFERRED: Final = 1
    SPECIALISED: Final = 2
    STICKY: Final = 4
    LABELS: Final = 8
    """From this bit on: how many sixteenths of the preferred labels are met."""


AFFINITY: Final = {Mark.PREFERRED: 1_000, Mark.SPECIALISED: 2_000, Mark.STICKY: 3_000}
"""What each mark adds to the affinity, in ten-thousandths; with all labels met they make one."""
_LABELS: Final = 4_000
_SIXTEENTHS: Final = 16
EVERY_MARK: Final = _SIXTEENTHS * Mark.LABELS + Mark.LABELS
"""Marks are below."""


def labels_mark(met: int, wanted: int) -> int:
    """Return the mark of an agent that meets some of the preferred labels."""
    return met * _SIXTEENTHS // wanted * Mark.LABELS


def affinity_of(marks: int) -> int:
    """Return the affinity of a candidate with these marks, in ten-thousandths."""
    ties = sum(worth for mark, worth in AFFINITY.items() if marks & mark)
    return ties + marks // Mark.LABELS * _LABELS // _SIXTEENTHS


class Candidate(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An agent on the shortlist for a task; the features are 0..10,000 ten-thousandths.

    Attributes:
        agent_id: Who.
        quality: How well it did such tasks.
        latency: How soon it would be done, against the one that would be done first.
        headroom: The share of its places that is free.
        price: How cheap it is.
        stake: How much it has at stake.
        affinity: What ties it to the task.
        marks: The ties themselves, as ``Mark``.
    """

    agent_id: str
    quality: int
    latency: int
    headroom: int
    price: int
    stake: int
    affinity: int
    marks: int = 0

    @property
    def preferred(self) -> bool:
        """Whether the task asks for it by name."""
        return bool(self.marks & Mark.PREFERRED)


WHOLE_SCORE: Final = ONE * ONE
"""The score 1.0; scores are exact whole numbers."""


def score(candidate: Candidate, weights: Weights) -> int:
    """Return how well a candidate does, 0..``WHOLE_SCORE``."""
    _, *features, _ = msgspec.structs.astuple(candidate)
    return score_of(features, weights)


def score_of(features: Sequence[int], weights: Weights) -> int:
    """Return how well one with these features, in the order of a candidate, does."""
    quality, latency, headroom, price, stake, affinity = features
    return (
        quality * weights.quality
        + latency * weights.latency
        + headroom * weights.headroom
        + price * weights.price
        + stake * weights.stake
        + affinity * weights.affinity
    )
