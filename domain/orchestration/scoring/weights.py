"""What counts how much: the weight of each feature, in ten-thousandths that add up to one."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import msgspec

from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.orchestration.errors import InvalidWeights

ONE: Final = 10_000
"""1.0, for weights and features alike: they are whole numbers of ten-thousandths."""

FEATURES: Final = ("quality", "latency", "headroom", "price", "stake", "affinity")
"""The features of a candidate, by name."""

MAX_STAKE: Final = ONE // 10
"""The most that stake may count: wealth must never outweigh work."""


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """The weight of each feature, in ten-thousandths; the sum is 10,000.

    Attributes:
        quality: How well the agent did such tasks, by outcome and by clients' ratings.
        latency: How soon it would be done, by what its tasks took and what it has in hand.
        headroom: The share of its places that is free.
        price: How cheap it is.
        stake: How much it has at stake, on a logarithmic scale.
        affinity: Whether it is specialised in the type, or knows the sticky key.
    """

    quality: int
    latency: int
    headroom: int
    price: int
    stake: int
    affinity: int

    def shares(self) -> dict[str, float]:
        """Return them as shares of one, by feature."""
        return {name: getattr(self, name) / ONE for name in FEATURES}


DEFAULT_WEIGHTS: Final = Weights(
    quality=3_500, latency=2_000, headroom=1_500, price=1_000, stake=500, affinity=1_500
)
"""The weights of revision 0. They never change: assignments in logs were decided on them."""


def weights_of(shares: Mapping[str, float | Decimal], field: str = "weights") -> Weights:
    """Return weights given as shares of one.

    Args:
        shares: Each from 0 to 1 with at most four decimals; all of ``FEATURES``.
        field: The path of the whole, for a refusal.

    Raises:
        InvalidWeights: A feature is missing, unknown or out of bounds, stake counts for more than
            0.1, or they do not add up to 1; ``others`` has all others.
    """
    mistakes = Mistakes()
    for name in (*FEATURES, *shares):
        if name not in shares or name not in FEATURES:
            wrong = f"weights are {', '.join(FEATURES)}"
            mistakes.add(InvalidWeights(wrong, field=f"{field}.{name}"))
    found = {
        name: mistakes.check(_scaled, share, f"{field}.{name}") or 0
        for name, share in shares.items()
    }
    mistakes.refuse()
    weights = Weights(**found)
    check_weights(weights, field)
    return weights


def _scaled(share: float | Decimal, field: str) -> int:
    if not 0 <= share <= 1:
        raise InvalidWeights("a weight is a number from 0 to 1", field=field)
    scaled = Decimal(str(share)) * ONE
    if scaled != int(scaled):
        raise InvalidWeights("a weight has at most four decimals", field=field)
    return int(scaled)


def check_weights(weights: Weights, field: str = "weights") -> None:
    """Refuse weights that break the rules of ``weights_of``.

    Raises:
        InvalidWeights: They do; ``others`` has all others.
    """
    mistakes = Mistakes()
    for name in FEATURES:
        if not 0 <= getattr(weights, name) <= ONE:
            wrong = "a weight is a number from 0 to 1"
            mistakes.add(InvalidWeights(wrong, field=f"{field}.{name}"))
    if weights.stake > MAX_STAKE:
        mistakes.add(InvalidWeights("stake counts for at most 0.1", field=f"{field}.stake"))
    mistakes.refuse()
    if sum(msgspec.structs.astuple(weights)) != ONE:
        raise InvalidWeights("weights add up to 1", field=field)
