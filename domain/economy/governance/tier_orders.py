"""The order that changes the table of tiers, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from aia_mas.domain.economy.orders import Execution, OrderKind
from aia_mas.domain.economy.parameter_changes import CHANGE_PARAMETERS, ChangeParameters
from aia_mas.domain.economy.parameters import TierTerms
from aia_mas.domain.kernel.context import Context


class ChangeTiers(msgspec.Struct, frozen=True, kw_only=True):
    """Have other tiers (``tiers``: all of them, by rising stake; ``reason``: for the record)."""

    tiers: tuple[TierTerms, ...]
    reason: str = ""


def _as_parameters(order: ChangeTiers) -> ChangeParameters:
    return ChangeParameters(
        changes={"tiers": msgspec.to_builtins(order.tiers)}, reason=order.reason
    )


def _check(order: ChangeTiers, ctx: Context) -> None:
    CHANGE_PARAMETERS.check(_as_parameters(order), ctx)


def _streams(order: ChangeTiers, order_id: str) -> tuple[str, ...]:
    return CHANGE_PARAMETERS.streams(_as_parameters(order), order_id)


def _execute(order: ChangeTiers, execution: Execution) -> Mapping[str, Any]:
    return CHANGE_PARAMETERS.execute(_as_parameters(order), execution)


CHANGE_TIERS: Final = OrderKind(
    "change_tiers",
    ChangeTiers,
    _check,
    _streams,
    _execute,
    amounts=frozenset({"min_stake"}),
)
"""Changes the table of tiers."""
