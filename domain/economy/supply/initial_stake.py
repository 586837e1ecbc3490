"""What an agent stakes with its registration: out of the faucet, or out of what it has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import msgspec
from msgspec.structs import replace

from aia_mas.domain.economy.accounts import AIA, wallet
from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.ledger import Leg, transfer_stream
from aia_mas.domain.economy.ledger.states import evolve_account, evolve_transfer
from aia_mas.domain.economy.orders import Execution, OrderKind, OrderPlaced, order_stream
from aia_mas.domain.economy.staking.commands import Stake, streams_of_stake
from aia_mas.domain.economy.staking.events import StakeEvent
from aia_mas.domain.economy.staking.staking import stake
from aia_mas.domain.economy.staking.state import NO_STAKE, StakeState, stake_stream
from aia_mas.domain.economy.supply.issuing import issue, parameters_in, streams_of_issue, terms_of
from aia_mas.domain.economy.supply.treasury_orders import metadata_of
from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, refuse
from aia_mas.domain.kernel.errors import PermissionDenied
from aia_mas.domain.kernel.event import Event
from aia_mas.domain.kernel.money import to_text
from aia_mas.domain.orchestration.agent import AgentState, AgentStatus, agent_stream
from aia_mas.domain.orchestration.agent_commands import PutAgent, RegisterAgent
from aia_mas.domain.orchestration.agent_events import AgentRegistered
from aia_mas.domain.orchestration.errors import AgentNotFound


class InitialStake(msgspec.Struct, frozen=True, kw_only=True):
    """Have an agent's stake be as high as it said when it registered.

    What it has staked already counts, then what is in its wallet; the faucet gives the rest.

    Attributes:
        agent_id: Whose.
        amount: How much, base units.
    """

    agent_id: str
    amount: int


def stake_stream_of(stake_id: str, *, faucet: bool) -> str:
    """Return the stream that a registration begins for its stake: an order, or a transfer."""
    return order_stream(stake_id) if faucet else transfer_stream(stake_id)


def streams_of_registration(command: RegisterAgent | PutAgent, *, faucet: bool) -> tuple[str, ...]:
    """Return what a registration reads for its stake, beside what it reads anyway."""
    if not command.initial_stake:
        return ()
    if faucet:
        return (stake_stream_of(command.stake_id, faucet=True),)
    return streams_of_stake(_stake(command.agent_id, command.initial_stake, command.stake_id))


def with_initial_stake(
    decision: Decision,
    states: Mapping[str, Any],
    command: RegisterAgent | PutAgent,
    ctx: Context,
    *,
    faucet: bool,
) -> Decision:
    """Return what is decided on a registration and its stake together.

    With a faucet the stake is ordered; else it comes out of the agent's wallet at once, and where
    that has not enough, nothing is registered either (``insufficient_funds``).

    Args:
        decision: What was decided on the registration alone.
        states: Those of ``streams_of_registration``.
        command: The registration.
        ctx: The circumstances.
        faucet: Whether there is one.
    """
    if decision.refusal is not None or not command.initial_stake:
        return decision
    events = [
        (stream, replace(event, stake_id=command.stake_id))
        if isinstance(event, AgentRegistered)
        else (stream, event)
        for stream, event in decision.events
    ]
    if not any(isinstance(event, AgentRegistered) for _, event in events):
        return decision  # it was there before: it stakes by itself
    if faucet:
        wanted = InitialStake(agent_id=command.agent_id, amount=command.initial_stake)
        placed = OrderPlaced(
            kind=INITIAL_STAKE.name,
            order=msgspec.to_builtins(wanted),
            by=ctx.principal.subject,
            at=ctx.now,
        )
        return decision._replace(events=(*events, (order_stream(command.stake_id), placed)))
    missing = command.initial_stake - _bonded(states, command.agent_id)
    if missing > 0:
        staked = stake(states, _stake(command.agent_id, missing, command.stake_id), ctx)
        if staked.refusal is not None:
            return refuse(staked.refusal)
        events += staked.events
    return decision._replace(events=tuple(events))


class ToldStake(NamedTuple):
    """What an agent has at stake that counts (``stake``: tokens), and the tier of that."""

    stake: str
    tier: str | None


def stake_after(
    events: Iterable[tuple[str, Event]], states: Mapping[str, Any], agent_id: str
) -> ToldStake:
    """Return what an agent has at stake after a decision.

    Args:
        events: What was decided.
        states: What it was decided on, stake and parameters among it.
        agent_id: The agent.
    """
    stream = stake_stream(agent_id)
    state: StakeState = states[stream] or NO_STAKE
    effective = state.effective
    for place, event in events:
        if place == stream and isinstance(event, StakeEvent):
            effective = event.effective
    tier = parameters_in(states).tier_of(effective)
    return ToldStake(to_text(effective), None if tier is None else tier.name)


def _check(_order: InitialStake, ctx: Context) -> None:
    # Registrations order it (see ``with_initial_stake``), and the settlement for old ones.
    if ctx.principal.subject != SETTLEMENT.subject:
        raise PermissionDenied("It is ordered with a registration")


def _streams(order: InitialStake, order_id: str) -> tuple[str, ...]:
    agent_id = order.agent_id
    return (
        *streams_of_issue(_faucet_id(order_id), AIA, wallet(agent_id)),
        *streams_of_stake(_stake(agent_id, order.amount, order_id)),
        agent_stream(agent_id),
    )


def _execute(order: InitialStake, execution: Execution) -> Mapping[str, Any]:
    states, book, agent_id = execution.states, execution.book, order.agent_id
    agent: AgentState | None = states[agent_stream(agent_id)]
    if agent is None or agent.status is AgentStatus.UNREGISTERED:
        raise AgentNotFound(agent_id=agent_id)
    wanted = max(0, order.amount - _bonded(states, agent_id))
    parameters = parameters_in(states)
    given = max(0, wanted - book.available(wallet(agent_id)))
    if given and parameters.supply.faucet:
        terms, shares = terms_of(parameters, AIA), (Leg(wallet(agent_id), given),)
        faucet_id = _faucet_id(execution.order_id)
        issue(book, terms, faucet_id, shares, "faucet", metadata_of(execution, ""))
    if wanted:
        now = _after(states, book.events)
        staked = stake(now, _stake(agent_id, wanted, execution.order_id), execution.ctx)
        if staked.refusal is not None:
            raise staked.refusal
        execution.events += staked.events
    told = stake_after(execution.events, states, agent_id)
    return {
        "agent_id": agent_id,
        "staked": to_text(wanted),
        "given": to_text(given),
        "stake": told.stake,
        "tier": told.tier,
    }


def _stake(agent_id: str, amount: int, transfer_id: str) -> Stake:
    return Stake(agent_id=agent_id, amount=amount, transfer_id=transfer_id)


def _faucet_id(order_id: str) -> str:
    return f"{order_id}:faucet"


def _bonded(states: Mapping[str, Any], agent_id: str) -> int:
    state: StakeState | None = states[stake_stream(agent_id)]
    return (state or NO_STAKE).bonded


def _after(states: Mapping[str, Any], events: Iterable[tuple[str, Event]]) -> Mapping[str, Any]:
    """Return states after what a book has written."""
    after = dict(states)
    for stream, event in events:
        evolve: Any = evolve_account if stream.startswith("account/") else evolve_transfer
        after[stream] = evolve(after[stream], event)
    return after


INITIAL_STAKE: Final = OrderKind("initial_stake", InitialStake, _check, _streams, _execute)
