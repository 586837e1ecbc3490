"""Stakes as they stand: one row per agent that ever had one (migration 0012)."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import msgspec
from psycopg.rows import dict_row

from aia_mas.application.event_log.connections import Pool
from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.economy.staking.events import EVENTS
from aia_mas.domain.economy.staking.state import StakeState, evolve
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.projections.listing import Found, storable
from aia_mas.projections.table import Projection, Table

_state = msgspec.json.Decoder(StakeState).decode


class StakeRow(msgspec.Struct, gc=False):
    """A row of ``stakes_v1``.

    Amounts are base units, as text because JSON numbers are not exact everywhere; ``state`` is the
    whole stake as the domain folds it, the other columns are what follows from it.
    """

    agent_id: str
    bonded: str
    maturing: str
    effective: str
    earning: str
    delegated: str
    received: str
    bonded_gov: str
    unbonding: str
    unbonding_gov: str
    claimed: str
    jailed_until: datetime | None
    state: StakeState | msgspec.Raw
    version: int
    updated_at: datetime
    position: int


class StakeQueries(Protocol):
    """Queries about stakes; see ``Stakes``."""

    async def find(self, agent_id: str) -> Found[StakeState]:
        """Return an agent's stake, and the position at which it stood so."""
        ...


class Stakes:
    """Reads the stakes; ``ProjectionHost`` keeps them up to date."""

    def __init__(self, pool: Pool) -> None:
        """Read through a pool."""
        self._pool = pool

    async def find(self, agent_id: str) -> Found[StakeState]:
        """Return an agent's stake (None: it never had one), and at which position it stood so."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            await cursor.execute(_FIND, (agent_id if storable(agent_id) else None,))
            row = await cursor.fetchone()
        assert row is not None
        state = row["state"]
        return Found(None if state is None else _state(state), row["position"])


def _folded(row: StakeRow | None, recorded: RecordedEvent) -> StakeRow:
    known: StakeState | None = None
    if row is not None:
        known = row.state if isinstance(row.state, StakeState) else _state(row.state)
    state = evolve(known, recorded.event)
    return StakeRow(
        agent_id=entity_of(recorded.stream),
        bonded=str(state.bonded),
        maturing=str(state.bonded - state.matured),
        effective=str(state.effective),
        earning=str(state.earning),
        delegated=str(state.delegated),
        received=str(state.received),
        bonded_gov=str(state.bonded_gov),
        unbonding=str(state.unbonding()),
        unbonding_gov=str(state.unbonding("AIA_GOV")),
        claimed=str(state.claimed),
        jailed_until=state.jailed_until,
        state=state,
        version=recorded.version,
        updated_at=recorded.recorded_at,
        position=recorded.position,
    )


STAKES = Projection(
    "stakes",
    1,
    (
        Table(
            "",
            StakeRow,
            lambda recorded: entity_of(recorded.stream),
            dict.fromkeys(EVENTS, _folded),
        ),
    ),
    frozenset({"stake"}),
    strict=True,
)

_FIND = f"""select s.state::text as state, c.position from (
        select coalesce((select position from projection_checkpoints
            where projection = '{STAKES.key}'), 0) as position) c
    left join {STAKES.table_names()[0]} s on s.agent_id = %s"""  # noqa: S608
