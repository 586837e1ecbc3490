"""Carries out one order for many: recorded once, in bounded commits, told in one summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from aia_mas.application.engine.engine import Origin
from aia_mas.application.engine.outcomes import CommandResult
from aia_mas.domain.kernel import DomainError
from aia_mas.domain.kernel.errors import Conflict, InvalidValue
from aia_mas.domain.kernel.ids import check_id
from aia_mas.domain.kernel.steps import chunks
from aia_mas.domain.orchestration.bounds import check_number
from aia_mas.domain.orchestration.bulk import BulkOrder, OrderBulk
from aia_mas.interfaces.http.answers import Answer, answer
from aia_mas.interfaces.http.commands import origin_of, position_headers
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.http.schemas.bulk import MAX_BULK, BulkExample, BulkResult

EXAMPLES = 20
_AT_ONCE = 100
"""Commands of one commit: deciding on them must not hold up others for long."""

Outcome = tuple[str, str | None]
"""Which one, and the code of its refusal."""

_order = msgspec.json.Decoder(BulkOrder).decode


class Selection(NamedTuple):
    """What an order is about.

    Attributes:
        ids: Which ones.
        more: There are others beyond the limit.
        criteria: How they were chosen, for the record.
    """

    ids: Sequence[str]
    more: bool
    criteria: Any


def check_selection(filters: object | None, ids: Sequence[str] | None, limit: int) -> None:
    """Refuse an order that does not say for whom it is, or says it twice.

    Raises:
        InvalidValue: Neither or both of them were given, or too many ids, or a bad limit.
        InvalidId: An id is none.
    """
    if (filters is None) == (ids is None):
        raise InvalidValue("either filter or ids say what it is about", field="filter")
    check_number(limit, "limit", lowest=1, highest=MAX_BULK)
    if ids is not None:
        if not 0 < len(ids) <= MAX_BULK:
            raise InvalidValue(f"ids has 1 to {MAX_BULK} entries", field="ids")
        for index, entity in enumerate(ids):
            check_id(entity, f"ids.{index}")


def criteria_of(filters: msgspec.Struct) -> dict[str, Any]:
    """Return what a filter says, for the record."""
    said: dict[str, Any] = msgspec.to_builtins(filters)
    return said


async def foretold(
    request: ApiRequest,
    selection: Selection,
    matched: int,
    command: Callable[[str], msgspec.Struct],
) -> Answer[BulkResult]:
    """Return what an order would be about, and of given ids, for whom it would be refused now.

    Args:
        request: Who wants to know.
        selection: For whom it would be.
        matched: How many that are, beyond the limit as well.
        command: Makes the command for one of them.
    """
    engine, outcomes = request.system.engine, list[Outcome]()
    if selection.criteria is not None:  # a filter leaves out what would be refused
        outcomes += [(entity, None) for entity in selection.ids[:EXAMPLES]]
    else:
        for ids in chunks(selection.ids, _AT_ONCE):
            refusals = await engine.foretell([command(each) for each in ids], request.principal)
            outcomes += [
                (each, None if refusal is None else refusal.code)
                for each, refusal in zip(ids, refusals, strict=True)
            ]
    result = _result(outcomes, matched=matched, more=selection.more, bulk_id=None)
    return answer(replace(result, changed=0))


class CarriedOut(NamedTuple):
    """What came of an order.

    Attributes:
        order: The order as it was recorded first.
        outcomes: For whom it was carried out, with the code of the refusal if it was refused.
        last: The last commit of it.
    """

    order: BulkOrder
    outcomes: Sequence[Outcome]
    last: CommandResult


async def carry_out_order(
    request: ApiRequest,
    action: str,
    selection: Selection,
    command: Callable[[str], msgspec.Struct],
    reason: str = "",
    deadline: datetime | None = None,
) -> CarriedOut:
    """Order the same thing for many.

    The order is recorded with its ids in its outcome, under the caller's idempotency key: when it
    is repeated, also after a crash half-way, each commit of it is made once.

    Args:
        request: Who wants it.
        action: What, for the record.
        selection: For whom.
        command: Makes the command for one of them.
        reason: Why, for the record.
        deadline: The new one of all of them, UTC.

    Raises:
        DomainError: The order itself is refused.
        EventLogError: It could not be carried out now; repeated with its key it goes on.
    """
    engine, origin = request.system.engine, await origin_of(request)
    begun = await engine.run(
        OrderBulk(
            bulk_id=request.system.new_id(),
            action=action,
            ids=tuple(dict.fromkeys(selection.ids)),
            more=selection.more,
            selection=selection.criteria,
            reason=reason,
            deadline=deadline,
        ),
        origin,
    )
    order = _order(begun.body)
    last, outcomes = begun, list[Outcome]()
    for number, ids in enumerate(chunks(order.ids, _AT_ONCE)):
        each = Origin(
            origin.principal,
            # Not the caller's key with a number: that could be another key of theirs.
            command_id=f"proc:bulk:{order.bulk_id}:{number}",
            correlation_id=origin.correlation_id,
            causation_id=origin.command_id,
        )
        items: Sequence[CommandResult | DomainError]
        try:
            items = await engine.execute_many([command(entity) for entity in ids], each)
        except Conflict as error:
            items = [error] * len(ids)
        for entity, item in zip(ids, items, strict=True):
            outcomes.append((entity, item.code if isinstance(item, DomainError) else None))
            if isinstance(item, CommandResult) and item.position > last.position:
                last = item._replace(replayed=begun.replayed)
    return CarriedOut(order, outcomes, last)


async def carry_out_for_all(
    request: ApiRequest,
    action: str,
    selection: Selection,
    command: Callable[[str], msgspec.Struct],
    reason: str = "",
    deadline: datetime | None = None,
) -> Answer[BulkResult]:
    """Order the same thing for many, and answer with a summary; see ``carry_out_order``."""
    order, outcomes, last = await carry_out_order(
        request, action, selection, command, reason, deadline
    )
    content = _result(outcomes, matched=len(order.ids), more=order.more, bulk_id=order.bulk_id)
    return answer(content, 200, position_headers(last))


def _result(
    outcomes: Sequence[Outcome], *, matched: int, more: bool, bulk_id: str | None
) -> BulkResult:
    refused = Counter(code for _, code in outcomes if code is not None)
    examples = sorted(outcomes, key=lambda outcome: outcome[1] is None)[:EXAMPLES]
    return BulkResult(
        bulk_id=bulk_id,
        dry_run=bulk_id is None,
        matched=matched,
        changed=len(outcomes) - refused.total(),
        refused=dict(refused),
        examples=[BulkExample(entity, code) for entity, code in examples],
        more=more,
    )
