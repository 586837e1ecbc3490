"""The registry of commands about rewards: reads, decision and answer of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from aia_mas.application.economy.reading import over_streams
from aia_mas.application.engine.handlers import Evolvers, Handlers
from aia_mas.domain.economy.rewards import blocks, events, settling
from aia_mas.domain.kernel import Event

EVENTS: tuple[type[Event], ...] = events.EVENTS

EVOLVERS: Evolvers = {"rewards": blocks.evolve}

STATES: Mapping[str, type[msgspec.Struct]] = {"rewards": blocks.RewardBlocks}


def handlers() -> Handlers:
    """Return the handlers of all commands about rewards; only the settlement gives them."""
    return {
        blocks.ReserveRewards: over_streams(
            blocks.streams_of_block, blocks.reserve_rewards, _state
        ),
        settling.SettleRewards: over_streams(
            settling.streams_of_settlement, settling.settle_rewards, _state
        ),
    }


def _state(state: blocks.RewardBlocks, _command: Any) -> blocks.RewardBlocks:
    return state
