"""Slashing: an agent, and who delegated to it, lose stake for evidence against it, once.

What is at risk is its own stake, delegated or not, what it is unbonding, and what others delegated
to it; all of these lose the same share.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final

import msgspec

from aia_mas.domain.economy.accounts import (
    AIA,
    Purpose,
    account_of,
    account_stream,
    staked,
    unbonding,
    wallet,
)
from aia_mas.domain.economy.amounts import check_amount
from aia_mas.domain.economy.ledger.entry import Entry, Leg, transfer_stream
from aia_mas.domain.economy.orders import Execution, OrderKind
from aia_mas.domain.economy.parameters import MILLION, PARAMETERS
from aia_mas.domain.economy.staking.errors import (
    EvidenceAlreadyUsed,
    InvalidFraction,
    NothingToSlash,
    SelfReport,
)
from aia_mas.domain.economy.staking.events import (
    DelegatedStakeSlashed,
    DelegationShrunk,
    LoanCut,
    StakeEvent,
    StakeSlashed,
)
from aia_mas.domain.economy.staking.staking import stake_of, terms_of
from aia_mas.domain.economy.staking.state import Loan, StakeState, stake_stream, with_figures
from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.errors import Conflict, InvalidValue, PermissionDenied
from aia_mas.domain.kernel.event import Event, State
from aia_mas.domain.kernel.ids import check_id, stream_of
from aia_mas.domain.kernel.money import to_text
from aia_mas.domain.kernel.principal import Role
from aia_mas.domain.orchestration.bounds import check_text

SLASHED: Final = account_of(Purpose.SLASHED)
"""The account of what was slashed."""


class EvidenceUsed(Event, frozen=True, kw_only=True):
    """An agent was slashed for this evidence (``order_id``: by which order)."""

    topic: ClassVar[str] = "evidence.used.v1"
    agent_id: str
    amount: int
    order_id: str
    at: datetime


class EvidenceState(State, frozen=True, kw_only=True):
    """Evidence that was used; see ``EvidenceUsed``."""

    agent_id: str
    amount: int
    order_id: str


class Slash(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Slash an agent; exactly one of ``amount`` and ``fraction_ppm`` is given.

    Attributes:
        agent_id: Whom.
        evidence_id: For what; each evidence counts once, whoever names it.
        amount: How much in all, base units; all that is at risk, when that is less.
        fraction_ppm: Which share of all that is at risk, millionths.
        reporter: Whose wallet gets the reporter's share; None: there is none.
        reason: Why, for people.
        partners: Who is at the other ends of its delegations; filled in by the settlement.
    """

    agent_id: str
    evidence_id: str
    amount: int | None = None
    fraction_ppm: int | None = None
    reporter: str | None = None
    reason: str = ""
    partners: tuple[str, ...] = ()


def evidence_stream(evidence_id: str) -> str:
    """Return the stream of a piece of evidence."""
    return stream_of("evidence", evidence_id)


def evolve_evidence(_state: EvidenceState | None, event: Event) -> EvidenceState:
    """Fold one event of evidence."""
    assert isinstance(event, EvidenceUsed)
    return EvidenceState(agent_id=event.agent_id, amount=event.amount, order_id=event.order_id)


def partners_of(state: StakeState) -> tuple[str, ...]:
    """Return who is at the other ends of an agent's delegations."""
    return tuple(dict.fromkeys(loan.agent_id for loan in (*state.given, *state.got)))


def shares_of(amount: int, parts: Sequence[int]) -> list[int]:
    """Divide an amount among parts, in proportion to them; exact in sum, none above its part.

    Rounded by the running sum, so that no part is more than one base unit off.

    Args:
        amount: What is divided; not more than all parts together.
        parts: What it is divided by.
    """
    total, run, given = sum(parts), 0, 0
    shares = []
    for part in parts:
        run += part
        due = amount * run // total
        shares.append(due - given)
        given = due
    return shares


def _check(order: Slash, ctx: Context) -> None:
    if not ctx.principal.has(Role.ADMIN, Role.TREASURER):
        raise PermissionDenied("Slashing takes one of the roles admin, treasurer")
    check_id(order.agent_id, "agent_id")
    check_id(order.evidence_id, "evidence_id")
    check_text(order.reason, "reason")
    if (order.amount is None) is (order.fraction_ppm is None):
        raise InvalidValue("Either an amount or a fraction is slashed", field="amount")
    if order.amount is not None:
        check_amount(order.amount)
    if order.fraction_ppm is not None and not 0 < order.fraction_ppm <= MILLION:
        raise InvalidFraction(field="fraction")
    if order.reporter is not None:
        check_id(order.reporter, "reporter")
        if order.reporter == order.agent_id:
            raise SelfReport(field="reporter")
    if order.partners:
        raise InvalidValue("Partners are found, not given", field="partners")


def _streams(order: Slash, order_id: str) -> tuple[str, ...]:
    agents = (order.agent_id, *order.partners)
    reporter = () if order.reporter is None else (wallet(order.reporter),)
    accounts = (
        *(staked(agent_id) for agent_id in agents),
        unbonding(order.agent_id),
        *reporter,
        SLASHED,
    )
    return (
        evidence_stream(order.evidence_id),
        PARAMETERS,
        transfer_stream(order_id),
        *(stake_stream(agent_id) for agent_id in agents),
        *(account_stream(account) for account in accounts),
    )


