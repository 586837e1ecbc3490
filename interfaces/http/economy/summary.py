"""The economy as a whole: the summary, and who has most."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, get
from litestar.params import FromQuery, QueryParameter

from aia_mas.domain.economy.accounts import AIA
from aia_mas.domain.economy.errors import UnknownToken
from aia_mas.interfaces.http.answers import Answer, answer
from aia_mas.interfaces.http.economy.paths import ECONOMIC
from aia_mas.interfaces.http.queries import Limit, MinPosition, as_of, given, reached
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.projections.economy.economy_view import EconomyView
from aia_mas.projections.economy.figures import EconomicSummary, Leaderboard
from aia_mas.projections.economy.flows import Window
from aia_mas.projections.economy.leaderboards import Asked, Measure


class EconomicOverview(Controller):
    """Queries about everybody."""

    path = ECONOMIC
    tags = ("economy",)

    @get("/summary", operation_id="get_economic_summary")
    async def get_economic_summary(
        self, request: ApiRequest, min_position: MinPosition = 0
    ) -> Answer[EconomicSummary]:
        """Return the economy as a whole, as the topic `economy` of the sockets sends it."""
        await reached(request, EconomyView.name, min_position)
        system = request.system
        summary = system.projections.economy.summary(system.clock.now())
        return answer(summary, 200, [as_of(summary.as_of)])

    @get("/leaderboard", operation_id="get_leaderboard")
    async def get_leaderboard(
        self,
        request: ApiRequest,
        by: Annotated[
            Measure,
            QueryParameter(
                description="`earnings`, effective `stake`, own `bonded` stake, `reputation` by"
                " ratings, or tasks `completed`."
            ),
        ] = "earnings",
        window: FromQuery[Window] = "all",
        token: Annotated[
            str, QueryParameter(description="Earnings in this token; AIA when left out.")
        ] = AIA,
        limit: Limit = 100,
        min_position: MinPosition = 0,
    ) -> Answer[Leaderboard]:
        """Return who has most; equals share a place, and are listed by their ids.

        `window` and `token` concern `earnings` only; the other measures are as of now.
        """
        system = request.system
        given(_check_token, token, system.economy.tokens)
        await reached(request, EconomyView.name, min_position)
        asked = Asked(by, window, token) if by == "earnings" else Asked(by, "all", AIA)
        view = system.projections.economy
        found = await view.leaderboard(asked, limit, system.clock.now())
        return answer(found, 200, [as_of(found.as_of)])


def _check_token(token: str, known: frozenset[str]) -> None:
    if token not in known:
        raise UnknownToken(f"{token[:64]!r} is none of {', '.join(sorted(known))}", field="token")
