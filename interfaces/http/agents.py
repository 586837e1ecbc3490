"""Agents over HTTP: register, change, retire, show signs of life, ask for work."""

from __future__ import annotations

from collections.abc import Sequence

from litestar import Controller, delete, patch, post, put
from litestar.params import FromPath, JSONBody

from aia_mas.application.orchestration.answers import AgentAnswer
from aia_mas.application.orchestration.heartbeats import HeartbeatAnswer
from aia_mas.application.orchestration.standing import LostTask, standing
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.ids import check_id
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.orchestration.agent import AgentStatus
from aia_mas.domain.orchestration.agent_commands import (
    ActivateAgent,
    DrainAgent,
    SuspendAgent,
    UnregisterAgent,
)
from aia_mas.domain.orchestration.bounds import check_number
from aia_mas.domain.orchestration.errors import AgentIsSuspended
from aia_mas.interfaces.http.answers import Answer, answer, no_content
from aia_mas.interfaces.http.commands import (
    answered,
    carry_out,
    etag_of,
    location,
    position_headers,
    precondition,
)
from aia_mas.interfaces.http.paths import API
from aia_mas.interfaces.http.registrations import registered
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.http.schemas.agents import (
    AgentChange,
    AgentRegistration,
    AgentReplacement,
    Claim,
    ClaimedTasks,
    Heartbeat,
    Nothing,
    StatedReason,
)
from aia_mas.interfaces.http.signs_of_life import check_named, take_heartbeat

AGENTS = f"{API}/agents"
MAX_CLAIM = 100
MAX_WAIT = 3600.0