class _Parts:
    """What is at risk, one after the other, and the shares that each of it loses."""

    def __init__(self, state: StakeState) -> None:
        self._state = state
        self.sizes = [
            state.matured - state.delegated,
            *(loan.amount for loan in state.given),
            *(lot.amount for lot in state.lots),
            *(each.amount if each.token == AIA else 0 for each in state.unbondings),
            *(loan.amount for loan in state.got),
        ]

    def event(self, order: Slash, amount: int, at: datetime) -> StakeSlashed:
        """Return what happens to the agent itself."""
        state, shares = self._state, iter(shares_of(amount, self.sizes))
        free = next(shares)
        given = _cuts(state.given, shares)
        lots = tuple(next(shares) for _ in state.lots)
        unbondings = tuple(next(shares) for _ in state.unbondings)
        got = _cuts(state.got, shares)
        matured = free + sum(cut.amount for cut in given)
        return StakeSlashed(
            evidence_id=order.evidence_id,
            reason=order.reason,
            amount=matured + sum(lots) + sum(unbondings),
            others=sum(cut.amount for cut in got),
            matured=matured,
            lots=lots,
            unbondings=unbondings,
            given=given,
            got=got,
            at=at,
        )


def _cuts(loans: Sequence[Loan], shares: Any) -> tuple[LoanCut, ...]:
    cuts = [LoanCut(loan.agent_id, loan.undelegation_id, next(shares)) for loan in loans]
    return tuple(cut for cut in cuts if cut.amount)


def _execute(order: Slash, execution: Execution) -> Mapping[str, Any]:
    states, at = execution.states, execution.ctx.now
    used: EvidenceState | None = states[evidence_stream(order.evidence_id)]
    if used is not None:
        raise EvidenceAlreadyUsed(evidence_id=order.evidence_id, order_id=used.order_id)
    state = stake_of(states, order.agent_id)
    if not set(partners_of(state)) <= {order.agent_id, *order.partners}:
        raise Conflict("Delegations have changed meanwhile")
    parts = _Parts(state)
    at_risk = sum(parts.sizes)
    if not at_risk:
        raise NothingToSlash(agent_id=order.agent_id)
    if order.amount is not None:
        amount = min(order.amount, at_risk)
    else:
        amount = at_risk * (order.fraction_ppm or 0) // MILLION
    if not amount:
        raise NothingToSlash(agent_id=order.agent_id)
    slashed = parts.event(order, amount, at)
    events: list[tuple[str, StakeEvent]] = [(order.agent_id, slashed)]
    events += _beside(order, slashed, at)
    share = 0
    if order.reporter is not None:
        share = amount * terms_of(states).reporter_share_ppm // MILLION
    legs = {SLASHED: amount - share}
    if order.reporter is not None:
        legs[wallet(order.reporter)] = share
    out = sum(slashed.unbondings)
    legs[unbonding(order.agent_id)] = -out
    legs[staked(order.agent_id)] = out - slashed.amount
    for cut in slashed.got:
        legs[staked(cut.agent_id)] = legs.get(staked(cut.agent_id), 0) - cut.amount
    entry = Entry(
        transfer_id=execution.order_id,
        legs=tuple(Leg(account, units) for account, units in legs.items() if units),
        reason="slash",
        metadata={"evidence_id": order.evidence_id},
    )
    execution.book.post(entry)
    after: dict[str, StakeState] = {}
    for agent_id, event in events:
        # Who both gave to the agent and got from it has two of them.
        before = after.get(agent_id) or stake_of(states, agent_id)
        after[agent_id], figured = with_figures(before, event)
        execution.events.append((stake_stream(agent_id), figured))
    used_now = EvidenceUsed(
        agent_id=order.agent_id, amount=amount, order_id=execution.order_id, at=at
    )
    execution.events.append((evidence_stream(order.evidence_id), used_now))
    return {
        "agent_id": order.agent_id,
        "evidence_id": order.evidence_id,
        "slashed": to_text(amount),
        "from_delegators": to_text(slashed.others),
        "reporter_share": to_text(share),
    }


def _beside(order: Slash, slashed: StakeSlashed, at: datetime) -> list[tuple[str, StakeEvent]]:
    """Return what happens to those at the other ends of the agent's delegations."""
    events: list[tuple[str, StakeEvent]] = []
    for other, cuts in _by_agent(slashed.got).items():
        lost = DelegatedStakeSlashed(
            evidence_id=order.evidence_id,
            offender=order.agent_id,
            amount=sum(cut.amount for cut in cuts),
            given=_seen_from(order.agent_id, cuts),
            at=at,
        )
        events.append((other, lost))
    for other, cuts in _by_agent(slashed.given).items():
        shrunk = DelegationShrunk(
            evidence_id=order.evidence_id,
            amount=sum(cut.amount for cut in cuts),
            got=_seen_from(order.agent_id, cuts),
            at=at,
        )
        events.append((other, shrunk))
    return events


def _by_agent(cuts: Sequence[LoanCut]) -> dict[str, list[LoanCut]]:
    found: defaultdict[str, list[LoanCut]] = defaultdict(list)
    for cut in cuts:
        found[cut.agent_id].append(cut)
    return found


def _seen_from(agent_id: str, cuts: Sequence[LoanCut]) -> tuple[LoanCut, ...]:
    return tuple(LoanCut(agent_id, cut.undelegation_id, cut.amount) for cut in cuts)


SLASH: Final = OrderKind("slash", Slash, _check, _streams, _execute)
"""Orders to slash an agent."""
EVIDENCE_EVENTS: Final[tuple[type[Event], ...]] = (EvidenceUsed,)
"""Every event of evidence, for the topic registry."""
