"""Agents enter the economy over HTTP."""

from __future__ import annotations

from litestar import Controller, post
from litestar.params import FromPath, JSONBody

from aia_mas.application.economy.enrolment import Enrolled
from aia_mas.domain.kernel.ids import check_id
from aia_mas.interfaces.http.answers import Answer, answer
from aia_mas.interfaces.http.commands import REPLAYED, origin_of
from aia_mas.interfaces.http.economy.paths import ECONOMIC
from aia_mas.interfaces.http.queries import as_of
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.http.schemas.treasury import EconomicRegistration


class EconomicEnrolment(Controller):
    """Wallets are filled."""

    path = f"{ECONOMIC}/agents"
    tags = ("economy",)

    @post("/{agent_id:str}/register", operation_id="register_agent_economically", status_code=200)
    async def register_economically(
        self, agent_id: FromPath[str], data: JSONBody[EconomicRegistration], request: ApiRequest
    ) -> Answer[Enrolled]:
        """Fill an agent's wallet; it need not be registered as an agent.

        In development the faucet does it. Elsewhere it is a grant out of the treasury when a
        treasurer asks; the agent itself is told whether it has as much: 402 `insufficient_funds`
        when it has not. 202 when the order takes longer than a few seconds.
        """
        check_id(agent_id, "agent_id")
        entered = await request.system.economy.enrolment.enter(
            agent_id, data.units(), await origin_of(request), data.token
        )
        headers = [as_of(entered.position)] if entered.position else []
        if entered.replayed:
            headers.append(REPLAYED)
        return answer(entered.agent, 200 if entered.done else 202, headers)
