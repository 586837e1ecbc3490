"""The registry of the economy: events, folds, states and handlers of all its parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from aia_mas.application.economy import (
    budget_handlers,
    governance_handlers,
    incentive_handlers,
    ledger_handlers,
    order_handlers,
    reward_handlers,
    staking_handlers,
    statement_handlers,
    supply_handlers,
)
from aia_mas.application.economy.election_desk import ElectionDesk, no_elections
from aia_mas.application.economy.order_kinds import ORDER_KINDS
from aia_mas.application.engine.handlers import Evolvers, Handlers, merged
from aia_mas.application.engine.working_set import WorkingSet
from aia_mas.domain.kernel import Event

_PARTS = (
    budget_handlers,
    governance_handlers,
    incentive_handlers,
    ledger_handlers,
    order_handlers,
    reward_handlers,
    staking_handlers,
    statement_handlers,
    supply_handlers,
)

EVENTS: tuple[type[Event], ...] = tuple(event for part in _PARTS for event in part.EVENTS)

EVOLVERS: Evolvers = {name: fold for part in _PARTS for name, fold in part.EVOLVERS.items()}

STATES: Mapping[str, type[msgspec.Struct]] = {
    name: state for part in _PARTS for name, state in part.STATES.items()
}

CATEGORIES = frozenset(EVOLVERS)
"""The kinds of streams that the economy writes."""


def handlers(
    tokens: frozenset[str],
    working_set: WorkingSet,
    elections: Callable[[], ElectionDesk] = no_elections,
) -> Handlers:
    """Return the handlers of all commands about the economy.

    Args:
        tokens: Those that there are.
        working_set: Where it is looked up what a command is about that only names it.
        elections: Where votes are given on this node; asked when a command comes.
    """
    return merged(
        (
            budget_handlers.handlers(working_set),
            governance_handlers.handlers(ORDER_KINDS, EVOLVERS, elections, working_set),
            incentive_handlers.handlers(),
            ledger_handlers.handlers(tokens, working_set),
            order_handlers.handlers(),
            reward_handlers.handlers(),
            staking_handlers.handlers(),
            statement_handlers.handlers(),
            supply_handlers.handlers(),
        )
    )
