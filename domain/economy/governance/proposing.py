"""Proposals are made, taken back, and stopped by guardians."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from aia_mas.domain.economy.accounts import Purpose, account_of, account_stream, wallet
from aia_mas.domain.economy.authority import check_may_spend, may_spend
from aia_mas.domain.economy.errors import InsufficientFunds
from aia_mas.domain.economy.governance.commands import (
    CancelProposal,
    CreateProposal,
    VetoProposal,
)
from aia_mas.domain.economy.governance.errors import (
    CommandNotAllowed,
    MissingCommand,
    ProposalExists,
    ProposalFinished,
    ProposalNotFound,
    ProposalNotPending,
    UnknownProposalKind,
)
from aia_mas.domain.economy.governance.execution import (
    CommandFailed,
    Folds,
    carried_out,
    check_orders,
    completed,
    streams_of_orders,
)
from aia_mas.domain.economy.governance.kinds import ProposalKind
from aia_mas.domain.economy.governance.proposal import OPEN, ProposalState, ProposalStatus
from aia_mas.domain.economy.governance.proposal_events import (
    ProposalActivated,
    ProposalCancelled,
    ProposalCreated,
    ProposalVetoed,
    ProposedOrder,
    proposal_stream,
)
from aia_mas.domain.economy.governance.proposers import (
    ProposalOpened,
    proposer_stream,
    still_open,
)
from aia_mas.domain.economy.ledger import Book, Entry, move, transfer_stream
from aia_mas.domain.economy.orders import Kinds
from aia_mas.domain.economy.parameters import PARAMETERS, ParametersState
from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, accept, refuse
from aia_mas.domain.kernel.errors import DomainError, InvalidValue, PermissionDenied
from aia_mas.domain.kernel.event import Event
from aia_mas.domain.kernel.ids import check_id
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.kernel.places import within
from aia_mas.domain.kernel.principal import Principal, Role
from aia_mas.domain.orchestration.bounds import check_text

LONGEST_TITLE = 200
"""Longest title, in characters."""
LONGEST_BODY = 20_000
"""Longest body, in characters."""
LONGEST_REASON = 1_000
"""Longest reason, in characters."""
MOST_ORDERS = 10
"""Commands of one proposal."""
DEPOSIT_REASON = "proposal_deposit"
"""The reason code of deposits."""

BURN = account_of(Purpose.BURN)
"""Where deposits go that are not refunded."""


def deposit_id(proposal_id: str) -> str:
    """Return the id of the transfer of a deposit; no client can give that id to another one."""
    return f"deposit~{proposal_id}"


def is_guardian(principal: Principal) -> bool:
    """Tell whether a principal may stop proposals: admins and treasurers."""
    return principal.has(Role.ADMIN, Role.TREASURER)


def streams_of_proposal(command: CreateProposal, kinds: Kinds) -> tuple[str, ...]:
    """Return the streams that making a proposal reads, its own first."""
    return tuple(
        dict.fromkeys(
            (
                proposal_stream(command.proposal_id),
                PARAMETERS,
                transfer_stream(deposit_id(command.proposal_id)),
                account_stream(wallet(command.proposer)),
                proposer_stream(command.proposer),
                *map(proposal_stream, command.open),
                *streams_of_orders(command.proposal_id, _orders(command), kinds),
            )
        )
    )


def create_proposal(
    states: Mapping[str, Any], command: CreateProposal, ctx: Context, kinds: Kinds, folds: Folds
) -> Decision:
    """Propose something; the same under the same id again changes nothing."""
    stream = proposal_stream(command.proposal_id)
    state: ProposalState | None = states[stream]
    try:
        if state is not None:
            _check_same(state, command)
            return accept(stream)
        _check(command)
        check_may_spend(ctx.principal, command.proposer)
        parameters = (states[PARAMETERS] or ParametersState()).parameters
        terms = _terms(parameters.proposal_kinds, command)
        most = parameters.open_proposals_per_proposer
        others = still_open(states, command.proposer, most)
        check_orders(command.orders, ctx, kinds)
        _rehearse(states, command, ctx, kinds, folds)
        book = Book(states, ctx)
        if terms.deposit:
            legs = move(wallet(command.proposer), BURN, terms.deposit)
            transfer_id = deposit_id(command.proposal_id)
            book.hold(Entry(transfer_id=transfer_id, legs=legs, reason=DEPOSIT_REASON))
    except DomainError as error:
        return refuse(error)
    created = ProposalCreated(
        title=command.title,
        body=command.body,
        orders=command.orders,
        proposer=command.proposer,
        terms=terms,
        gov_per_vote=parameters.gov_per_vote,
        gov_round_seconds=parameters.vote_reward_interval_seconds,
        starts_at=ctx.now + timedelta(seconds=terms.delay_seconds),
        by=ctx.principal.subject,
        at=ctx.now,
    )
    happened: list[tuple[str, Event]] = [*book.events, (stream, created)]
    if not terms.delay_seconds:
        ends_at = ctx.now + timedelta(seconds=terms.period_seconds)
        happened.append((stream, ProposalActivated(ends_at=ends_at, at=ctx.now)))
    opened = ProposalOpened(
        proposal_id=command.proposal_id, open=(*others, command.proposal_id), at=ctx.now
    )
    happened.append((proposer_stream(command.proposer), opened))
    return Decision(tuple(happened))


def cancel_proposal(state: ProposalState | None, command: CancelProposal, ctx: Context) -> Decision:
    """Take a proposal back before voting begins, or stop it as a guardian; once is enough."""
    stream = proposal_stream(command.proposal_id)
    try:
        if state is None:
            raise ProposalNotFound(proposal_id=command.proposal_id)
        guardian = is_guardian(ctx.principal)
        if not guardian and not may_spend(ctx.principal, state.proposer):
            raise PermissionDenied("Proposals are cancelled by their proposer or by a guardian")
        shortest = 1 if guardian else 0
        check_text(command.reason, "reason", shortest=shortest, longest=LONGEST_REASON)
        if state.status is ProposalStatus.CANCELLED:
            return accept(stream)
        if state.status not in OPEN:
            raise ProposalFinished(status=state.status)
        if not guardian and state.status is not ProposalStatus.PENDING:
            raise ProposalNotPending(status=state.status)
    except DomainError as error:
        return refuse(error)
    cancelled = ProposalCancelled(reason=command.reason, by=ctx.principal.subject, at=ctx.now)
    return accept(stream, cancelled)


def veto_proposal(state: ProposalState | None, command: VetoProposal, ctx: Context) -> Decision:
    """Stop a proposal as a guardian, until it is executed; once is enough."""
    stream = proposal_stream(command.proposal_id)
    try:
        if state is None:
            raise ProposalNotFound(proposal_id=command.proposal_id)
        if not is_guardian(ctx.principal):
            raise PermissionDenied("Proposals are vetoed by guardians: admins and treasurers")
        check_text(command.reason, "reason", shortest=1, longest=LONGEST_REASON)
        if state.status is ProposalStatus.VETOED:
            return accept(stream)
        if state.status not in OPEN:
            raise ProposalFinished(status=state.status)
    except DomainError as error:
        return refuse(error)
    vetoed = ProposalVetoed(reason=command.reason, by=ctx.principal.subject, at=ctx.now)
    return accept(stream, vetoed)


def _check_same(state: ProposalState, command: CreateProposal) -> None:
    known = (state.terms.name, state.title, state.body, state.orders, state.proposer)
    wanted = (command.kind, command.title, command.body, command.orders, command.proposer)
    if known != wanted:
        raise ProposalExists(proposal_id=command.proposal_id)


def _check(command: CreateProposal) -> None:
    mistakes = Mistakes()
    mistakes.check(check_id, command.proposal_id, "proposal_id")
    mistakes.check(check_id, command.proposer, "proposer")
    mistakes.check(check_text, command.title, "title", shortest=1, longest=LONGEST_TITLE)
    mistakes.check(check_text, command.body, "body", longest=LONGEST_BODY)
    if len(command.orders) > MOST_ORDERS:
        mistakes.add(
            InvalidValue(f"A proposal has at most {MOST_ORDERS} commands", field="commands")
        )
    mistakes.refuse()


def _terms(kinds: Sequence[ProposalKind], command: CreateProposal) -> ProposalKind:
    terms = next((kind for kind in kinds if kind.name == command.kind), None)
    if terms is None:
        names = ", ".join(kind.name for kind in kinds)
        raise UnknownProposalKind(f"The kinds are {names}", field="kind")
    if terms.commands and not command.orders:
        raise MissingCommand(field="commands")
    for number, proposed in enumerate(command.orders):
        if proposed.kind not in terms.commands:
            allowed = ", ".join(terms.commands) or "none"
            raise CommandNotAllowed(
                f"Commands of a proposal of this kind are: {allowed}",
                field=within("commands", number),
            )
    return terms


def _orders(command: CreateProposal) -> tuple[ProposedOrder, ...]:
    if len(command.orders) > MOST_ORDERS:
        return ()
    return completed(command.orders, command.filled)


def _rehearse(
    states: Mapping[str, Any], command: CreateProposal, ctx: Context, kinds: Kinds, folds: Folds
) -> None:
    """Refuse commands that could not be carried out now; funds may come until they are needed."""
    try:
        carried_out(command.proposal_id, _orders(command), states, ctx, kinds, folds)
    except CommandFailed as failed:
        if not isinstance(failed.error, InsufficientFunds):
            failed.error.facts["command"] = failed.number
            raise failed.error from None
