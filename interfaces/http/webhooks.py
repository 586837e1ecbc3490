"""The endpoint of an agent over HTTP: its secret, how deliveries went, a trial."""

from __future__ import annotations

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody

from aia_mas.application.webhooks.sending import Reply
from aia_mas.application.webhooks.signing import secret_text
from aia_mas.application.webhooks.store import Figure
from aia_mas.domain.kernel.ids import check_id
from aia_mas.domain.orchestration.agent import AgentState, AgentStatus
from aia_mas.domain.orchestration.agent_commands import RotateWebhookSecret
from aia_mas.domain.orchestration.agent_endpoint import BOTH_SIGN
from aia_mas.domain.orchestration.errors import AgentNotFound, NoEndpoint
from aia_mas.interfaces.http.answers import Answer, Header, answer
from aia_mas.interfaces.http.commands import carry_out, position_headers
from aia_mas.interfaces.http.paths import API
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.http.schemas.agents import Nothing
from aia_mas.interfaces.http.schemas.webhooks import LastDelivery, WebhookState, WebhookTest

_NOT_STORED: Header = (b"cache-control", b"no-store")


class AgentWebhooks(Controller):
    """What an agent with an endpoint needs, and those who look after it."""

    path = f"{API}/agents"
    tags = ("agents",)

    @get("/{agent_id:str}/webhook", operation_id="get_agent_webhook")
    async def get_webhook(
        self, agent_id: FromPath[str], request: ApiRequest
    ) -> Answer[WebhookState]:
        """Return how things stand with the agent's endpoint, and the secret that signs."""
        request.acting_for(check_id(agent_id, "agent_id"))
        state = await _state_of(request, agent_id, await _agent(request, agent_id))
        return answer(state, 200, [_NOT_STORED])

    @post("/{agent_id:str}/webhook/rotate", operation_id="rotate_webhook_secret", status_code=200)
    async def rotate(
        self, agent_id: FromPath[str], request: ApiRequest, data: JSONBody[Nothing | None] = None
    ) -> Answer[WebhookState]:
        """Sign with a new secret from now on; the one before signs, too, for a day."""
        request.acting_for(check_id(agent_id, "agent_id"))
        command = RotateWebhookSecret(agent_id=agent_id)
        result = await carry_out(request, command)
        # Not from the command's answer: that is stored with its key, and secrets are not.
        state = await _state_of(request, agent_id, await _agent(request, agent_id))
        return answer(state, 200, [*position_headers(result), _NOT_STORED])

    @post("/{agent_id:str}/webhook/test", operation_id="test_agent_webhook", status_code=200)
    async def test(
        self, agent_id: FromPath[str], request: ApiRequest, data: JSONBody[Nothing | None] = None
    ) -> Answer[WebhookTest]:
        """Send a signed ping to the agent's endpoint, and tell what came back.

        Also to a disabled one, which it does not enable. An agent without one: 409 `no_endpoint`.
        """
        request.acting_for(check_id(agent_id, "agent_id"))
        agent = await _agent(request, agent_id)
        url = agent.capabilities.endpoint
        if url is None:
            raise NoEndpoint
        system = request.system
        webhook_id = f"ping:{system.new_id()}"
        ping = system.webhooks.posting.ping(agent_id, agent, url, webhook_id)
        reply = await request.unless_gone(ping)
        status = reply.status if isinstance(reply, Reply) else None
        answered = isinstance(reply, Reply) and reply.answered
        outcome = "answered" if answered else reply.outcome
        return answer(WebhookTest(agent_id, url, outcome, status, round(reply.seconds, 6)))


async def _agent(request: ApiRequest, agent_id: str) -> AgentState:
    state = await request.system.workload.agent_anew(agent_id)
    if state is None or state.status is AgentStatus.UNREGISTERED:
        raise AgentNotFound(agent_id=agent_id)
    return state


async def _state_of(request: ApiRequest, agent_id: str, agent: AgentState) -> WebhookState:
    webhooks = request.system.webhooks
    keys = await webhooks.posting.keys(agent_id, agent)
    rotated_at = agent.secret_rotated_at
    until = None if rotated_at is None or len(keys) == 1 else rotated_at + BOTH_SIGN
    known = webhooks.fold.state.endpoint(agent_id)
    figure = await webhooks.figures.of(agent_id)
    if figure is not None and (known is None or figure.since != known.since):
        figure = None
    url, reason = agent.capabilities.endpoint, agent.endpoint_disabled
    return WebhookState(
        agent_id=agent_id,
        endpoint=url,
        state="none" if url is None else "enabled" if reason is None else "disabled",
        reason=reason,
        secret=secret_text(keys[0]),
        previous_secret_until=until,
        failures=0 if figure is None else figure.failures,
        last_delivery=None if figure is None else _told(figure),
    )


def _told(figure: Figure) -> LastDelivery:
    return LastDelivery(figure.webhook_id, figure.delivered_at, figure.outcome, figure.status)
