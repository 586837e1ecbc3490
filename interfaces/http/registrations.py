"""Registrations that stake: answered when that is done, with the tier that it makes."""

from __future__ import annotations

from aia_mas.application.engine.outcomes import CommandResult
from aia_mas.domain.orchestration.agent_commands import PutAgent, RegisterAgent
from aia_mas.interfaces.http.commands import carry_out
from aia_mas.interfaces.http.requests import ApiRequest


async def registered(
    request: ApiRequest, agent_id: str, command: RegisterAgent | PutAgent
) -> CommandResult:
    """Carry out a registration, and wait for what it stakes.

    Raises:
        DomainError: It was refused.
        EventLogError: It could not be carried out now.
    """
    result = await carry_out(request, command)
    request.system.presence.beat("agent", agent_id)
    if not command.initial_stake or result.result != "registered":
        return result
    stakes = request.system.economy.initial_stakes
    body, position = await stakes.answered(agent_id, result.body)
    return result._replace(body=body, position=max(result.position, position))
