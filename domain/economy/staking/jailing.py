"""Jail: an agent that goes missing again and again has a stake that counts for nothing, for a time.

As in the slashing module of the Cosmos SDK: going missing costs standing, not stake; the agent gets
out by itself, when its time is over and it asks to.
"""

from __future__ import annotations

from datetime import timedelta

from aia_mas.domain.economy.authority import check_may_spend
from aia_mas.domain.economy.staking.commands import Jail, Unjail
from aia_mas.domain.economy.staking.errors import NotJailed, StillJailed
from aia_mas.domain.economy.staking.events import AgentJailed, AgentUnjailed
from aia_mas.domain.economy.staking.staking import States, check_settles, stake_of, terms_of
from aia_mas.domain.economy.staking.state import stake_stream, with_figures
from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, accept, refuse
from aia_mas.domain.kernel.errors import DomainError


def jail(states: States, command: Jail, ctx: Context) -> Decision:
    """Jail an agent; nothing is done when it is jailed already."""
    state = stake_of(states, command.agent_id)
    try:
        check_settles(ctx)
    except DomainError as error:
        return refuse(error)
    stream = stake_stream(command.agent_id)
    if state.jailed_until is not None:
        return accept(stream)
    until = ctx.now + timedelta(seconds=terms_of(states).jail_seconds)
    event = AgentJailed(lost=command.lost, until=until, at=ctx.now)
    return accept(stream, with_figures(state, event)[1])


def unjail(states: States, command: Unjail, ctx: Context) -> Decision:
    """End an agent's time in jail, once it is over."""
    state = stake_of(states, command.agent_id)
    try:
        check_may_spend(ctx.principal, command.agent_id)
        if state.jailed_until is None:
            raise NotJailed(agent_id=command.agent_id)
        if ctx.now < state.jailed_until:
            raise StillJailed(until=state.jailed_until.isoformat())
    except DomainError as error:
        return refuse(error)
    stream = stake_stream(command.agent_id)
    return accept(stream, with_figures(state, AgentUnjailed(at=ctx.now))[1])
