"""Incentive programs over HTTP: opened and cancelled by order, and how they go."""

from __future__ import annotations

from typing import Annotated, Literal

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import UNSET
from msgspec.structs import asdict

from aia_mas.application.economy.order_desk import Order
from aia_mas.domain.economy.incentives.errors import ProgramNotFound
from aia_mas.domain.economy.incentives.programs import Programs
from aia_mas.domain.economy.incentives.terms import Criterion
from aia_mas.domain.kernel.ids import check_id
from aia_mas.interfaces.http.answers import Answer, answer
from aia_mas.interfaces.http.economy.paths import ECONOMIC
from aia_mas.interfaces.http.orders import ordered
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
from aia_mas.interfaces.http.schemas.incentives import (
    NewProgram,
    ProgramCancellation,
    ProgramDetails,
    ProgramPage,
    progress_of,
)
from aia_mas.interfaces.process_folds import SETTLEMENT
from aia_mas.projections.economy.incentive_view import ProgramStatus
from aia_mas.projections.economy.incentives import ProgramFilter
from aia_mas.projections.economy.incentives_fold import INCENTIVES

ProgramSort = Literal[
    "opened_at", "-opened_at", "ends_at", "-ends_at", "budget", "-budget",
    "program_id", "-program_id",
]  # fmt: skip


class Incentives(Controller):
    """Programs that pay agents for doing well."""

    path = f"{ECONOMIC}/incentives"
    tags = ("economy",)

    @post("/", operation_id="open_incentive", status_code=200)
    async def open_incentive(
        self, data: JSONBody[NewProgram], request: ApiRequest
    ) -> Answer[Order]:
        """Open a program; its budget comes out of the treasury.

        It is 202 when the settlement has not carried it out within a few seconds.
        """
        system = request.system
        return await ordered(request, data.order(system.new_id(), system.clock.now()))

    @post("/{program_id:str}/cancel", operation_id="cancel_incentive", status_code=200)
    async def cancel_incentive(
        self,
        program_id: FromPath[str],
        request: ApiRequest,
        data: JSONBody[ProgramCancellation | None] = None,
    ) -> Answer[Order]:
        """Call a program off: from then on nothing is earned.

        What was earned for fixed amounts is still paid; the rest goes back to the treasury.
        """
        check_id(program_id, "program_id")
        return await ordered(request, (data or ProgramCancellation()).order(program_id))

    @get("/", operation_id="list_incentives")
    async def list_incentives(
        self,
        request: ApiRequest,
        status: Annotated[
            list[ProgramStatus] | None, QueryParameter(description="So far, or over.")
        ] = None,
        criterion: Annotated[
            Criterion | None, QueryParameter(description="Giving awards for this.")
        ] = None,
        token: Annotated[str | None, QueryParameter(description="Paying in this token.")] = None,
        sort: FromQuery[ProgramSort] = "-opened_at",
        limit: Limit = 100,
        cursor: Cursor = None,
        total: Total = False,
        min_position: MinPosition = 0,
    ) -> Answer[ProgramPage]:
        """List the programs, the latest first."""
        await reached(request, INCENTIVES.name, min_position)
        filters = ProgramFilter(status=tuple(status or ()), criterion=criterion, token=token)
        board, now = request.system.projections.incentives, request.system.clock.now()
        cursors = Cursors(request, [filters, sort])
        page = await board.list(now, filters, sort, cursors.open(cursor), limit)
        content = ProgramPage(
            items=page.items,
            next_cursor=cursors.seal(page.next_cursor),
            total=await board.count(now, filters) if total else UNSET,
        )
        return answer(content, 200, [as_of(page.position)])

    @get("/{program_id:str}", operation_id="get_incentive")
    async def get_incentive(
        self, program_id: FromPath[str], request: ApiRequest, min_position: MinPosition = 0
    ) -> Answer[ProgramDetails]:
        """Return a program, how far agents have come, and what it paid."""
        check_id(program_id, "program_id")
        await reached(request, INCENTIVES.name, min_position)
        await reached(request, SETTLEMENT.name, min_position)
        system = request.system
        board = system.projections.incentives
        found = await board.find(program_id, system.clock.now())
        if found.item is None:
            raise ProgramNotFound(program_id=program_id)
        programs = system.economy.fold.lists[Programs.name]
        assert isinstance(programs, Programs)
        content = ProgramDetails(
            **asdict(found.item),
            progress=progress_of(programs.standing(program_id)),
            payouts=await board.payments(program_id),
        )
        return answer(content, 200, [as_of(found.position)])
