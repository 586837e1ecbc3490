# Written by `make client` from the OpenAPI document; changes are lost.
"""What requests about incentives are made of."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class ProgramEligibility(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whose work counts, and which; an empty list: any. Work at tasks of one's own never does.

    Attributes:
        tiers: The staking tiers of the agent, when its work counts.
        task_types: The types of the tasks.
        agents: The agents.
    """

    tiers: Sequence[str] | None = None
    task_types: Sequence[str] | None = None
    agents: Sequence[str] | None = None
