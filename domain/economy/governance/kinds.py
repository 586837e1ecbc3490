"""The kinds of proposals: what they may do, and the terms on which they are decided, as data."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from aia_mas.domain.kernel.money import ONE

_DAY: Final = 86_400.0
LONGEST_SECONDS: Final = 366 * _DAY
"""Longest delay, period, timelock or time for execution."""
MOST_KINDS: Final = 32
"""Kinds of proposals."""


class ProposalKind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of proposals; a proposal keeps the terms that it was made on.

    Attributes:
        name: Its name.
        commands: The kinds of orders that proposals of this kind may place; none: these decide
            nothing but what is said in them.
        delay_seconds: From the proposal to the beginning of the vote; power counts from then.
        period_seconds: How long is voted, unless all is decided before.
        quorum_ppm: Of all power, what must at least be cast (abstentions count), millionths.
        threshold_ppm: Of what is cast but abstentions, what yes must exceed, millionths.
        veto_ppm: Of what is cast, what vetoes must at least come to, millionths.
        timelock_seconds: From the end of the vote to the execution.
        grace_seconds: For how long after that an execution that fails is tried again.
        deposit: What the proposer has held until the end, base units of AIA; burned when the
            proposal is vetoed or the quorum is missed.
    """

    name: str
    commands: tuple[str, ...] = ()
    delay_seconds: float = _DAY
    period_seconds: float = 7 * _DAY
    quorum_ppm: int = 334_000
    threshold_ppm: int = 500_000
    veto_ppm: int = 334_000
    timelock_seconds: float = 2 * _DAY
    grace_seconds: float = 14 * _DAY
    deposit: int = 100 * ONE


TEXT: Final = "text"
"""The kind of proposals that only say something."""

PROPOSAL_KINDS: Final[tuple[ProposalKind, ...]] = (
    ProposalKind(name=TEXT, quorum_ppm=200_000, timelock_seconds=0.0, deposit=10 * ONE),
    ProposalKind(name="parameters", commands=("change_parameters",), quorum_ppm=400_000),
    ProposalKind(name="tiers", commands=("change_tiers",), quorum_ppm=400_000),
    ProposalKind(name="incentive", commands=("open_incentive", "cancel_incentive")),
    ProposalKind(name="treasury", commands=("fund",)),
    # It is over before stake that is taken back as soon as it is proposed could be gone.
    ProposalKind(
        name="slash",
        commands=("slash",),
        threshold_ppm=666_666,
        delay_seconds=0.0,
        period_seconds=3 * _DAY,
        timelock_seconds=_DAY,
        grace_seconds=2 * _DAY,
    ),
)
"""The kinds there are unless the parameters say otherwise."""
COMMANDS: Final = frozenset(name for kind in PROPOSAL_KINDS for name in kind.commands)
"""What proposals may do at all."""


def for_development(kinds: tuple[ProposalKind, ...] = PROPOSAL_KINDS) -> tuple[ProposalKind, ...]:
    """Return kinds whose proposals go from the beginning to the end within minutes."""
    return tuple(
        replace(
            kind,
            delay_seconds=0.0,
            period_seconds=120.0,
            timelock_seconds=10.0 if kind.commands else 0.0,
            grace_seconds=3_600.0,
            deposit=min(kind.deposit, 10 * ONE) if kind.commands else 0,
        )
        for kind in kinds
    )
