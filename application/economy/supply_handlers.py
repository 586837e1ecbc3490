"""The registry of commands about the supply: reads, decision and answer of each."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from aia_mas.application.economy.reading import over_streams
from aia_mas.application.engine.handlers import Evolvers, Handlers
from aia_mas.domain.economy.supply import genesis
from aia_mas.domain.kernel import Event

EVENTS: tuple[type[Event], ...] = ()

EVOLVERS: Evolvers = {}

STATES: Mapping[str, type[msgspec.Struct]] = {}


def handlers() -> Handlers:
    """Return the handlers of all commands about the supply; orders have their own."""
    return {
        genesis.IssueGenesis: over_streams(
            genesis.streams_of_genesis, genesis.issue_genesis, lambda state, _: state
        )
    }
