"""Changing parameters through the log: what may be changed, within which bounds, and the order."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from aia_mas.domain.economy.governance.kind_checks import check_kinds
from aia_mas.domain.economy.orders import Execution, OrderKind
from aia_mas.domain.economy.parameters import (
    MILLION,
    PARAMETERS,
    EconomicParameters,
    ParametersChanged,
    ParametersState,
    TierTerms,
)
from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.errors import InvalidValue, PermissionDenied
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.kernel.places import within
from aia_mas.domain.kernel.precondition import UNCONDITIONAL, Precondition
from aia_mas.domain.kernel.principal import Role
from aia_mas.domain.orchestration.bounds import check_number, check_text, check_units

LONGEST_REASON = 256
"""Longest reason of a change, in characters."""
MOST_TIERS = 32
"""Tiers, at most."""
LONGEST_PERIOD = 366 * 86_400
"""Longest period, seconds."""
LONGEST_WAIT = 31 * 86_400
"""Longest time that keeps somebody from what is its own already, seconds.

What began under it lasts that long, whatever the parameters say by then.
"""
MOST_LOST = 1_000
"""Most lost tasks that are counted before an agent is jailed; so many are kept of each agent."""
MOST_PROPOSALS = 100
"""Most proposals that somebody may have open; making one reads all of them."""
SHORTEST_ROUND = 60
"""Shortest time in which a voter is paid once, seconds: votes are never paid without bound."""
HIGHEST_MULTIPLIER = 100 * MILLION
"""Highest multiplier of a tier, millionths."""

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")

Check = Callable[[Any, str], None]
"""Refuses a value of a parameter; it gets the value and its name."""


class ChangeParameters(msgspec.Struct, frozen=True, kw_only=True):
    """Change some parameters; the others stay.

    Attributes:
        changes: The new values by the names of ``EconomicParameters``.
        condition: Which revision they must be in.
        reason: Why, for the record.
    """

    changes: dict[str, Any]
    condition: Precondition = UNCONDITIONAL
    reason: str = ""


def changed(known: EconomicParameters, changes: Mapping[str, Any]) -> EconomicParameters:
    """Return parameters with some of them changed.

    Raises:
        InvalidValue: A name is none, or one that only the configuration changes, or a value is
            out of bounds; ``others`` has all others.
    """
    mistakes, values = Mistakes(), dict[str, Any]()
    for name, raw in changes.items():
        check = _CHECKS.get(name)
        if check is None:
            mistakes.add(
                InvalidValue(f"{name[:64]!r} is no parameter to be changed", field=name[:64])
            )
            continue
        try:
            value = values[name] = msgspec.convert(raw, _TYPES[name])
        except msgspec.ValidationError as error:
            mistakes.add(InvalidValue(str(error).replace("`", ""), field=name))
            continue
        mistakes.check(check, value, name)
    mistakes.refuse()
    return replace(known, **values)


def _check_tiers(tiers: tuple[TierTerms, ...], field: str) -> None:
    if not 0 < len(tiers) <= MOST_TIERS:
        raise InvalidValue(f"there are 1 to {MOST_TIERS} tiers", field=field)
    for index, tier in enumerate(tiers):
        place = within(field, index)
        if not _NAME.fullmatch(tier.name):
            raise InvalidValue(
                "the name of a tier is a word in small letters", field=within(place, "name")
            )
        check_units(tier.min_stake, within(place, "min_stake"))
        if not 0 < tier.multiplier_ppm <= HIGHEST_MULTIPLIER:
            raise InvalidValue(
                "a multiplier is above 0, at most 100", field=within(place, "multiplier")
            )
    if len({tier.name for tier in tiers}) < len(tiers):
        raise InvalidValue("there are two tiers of one name", field=field)
    for lower, upper in pairwise(tiers):
        if lower.min_stake >= upper.min_stake:
            raise InvalidValue("tiers stand in the order of their stakes", field=field)
        if lower.multiplier_ppm > upper.multiplier_ppm:
            raise InvalidValue(
                f"{upper.name} pays less than {lower.name}, for more stake", field=field
            )


def _check_positive(units: int, field: str) -> None:
    check_units(units, field)
    if not units:
        raise InvalidValue(f"{field} is above 0", field=field)


def _between(lowest: int, highest: int) -> Check:
    return lambda value, field: check_number(value, field, lowest=lowest, highest=highest)


_PERIOD, _WAIT = _between(0, LONGEST_PERIOD), _between(0, LONGEST_WAIT)
_SHARE = _between(0, MILLION)
_CHECKS: Final[Mapping[str, Check]] = {
    "tiers": _check_tiers,
    "base_task_reward": check_units,
    "stake_per_task": _check_positive,
    "min_delegation": check_units,
    "min_stake_age_seconds": _PERIOD,
    "unbonding_seconds": _PERIOD,
    "reward_block": _check_positive,
    "rating_window_seconds": _WAIT,
    "staking_reward_per_day": check_units,
    "staking_reward_interval_seconds": _between(1, LONGEST_WAIT),
    "reporter_share_ppm": _SHARE,
    "jail_lost_tasks": _between(0, MOST_LOST),
    "jail_window_seconds": _between(1, LONGEST_PERIOD),
    "jail_seconds": _WAIT,
    "gov_per_completion": check_units,
    "gov_per_vote": check_units,
    "vote_reward_interval_seconds": _between(SHORTEST_ROUND, LONGEST_PERIOD),
    "open_proposals_per_proposer": _between(1, MOST_PROPOSALS),
    "budget_warning_ppm": _SHARE,
    "proposal_kinds": check_kinds,
}
CHANGEABLE: Final = frozenset(_CHECKS)
"""The parameters that are changed through the log."""
_TYPES: Final = {field.name: field.type for field in msgspec.structs.fields(EconomicParameters)}


def _check(order: ChangeParameters, ctx: Context) -> None:
    if not ctx.principal.has(Role.ADMIN, Role.TREASURER):
        raise PermissionDenied("Only a treasurer changes parameters")
    mistakes = Mistakes()
    mistakes.check(check_text, order.reason, "reason", longest=LONGEST_REASON)
    mistakes.check(changed, EconomicParameters(), order.changes)
    mistakes.refuse()


def _streams(_order: ChangeParameters, _order_id: str) -> tuple[str, ...]:
    return (PARAMETERS,)


def _execute(order: ChangeParameters, execution: Execution) -> Mapping[str, Any]:
    known: ParametersState = execution.states[PARAMETERS] or ParametersState()
    unmet = order.condition.unmet(known.revision)
    if unmet is not None:
        raise unmet
    parameters = changed(known.parameters, order.changes)
    if parameters == known.parameters:
        return {"revision": known.revision}
    event = ParametersChanged(
        parameters=parameters,
        revision=known.revision + 1,
        reason=order.reason,
        by=execution.by,
        at=execution.ctx.now,
    )
    execution.events.append((PARAMETERS, event))
    return {"revision": event.revision}


AMOUNTS: Final = frozenset(
    name for name, check in _CHECKS.items() if check in {check_units, _check_positive}
)
"""Those of them that are amounts, base units."""
CHANGE_PARAMETERS: Final = OrderKind(
    "change_parameters",
    ChangeParameters,
    _check,
    _streams,
    _execute,
    amounts=AMOUNTS | {"min_stake", "deposit"},
)
