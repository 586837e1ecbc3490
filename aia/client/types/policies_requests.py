# Written by `make client` from the OpenAPI document; changes are lost.
"""What requests about policies are made of."""

from __future__ import annotations

import msgspec


class FeatureWeights(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What each feature of an agent counts, as shares of one with at most four decimals.

    Attributes:
        quality: How well it did such tasks.
        latency: How soon it would be done.
        headroom: The share of its places that is free.
        price: How cheap it is.
        stake: What it has at stake; at most 0.1.
        affinity: Whether it is specialised in the type, or knows the sticky key.
    """

    quality: float
    latency: float
    headroom: float
    price: float
    stake: float
    affinity: float
