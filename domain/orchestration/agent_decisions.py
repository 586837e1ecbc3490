"""What an agent's aggregate decides: ``(state, command, context) -> Decision``.

An agent may end the drain that it asked for itself, by ``activate`` or by the ``PUT`` of its next
start. What its operators have ordered (a suspension, a drain) only they can end; leaving and coming
back does not end it either.
"""

from __future__ import annotations

from msgspec import UNSET
from msgspec.structs import replace

from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, accept, refuse
from aia_mas.domain.kernel.errors import InvalidValue, PermissionDenied
from aia_mas.domain.kernel.event import Event
from aia_mas.domain.kernel.ids import check_id
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.orchestration.agent import AgentState, AgentStatus, agent_stream
from aia_mas.domain.orchestration.agent_commands import (
    ActivateAgent,
    DrainAgent,
    MarkAgentOffline,
    MarkAgentOnline,
    PutAgent,
    RegisterAgent,
    SuspendAgent,
    UnregisterAgent,
    UpdateAgent,
)
from aia_mas.domain.orchestration.agent_events import (
    AgentActivated,
    AgentCameOnline,
    AgentDrained,
    AgentEndpointEnabled,
    AgentRegistered,
    AgentSuspended,
    AgentUnregistered,
    AgentUpdated,
    AgentWentOffline,
)
from aia_mas.domain.orchestration.bounds import check_text, check_units
from aia_mas.domain.orchestration.capabilities import Capabilities, check_capabilities
from aia_mas.domain.orchestration.errors import (
    AgentAlreadyRegistered,
    AgentNotFound,
    MaxAgentsReached,
)

_FIELDS = Capabilities.__struct_fields__
_Own = RegisterAgent | PutAgent | DrainAgent | ActivateAgent
_Move = DrainAgent | SuspendAgent | ActivateAgent | UnregisterAgent


def register_agent(state: AgentState | None, command: RegisterAgent, ctx: Context) -> Decision:
    """Register; ``agent_already_registered`` when it is, ``max_agents_reached`` when full.

    The result is ``"registered"``.
    """
    if _is_registered(state):
        return refuse(AgentAlreadyRegistered(agent_id=command.agent_id))
    return _register(state, command, ctx)


def put_agent(state: AgentState | None, command: PutAgent, ctx: Context) -> Decision:
    """Register, update or do nothing, whatever it takes; an offline agent comes online.

    When the agent itself does it, that also ends its own drain. ``precondition_failed`` when the
    condition does not hold. The result is ``"registered"``, ``"updated"`` or ``"unchanged"``.
    """
    if state is None or state.status is AgentStatus.UNREGISTERED:
        missing = command.condition.unmet(None)
        return refuse(missing) if missing is not None else _register(state, command, ctx)
    unmet = command.condition.unmet(state.revision)
    if unmet is not None:
        return refuse(unmet)
    events: list[Event] = [] if state.online else [AgentCameOnline(at=ctx.now)]
    changed = command.capabilities != state.capabilities
    if changed:
        try:
            check_capabilities(command.capabilities)
        except InvalidValue as error:
            return refuse(error)
        revision = state.revision + 1
        events.append(AgentUpdated(capabilities=command.capabilities, revision=revision))
    if state.endpoint_disabled is not None:
        events.append(AgentEndpointEnabled(at=ctx.now))
    if state.drained_itself and _by_itself(command, ctx):
        events.append(AgentActivated(at=ctx.now))
    result = "updated" if changed else "unchanged"
    return accept(agent_stream(command.agent_id), *events, result=result)


def update_agent(state: AgentState | None, command: UpdateAgent, ctx: Context) -> Decision:
    """Change the given fields; ``precondition_failed`` when its condition does not hold.

    The result is ``"updated"`` or ``"unchanged"``.
    """
    if state is None or state.status is AgentStatus.UNREGISTERED:
        return refuse(AgentNotFound(agent_id=command.agent_id))
    unmet = command.condition.unmet(state.revision)
    if unmet is not None:
        return refuse(unmet)
    capabilities = changed(state.capabilities, command)
    stream = agent_stream(command.agent_id)
    enabled: tuple[Event, ...] = ()
    if state.endpoint_disabled is not None and command.endpoint is not UNSET:
        enabled = (AgentEndpointEnabled(at=ctx.now),)
    if capabilities == state.capabilities:
        return accept(stream, *enabled, result="unchanged")
    try:
        # Only what it sets: what former releases took may be out of today's bounds.
        check_capabilities(changed(Capabilities(), command))
    except InvalidValue as error:
        return refuse(error)
    updated = AgentUpdated(capabilities=capabilities, revision=state.revision + 1)
    return accept(stream, updated, *enabled, result="updated")


def drain_agent(state: AgentState | None, command: DrainAgent, ctx: Context) -> Decision:
    """Drain; nothing happens when it is draining already, or drains itself while suspended.

    An operator's drain takes the place of the agent's own.
    """
    try:
        check_text(command.reason, "reason")
    except InvalidValue as error:
        return refuse(error)
    by_itself = _by_itself(command, ctx)
    drained = AgentDrained(at=ctx.now, by_itself=by_itself, reason=command.reason)
    decision = _move(state, command, AgentStatus.DRAINING, drained)
    if state is None or decision.refusal is not None:
        return decision
    stream = agent_stream(command.agent_id)
    if by_itself:
        return decision if state.status is AgentStatus.ACTIVE else accept(stream)
    return accept(stream, drained) if state.drained_itself else decision


