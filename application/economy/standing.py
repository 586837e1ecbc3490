"""How accounts, stakes and parameters stand, read from states in memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aia_mas.application.engine.working_set import WorkingSet
from aia_mas.domain.economy.accounts import account_stream
from aia_mas.domain.economy.ledger import AccountState
from aia_mas.domain.economy.parameters import PARAMETERS, ParametersState


class Standing:
    """Answers about the economy by what stands in the log, as far as this node knows that."""

    def __init__(self, working_set: WorkingSet) -> None:
        """Look into the working set."""
        self._working_set = working_set

    async def parameters(self) -> ParametersState:
        """Return the parameters in force."""
        state: ParametersState | None = await self.state(PARAMETERS)
        return state or ParametersState()

    async def accounts(self, account_ids: Iterable[str]) -> dict[str, AccountState]:
        """Return accounts by id; empty ones where nothing ever was."""
        streams = {each: account_stream(each) for each in account_ids}
        await self._working_set.load(tuple(streams.values()))
        return {each: await self.state(s) or AccountState() for each, s in streams.items()}

    async def state(self, stream: str) -> Any:
        """Return the state of a stream by its events in the log; None: it has none."""
        return (await self._working_set.committed(stream)).state
