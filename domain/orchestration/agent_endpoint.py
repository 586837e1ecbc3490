"""What is decided about the endpoint that an agent's tasks are sent to."""

from __future__ import annotations

from datetime import datetime, timedelta

from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, accept, refuse
from aia_mas.domain.orchestration.agent import AgentState, AgentStatus, agent_stream
from aia_mas.domain.orchestration.agent_commands import DisableEndpoint, RotateWebhookSecret
from aia_mas.domain.orchestration.agent_events import (
    AgentEndpointDisabled,
    AgentWebhookSecretRotated,
)
from aia_mas.domain.orchestration.errors import AgentNotFound

FAILING, GONE = "failing", "gone"
"""Why an endpoint is disabled: its deliveries fail, or it said itself that it is gone."""
BOTH_SIGN = timedelta(hours=24)
"""How long the secret before signs, too."""


def disable_endpoint(state: AgentState | None, command: DisableEndpoint, ctx: Context) -> Decision:
    """Disable; nothing happens when it is disabled already, or is another one by now."""
    if state is None or state.status is AgentStatus.UNREGISTERED:
        return refuse(AgentNotFound(agent_id=command.agent_id))
    stream = agent_stream(command.agent_id)
    if state.endpoint_disabled is not None or state.capabilities.endpoint != command.endpoint:
        return accept(stream)
    disabled = AgentEndpointDisabled(reason=command.reason, failures=command.failures, at=ctx.now)
    return accept(stream, disabled)


def rotate_webhook_secret(
    state: AgentState | None, command: RotateWebhookSecret, ctx: Context
) -> Decision:
    """Take the next secret; the one before signs, too, for ``BOTH_SIGN``."""
    if state is None or state.status is AgentStatus.UNREGISTERED:
        return refuse(AgentNotFound(agent_id=command.agent_id))
    version = state.secret_version + 1
    rotated = AgentWebhookSecretRotated(version=version, at=ctx.now)
    return accept(agent_stream(command.agent_id), rotated)


def signing_versions(version: int, rotated_at: datetime | None, now: datetime) -> tuple[int, ...]:
    """Return the numbers of the secrets that sign now, the newest first.

    Args:
        version: The newest.
        rotated_at: When it took the place of the one before, UTC; None: there is none before.
        now: The time, UTC.
    """
    if rotated_at is None or now - rotated_at >= BOTH_SIGN:
        return (version,)
    return (version, version - 1)
