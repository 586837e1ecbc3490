"""Accounts over HTTP: as they stand and stood, and their transfers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from litestar import Controller, get
from litestar.params import FromPath, FromQuery, QueryParameter
from msgspec import UNSET

from aia_mas.domain.economy.accounts import Purpose, check_account
from aia_mas.domain.economy.errors import AccountNotFound
from aia_mas.domain.economy.ledger.states import TransferStatus
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.money import to_units
from aia_mas.interfaces.http.answers import Answer, answer
from aia_mas.interfaces.http.economy.paths import ECONOMIC
from aia_mas.interfaces.http.queries import (
    LAST_POSITION,
    Cursor,
    Cursors,
    Limit,
    MinPosition,
    Total,
    as_of,
    given,
    reached,
)
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.http.schemas.ledger import AccountPage, TransactionPage
from aia_mas.interfaces.http.schemas.values import moment
from aia_mas.projections.economy.ledger_filters import AccountFilter, TransactionFilter
from aia_mas.projections.economy.ledger_view import Account, absent

AccountSort = Literal[
    "account_id", "-account_id", "balance", "-balance", "updated_at", "-updated_at"
]
TransactionSort = Literal["position", "-position", "amount", "-amount"]


class Accounts(Controller):
    """What is in accounts, and how that came about."""

    path = ECONOMIC
    tags = ("economy",)

    @get("/transactions", operation_id="list_transactions")
    async def list_transactions(
        self,
        request: ApiRequest,
        account: Annotated[
            str | None, QueryParameter(description="Taking from or bringing to this account.")
        ] = None,
        owner: Annotated[
            str | None, QueryParameter(description="To do with accounts of this agent or client.")
        ] = None,
        token: Annotated[str | None, QueryParameter(description="Moving this token.")] = None,
        reason: Annotated[
            list[str] | None, QueryParameter(description="With one of these reason codes.")
        ] = None,
        status: FromQuery[list[TransferStatus] | None] = None,
        transfer_id: Annotated[
            str | None, QueryParameter(description="Of this id, or the reversal of it.")
        ] = None,
        since: Annotated[
            datetime | None, QueryParameter(description="Made at this time or later.")
        ] = None,
        until: Annotated[
            datetime | None, QueryParameter(description="Made before this time.")
        ] = None,
        min_amount: Annotated[
            str | None, QueryParameter(description="Moving so many tokens of a kind at least.")
        ] = None,
        max_amount: Annotated[
            str | None, QueryParameter(description="Moving so many tokens of a kind at most.")
        ] = None,
        sort: FromQuery[TransactionSort] = "-position",
        limit: Limit = 100,
        cursor: Cursor = None,
        total: Total = False,
        min_position: MinPosition = 0,
    ) -> Answer[TransactionPage]:
        """List transfers; a page of large ones may hold fewer than `limit` (see `next_cursor`)."""
        await reached(request, "ledger", min_position)
        filters = TransactionFilter(
            account=account,
            owner=owner,
            token=token,
            reason=tuple(reason or ()),
            status=tuple(status or ()),
            transfer_id=transfer_id,
            since=given(moment, since, "since"),
            until=given(moment, until, "until"),
            min_amount=None if min_amount is None else given(to_units, min_amount, "min_amount"),
            max_amount=None if max_amount is None else given(to_units, max_amount, "max_amount"),
        )
        ledger = request.system.projections.ledger
        cursors = Cursors(request, [filters, sort])
        page = await ledger.transactions(filters, sort, cursors.open(cursor), limit)
        content = TransactionPage(
            items=page.items,
            next_cursor=cursors.seal(page.next_cursor),
            total=await ledger.count_transactions(filters) if total else UNSET,
        )
        return answer(content, 200, [as_of(page.position)])

    @get("/accounts", operation_id="list_accounts")
    async def list_accounts(
        self,
        request: ApiRequest,
        owner: Annotated[
            str | None, QueryParameter(description="Belonging to this agent or client.")
        ] = None,
        token: Annotated[str | None, QueryParameter(description="In this token.")] = None,
        purpose: Annotated[
            list[Purpose] | None, QueryParameter(description="For one of these purposes.")
        ] = None,
        sort: FromQuery[AccountSort] = "account_id",
        limit: Limit = 100,
        cursor: Cursor = None,
        total: Total = False,
        min_position: MinPosition = 0,
    ) -> Answer[AccountPage]:
        """List accounts that ever had anything in them."""
        await reached(request, "ledger", min_position)
        filters = AccountFilter(owner=owner, token=token, purpose=tuple(purpose or ()))
        ledger = request.system.projections.ledger
        cursors = Cursors(request, [filters, sort])
        page = await ledger.accounts(filters, sort, cursors.open(cursor), limit)
        content = AccountPage(
            items=page.items,
            next_cursor=cursors.seal(page.next_cursor),
            total=await ledger.count_accounts(filters) if total else UNSET,
        )
        return answer(content, 200, [as_of(page.position)])

    @get("/accounts/{account_id:str}", operation_id="get_account")
    async def get_account(
        self,
        account_id: FromPath[str],
        request: ApiRequest,
        as_of_position: Annotated[
            int | None,
            QueryParameter(
                ge=0, le=LAST_POSITION, description="As it stood after this event of the log."
            ),
        ] = None,
        as_of_: Annotated[
            datetime | None,
            QueryParameter(
                name="as_of", description="As it stood at this time (RFC 3339); not in the future."
            ),
        ] = None,
        min_position: MinPosition = 0,
    ) -> Answer[Account]:
        """Return an account as it stands, or as it stood at a position or at a time."""
        check_account(account_id, "account_id")
        time = given(_past, as_of_, request.system.clock.now())
        if time is not None and as_of_position is not None:
            given(_refuse_both)
        await reached(request, "ledger", max(min_position, as_of_position or 0))
        ledger = request.system.projections.ledger
        found, position = await ledger.account(account_id)
        if found is None:
            raise AccountNotFound(account_id=account_id)
        if time is not None or as_of_position is not None:
            found, position = await ledger.account_then(
                account_id, position=as_of_position, time=time
            )
        return answer(found or absent(account_id), 200, [as_of(position)])


def _past(time: datetime | None, now: datetime) -> datetime | None:
    found = moment(time, "as_of")
    if found is not None and found > now:
        raise InvalidValue("as_of is not in the future", field="as_of")
    return found


def _refuse_both() -> None:
    raise InvalidValue("as_of_position or as_of, not both", field="as_of")
