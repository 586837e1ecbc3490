"""The kinds of proposals as clients see them and change them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec

from aia_mas.domain.economy.governance.kinds import LONGEST_SECONDS, ProposalKind
from aia_mas.domain.kernel.money import to_text
from aia_mas.domain.kernel.places import within
from aia_mas.interfaces.http.schemas.amounts import Amount, units

_Seconds = Annotated[
    float, msgspec.Meta(extra_json_schema={"minimum": 0, "maximum": LONGEST_SECONDS})
]
_Share = Annotated[int, msgspec.Meta(extra_json_schema={"minimum": 0, "maximum": 1_000_000})]


class ShownProposalKind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of proposals; shares (`_ppm`) in millionths.

    Attributes:
        name: Its name.
        commands: What proposals of this kind may do; none: these only say something.
        delay_seconds: From the proposal to the beginning of the vote; power counts from then.
        period_seconds: How long is voted, unless all is decided before.
        quorum_ppm: Of all power, what must at least be cast (abstentions count).
        threshold_ppm: Of what is cast but abstentions, what yes must exceed.
        veto_ppm: Of what is cast, what vetoes must at least come to.
        timelock_seconds: From the end of the vote to the execution.
        grace_seconds: For how long after that an execution that fails is tried again.
        deposit: What is held of the proposer's AIA until the end.
    """

    name: str
    commands: list[str]
    delay_seconds: float
    period_seconds: float
    quorum_ppm: int
    threshold_ppm: int
    veto_ppm: int
    timelock_seconds: float
    grace_seconds: float
    deposit: str


class ChangedProposalKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of proposals; see `ShownProposalKind`."""

    name: str
    commands: list[str] = []
    delay_seconds: _Seconds
    period_seconds: _Seconds
    quorum_ppm: _Share
    threshold_ppm: _Share
    veto_ppm: _Share
    timelock_seconds: _Seconds
    grace_seconds: _Seconds
    deposit: Amount

    def terms(self, place: str) -> ProposalKind:
        """Return the kind.

        Raises:
            InvalidAmount: The deposit is none.
        """
        return ProposalKind(
            name=self.name,
            commands=tuple(self.commands),
            delay_seconds=self.delay_seconds,
            period_seconds=self.period_seconds,
            quorum_ppm=self.quorum_ppm,
            threshold_ppm=self.threshold_ppm,
            veto_ppm=self.veto_ppm,
            timelock_seconds=self.timelock_seconds,
            grace_seconds=self.grace_seconds,
            deposit=units(self.deposit, within(place, "deposit")),
        )


def shown_kinds(kinds: Sequence[ProposalKind]) -> list[ShownProposalKind]:
    """Return kinds of proposals as clients see them."""
    return [
        ShownProposalKind(
            name=kind.name,
            commands=list(kind.commands),
            delay_seconds=kind.delay_seconds,
            period_seconds=kind.period_seconds,
            quorum_ppm=kind.quorum_ppm,
            threshold_ppm=kind.threshold_ppm,
            veto_ppm=kind.veto_ppm,
            timelock_seconds=kind.timelock_seconds,
            grace_seconds=kind.grace_seconds,
            deposit=to_text(kind.deposit),
        )
        for kind in kinds
    ]
