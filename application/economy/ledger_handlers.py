"""The registry of commands about transfers: reads, decision and answer of each."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec

from aia_mas.application.economy.reading import over_streams
from aia_mas.application.engine.handlers import Evolvers, Handlers
from aia_mas.domain.economy.ledger import events, states, transfers
from aia_mas.domain.kernel import Event

EVENTS: tuple[type[Event], ...] = events.EVENTS

EVOLVERS: Evolvers = {"account": states.evolve_account, "transfer": states.evolve_transfer}

STATES: Mapping[str, type[msgspec.Struct]] = {
    "account": states.AccountState,
    "transfer": states.TransferState,
}


def handlers(tokens: frozenset[str]) -> Handlers:
    """Return the handlers of all commands about transfers (``tokens``: those that there are)."""
    return {
        transfers.Transfer: over_streams(
            transfers.touched, partial(transfers.transfer, tokens=tokens), _transfer
        ),
        transfers.PostHold: over_streams(transfers.touched, transfers.post_hold, _transfer),
        transfers.VoidHold: over_streams(transfers.touched, transfers.void_hold, _transfer),
        transfers.ExpireHold: over_streams(transfers.touched, transfers.expire_hold, _transfer),
        transfers.ReverseTransfer: over_streams(
            transfers.touched, transfers.reverse_transfer, _transfer
        ),
    }


def _transfer(state: states.TransferState, _command: Any) -> states.TransferState:
    return state
