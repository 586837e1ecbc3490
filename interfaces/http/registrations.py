"""Registrations that stake: answered when that is done, with the tier that it makes."""

from __future__ import annotations

import msgspec

from aia_mas.application.engine.outcomes import CommandResult
from aia_mas.application.orchestration.answers import AgentAnswer
from aia_mas.domain.kernel.money import to_text
from aia_mas.domain.orchestration.agent_commands import PutAgent, RegisterAgent
from aia_mas.interfaces.http.commands import carry_out
from aia_mas.interfaces.http.queries import COURTESY
from aia_mas.interfaces.http.requests import ApiRequest

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(AgentAnswer).decode


async def registered(
    request: ApiRequest, agent_id: str, command: RegisterAgent | PutAgent
) -> CommandResult:
    """Carry out a registration, and wait for what it stakes.

    The stake is there after the agent, so the agent that was answered is shown with it.

    Raises:
        DomainError: It was refused.
        EventLogError: It could not be carried out now.
    """
    result = await carry_out(request, command)
    system = request.system
    system.presence.beat("agent", agent_id)
    if not command.initial_stake or result.result != "registered":
        return result
    staked = await system.economy.initial_stakes.staked(agent_id)
    position = max(result.position, staked)
    await system.economy.host.reached(position, COURTESY)
    stake = system.economy.stake_of(agent_id)
    shown = msgspec.structs.replace(
        _decode(result.body), tier=system.tiers.of(stake), stake=to_text(stake)
    )
    return result._replace(body=_encode(shown), position=position)
