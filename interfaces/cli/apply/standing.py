"""What there is on a server, of the kinds that files speak of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from aia_mas.interfaces.cli.apply.comparing import Thing
from aia_mas.interfaces.cli.apply.fleet import AGENTS, LIMITS, POLICIES, RULES

if TYPE_CHECKING:
    from aia.client import Client

_LIMITS = ("max_concurrent", "rate", "per_seconds")
_PAGE = 500


def things_of(client: Client, kinds: Iterable[str]) -> dict[tuple[str, str], Thing]:
    """Return what there is, by kind and name."""
    readers = {AGENTS: _agents, LIMITS: _limits, POLICIES: _policies}
    return {(kind, name): thing for kind in kinds for name, thing in readers[kind](client)}


def settle(client: Client, kinds: Iterable[str]) -> None:
    """Wait until reads show what this client has changed, so that whoever reads next sees it."""
    for kind in kinds:
        if kind == AGENTS:
            client.agents.list(limit=1)
        elif kind == LIMITS:
            client.limits.list(limit=1)


def unknown_policies(client: Client, names: Iterable[str]) -> set[str]:
    """Return the names that are no policy which the server could choose by."""
    known = {policy.name for policy in client.policies.get().policies if policy.known}
    return set(names) - known


def _agents(client: Client) -> Iterator[tuple[str, Thing]]:
    for agent in client.agents.iterate(limit=_PAGE):
        yield agent.agent_id, Thing(msgspec.structs.asdict(agent), agent.revision)


def _limits(client: Client) -> Iterator[tuple[str, Thing]]:
    for key in client.limits.iterate(limit=_PAGE):
        fields = {name: getattr(key, name) for name in _LIMITS}
        if any(value is not None for value in fields.values()):
            yield key.key, Thing(fields)


def _policies(client: Client) -> Iterator[tuple[str, Thing]]:
    found = client.policies.get()
    fields = {"default": found.default, "by_type": found.by_type, "weights": found.weights}
    yield RULES, Thing(fields, found.revision)
