"""What votes amount to: integers that add up in any order, and the outcome that follows from them.

The rules are those of the Cosmos SDK's ``x/gov`` module: a quorum of all power, a share of vetoes
in all that was cast, and a share of yes in what was cast for or against.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

import msgspec

MILLION = 1_000_000
"""Shares are given in millionths (ppm)."""


class Choice(StrEnum):
    """What a voter may say."""

    YES = "yes"
    NO = "no"
    ABSTAIN = "abstain"
    VETO = "veto"


class Outcome(StrEnum):
    """How an election ends."""

    SUCCEEDED = "succeeded"
    DEFEATED = "defeated"
    NO_QUORUM = "no_quorum"
    VETOED = "vetoed"


class Rules(Protocol):
    """By which shares an election is decided, in millionths.

    Attributes:
        quorum_ppm: Of all power, what must at least be cast (abstentions count).
        threshold_ppm: Of what is cast but abstentions, what must be exceeded by yes.
        veto_ppm: Of what is cast, what vetoes must at least come to.
    """

    @property
    def quorum_ppm(self) -> int: ...  # noqa: D102
    @property
    def threshold_ppm(self) -> int: ...  # noqa: D102
    @property
    def veto_ppm(self) -> int: ...  # noqa: D102


class Tally(msgspec.Struct, frozen=True):
    """Power by choice, base units."""

    yes: int = 0
    no: int = 0
    abstain: int = 0
    veto: int = 0

    @property
    def cast(self) -> int:
        """All of it."""
        return self.yes + self.no + self.abstain + self.veto

    def plus(self, choice: Choice, power: int) -> Tally:
        """Return it with some more of a choice (below 0: less)."""
        return msgspec.structs.replace(self, **{choice.value: getattr(self, choice.value) + power})


def outcome_of(tally: Tally, total: int, rules: Rules) -> Outcome:
    """Return how an election ends with this tally.

    Args:
        tally: What was cast.
        total: All power that there is at the snapshot.
        rules: By which it is decided.
    """
    cast = tally.cast
    if not cast or cast * MILLION < rules.quorum_ppm * total:
        return Outcome.NO_QUORUM
    if tally.veto and tally.veto * MILLION >= rules.veto_ppm * cast:
        return Outcome.VETOED
    if tally.yes * MILLION > rules.threshold_ppm * (cast - tally.abstain):
        return Outcome.SUCCEEDED
    return Outcome.DEFEATED


def decided(fixed: Tally, total: int, rules: Rules) -> Outcome | None:
    """Return the outcome when nothing that may still be cast can change it; else None.

    Each condition compares sums in which every choice stands once, so over all that can still be
    cast it is at its extremes where all of it goes to one choice, or none of it anywhere. When the
    outcome is the same there, it is the same in between.

    Args:
        fixed: What was cast by voters with their own power: nobody can take that back.
        total: All power that there is at the snapshot.
        rules: By which it is decided.
    """
    outcome = outcome_of(fixed, total, rules)
    rest = total - fixed.cast
    extremes = (fixed.plus(choice, rest) for choice in Choice)
    return outcome if all(outcome_of(one, total, rules) is outcome for one in extremes) else None
