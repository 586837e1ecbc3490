"""A whole economy without log and clock: all handlers, the dispatcher, and the settlement."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import msgspec

from aia_mas.application import registry
from aia_mas.application.economy.election_desk import ElectionDesk
from aia_mas.application.economy.paid_tasks import with_payments
from aia_mas.application.economy.registering import Staking
from aia_mas.application.engine.handlers import Handlers, category, merged
from aia_mas.application.engine.working_set import Entry
from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.application.orchestration import handlers as orchestration
from aia_mas.application.orchestration.seats import Seats
from aia_mas.application.processes.dispatch_fold import DispatchFold
from aia_mas.application.processes.settlement_fold import SettlementFold
from aia_mas.domain.economy.accounts import AIA, AIA_GOV
from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.parameters import AdoptConfiguredParameters, EconomicParameters
from aia_mas.domain.economy.todo import Work
from aia_mas.domain.kernel import Context, DomainError, Event, Principal, Role
from aia_mas.domain.kernel.principal import system
from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.planning import PlannedAssignment
from aia_mas.domain.orchestration.task import TaskResultRefused
from aia_mas.domain.orchestration.task_commands import AssignTask

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
ADMIN = Principal("admin", frozenset({Role.ADMIN}))
DISPATCHER = system("dispatcher")


class Market:
    """What stands in the log, what follows from it, and what is left to do.

    Attributes:
        now: The time; it only moves when somebody moves it.
        states: Of every stream.
        log: Everything that happened.
        heard: Told of each event.
    """

    def __init__(self, parameters: EconomicParameters) -> None:
        self.now = NOW
        self.states: dict[str, Any] = {}
        self.log: list[RecordedEvent] = []
        self.heard: Callable[[str, Event], None] = lambda _stream, _event: None
        self.settlement = SettlementFold()
        self.dispatch = DispatchFold(None, lambda: len(self.log))
        self._seats = Seats(lambda: 0, 1_000)
        # By id: what was done under it is not done again, whoever leads.
        self._done: set[str] = set()
        self._numbers = 0
        self._handlers = self._wired(faucet=parameters.supply.faucet)
        self.configured = parameters

    def new_id(self) -> str:
        """Return an id that nothing has."""
        self._numbers += 1
        return f"id{self._numbers}"

    def known(self, stream: str) -> Entry:
        """Stand in for the working set: everything is in memory."""
        return Entry(stream, self.states.get(stream), 0, "")

    def give(self, command: msgspec.Struct, by: Principal = ADMIN) -> tuple[tuple[str, Event], ...]:
        """Carry a command out as the engine does, and return what happened.

        Raises:
            DomainError: It was refused.
        """
        handler = self._handlers[type(command)]
        placement = None if handler.place is None else handler.place(command)
        command = command if placement is None else placement.command
        reads = handler.reads(command)
        states = [None if stream is None else self.states.get(stream) for stream in reads]
        decision = handler.decide(*states, command, Context(self.now, len(self.log), by))
        if decision.refusal is not None:
            # A result that comes too late is kept beside the task; no money moves for it.
            assert all(type(event) is TaskResultRefused for _, event in decision.events)
            self._happen(decision.events)
            if placement is not None:
                placement.dropped()
            raise decision.refusal
        assert {stream for stream, _ in decision.events} <= set(reads), "written, and not read"
        self._happen(decision.events)
        return decision.events

    def _happen(self, events: Iterable[tuple[str, Event]]) -> None:
        for stream, event in events:
            fold = registry.EVOLVERS[category(stream)]
            self.states[stream] = fold(self.states.get(stream), event)
            recorded = RecordedEvent(
                len(self.log) + 1, stream, 0, event.topic, event, self.now, "c", "me", None, None
            )
            self.log.append(recorded)
            self.settlement.apply(recorded)
            self.dispatch.apply(recorded)
            self._seats.follow(recorded)
            self.heard(stream, event)

    # ----------------------------------------------------------------------------- processes

    def adopt(self) -> None:
        """Do what a new leader of the settlement does first."""
        self.give(AdoptConfiguredParameters(parameters=self.configured), SETTLEMENT)

    def due(self) -> list[Work]:
        """Return what the settlement has to do now."""
        return [w for each in self.settlement.lists.values() for w in each.due(self.now, 100)]

    def settle(self, draw: random.Random | None = None, most: int = 10_000) -> list[str]:
        """Do so many works at most; return those that could not be done.

        Args:
            draw: In which order; None: as they come.
            most: How many.
        """
        refused: dict[str, str] = {}
        while True:
            works = [work for work in self.due() if work.work_id not in refused]
            if not works:
                return [f"{work_id}: {code}" for work_id, code in refused.items()]
            if draw is not None:
                draw.shuffle(works)
            for work in works:
                if not most:
                    return []
                most -= 1
                try:
                    self._do(work)
                except DomainError as error:
                    refused[work.work_id] = error.code
                    continue
                # The world has changed: what could not be done may well be by now.
                refused.clear()
                break

    def _do(self, work: Work) -> None:
        # The log keeps what came of a work for ever, and answers with that.
        assert work.work_id not in self._done, f"{work.work_id} stays due for ever"
        self.give(work.command, SETTLEMENT)
        self._done.add(work.work_id)

    def assign(self, most: int = 100) -> None:
        """Give out tasks as the dispatcher does."""
        for planned in self.dispatch.state.plan(self.now, most):
            try:
                self.give(_assignment(planned, self.new_id()), DISPATCHER)
            except DomainError:
                self.dispatch.state.drop(planned.task_id)

    def restart(self) -> None:
        """Go on with what comes back from snapshots, as another node does; its leader adopts."""
        self._restore_folds()
        self.adopt()

    def _restore_folds(self) -> None:
        for fold in (self.settlement, self.dispatch):
            pieces = list(at_once(fold.snapshot()))
            at_once(fold.restore(pieces))
            again = list(at_once(fold.snapshot()))
            assert again == pieces, f"{fold.name} does not come back as it was"

    def check_replay(self) -> None:
        """Compare what was folded all the time with what the whole log makes at once."""
        settlement, dispatch = SettlementFold(), DispatchFold(None, lambda: 0)
        for recorded in self.log:
            settlement.apply(recorded)
            dispatch.apply(recorded)
        assert list(at_once(dispatch.snapshot())) == list(at_once(self.dispatch.snapshot()))
        for name, each in settlement.lists.items():
            live = self.settlement.lists[name]
            assert list(at_once(each.snapshot())) == list(at_once(live.snapshot())), name

    def later(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)

    def _wired(self, *, faucet: bool) -> Handlers:
        # Any: whatever is asked of a working set here, ``known`` answers; the desk never waits.
        known: Any = self
        nothing: Any = None
        desk = ElectionDesk(cast("Any", _Folds(self)), nothing, nothing)
        tasks = orchestration.handlers(
            active_tasks=self.dispatch.active_tasks,
            seat=self._seats.place,
            place=lambda _: None,
            stake=self.dispatch.stake_of,
            staking=Staking(self.new_id, lambda _: None, faucet=faucet),
        )
        others = registry.others(frozenset({AIA, AIA_GOV}), known, lambda: desk)
        return merged([*others, with_payments(tasks, known)])


class _Folds:
    """The lists of the settlement, by whichever fold has them now."""

    def __init__(self, market: Market) -> None:
        self._market = market

    @property
    def lists(self) -> Any:
        return self._market.settlement.lists


def _assignment(planned: PlannedAssignment, lease: str) -> AssignTask:
    return AssignTask(
        task_id=planned.task_id,
        attempt=planned.attempt,
        agent_id=planned.agent_id,
        lease=lease,
        lease_seconds=planned.lease_seconds,
        price=planned.price,
        considered=planned.considered,
        load=planned.load,
        declared=planned.declared,
        reward=planned.reward,
        unfunded=planned.unfunded,
        **planned.grounds._asdict(),
    )
