"""What kinds of proposals may be: within bounds, and never such that governance is locked out."""

from __future__ import annotations

from typing import Final

from aia_mas.domain.economy.governance.errors import GovernanceLockout
from aia_mas.domain.economy.governance.kinds import (
    COMMANDS,
    LONGEST_SECONDS,
    MOST_KINDS,
    ProposalKind,
)
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.money import MAX_AMOUNT, ONE
from aia_mas.domain.kernel.places import within

_MILLION: Final = 1_000_000
WAY_BACK: Final = "change_parameters"
"""The command by which whatever else governance did wrong can be mended."""
HIGHEST_QUORUM: Final = 667_000
"""Of the way back, millionths: who never votes must not be able to block it."""
HIGHEST_THRESHOLD: Final = 750_000
"""Likewise, millionths: a few who say no must not."""
LOWEST_VETO: Final = 100_000
"""Likewise, millionths: a little stake that vetoes must not."""
HIGHEST_DEPOSIT: Final = 10_000 * ONE
"""Likewise, base units: somebody must be able to pay it."""
SHORTEST_PERIOD: Final = 60.0
"""Likewise, seconds: there must be time to vote."""
LONGEST_WAY: Final = 90 * 86_400.0
"""Likewise, seconds from the proposal to its execution."""

_TERMS: Final = (
    f"One kind at least has {WAY_BACK}, a quorum of at most {HIGHEST_QUORUM} and a threshold of at"
    f" most {HIGHEST_THRESHOLD} millionths, a veto from {LOWEST_VETO} millionths on, a deposit of"
    f" at most {HIGHEST_DEPOSIT // ONE} AIA, a period of {SHORTEST_PERIOD:.0f} seconds or more,"
    f" and delay, period and timelock of at most {LONGEST_WAY:.0f} seconds together"
)


def check_kinds(kinds: tuple[ProposalKind, ...], field: str) -> None:
    """Refuse kinds that no proposal could be decided by, or that could not be changed again.

    Raises:
        InvalidValue: Two have one name, or a figure is out of bounds.
        GovernanceLockout: By none of them the parameters could be changed again.
    """
    names = [kind.name for kind in kinds]
    if len(names) != len(set(names)) or len(names) > MOST_KINDS:
        raise InvalidValue("Each kind of proposals has a name of its own", field=field)
    for number, kind in enumerate(kinds):
        _check_kind(kind, within(field, number))
    if not any(map(is_way_back, kinds)):
        raise GovernanceLockout(_TERMS, field=field)


def is_way_back(kind: ProposalKind) -> bool:
    """Tell whether a kind changes parameters on terms that a majority can meet at any time."""
    return (
        WAY_BACK in kind.commands
        and kind.quorum_ppm <= HIGHEST_QUORUM
        and kind.threshold_ppm <= HIGHEST_THRESHOLD
        and kind.veto_ppm >= LOWEST_VETO
        and kind.deposit <= HIGHEST_DEPOSIT
        and kind.period_seconds >= SHORTEST_PERIOD
        and kind.delay_seconds + kind.period_seconds + kind.timelock_seconds <= LONGEST_WAY
    )


def _check_kind(kind: ProposalKind, field: str) -> None:
    if not 0 < len(kind.name) <= 64:
        raise InvalidValue("A name has 1 to 64 characters", field=within(field, "name"))
    unknown = [name for name in kind.commands if name not in COMMANDS]
    if unknown or len(kind.commands) > len(set(kind.commands)):
        raise InvalidValue(
            f"Commands are some of {', '.join(sorted(COMMANDS))}, each once",
            field=within(field, "commands"),
        )
    for name in ("delay_seconds", "period_seconds", "timelock_seconds", "grace_seconds"):
        value = getattr(kind, name)
        lowest = 0.1 if name == "period_seconds" else 0.0
        if not lowest <= value <= LONGEST_SECONDS:
            raise InvalidValue(
                f"{name} is from {lowest} to {LONGEST_SECONDS:.0f}", field=within(field, name)
            )
    for name in ("quorum_ppm", "threshold_ppm", "veto_ppm"):
        lowest = 0 if name != "veto_ppm" else 1
        highest = _MILLION if name != "threshold_ppm" else _MILLION - 1
        if not lowest <= getattr(kind, name) <= highest:
            raise InvalidValue(
                f"{name} is from {lowest} to {highest} millionths", field=within(field, name)
            )
    if not 0 <= kind.deposit <= MAX_AMOUNT:
        raise InvalidValue("A deposit is an amount", field=within(field, "deposit"))
