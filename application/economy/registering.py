"""Registrations that stake: what they read and decide beside what they do anyway."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec.structs import replace

from aia_mas.application.engine.handlers import Handler, Placement
from aia_mas.application.event_log.records import Fence, NewEvent
from aia_mas.domain.economy.supply.initial_stake import (
    ToldStake,
    stake_after,
    stake_stream_of,
    streams_of_registration,
    with_initial_stake,
)
from aia_mas.domain.kernel import Decision


class Staking:
    """Has registrations stake what they say.

    A registration without a stake is what it was: it reads nothing more.
    """

    def __init__(
        self, new_id: Callable[[], str], begin: Callable[[str], object], *, faucet: bool
    ) -> None:
        """Set it up.

        Args:
            new_id: Makes ids up, of orders and transfers.
            begin: Told of streams that do not exist: their ids were made up just now.
            faucet: Whether tokens come out of nothing, as they do in development.
        """
        self._new_id = new_id
        self._begin = begin
        self._faucet = faucet

    def __call__(self, handler: Handler) -> Handler:
        """Return the handler of a registration that stakes as well."""
        reads, decide, place, answer = (
            handler.reads,
            handler.decide,
            handler.place,
            handler.answer,
        )
        # What was staked at once, until the answer says so: it is given right after the decision.
        told: dict[str, ToldStake] = {}

        def all_reads(command: Any) -> tuple[str | None, ...]:
            return (*reads(command), *streams_of_registration(command, faucet=self._faucet))

        def decided(*arguments: Any) -> Decision:
            *states, command, ctx = arguments
            own = len(reads(command))
            decision = decide(*states[:own], command, ctx)
            if not command.initial_stake:
                return decision
            streams = streams_of_registration(command, faucet=self._faucet)
            known = dict(zip(streams, states[own:], strict=True))
            decision = with_initial_stake(decision, known, command, ctx, faucet=self._faucet)
            if decision.events and not self._faucet:
                told[command.stake_id] = stake_after(decision.events, known, command.agent_id)
            return decision

        def answered(state: Any, command: Any) -> Any:
            agent, staked = answer(state, command), told.pop(command.stake_id, None)
            return agent if staked is None else replace(agent, **staked._asdict())

        def placed(command: Any) -> Placement | None:
            chosen = None if place is None else place(command)
            if not command.initial_stake:
                return chosen
            stake_id = self._new_id()
            self._begin(stake_stream_of(stake_id, faucet=self._faucet))
            return _Named(command if chosen is None else chosen.command, chosen, stake_id)

        return handler._replace(reads=all_reads, decide=decided, place=placed, answer=answered)


class _Named:
    """A registration with the id of its stake in it, and whatever else was chosen for it."""

    __slots__ = ("_chosen", "command")

    def __init__(self, command: Any, chosen: Placement | None, stake_id: str) -> None:
        self._chosen = chosen
        self.command: Any = replace(command, stake_id=stake_id)

    @property
    def fence(self) -> Fence | None:
        return None if self._chosen is None else self._chosen.fence

    def used(self, events: Sequence[NewEvent]) -> bool:
        return self._chosen is None or self._chosen.used(events)

    def dropped(self, *, fenced: bool = False) -> None:
        if self._chosen is not None:
            self._chosen.dropped(fenced=fenced)
