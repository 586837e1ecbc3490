"""Staking tiers as a setting: data, with the guide's five as defaults."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Any

import msgspec

from aia_mas.application.settings_values import amount
from aia_mas.domain.orchestration.tiers import DEFAULT_TIERS as LADDER
from aia_mas.domain.orchestration.tiers import Tier, Tiers

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")


class StakingTier(msgspec.Struct, frozen=True, kw_only=True):
    """One staking tier.

    Attributes:
        name: Its name, for example ``gold``.
        min_stake: Bonded stake from which it begins, base units.
        multiplier: What rewards are multiplied by, exact.
    """

    name: str
    min_stake: int
    multiplier: Decimal


DEFAULT_TIERS = tuple(
    StakingTier(name=name, min_stake=LADDER.stakes_of(name)[0], multiplier=Decimal(multiplier))
    for name, multiplier in zip(LADDER.names, ("1.0", "1.2", "1.5", "1.75", "2.0"), strict=True)
)


def tiers_of(tiers: Iterable[StakingTier]) -> Tiers:
    """Return which stake makes which tier."""
    return Tiers(Tier(tier.name, tier.min_stake) for tier in tiers)


def staking_tiers(raw: Any) -> tuple[StakingTier, ...]:
    """Read staking tiers by name; those not named keep their defaults, ``false`` removes one.

    A text says the same as ``name=stake:multiplier`` or ``name=false``, separated by commas. More
    stake never earns a smaller multiplier.
    """
    if isinstance(raw, str):
        raw = dict(_entry(entry) for entry in raw.split(","))
    if not isinstance(raw, Mapping):
        raise ValueError("must be a table of tiers")  # noqa: TRY004 - readers raise ValueError
    chosen = {tier.name: tier for tier in DEFAULT_TIERS}
    for name, fields in raw.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ValueError("has a tier whose name is not a word in small letters")
        if fields is False:
            chosen.pop(name, None)
        else:
            chosen[name] = _tier(name, fields)
    ordered = sorted(chosen.values(), key=lambda tier: tier.min_stake)
    for lower, upper in pairwise(ordered):
        if lower.min_stake == upper.min_stake:
            raise ValueError(
                f"has two tiers that begin at the same stake: {lower.name}, {upper.name}"
            )
        if lower.multiplier > upper.multiplier:
            raise ValueError(f"pays less in {upper.name} than in {lower.name}, for more stake")
    return tuple(ordered)


def _entry(text: str) -> tuple[str, Any]:
    name, _, said = (part.strip() for part in text.partition("="))
    if said == "false":
        return name, False
    stake, colon, multiplier = said.partition(":")
    if not name or not colon:
        raise ValueError("must be like gold=2000:1.5,bronze=false")
    return name, {"min_stake": stake.strip(), "multiplier": multiplier.strip()}


def _tier(name: str, fields: Any) -> StakingTier:
    if not isinstance(fields, Mapping) or set(fields) != {"min_stake", "multiplier"}:
        raise ValueError(f"{name} must have min_stake and multiplier, and nothing else")
    try:
        factor = Decimal(str(fields["multiplier"]))
    except InvalidOperation:
        factor = Decimal("NaN")
    if isinstance(fields["multiplier"], bool) or not factor.is_finite() or not 0 < factor <= 100:
        raise ValueError(f"{name}.multiplier must be a number above 0, at most 100")
    try:
        stake = amount(fields["min_stake"])
    except ValueError as error:
        raise ValueError(f"{name}.min_stake: {error}") from None
    return StakingTier(name=name, min_stake=stake, multiplier=factor)
