"""Budgets over HTTP: how much may be spent for tasks, by whom, in which period."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import Controller, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import UNSET

from aia_mas.application.economy.budget_handlers import BudgetAnswer
from aia_mas.domain.economy.budgets.commands import CreateBudget, RemoveBudget, SetBudget
from aia_mas.domain.economy.budgets.errors import BudgetNotFound
from aia_mas.domain.economy.budgets.terms import Scope
from aia_mas.domain.kernel.ids import check_id
from aia_mas.interfaces.http.answers import Answer, answer, no_content
from aia_mas.interfaces.http.commands import (
    answered,
    carry_out,
    etag,
    etag_of,
    location,
    position_headers,
    precondition,
)
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
from aia_mas.interfaces.http.schemas.budgets import BudgetPage, BudgetSettings, NewBudget
from aia_mas.projections.economy.budget_view import BudgetDetails
from aia_mas.projections.economy.budgets import BudgetFilter
from aia_mas.projections.economy.budgets_fold import BUDGETS

_PATH = f"{ECONOMIC}/budgets"


class _Identified(msgspec.Struct):
    budget_id: str


_identified = msgspec.json.Decoder(_Identified).decode
BudgetSort = Literal["budget_id", "-budget_id", "amount", "-amount", "created_at", "-created_at"]


class Budgets(Controller):
    """Budgets of what payers pay for tasks."""

    path = _PATH
    tags = ("economy",)

    @post("/", operation_id="create_budget", status_code=201)
    async def create(self, data: JSONBody[NewBudget], request: ApiRequest) -> Answer[BudgetAnswer]:
        """Make a budget. From then on it counts every task with a payer that it applies to."""
        budget_id = data.budget_id or request.system.new_id()
        result = await carry_out(request, CreateBudget(budget_id=budget_id, terms=data.terms()))
        # A repeated key answers with the first budget, so its id is read from the answer.
        made = _identified(result.body).budget_id
        return answered(result, 201, [location(request, f"{_PATH}/{made}"), etag_of(result)])

    @put("/{budget_id:str}", operation_id="set_budget")
    async def set(
        self, budget_id: FromPath[str], data: JSONBody[BudgetSettings], request: ApiRequest
    ) -> Answer[BudgetAnswer]:
        """Make a budget be like this, with what is used of it already.

        What it is about and its period stay as they are. If-Match: change this revision only.
        If-None-Match: `*` makes only.
        """
        check_id(budget_id, "budget_id")
        command = SetBudget(
            budget_id=budget_id, terms=data.terms(), precondition=precondition(request)
        )
        result = await carry_out(request, command)
        return answered(result, 200, [etag_of(result)])

    @get("/", operation_id="list_budgets")
    async def list_budgets(
        self,
        request: ApiRequest,
        scope_: Annotated[
            Scope | None,
            QueryParameter(name="scope", description="About clients, owners of wallets, or tags."),
        ] = None,
        match: Annotated[
            str | None, QueryParameter(description="About this client, owner or tag.")
        ] = None,
        sort: FromQuery[BudgetSort] = "budget_id",
        limit: Limit = 100,
        cursor: Cursor = None,
        total: Total = False,
        min_position: MinPosition = 0,
    ) -> Answer[BudgetPage]:
        """List the budgets, with what is held and spent of their current periods."""
        await reached(request, BUDGETS.name, min_position)
        filters = BudgetFilter(scope=scope_, match=match)
        board, now = request.system.projections.budgets, request.system.clock.now()
        cursors = Cursors(request, [filters, sort])
        page = await board.list(now, filters, sort, cursors.open(cursor), limit)
        content = BudgetPage(
            items=page.items,
            next_cursor=cursors.seal(page.next_cursor),
            total=await board.count(filters) if total else UNSET,
        )
        return answer(content, 200, [as_of(page.position)])

    @get("/{budget_id:str}", operation_id="get_budget")
    async def get_budget(
        self, budget_id: FromPath[str], request: ApiRequest, min_position: MinPosition = 0
    ) -> Answer[BudgetDetails]:
        """Return a budget: what it says, what is used of its periods, and how long it lasts."""
        check_id(budget_id, "budget_id")
        await reached(request, BUDGETS.name, min_position)
        found = await request.system.projections.budgets.find(budget_id, request.system.clock.now())
        if found.item is None:
            raise BudgetNotFound(budget_id=budget_id)
        return answer(found.item, 200, [as_of(found.position), etag(found.item.revision)])

    @delete("/{budget_id:str}", operation_id="remove_budget", status_code=204)
    async def remove(self, budget_id: FromPath[str], request: ApiRequest) -> Answer[None]:
        """Remove a budget; tasks that are under way end in it as they would have."""
        check_id(budget_id, "budget_id")
        command = RemoveBudget(budget_id=budget_id, precondition=precondition(request))
        return no_content(position_headers(await carry_out(request, command)))
