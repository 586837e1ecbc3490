"""Delegations of votes over HTTP."""

from __future__ import annotations

from typing import Literal

from litestar import Controller, delete, get, put
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UNSET

from aia_mas.application.economy.proposal_views import VoteDelegation, delegation_view
from aia_mas.domain.economy.governance.delegation import WithdrawVotes
from aia_mas.domain.economy.governance.errors import VotesNotDelegated
from aia_mas.domain.kernel.ids import check_id
from aia_mas.interfaces.http.answers import Answer, answer
from aia_mas.interfaces.http.commands import answered, carry_out, origin_of
from aia_mas.interfaces.http.economy.governance import READ_MODEL
from aia_mas.interfaces.http.economy.paths import ECONOMIC
from aia_mas.interfaces.http.queries import (
    Cursor,
    Cursors,
    Limit,
    MinPosition,
    Total,
    as_of,
    reached,
)
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.http.schemas.agents import Nothing
from aia_mas.interfaces.http.schemas.governance import VoteDelegationPage, VotesTo
from aia_mas.projections.economy.governance import DelegationFilter

DelegationSort = Literal["agent_id", "-agent_id", "since", "-since"]


class VoteDelegations(Controller):
    """To whom the votes of agents go while these do not vote themselves."""

    path = f"{ECONOMIC}/governance/delegations"
    tags = ("economy",)

    @get("/", operation_id="list_vote_delegations")
    async def list_delegations(
        self,
        request: ApiRequest,
        to: FromQuery[str | None] = None,
        sort: FromQuery[DelegationSort] = "agent_id",
        limit: Limit = 100,
        cursor: Cursor = None,
        total: Total = False,
        min_position: MinPosition = 0,
    ) -> Answer[VoteDelegationPage]:
        """List the delegations in force."""
        await reached(request, READ_MODEL, min_position)
        filters = DelegationFilter(to=to)
        governance = request.system.projections.governance
        cursors = Cursors(request, [filters, sort])
        page = await governance.delegations(filters, sort, cursors.open(cursor), limit)
        content = VoteDelegationPage(
            items=[delegation_view(each.agent_id, each.state) for each in page.items],
            next_cursor=cursors.seal(page.next_cursor),
            total=await governance.count_delegations(filters) if total else UNSET,
        )
        return answer(content, 200, [as_of(page.position)])

    @get("/{agent_id:str}", operation_id="get_vote_delegation")
    async def get_delegation(
        self, agent_id: FromPath[str], request: ApiRequest, min_position: MinPosition = 0
    ) -> Answer[VoteDelegation]:
        """Return to whom an agent's votes go."""
        check_id(agent_id, "agent_id")
        await reached(request, READ_MODEL, min_position)
        stored, position = await request.system.projections.governance.delegation(agent_id)
        if stored is None or not stored.state.to:
            raise VotesNotDelegated(agent_id=agent_id)
        return answer(delegation_view(agent_id, stored.state), 200, [as_of(position)])

    @put("/{agent_id:str}", operation_id="delegate_votes")
    async def delegate(
        self, agent_id: FromPath[str], data: JSONBody[VotesTo], request: ApiRequest
    ) -> Answer[VoteDelegation]:
        """Have an agent's votes go to another one, in votes that begin from now on.

        It counts while the agent does not vote itself. The delegate may delegate further; a circle
        is 409 `delegation_cycle`.
        """
        command = data.command(check_id(agent_id, "agent_id"))
        check_id(command.to, "to")
        system = request.system
        origin = await origin_of(request)
        result = await system.economy.polls.carry_out(system.engine, command, origin)
        return answered(result)

    @delete("/{agent_id:str}", operation_id="withdraw_votes", status_code=200)
    async def withdraw(
        self,
        agent_id: FromPath[str],
        request: ApiRequest,
        data: JSONBody[Nothing | None] = None,
    ) -> Answer[VoteDelegation]:
        """Take an agent's votes back, in votes that begin from now on."""
        command = WithdrawVotes(agent_id=check_id(agent_id, "agent_id"))
        return answered(await carry_out(request, command))
