"""A statement as CSV, sent piece by piece, however long it is."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC
from typing import Final

from litestar.types import Receive, Scope, Send

from aia_mas.domain.economy.statements import Line
from aia_mas.domain.kernel.money import to_text
from aia_mas.interfaces.http.answers import Answer
from aia_mas.interfaces.http.queries import as_of
from aia_mas.projections.economy.ledger import MonthView
from aia_mas.projections.economy.queries import LedgerQueries

COLUMNS: Final = (
    "line", "at", "transfer_id", "reason", "amount", "balance", "held", "position",
)  # fmt: skip


class CsvStatement(Answer[str]):
    """The lines of a month: bounded memory, and exactly those that there were at the beginning."""

    __slots__ = ("_account_id", "_ledger", "_view")

    def __init__(self, ledger: LedgerQueries, account_id: str, month: str, view: MonthView) -> None:
        """Send the lines of a month of an account, as they were seen."""
        super().__init__(b"")
        self._ledger = ledger
        self._account_id = account_id
        self._view = view
        # An account's id has nothing in it that a quoted file name could not have.
        name = f"{account_id}_{month}.csv".replace(":", "_")
        self.raw_headers = [
            (b"content-type", b"text/csv; charset=utf-8; header=present"),
            (b"content-disposition", f'attachment; filename="{name}"'.encode()),
            (b"x-content-type-options", b"nosniff"),
            as_of(view.position),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        body, line, last = _written([COLUMNS]), self._view.first_line, self._view.last_line
        while lines := await self._ledger.lines(self._account_id, line, last):
            await send({"type": "http.response.body", "body": body, "more_body": True})
            body, line = _written(_row(each) for each in lines), lines[-1].line + 1
        await send({"type": "http.response.body", "body": body, "more_body": False})


def _row(line: Line) -> Sequence[object]:
    return (
        line.line,
        line.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        line.transfer_id,
        line.reason,
        to_text(line.amount),
        to_text(line.balance),
        to_text(line.held),
        line.position,
    )


def _written(rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)  # lines end with CRLF, as RFC 4180 has it
    return text.getvalue().encode()
