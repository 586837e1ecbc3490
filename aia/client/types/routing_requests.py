# Written by `make client` from the OpenAPI document; changes are lost.
"""What requests about routing are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from aia.client.types.requests import Mode


class FlatDestination(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where messages go: exactly one of these.

    Attributes:
        to_agent: This agent.
        to_agents: These agents, at most 256.
        topic: Everybody who subscribed to it, like `tasks.created`.
        capability: Agents that have a skill or a specialization of this name.
        mode: Of these `all`, or `any`: the least loaded one.
        role: Agents whose label `role` says so.
        broadcast: All agents.
    """

    to_agent: str | None = None
    to_agents: Sequence[str] | None = None
    topic: str | None = None
    capability: str | None = None
    mode: Mode | None = None
    role: str | None = None
    broadcast: bool | None = None


class RuleMatch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """For which messages a rule is; all that is given holds.

    Attributes:
        message_type: They are of this type.
        topic: They go to a topic that this pattern takes in, like `tasks.*`.
        from_agent: They come from this agent.
        to_agent: They name this agent.
        headers: They have these headers with these values.
    """

    message_type: str | None = None
    topic: str | None = None
    from_agent: str | None = None
    to_agent: str | None = None
    headers: Mapping[str, str] | None = None
