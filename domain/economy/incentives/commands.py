"""What the settlement does about incentive programs."""

from __future__ import annotations

import msgspec

from aia_mas.domain.economy.incentives.events import Award, Outcome


class PayAwards(msgspec.Struct, frozen=True, kw_only=True):
    """Pay awards that were earned.

    Attributes:
        program_id: Which program.
        token: What it pays in.
        number: The number of this payment, from 1.
        awards: To whom, and how much; no agent twice.
    """

    program_id: str
    token: str
    number: int
    awards: tuple[Award, ...]


class CloseProgram(msgspec.Struct, frozen=True, kw_only=True):
    """Close a program, and return what it has not paid.

    Attributes:
        program_id: Which program.
        token: What it pays in.
        outcome: Why.
        agents: How many agents had work that counted.
    """

    program_id: str
    token: str
    outcome: Outcome
    agents: int = 0
