"""The rows of incentive programs, field by field as in migration 0015; amounts in base units."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class ProgramRow(msgspec.Struct, gc=False):
    """A row of ``incentives_v1`` (``terms``: JSON of ``ProgramTerms``)."""

    program_id: str
    token: str
    criterion: str
    budget: str
    starts_at: datetime
    ends_at: datetime
    terms: Any
    opened_by: str
    opened_at: datetime
    paid: str
    awards: int
    payments: int
    cancelled_at: datetime | None
    cancelled_by: str | None
    reason: str
    outcome: str | None
    returned: str
    agents: int
    closed_at: datetime | None
    opened_position: int
    position: int


class PaymentRow(msgspec.Struct, gc=False):
    """A row of ``incentives_v1_payments`` (``awards``: JSON of agent, awards, amount as text)."""

    key: str
    program_id: str
    number: int
    amount: str
    awards: Any
    transfer_id: str
    at: datetime
    position: int
