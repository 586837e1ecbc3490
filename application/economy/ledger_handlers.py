"""The registry of commands about transfers: reads, decision and answer of each."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import msgspec

from aia_mas.application.economy.known_legs import KnownLegs
from aia_mas.application.economy.reading import over_streams
from aia_mas.application.engine.handlers import Evolvers, Handlers
from aia_mas.application.engine.working_set import WorkingSet
from aia_mas.domain.economy.ledger import commands, events, states, transfers
from aia_mas.domain.economy.ledger.told import MadeTransfer, ToldTransfer, told_transfer
from aia_mas.domain.kernel import Event

EVENTS: tuple[type[Event], ...] = events.EVENTS

EVOLVERS: Evolvers = {"account": states.evolve_account, "transfer": states.evolve_transfer}

STATES: Mapping[str, type[msgspec.Struct]] = {
    "account": states.AccountState,
    "transfer": states.TransferState,
}


def handlers(tokens: frozenset[str], working_set: WorkingSet) -> Handlers:
    """Return the handlers of all commands about transfers.

    Args:
        tokens: Those that there are.
        working_set: Where it is looked up what a transfer moves.
    """
    place = KnownLegs(working_set).place
    touched = commands.touched
    return {
        # Most ids are new. One that is not is noticed when it is committed, and read then.
        commands.Transfer: over_streams(
            touched, partial(transfers.transfer, tokens=tokens), _transfer, creates=True
        ),
        commands.PostHold: over_streams(touched, transfers.post_hold, _transfer, place=place),
        commands.VoidHold: over_streams(touched, transfers.void_hold, _transfer, place=place),
        commands.ExpireHold: over_streams(touched, transfers.expire_hold, _expired),
        commands.ReverseTransfer: over_streams(
            touched, transfers.reverse_transfer, _transfer, place=place
        ),
    }


def _transfer(state: states.TransferState, about: commands.About) -> ToldTransfer:
    told = told_transfer(about.transfer_id, state)
    if not about.existed:
        return told
    return MadeTransfer(**msgspec.structs.asdict(told), existed=True)


def _expired(state: states.TransferState, command: commands.ExpireHold) -> ToldTransfer:
    return told_transfer(command.transfer_id, state)
