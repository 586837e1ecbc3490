"""Changes carried out, each only if the thing still is as it was compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from aia_mas.interfaces.cli.apply.comparing import ADDED, REMOVED, Change
from aia_mas.interfaces.cli.apply.fleet import AGENTS, LIMITS, POLICIES

if TYPE_CHECKING:
    from aia.client import Client


def carry_out(client: Client, change: Change) -> None:
    """Make a change.

    Raises:
        ApiError: It is refused; `precondition_failed` when somebody else was quicker.
    """
    _MAKERS[change.kind](client, change)


def _agent(client: Client, change: Change) -> None:
    fields = {name: field.after for name, field in change.fields.items()}
    if change.action == ADDED:
        client.agents.put(change.name, if_none_match="*", **fields)
    elif change.action == REMOVED:
        client.agents.unregister(change.name, reason="not in the fleet", if_match=change.revision)
    else:
        client.agents.update(change.name, if_match=change.revision, **fields)


def _limit(client: Client, change: Change) -> None:
    if change.action == REMOVED:
        client.limits.remove(change.name)
    else:
        client.limits.set(change.name, **change.whole)


def _policies(client: Client, change: Change) -> None:
    client.policies.replace(if_match=change.revision, **change.whole)


_MAKERS: Mapping[str, Callable[[Client, Change], None]] = {
    AGENTS: _agent,
    LIMITS: _limit,
    POLICIES: _policies,
}
