"""How one agent stands in the economy, and what came and went."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from litestar import Controller, get
from litestar.params import FromPath, FromQuery, QueryParameter
from msgspec import UNSET

from aia_mas.domain.economy.ledger.states import TransferStatus
from aia_mas.domain.kernel.ids import check_id
from aia_mas.domain.orchestration.errors import AgentNotFound
from aia_mas.interfaces.http.answers import Answer, answer
from aia_mas.interfaces.http.economy.accounts import TransactionSort
from aia_mas.interfaces.http.economy.paths import ECONOMIC
from aia_mas.interfaces.http.queries import (
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
from aia_mas.interfaces.http.schemas.ledger import TransactionPage
from aia_mas.interfaces.http.schemas.values import moment
from aia_mas.projections.economy.economy_view import EconomyView
from aia_mas.projections.economy.figures import AgentEconomicProfile
from aia_mas.projections.economy.ledger_filters import TransactionFilter


class EconomicProfiles(Controller):
    """Queries about one agent's part in the economy."""

    path = f"{ECONOMIC}/agents"
    tags = ("economy",)

    @get("/{agent_id:str}", operation_id="get_economic_profile")
    async def get_economic_profile(
        self, agent_id: FromPath[str], request: ApiRequest, min_position: MinPosition = 0
    ) -> Answer[AgentEconomicProfile]:
        """Return the profile of an agent: balances, stake, tier, earnings, places among all.

        It is there for everybody who has, or had, a wallet or a stake, registered as an agent or
        not. Windows of hours begin with a full hour, those of days with a full day (`since`).
        """
        check_id(agent_id, "agent_id")
        await reached(request, EconomyView.name, min_position)
        profile = _known(request, agent_id)
        return answer(profile, 200, [as_of(profile.as_of)])

    @get("/{agent_id:str}/transactions", operation_id="list_agent_transactions")
    async def list_agent_transactions(
        self,
        agent_id: FromPath[str],
        request: ApiRequest,
        token: Annotated[str | None, QueryParameter(description="Moving this token.")] = None,
        reason: Annotated[
            list[str] | None, QueryParameter(description="With one of these reason codes.")
        ] = None,
        status: FromQuery[list[TransferStatus] | None] = None,
        since: Annotated[
            datetime | None, QueryParameter(description="Made at this time or later.")
        ] = None,
        until: Annotated[
            datetime | None, QueryParameter(description="Made before this time.")
        ] = None,
        sort: FromQuery[TransactionSort] = "-position",
        limit: Limit = 100,
        cursor: Cursor = None,
        total: Total = False,
        min_position: MinPosition = 0,
    ) -> Answer[TransactionPage]:
        """List the transfers that took from an agent's accounts or brought to them."""
        check_id(agent_id, "agent_id")
        await reached(request, EconomyView.name, min_position)
        _known(request, agent_id)
        await reached(request, "ledger", min_position)
        filters = TransactionFilter(
            owner=agent_id,
            token=token,
            reason=tuple(reason or ()),
            status=tuple(status or ()),
            since=given(moment, since, "since"),
            until=given(moment, until, "until"),
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


def _known(request: ApiRequest, agent_id: str) -> AgentEconomicProfile:
    """Return the profile of somebody who is, or was, here."""
    profile = request.system.economy.profile(agent_id)
    if profile is None:
        raise AgentNotFound("Nobody of this id has ever been here", agent_id=agent_id)
    return profile
