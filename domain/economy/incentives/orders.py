"""Orders about incentive programs: opened with money of the treasury, and cancelled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from aia_mas.domain.economy.accounts import account_stream, treasury
from aia_mas.domain.economy.incentives.errors import ProgramExists, ProgramIsOver, ProgramNotFound
from aia_mas.domain.economy.incentives.events import ProgramCancelled, ProgramOpened
from aia_mas.domain.economy.incentives.program import ProgramState, escrow_of, program_stream
from aia_mas.domain.economy.incentives.terms import ProgramTerms, check_program
from aia_mas.domain.economy.ledger import Entry, move, transfer_stream
from aia_mas.domain.economy.orders import Execution, OrderKind
from aia_mas.domain.economy.parameters import PARAMETERS
from aia_mas.domain.economy.supply.issuing import parameters_in, terms_of
from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.errors import PermissionDenied
from aia_mas.domain.kernel.ids import check_id
from aia_mas.domain.kernel.principal import Role
from aia_mas.domain.orchestration.bounds import check_text
from aia_mas.domain.orchestration.tiers import Tier, Tiers


class OpenProgram(msgspec.Struct, frozen=True, kw_only=True):
    """Open an incentive program (``program_id``: one that no other has)."""

    program_id: str
    terms: ProgramTerms


class CancelProgram(msgspec.Struct, frozen=True, kw_only=True):
    """Cancel an incentive program: from then on nothing is earned."""

    program_id: str
    reason: str = ""


def _check_may(ctx: Context) -> None:
    if not ctx.principal.has(Role.ADMIN, Role.TREASURER):
        raise PermissionDenied("Programs are opened and cancelled by treasurers, or by a vote")


def _check_opening(order: OpenProgram, ctx: Context) -> None:
    _check_may(ctx)
    check_id(order.program_id, "program_id")
    check_program(order.terms, ctx.now)


def _opening_streams(order: OpenProgram, order_id: str) -> tuple[str, ...]:
    token = order.terms.token
    return (
        program_stream(order.program_id),
        transfer_stream(order_id),
        account_stream(treasury(token)),
        account_stream(escrow_of(order.program_id, token)),
        PARAMETERS,
    )


def _open(order: OpenProgram, execution: Execution) -> Mapping[str, Any]:
    stream = program_stream(order.program_id)
    if execution.states[stream] is not None:
        raise ProgramExists(program_id=order.program_id)
    terms = order.terms
    # What was ordered some time ago, by a vote for example, may be over by now.
    check_program(terms, execution.ctx.now)
    parameters = parameters_in(execution.states)
    terms_of(parameters, terms.token)  # refuses one that is no token
    tiers = Tiers(Tier(tier.name, tier.min_stake) for tier in parameters.tiers)
    for index, name in enumerate(terms.eligibility.tiers):
        tiers.check(name, f"eligibility.tiers.{index}")
    entry = Entry(
        transfer_id=execution.order_id,
        legs=move(treasury(terms.token), escrow_of(order.program_id, terms.token), terms.budget),
        reason="incentive_budget",
        metadata={"program_id": order.program_id},
    )
    execution.book.post(entry)
    opened = ProgramOpened(terms=terms, by=execution.by, at=execution.ctx.now)
    execution.events.append((stream, opened))
    return {"program_id": order.program_id}


def _check_cancelling(order: CancelProgram, ctx: Context) -> None:
    _check_may(ctx)
    check_id(order.program_id, "program_id")
    check_text(order.reason, "reason")


def _cancelling_streams(order: CancelProgram, _order_id: str) -> tuple[str, ...]:
    return (program_stream(order.program_id),)


def _cancel(order: CancelProgram, execution: Execution) -> Mapping[str, Any]:
    stream = program_stream(order.program_id)
    state: ProgramState | None = execution.states[stream]
    if state is None:
        raise ProgramNotFound(program_id=order.program_id)
    if state.outcome is not None:
        raise ProgramIsOver(program_id=order.program_id, outcome=state.outcome)
    if not state.cancelled:
        cancelled = ProgramCancelled(reason=order.reason, by=execution.by, at=execution.ctx.now)
        execution.events.append((stream, cancelled))
    return {"program_id": order.program_id}


OPEN_PROGRAM: Final = OrderKind(
    "open_incentive",
    OpenProgram,
    _check_opening,
    _opening_streams,
    _open,
    amounts=frozenset({"amount", "budget"}),
)
"""Opens an incentive program."""
CANCEL_PROGRAM: Final = OrderKind(
    "cancel_incentive", CancelProgram, _check_cancelling, _cancelling_streams, _cancel
)
"""Cancels one."""
