"""The weights of an agent's features as a setting: a table, or a text ``quality=0.4,price=0.6``."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.orchestration.scoring.weights import FEATURES, Weights, weights_of


def scoring_weights(raw: Any) -> Weights:
    """Read weights by feature; those not named count nothing, and all add up to 1."""
    if isinstance(raw, Weights):
        return raw
    if isinstance(raw, str):
        raw = dict(entry.strip().partition("=")[::2] for entry in raw.split(","))
    if not isinstance(raw, Mapping):
        raise ValueError("must be a table of weights")  # noqa: TRY004 - readers raise ValueError
    shares = {name: Decimal(0) for name in FEATURES}
    for name, share in raw.items():
        try:
            shares[str(name)] = Decimal("NaN" if isinstance(share, bool) else str(share).strip())
        except InvalidOperation:
            raise ValueError(f"{name} must be a number") from None
        if not shares[str(name)].is_finite():
            raise ValueError(f"{name} must be a number")
    try:
        return weights_of(shares)
    except InvalidValue as error:
        raise ValueError(f"{error.field}: {error.detail}") from None
