"""Statements over HTTP: months of an account, and those that were closed for good."""

from __future__ import annotations

from typing import Annotated, Literal

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import UNSET

from aia_mas.domain.economy.accounts import check_account
from aia_mas.domain.economy.errors import AccountNotFound
from aia_mas.domain.economy.statements import (
    ToldClosing,
    check_over,
    is_over,
    span_of,
    told_closing,
)
from aia_mas.domain.kernel.money import to_text
from aia_mas.interfaces.http.answers import Answer, answer
from aia_mas.interfaces.http.commands import answered, carry_out
from aia_mas.interfaces.http.economy.closing import closing_of
from aia_mas.interfaces.http.economy.csv_statement import CsvStatement
from aia_mas.interfaces.http.economy.paths import ECONOMIC
from aia_mas.interfaces.http.queries import (
    Cursor,
    Cursors,
    Limit,
    MinPosition,
    Total,
    as_of,
    given,
    number_in,
    reached,
)
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.http.schemas.agents import Nothing
from aia_mas.interfaces.http.schemas.ledger import (
    ClosedMonthPage,
    Statement,
    shown_closing,
    shown_line,
)
from aia_mas.projections.economy.ledger_filters import ClosedFilter

ClosedSort = Literal["month", "-month"]


class Statements(Controller):
    """What months of an account come to."""

    path = f"{ECONOMIC}/accounts/{{account_id:str}}/statements"
    tags = ("economy",)

    @get("/", operation_id="list_closed_months")
    async def list_closed_months(
        self,
        account_id: FromPath[str],
        request: ApiRequest,
        since: Annotated[
            str | None, QueryParameter(description="This month (`2026-01`) or later ones.")
        ] = None,
        until: Annotated[
            str | None, QueryParameter(description="Months before this one (`2026-01`).")
        ] = None,
        sort: FromQuery[ClosedSort] = "-month",
        limit: Limit = 100,
        cursor: Cursor = None,
        total: Total = False,
        min_position: MinPosition = 0,
    ) -> Answer[ClosedMonthPage]:
        """List the months of an account that were closed, with what their statements say for ever.

        Of months that were not, each has its statement all the same.
        """
        for name, month in (("since", since), ("until", until)):
            if month is not None:
                given(span_of, month, name)
        await _known(request, account_id, min_position)
        filters = ClosedFilter(account=account_id, since=since, until=until)
        ledger = request.system.projections.ledger
        cursors = Cursors(request, [filters, sort])
        page = await ledger.closed_months(filters, sort, cursors.open(cursor), limit)
        content = ClosedMonthPage(
            items=[told_closing(closed) for closed in page.items],
            next_cursor=cursors.seal(page.next_cursor),
            total=await ledger.count_closed_months(filters) if total else UNSET,
        )
        return answer(content, 200, [as_of(page.position)])

    @get("/{month:str}", operation_id="get_statement")
    async def get_statement(
        self,
        account_id: FromPath[str],
        month: FromPath[str],
        request: ApiRequest,
        limit: Limit = 100,
        cursor: Cursor = None,
        min_position: MinPosition = 0,
    ) -> Answer[Statement]:
        """Return a month of an account (`2026-01`, by UTC), with its lines page by page.

        Once it was closed it says for ever what it said then.
        """
        system = request.system
        span_of(month)
        await _known(request, account_id, min_position)
        cursors = Cursors(request, [account_id, month])
        inner = cursors.open(cursor)
        ledger = system.projections.ledger
        view = await ledger.month(account_id, month)
        first = view.first_line if inner is None else number_in(inner)
        lines = await ledger.lines(account_id, first, view.last_line, limit)
        more = bool(lines) and lines[-1].line < view.last_line
        content = Statement(
            account_id=account_id,
            month=month,
            over=view.closed is not None or is_over(month, system.clock.now()),
            closed=shown_closing(view.closed),
            opening=to_text(view.opening),
            closing=to_text(view.closing),
            credits=to_text(view.credits),
            debits=to_text(view.debits),
            lines=view.lines,
            items=[shown_line(line) for line in lines],
            next_cursor=cursors.seal(str(lines[-1].line + 1)) if more else None,
        )
        return answer(content, 200, [as_of(view.position)])

    @get(
        "/{month:str}/csv",
        operation_id="get_statement_csv",
        media_type="text/csv",
    )
    async def get_statement_csv(
        self,
        account_id: FromPath[str],
        month: FromPath[str],
        request: ApiRequest,
        min_position: MinPosition = 0,
    ) -> Answer[str]:
        """Return all lines of a month of an account as CSV (RFC 4180), with a header."""
        span_of(month)
        await _known(request, account_id, min_position)
        ledger = request.system.projections.ledger
        view = await ledger.month(account_id, month)
        return CsvStatement(ledger, account_id, month, view)

    @post(
        "/{month:str}/close",
        operation_id="close_statement",
        status_code=200,
    )
    async def close_statement(
        self,
        account_id: FromPath[str],
        month: FromPath[str],
        request: ApiRequest,
        data: JSONBody[Nothing | None] = None,
    ) -> Answer[ToldClosing]:
        """Close a month that is over: its figures and the hash over its lines go into the log.

        Owners close months of their accounts, treasurers and admins those of all. To close it again
        changes nothing.
        """
        check_account(account_id, "account_id")
        check_over(month, request.system.clock.now())
        return answered(await carry_out(request, await closing_of(request, account_id, month)))


async def _known(request: ApiRequest, account_id: str, min_position: int) -> None:
    """Wait for the read model, and refuse an account that there never was."""
    check_account(account_id, "account_id")
    await reached(request, "ledger", min_position)
    found, _ = await request.system.projections.ledger.account(account_id)
    if found is None:
        raise AccountNotFound(account_id=account_id)