def suspend_agent(state: AgentState | None, command: SuspendAgent, ctx: Context) -> Decision:
    """Suspend; nothing happens when it is suspended already."""
    try:
        check_text(command.reason, "reason")
    except InvalidValue as error:
        return refuse(error)
    suspended = AgentSuspended(reason=command.reason, at=ctx.now)
    return _move(state, command, AgentStatus.SUSPENDED, suspended)


def activate_agent(state: AgentState | None, command: ActivateAgent, ctx: Context) -> Decision:
    """Activate, and enable its endpoint; nothing happens when both are so already.

    ``permission_denied`` to an agent that its operators have stopped.
    """
    decision = _move(state, command, AgentStatus.ACTIVE, AgentActivated(at=ctx.now))
    if decision.refusal is not None or state is None:
        return decision
    if decision.events and state.stopped and _by_itself(command, ctx):
        return refuse(PermissionDenied("What an operator has ordered only an operator can end"))
    if state.endpoint_disabled is None:
        return decision
    enabled = (agent_stream(command.agent_id), AgentEndpointEnabled(at=ctx.now))
    return decision._replace(events=(*decision.events, enabled))


def unregister_agent(state: AgentState | None, command: UnregisterAgent, ctx: Context) -> Decision:
    """Unregister; ``agent_not_found`` when it is not registered."""
    try:
        check_text(command.reason, "reason")
    except InvalidValue as error:
        return refuse(error)
    unregistered = AgentUnregistered(at=ctx.now, reason=command.reason)
    return _move(state, command, AgentStatus.UNREGISTERED, unregistered)


def mark_agent_offline(
    state: AgentState | None, command: MarkAgentOffline, ctx: Context
) -> Decision:
    """Record that it went offline; nothing happens when it is offline already."""
    if state is None or state.status is AgentStatus.UNREGISTERED:
        return refuse(AgentNotFound(agent_id=command.agent_id))
    stream = agent_stream(command.agent_id)
    if not state.online:
        return accept(stream)
    return accept(stream, AgentWentOffline(last_seen=command.last_seen, at=ctx.now))


def mark_agent_online(state: AgentState | None, command: MarkAgentOnline, ctx: Context) -> Decision:
    """Record that it came online; nothing happens when it is online already."""
    if state is None or state.status is AgentStatus.UNREGISTERED:
        return refuse(AgentNotFound(agent_id=command.agent_id))
    stream = agent_stream(command.agent_id)
    return accept(stream) if state.online else accept(stream, AgentCameOnline(at=ctx.now))


def _is_registered(state: AgentState | None) -> bool:
    return state is not None and state.status is not AgentStatus.UNREGISTERED


def _register(
    state: AgentState | None, command: RegisterAgent | PutAgent, ctx: Context
) -> Decision:
    try:
        check_registration(command)
    except InvalidValue as error:
        return refuse(error)
    if command.owner and not ctx.principal.may_dispose_of(command.owner):
        return refuse(PermissionDenied("Only an operator registers an agent for somebody else"))
    if command.registered_agents >= command.max_agents:
        return refuse(MaxAgentsReached(max_agents=command.max_agents))
    registered = AgentRegistered(
        capabilities=command.capabilities,
        owner=command.owner or ctx.principal.subject,
        initial_stake=command.initial_stake,
        registered_at=ctx.now,
        again=state is not None,
    )
    events: list[Event] = [registered]
    if state is not None and state.left_as is not None and _by_itself(command, ctx):
        suspended = state.left_as is AgentStatus.SUSPENDED
        reason = "It was suspended when it left"
        events.append(
            AgentSuspended(reason=reason, at=ctx.now) if suspended else AgentDrained(at=ctx.now)
        )
    return accept(agent_stream(command.agent_id), *events, result="registered")


def changed(capabilities: Capabilities, command: UpdateAgent) -> Capabilities:
    """Return capabilities with the fields that a command gives."""
    given = {name: value for name in _FIELDS if (value := getattr(command, name)) is not UNSET}
    return replace(capabilities, **given)


def check_registration(command: RegisterAgent | PutAgent) -> None:
    """Refuse a registration with a value out of bounds.

    Raises:
        InvalidValue: One is (or a subclass); ``others`` has all others.
    """
    mistakes = Mistakes()
    mistakes.check(check_id, command.agent_id, "agent_id")
    mistakes.check(check_capabilities, command.capabilities)
    mistakes.check(check_units, command.initial_stake, "initial_stake")
    mistakes.check(check_text, command.owner, "owner", longest=255)
    mistakes.refuse()


def _by_itself(command: _Own, ctx: Context) -> bool:
    """Tell whether an agent gives a command about itself, and is no operator on top of it."""
    principal = ctx.principal
    return principal.agent_id == command.agent_id and not principal.operates


def _move(state: AgentState | None, command: _Move, to: AgentStatus, event: Event) -> Decision:
    # Who asks for a revision of an agent that is not there is told that, and not about revisions:
    # without the condition the answer would be the same (RFC 9110, 13.2.1).
    if state is None or state.status is AgentStatus.UNREGISTERED:
        return refuse(AgentNotFound(agent_id=command.agent_id))
    unmet = command.condition.unmet(state.revision)
    if unmet is not None:
        return refuse(unmet)
    stream = agent_stream(command.agent_id)
    return accept(stream) if state.status is to else accept(stream, event)