class AgentCommands(Controller):
    """Commands about agents; each answers with the agent as it then is."""

    path = AGENTS
    tags = ("agents",)

    @post("/register", operation_id="register_agent", status_code=201)
    async def register(
        self, data: JSONBody[AgentRegistration], request: ApiRequest
    ) -> Answer[AgentAnswer]:
        """Register a new agent; registering counts as its first heartbeat.

        What it wants to stake (`initial_stake`) is staked when it is answered: in development the
        faucet gives it; elsewhere its wallet has it, by a grant, or nothing is registered (402
        `insufficient_funds`).
        """
        request.acting_for(data.agent_id)
        result = await registered(request, data.agent_id, data.command())
        where = location(request, f"{AGENTS}/{data.agent_id}")
        return answered(result, 201, [where, etag_of(result)])

    @put("/{agent_id:str}", operation_id="put_agent")
    async def put(
        self, agent_id: FromPath[str], data: JSONBody[AgentReplacement], request: ApiRequest
    ) -> Answer[AgentAnswer]:
        """Make an agent be registered like this; safe to repeat whenever the agent starts.

        An agent that drained itself before it stopped gets work again when it puts itself.
        If-Match: replace this revision only (``*``: whichever there is). If-None-Match: ``*``
        registers only.
        """
        request.acting_for(check_id(agent_id, "agent_id"))
        if data.agent_id not in (None, agent_id):
            raise InvalidValue("agent_id is not the one of the path", field="agent_id")
        command = data.command(agent_id, precondition(request))
        result = await registered(request, agent_id, command)
        where = location(request, f"{AGENTS}/{agent_id}")
        status = 201 if result.result == "registered" else 200
        return answered(result, status, [where, etag_of(result)])

    @patch("/{agent_id:str}", operation_id="update_agent")
    async def update(
        self, agent_id: FromPath[str], data: JSONBody[AgentChange], request: ApiRequest
    ) -> Answer[AgentAnswer]:
        """Change the fields given, each as a whole (If-Match: in this revision only)."""
        request.acting_for(check_id(agent_id, "agent_id"))
        result = await carry_out(request, data.command(agent_id, precondition(request)))
        return answered(result, 200, [etag_of(result)])

    @delete("/{agent_id:str}", operation_id="unregister_agent", status_code=204)
    async def unregister(
        self,
        agent_id: FromPath[str],
        request: ApiRequest,
        data: JSONBody[StatedReason | None] = None,
    ) -> Answer[None]:
        """Take an agent out; its tasks are queued again, its history and wallet stay."""
        request.acting_for(check_id(agent_id, "agent_id"))
        command = UnregisterAgent(
            agent_id=agent_id,
            reason="" if data is None else data.reason,
            condition=precondition(request),
        )
        result = await carry_out(request, command)
        return no_content(position_headers(result))

    @post("/{agent_id:str}/drain", operation_id="drain_agent", status_code=200)
    async def drain(
        self,
        agent_id: FromPath[str],
        request: ApiRequest,
        data: JSONBody[StatedReason | None] = None,
    ) -> Answer[AgentAnswer]:
        """Let it finish what it has and give it nothing new.

        What an agent asks for itself it ends by its next PUT, or by activate; an operator's drain
        only an operator ends.
        """
        request.acting_for(check_id(agent_id, "agent_id"))
        command = DrainAgent(
            agent_id=agent_id,
            reason="" if data is None else data.reason,
            condition=precondition(request),
        )
        return answered(await carry_out(request, command))

    @post("/{agent_id:str}/suspend", operation_id="suspend_agent", status_code=200)
    async def suspend(
        self,
        agent_id: FromPath[str],
        request: ApiRequest,
        data: JSONBody[StatedReason | None] = None,
    ) -> Answer[AgentAnswer]:
        """Give it no work until it is activated again."""
        check_id(agent_id, "agent_id")
        command = SuspendAgent(
            agent_id=agent_id,
            reason="" if data is None else data.reason,
            condition=precondition(request),
        )
        return answered(await carry_out(request, command))

    @post("/{agent_id:str}/activate", operation_id="activate_agent", status_code=200)
    async def activate(
        self, agent_id: FromPath[str], request: ApiRequest, data: JSONBody[Nothing | None] = None
    ) -> Answer[AgentAnswer]:
        """Give it work again after a drain or a suspension.

        An agent itself can end only the drain that it asked for itself.
        """
        request.acting_for(check_id(agent_id, "agent_id"))
        command = ActivateAgent(agent_id=agent_id, condition=precondition(request))
        return answered(await carry_out(request, command))

    @post("/{agent_id:str}/heartbeat", operation_id="send_heartbeat", status_code=200)
    async def heartbeat(
        self, agent_id: FromPath[str], request: ApiRequest, data: JSONBody[Heartbeat | None] = None
    ) -> Answer[HeartbeatAnswer]:
        """Show a sign of life; it brings an agent back that was offline.

        The leases of the tasks that it names, and holds, are extended. It is told what it holds,
        which questions were answered, and what it named but lost: to a cancellation, for example.
        Load and metrics are shown with the agent (`reported`), and nothing is decided on them.
        """
        request.acting_for(check_id(agent_id, "agent_id"))
        said = data or Heartbeat()
        return answer(await take_heartbeat(request.system, agent_id, said, request.principal))

    @post("/{agent_id:str}/claim", operation_id="claim_tasks", status_code=200)
    async def claim(
        self, agent_id: FromPath[str], request: ApiRequest, data: JSONBody[Claim | None] = None
    ) -> Answer[ClaimedTasks]:
        """Return the tasks assigned to the agent and not started, waiting for one if need be.

        It counts as a heartbeat, also of the tasks that it names: it is told which of these the
        agent lost, at once or as soon as that happens while it waits. A suspended agent is refused:
        409 `agent_suspended`. Large tasks (8 MiB together) make it fewer than `limit`.
        """
        request.acting_for(check_id(agent_id, "agent_id"))
        wanted = data or Claim()
        mistakes = Mistakes()
        mistakes.check(check_number, wanted.limit, "limit", lowest=1, highest=MAX_CLAIM)
        mistakes.check(check_number, wanted.wait, "wait", lowest=0.0, highest=MAX_WAIT)
        mistakes.check(check_named, wanted)
        mistakes.refuse()
        system = request.system
        alive = await system.heartbeats.agent(agent_id, request.principal)
        if alive.status == AgentStatus.SUSPENDED:
            # Not on hearsay: it may have been activated through another node.
            state = await system.workload.agent_anew(agent_id)
            if state is not None and state.status is AgentStatus.SUSPENDED:
                raise AgentIsSuspended(agent_id=agent_id)
        # It is to be heard of again in time: while it waits it gives no sign of life.
        longest = min(system.settings.claim_wait_seconds, alive.next_within_seconds)
        claimed = await _claimed(request, agent_id, wanted, min(wanted.wait, longest))
        # Its token may have been revoked while it waited; its tasks wait for one with a new token.
        request.app.state.authenticator.principal(request.header(b"authorization"))
        return answer(claimed)


async def _claimed(request: ApiRequest, agent_id: str, wanted: Claim, wait: float) -> ClaimedTasks:
    """Return what an agent is to start, and what it lost of the tasks that it names."""
    system, named, leases = request.system, wanted.tasks, wanted.leases
    if not named and not leases:
        claim = system.claims.claim(agent_id, wanted.limit, wait)
        return ClaimedTasks(items=await request.unless_gone(claim))
    gone = (await system.heartbeats.working(agent_id, named, leases)).lost
    if gone:
        claim = system.claims.claim(agent_id, wanted.limit, 0.0)
        return ClaimedTasks(items=await request.unless_gone(claim), lost=gone)

    async def lost() -> Sequence[LostTask]:
        return (await standing(system.workload, agent_id, named, leases)).lost

    claim = system.claims.claim(agent_id, wanted.limit, wait, lost)
    return ClaimedTasks(items=await request.unless_gone(claim), lost=await lost())
