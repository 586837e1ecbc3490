# Written by `make client` from the OpenAPI document; changes are lost.
"""What requests about agents are made of."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from aia.client.types.requests import AgentStatus, Comparator


class AgentCriteria(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The filters of the list of agents; what is left out does not restrict.

    What is given does: an empty list or null, which a program may send by mistake, is not "all".
    """

    status: Sequence[AgentStatus] | None = None
    online: bool | None = None
    owner: str | None = None
    skill: str | None = None
    min_level: float | None = None
    specialization: str | None = None
    label: str | None = None
    label_op: Comparator | None = None
    label_value: Sequence[str] | None = None
    tier: Sequence[str] | None = None
    q: str | None = None
