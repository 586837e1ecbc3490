"""How one agent stands in the economy."""

from __future__ import annotations

from litestar import Controller, get
from litestar.params import FromPath

from aia_mas.domain.kernel.ids import check_id
from aia_mas.domain.orchestration.errors import AgentNotFound
from aia_mas.interfaces.http.answers import Answer, answer
from aia_mas.interfaces.http.paths import API
from aia_mas.interfaces.http.queries import MinPosition, as_of, reached
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.projections.economy.economy_view import EconomyView
from aia_mas.projections.economy.figures import AgentEconomicProfile


class EconomicProfiles(Controller):
    """Queries about one agent's part in the economy."""

    path = f"{API}/economic/agents"
    tags = ("economy",)

    @get("/{agent_id:str}", operation_id="get_economic_profile")
    async def get_economic_profile(
        self, agent_id: FromPath[str], request: ApiRequest, min_position: MinPosition = 0
    ) -> Answer[AgentEconomicProfile]:
        """Return the profile of an agent: balances, stake, tier, earnings, places among all.

        It is there for everybody who has, or had, a wallet or a stake, registered as an agent or
        not. Windows of hours begin with a full hour, those of days with a full day (`since`).
        """
        check_id(agent_id, "agent_id")
        await reached(request, EconomyView.name, min_position)
        profile = request.system.economy.profile(agent_id)
        if profile is None:
            raise AgentNotFound("Nobody of this id has ever been here", agent_id=agent_id)
        return answer(profile, 200, [as_of(profile.as_of)])
