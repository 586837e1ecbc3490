"""The rows of the agent directory, field by field as in migrations 0007, 0010 and 0012."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class AgentRow(msgspec.Struct, gc=False):
    """A row of ``agent_directory_v3``: an agent as it declared itself.

    Amounts are base units, as text because JSON numbers are not exact everywhere. ``revision`` is
    that of the client-editable fields, ``version`` that of the stream, ``position`` that of the
    last event in it.
    """

    agent_id: str
    status: str
    online: bool
    owner: str
    revision: int
    version: int
    specializations: tuple[str, ...]
    skills: dict[str, float]
    labels: dict[str, str]
    resources: dict[str, float]
    data_sources: tuple[str, ...]
    metadata: Any
    endpoint: str | None
    wallet_address: str | None
    max_concurrent_tasks: int
    cost_per_task: str
    initial_stake: str
    registered_at: datetime
    updated_at: datetime
    last_seen: datetime | None
    suspension: str | None
    registered_position: int
    position: int
    endpoint_disabled: str | None


class AgentWorkRow(msgspec.Struct, gc=False):
    """A row of ``agent_directory_v3_work``: what an agent holds and did, in tasks.

    ``released`` are all that were taken from it, ``lost`` those of them that it was working on.
    """

    agent_id: str
    active_tasks: int = 0
    assigned: int = 0
    completed: int = 0
    failed: int = 0
    released: int = 0
    lost: int = 0
    position: int = 0


class AgentStakeRow(msgspec.Struct, gc=False):
    """A row of ``agent_directory_v3_stake``: the stake that counts for an agent's tier."""

    agent_id: str
    effective: str = "0"
    position: int = 0
