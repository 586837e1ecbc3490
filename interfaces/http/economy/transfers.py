"""Transfers over HTTP: made, posted, voided, reversed, one by one or linked; looked at."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody

from aia_mas.application.engine.outcomes import CommandResult
from aia_mas.domain.economy.accounts import parse_account
from aia_mas.domain.economy.errors import Exists, OrderExists, TransferNotFound
from aia_mas.domain.economy.ledger.commands import ReverseTransfer, Transfer, VoidHold
from aia_mas.domain.economy.ledger.entry import Leg
from aia_mas.domain.economy.ledger.reversing import Reversal
from aia_mas.domain.economy.ledger.states import TransferState
from aia_mas.domain.economy.ledger.told import ToldTransfer
from aia_mas.domain.economy.orders import OrderStatus
from aia_mas.domain.kernel import DomainError
from aia_mas.domain.kernel.ids import check_made_id
from aia_mas.domain.orchestration.errors import InvalidBatchSize
from aia_mas.interfaces.http.answers import Answer, answer
from aia_mas.interfaces.http.bodies import decode
from aia_mas.interfaces.http.commands import (
    REPLAYED,
    answered,
    carry_out,
    location,
    origin_of,
    position_headers,
)
from aia_mas.interfaces.http.economy.paths import ECONOMIC
from aia_mas.interfaces.http.problems import problem_answer
from aia_mas.interfaces.http.queries import MinPosition, as_of, reached
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.http.schemas.agents import Nothing
from aia_mas.interfaces.http.schemas.transfers import (
    MAX_BATCH,
    TransferBatch,
    TransferBatchItem,
    TransferBatchResult,
    TransferPosting,
    TransferRequest,
    TransferReversal,
)
from aia_mas.projections.economy.ledger_view import Transaction

TRANSFERS = f"{ECONOMIC}/transfers"
_EXISTED = b',"existed":true}'


class Transfers(Controller):
    """Tokens on their way between wallets."""

    path = TRANSFERS
    tags = ("economy",)

    @post("/", operation_id="make_transfer", status_code=201)
    async def make(
        self, data: JSONBody[TransferRequest], request: ApiRequest
    ) -> Answer[ToldTransfer]:
        """Move tokens between wallets, or with `pending` set them aside to be posted or voided.

        Who spends is the owner of the wallets that they come from, a treasurer or an admin. It is
        200 when this very transfer exists already under its id; another one under the same id is
        409 `exists_with_different_amount` (or whatever field differs first).
        """
        result = await carry_out(request, data.command(request.system.new_id()))
        return _made(request, result)

    @post("/submit-batch", operation_id="make_transfers", status_code=200)
    async def make_many(
        self, data: JSONBody[TransferBatch], request: ApiRequest
    ) -> Answer[TransferBatchResult]:
        """Make up to 1,000 transfers, in order and in one commit.

        Each is accepted or refused on its own, and sees what those before it left; `atomic` links
        them: all or nothing.
        """
        origin = await origin_of(request)
        if not 0 < len(data.transfers) <= MAX_BATCH:
            raise InvalidBatchSize(f"a batch has 1 to {MAX_BATCH} transfers", field="transfers")
        read = [_read(request, raw) for raw in data.transfers]
        refused = next((item for item in read if isinstance(item, DomainError)), None)
        if data.atomic and refused is not None:
            refused.facts["index"] = read.index(refused)
            raise refused
        commands = [item for item in read if isinstance(item, Transfer)]
        results: list[CommandResult | DomainError] = []
        if commands:
            engine = request.system.engine
            results = await engine.execute_many(commands, origin, atomic=data.atomic)
        outcomes = iter(results)
        items = [item if isinstance(item, DomainError) else next(outcomes) for item in read]
        accepted = [item for item in items if isinstance(item, CommandResult)]
        content = TransferBatchResult(
            items=[_item(request, item) for item in items],
            accepted=len(accepted),
            refused=len(items) - len(accepted),
        )
        if accepted:
            return answer(content, 200, position_headers(accepted[0]))
        replayed = any(getattr(item, "replayed", False) for item in results)
        return answer(content, 200, [REPLAYED] if replayed else ())

    @get("/{transfer_id:str}", operation_id="get_transfer")
    async def show(
        self, transfer_id: FromPath[str], request: ApiRequest, min_position: MinPosition = 0
    ) -> Answer[Transaction]:
        """Return a transfer."""
        check_made_id(transfer_id, "transfer_id")
        await reached(request, "ledger", min_position)
        found, position = await request.system.projections.ledger.transfer(transfer_id)
        if found is None:
            raise TransferNotFound(transfer_id=transfer_id)
        return answer(found, 200, [as_of(position)])

    @post("/{transfer_id:str}/post", operation_id="post_transfer", status_code=200)
    async def post_pending(
        self,
        transfer_id: FromPath[str],
        request: ApiRequest,
        data: JSONBody[TransferPosting | None] = None,
    ) -> Answer[ToldTransfer]:
        """Move what a pending transfer holds, all of it or a part; the rest is available again.

        Whoever could have made it may. What tasks and proposals hold is settled by these.
        """
        command = (data or TransferPosting()).command(check_made_id(transfer_id, "transfer_id"))
        return answered(await carry_out(request, command))

    @post("/{transfer_id:str}/void", operation_id="void_transfer", status_code=200)
    async def void_pending(
        self, transfer_id: FromPath[str], request: ApiRequest, data: JSONBody[Nothing | None] = None
    ) -> Answer[ToldTransfer]:
        """Let go what a pending transfer holds; whoever could have made it may."""
        command = VoidHold(transfer_id=check_made_id(transfer_id, "transfer_id"))
        return answered(await carry_out(request, command))

    @post("/{transfer_id:str}/reverse", operation_id="reverse_transfer", status_code=201)
    async def reverse(
        self,
        transfer_id: FromPath[str],
        request: ApiRequest,
        data: JSONBody[TransferReversal | None] = None,
    ) -> Answer[ToldTransfer]:
        """Take a transfer back, once, by another one; the answer is that one.

        Who got the tokens may, or a treasurer or an admin. What has to do with accounts of the
        system is carried out by the settlement; 202 when that takes longer than a few seconds.
        """
        system = request.system
        command = (data or TransferReversal()).command(
            check_made_id(transfer_id, "transfer_id"), system.new_id()
        )
        known = await system.economy.legs.state(transfer_id)
        # One that was taken back before needs no order to say so.
        if known is None or known.reversed_by is not None or not _is_of_the_system(known):
            return _made(request, await carry_out(request, command))
        return await _ordered(request, command, known.moved)


def _is_of_the_system(state: TransferState) -> bool:
    return any(parse_account(leg.account).is_system for leg in state.moved)


async def _ordered(
    request: ApiRequest, command: ReverseTransfer, moved: tuple[Leg, ...]
) -> Answer[Any]:
    """Have the settlement reverse a transfer, and answer as if it had been done here."""
    existed = await request.system.economy.legs.state(command.reversal_id) is not None
    order = Reversal(
        transfer_id=command.transfer_id,
        reversal_id=command.reversal_id,
        reason=command.reason,
        metadata=command.metadata,
        moved=moved,
    )
    try:
        ended = await request.system.economy.orders.place(
            f"reverse:{command.reversal_id}", order, await origin_of(request)
        )
    except OrderExists:
        if existed:
            raise Exists(transfer_id=command.reversal_id) from None
        raise
    position = as_of(ended.position)
    headers = [position, REPLAYED] if ended.replayed else [position]
    if ended.order.status is not OrderStatus.EXECUTED:
        where = location(request, f"{ECONOMIC}/orders/{ended.order.order_id}")
        return answer(ended.order, 202, [*headers, where])
    made = ended.order.result
    where = location(request, f"{TRANSFERS}/{made['transfer_id']}")
    return answer(made, 200 if existed else 201, [*headers, where])


def _made(request: ApiRequest, result: CommandResult) -> Answer[ToldTransfer]:
    """Answer with a transfer: as a new one, or the same again as one that existed."""
    where = location(request, f"{TRANSFERS}/{_identified(result.body).transfer_id}")
    if not result.body.endswith(_EXISTED):
        return answered(result, 201, [where])
    told = result._replace(body=result.body.removesuffix(_EXISTED) + b"}")
    return answered(told, 200, [where])


class _Identified(msgspec.Struct):
    transfer_id: str


_identified = msgspec.json.Decoder(_Identified).decode


def _read(request: ApiRequest, raw: msgspec.Raw) -> Transfer | DomainError:
    """Return the command of one item of a batch, or why there is none."""
    try:
        return decode(bytes(raw), TransferRequest).command(request.system.new_id())
    except DomainError as error:
        return error


def _item(request: ApiRequest, item: CommandResult | DomainError) -> TransferBatchItem:
    if isinstance(item, CommandResult):
        if item.body.endswith(_EXISTED):
            told = item.body.removesuffix(_EXISTED) + b"}"
            return TransferBatchItem(status=200, transfer=msgspec.Raw(told))
        return TransferBatchItem(status=201, transfer=msgspec.Raw(item.body))
    # Without the request's id: a repetition under the same key gets the very same items.
    problem = problem_answer(item, instance=request.scope["path"], request_id="")
    return TransferBatchItem(status=problem.status, problem=msgspec.Raw(problem.body))
