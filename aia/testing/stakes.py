"""Stakes in memory: the queries of ``Stakes`` over the rows of its fold."""

from __future__ import annotations

from aia.testing.tables import Tables
from aia_mas.application.event_log.fold_host import FoldHost
from aia_mas.domain.economy.staking.state import StakeState
from aia_mas.projections.listing import Found


class MemoryStakes:
    """Answers as ``Stakes`` does."""

    def __init__(self, tables: Tables, host: FoldHost) -> None:
        """Read the table of stakes (``host``: keeps it up to date)."""
        self._tables = tables
        self._host = host

    async def find(self, agent_id: str) -> Found[StakeState]:
        """Return an agent's stake, and the position at which it stood so."""
        row = self._tables.rows[0].get(agent_id)
        return Found(None if row is None else row.state, self._host.position)
