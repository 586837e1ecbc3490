"""What can happen to an incentive program; the events of the streams ``incentive/<id>``."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

import msgspec

from aia_mas.domain.economy.incentives.terms import ProgramTerms
from aia_mas.domain.kernel.event import Event


class Outcome(StrEnum):
    """Why a program is over."""

    ENDED = "ended"
    EXHAUSTED = "exhausted"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Award(msgspec.Struct, frozen=True, array_like=True):
    """What an agent is paid for some awards (``amount``: for all of them, base units)."""

    agent_id: str
    awards: int
    amount: int


class ProgramOpened(Event, frozen=True, kw_only=True):
    """A program was opened, and its budget set aside.

    Attributes:
        terms: What it says.
        by: Who ordered it.
        at: When, UTC.
    """

    topic: ClassVar[str] = "incentive.opened.v1"
    terms: ProgramTerms
    by: str
    at: datetime


class AwardsPaid(Event, frozen=True, kw_only=True):
    """Awards were paid.

    Attributes:
        number: The number of this payment among all of the program, from 1.
        awards: To whom, and how much.
        paid: What the program has paid from here on, base units.
        transfer_id: The transfer.
        at: When, UTC.
    """

    topic: ClassVar[str] = "incentive.paid.v1"
    number: int
    awards: tuple[Award, ...]
    paid: int
    transfer_id: str
    at: datetime


class ProgramCancelled(Event, frozen=True, kw_only=True):
    """From here on nothing is earned; what was earned for fixed amounts is still paid.

    Attributes:
        reason: Why.
        by: Who ordered it.
        at: When, UTC.
    """

    topic: ClassVar[str] = "incentive.cancelled.v1"
    reason: str = ""
    by: str
    at: datetime


class ProgramClosed(Event, frozen=True, kw_only=True):
    """The program is over.

    Attributes:
        outcome: Why.
        returned: What went back to the treasury, base units.
        agents: How many agents had work that counted.
        at: When, UTC.
    """

    topic: ClassVar[str] = "incentive.closed.v1"
    outcome: Outcome
    returned: int
    agents: int = 0
    at: datetime


EVENTS: tuple[type[Event], ...] = (ProgramOpened, AwardsPaid, ProgramCancelled, ProgramClosed)
"""Every event of incentive programs, for the topic registry."""
