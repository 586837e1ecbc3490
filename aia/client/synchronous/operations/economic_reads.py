# Written by `make client` from its asynchronous twin; changes are lost.
"""Operations of the API: economic reads."""

from __future__ import annotations

from typing import Literal

from aia.client.synchronous.group import Group
from aia.client.types import AgentEconomicProfile, EconomicSummary, Leaderboard
from aia.client.writing import segment


class EconomicReads(Group):
    """Methods of `client.economy`."""

    def profile(
        self,
        agent_id: str,
        *,
        min_position: int | None = None,
    ) -> AgentEconomicProfile:
        """Return the profile of an agent: balances, stake, tier, earnings, places among all.

        It is there for everybody who has, or had, a wallet or a stake, registered as an agent or
        not. Windows of hours begin with a full hour, those of days with a full day (`since`).

        Args:
            agent_id: The agent.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.economy.profile("data_analyst_001")
        """
        return self._connection.read(
            f"/mas/api/v1/economic/agents/{segment(agent_id)}",
            AgentEconomicProfile,
            {"min_position": min_position},
        )

    def summary(
        self,
        *,
        min_position: int | None = None,
    ) -> EconomicSummary:
        """Return the economy as a whole, as the topic `economy` of the sockets sends it.

        Args:
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.economy.summary()
        """
        return self._connection.read(
            "/mas/api/v1/economic/summary", EconomicSummary, {"min_position": min_position}
        )

    def leaderboard(
        self,
        *,
        by: Literal["earnings", "stake", "bonded", "reputation", "completed"] | None = None,
        window: Literal["1h", "24h", "7d", "30d", "all"] | None = None,
        token: str | None = None,
        limit: int | None = None,
        min_position: int | None = None,
    ) -> Leaderboard:
        """Return who has most; equals share a place, and are listed by their ids.

        `window` and `token` concern `earnings` only; the other measures are as of now.

        Args:
            by: `earnings`, effective `stake`, own `bonded` stake, `reputation` by ratings, or
                tasks `completed`.
            window: How far back; it begins with a full hour.
            token: Earnings in this token; AIA when left out.
            limit: Items of a page, at most.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.economy.leaderboard()
        """
        return self._connection.read(
            "/mas/api/v1/economic/leaderboard",
            Leaderboard,
            {
                "by": by,
                "window": window,
                "token": token,
                "limit": limit,
                "min_position": min_position,
            },
        )
