"""Looks up what a transfer moves, so that a command about it reads the accounts as well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from aia_mas.application.engine.handlers import Placement
from aia_mas.application.engine.working_set import WorkingSet
from aia_mas.application.event_log.records import NewEvent
from aia_mas.domain.economy.ledger import TransferState, transfer_stream
from aia_mas.domain.economy.ledger.commands import PostHold, ReverseTransfer, VoidHold


class KnownLegs:
    """Names the legs of a transfer in commands that only name the transfer.

    Where it is not in memory a command is left as it is: the engine then loads what the command
    reads, and asks again. What a transfer is to move never changes once it was made; what it moved
    is expected to be as it was when the command is decided.
    """

    def __init__(self, working_set: WorkingSet) -> None:
        """Look into the working set."""
        self._working_set = working_set

    def place(self, command: PostHold | VoidHold | ReverseTransfer) -> Placement | None:
        """Fill in the legs."""
        entry = self._working_set.known(transfer_stream(command.transfer_id))
        state: TransferState | None = None if entry is None else entry.state
        if state is None:
            return None
        return _Filled(replace(command, all_legs=(*state.legs, *state.moved)))

    async def state(self, transfer_id: str) -> TransferState | None:
        """Return a transfer as this node knows it, loaded if need be; None: there is none.

        Raises:
            EventLogError: It cannot be read.
        """
        stream = transfer_stream(transfer_id)
        if self._working_set.known(stream) is None:
            await self._working_set.load((stream,))
        entry = self._working_set.known(stream)
        state: TransferState | None = None if entry is None else entry.state
        return state


class _Filled:
    """A command with the legs in it; nothing was chosen that could be void."""

    __slots__ = ("command",)

    fence = None

    def __init__(self, command: Any) -> None:
        self.command = command

    def used(self, events: Sequence[NewEvent]) -> bool:
        return True

    def dropped(self, *, fenced: bool = False) -> None:
        pass
