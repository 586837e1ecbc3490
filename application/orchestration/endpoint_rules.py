"""Registrations and changes are refused where they name an endpoint that may not be called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, refuse
from aia_mas.domain.orchestration.agent import AgentState
from aia_mas.domain.orchestration.agent_events import AgentRegistered, AgentUpdated
from aia_mas.domain.orchestration.errors import EndpointNotAllowed

CheckEndpoint = Callable[[str], None]
"""Raises ``EndpointNotAllowed`` for a URL that may not be called."""

# Any: the commands that name an endpoint.
Decide = Callable[[AgentState | None, Any, Context], Decision]


def calling_only_allowed(decide: Decide, check: CheckEndpoint) -> Decide:
    """Let a decision name allowed endpoints only; one that an agent has already may stay."""

    def checked(state: AgentState | None, command: Any, ctx: Context) -> Decision:
        decision = decide(state, command, ctx)
        for _, event in decision.events:
            if isinstance(event, AgentRegistered | AgentUpdated):
                url = event.capabilities.endpoint
                known = None if state is None else state.capabilities.endpoint
                if url is None or url == known:
                    continue
                try:
                    check(url)
                except EndpointNotAllowed as error:
                    return refuse(error)
        return decision

    return checked
