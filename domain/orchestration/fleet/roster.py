"""The fleet: every agent's standing, load and record, folded from the log, and the pick of one."""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

from aia_mas.domain.economy.parameters import ParametersChanged
from aia_mas.domain.economy.staking.events import StakeEvent
from aia_mas.domain.kernel.event import Event
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.kernel.steps import Steps, chunks, copied
from aia_mas.domain.orchestration.amounts import Amounts
from aia_mas.domain.orchestration.fleet.choosing import Chooser, Pick
from aia_mas.domain.orchestration.fleet.directory import Directory
from aia_mas.domain.orchestration.fleet.explaining import Explaining
from aia_mas.domain.orchestration.fleet.keeping import Keeping
from aia_mas.domain.orchestration.fleet.matching import Matching
from aia_mas.domain.orchestration.fleet.places import Places
from aia_mas.domain.orchestration.fleet.pools import Pools
from aia_mas.domain.orchestration.fleet.resources import Resources
from aia_mas.domain.orchestration.fleet.seat import AGENT_EVENTS, FleetSnapshot, Seat, seat_after
from aia_mas.domain.orchestration.fleet.stakes import STAKE_EVENTS, Stakes
from aia_mas.domain.orchestration.fleet.why_not import Reason
from aia_mas.domain.orchestration.requirement import RequirementSignature
from aia_mas.domain.orchestration.scoring.board import Board
from aia_mas.domain.orchestration.scoring.learning import TEACHING, learn, learn_assignment
from aia_mas.domain.orchestration.scoring.policies import BUILT_IN, Policies
from aia_mas.domain.orchestration.scoring.records import Records
from aia_mas.domain.orchestration.scoring.records_snapshot import copy_of, restored
from aia_mas.domain.orchestration.scoring.rules import AssignmentRulesChanged
from aia_mas.domain.orchestration.task_events import (
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskExpired,
    TaskFailed,
    TaskRated,
    TaskReleased,
)
from aia_mas.domain.orchestration.tiers import DEFAULT_TIERS, Tiers


class Fleet:
    """A fold over agent and task events that knows who can take one task more."""

    def __init__(
        self,
        max_concurrent_tasks: int | None = None,
        policies: Policies = BUILT_IN,
        tiers: Tiers = DEFAULT_TIERS,
    ) -> None:
        """Start without agents.

        Args:
            max_concurrent_tasks: Tasks held at once; None: no cap.
            policies: What may choose among agents, by name.
            tiers: Which stake makes which tier.
        """
        self.max_concurrent_tasks = max_concurrent_tasks
        self._directory = directory = Directory(tiers)
        self._matching = Matching(directory)
        self.records = Records()
        self._board = Board(self.records, directory.agent_ids, directory.slots, tiers.highest)
        self.chooser = Chooser(self._board, policies)
        self._places = Places(self._board.load)
        self._resources = Resources(directory)
        self._seats: list[Seat] = []
        self.declared: set[int] = set()
        parts = (self._matching, self._places, self._resources)
        self.keeping = Keeping(self._seats, *parts)
        self._explaining = Explaining(directory, *parts, self._board)
        self._pools = Pools(*parts)
        offers = self._places, self.declared
        self.stakes = Stakes(directory, self._matching, self._board, *offers)

    def apply(
        self, stream: str, event: Event, task_type: str = "", sticky_key: str | None = None
    ) -> None:
        """Fold one event; those that do not concern the fleet change nothing.

        Args:
            stream: The stream of the event.
            event: What happened.
            task_type: Of an unfinished task, its type; without it nothing is learned.
            sticky_key: Of an unfinished task, its sticky key.
        """
        kind, entity = type(event), entity_of(stream)
        if kind in TEACHING:
            self._task_event(entity, event, task_type)
        elif isinstance(event, TaskAssigned):
            self._hold(entity, self._slot(event.agent_id))
            learn_assignment(self.records, entity, event, task_type, sticky_key)
            self.chooser.assigned(entity, event)
        elif kind in AGENT_EVENTS:
            slot = self._slot(entity)
            old, seat = self._seats[slot], seat_after(self._seats[slot], event)
            if seat.registered and not old.registered:
                self._places.last[slot] = 0
            self._set(slot, self.stakes.at_stake(seat))
        elif kind in STAKE_EVENTS:
            self.stakes.note(entity, cast(StakeEvent, event))
            if (staked := self._directory.slots.get(entity)) is not None:
                self._set(staked, self.stakes.at_stake(self._seats[staked]))
        elif isinstance(event, AssignmentRulesChanged):
            self.chooser.rules = event.rules
        elif isinstance(event, ParametersChanged):
            self.stakes.change_tiers(event)

    def pick(
        self,
        signature: RequirementSignature,
        seed: int = 0,
        sticky_key: str | None = None,
        without: Collection[int] = (),
        only: int | None = None,
    ) -> Pick | None:
        """Return the agent to take next, None when nobody who suits has room.

        Args:
            signature: What the task asks for.
            seed: What chance is drawn from, where the policy leaves anything to it.
            sticky_key: The task's sticky key, if it has one.
            without: Slots of agents that do not come into question.
            only: The slot of the only agent that does; None: all do.
        """
        if self.capped:
            return None
        pools = self._pools
        pool = pools.of(signature, without) if only is None else pools.among((only,), signature)
        sticky = None
        if sticky_key is not None and (holder := self.records.sticky.get(sticky_key)) is not None:
            sticky = self._directory.slots.get(holder)
        turns = self._places.sequence
        everybody, agents = len(self._seats), len(self._directory.slots)
        full = everybody - len(self._places.open)
        choice = self.chooser.choose(pool, everybody, full, signature, seed, sticky, turns, agents)
        if choice is None:
            return None
        slot, considered, grounds = choice
        seat = self._seats[slot]
        able = seat.capabilities
        load = self._places.active(slot) / able.max_concurrent_tasks
        return Pick(seat.agent_id, able.cost_per_task, load, considered, grounds, able, seat.stake)

    def reserve(self, task_id: str, agent_id: str, amounts: Amounts = ()) -> None:
        """Count a task for an agent while its assignment is on its way into the log.

        It counts until ``task.assigned`` is applied or ``unreserve`` called, whatever else happens
        to the task: the assignment may still get into the log. Until then it also takes these
        amounts of the agent's resources.
        """
        slot = self._slot(agent_id)
        self._places.reserve(task_id, slot)
        self._resources.reserve(task_id, slot, amounts)

    def occupy(self, task_id: str, amounts: Amounts) -> None:
        """Count what a task that an agent holds takes of its resources, until the attempt ends."""
        slot = self._places.holders.get(task_id)
        if slot is not None:
            self._resources.hold(task_id, slot, amounts)

    def unreserve(self, task_id: str) -> bool:
        """Take a reservation back; tells whether there was one."""
        self._reopen(self._resources.unreserve(task_id))
        slot = self._places.unreserve(task_id)
        if slot is None:
            return False
        self._clear_if_gone(slot)
        return True

    def is_reserved(self, task_id: str) -> bool:
        """Tell whether an assignment of the task is on its way into the log."""
        return task_id in self._places.reservations

    @property
    def tiers(self) -> Tiers:
        """The tiers that hold now."""
        return self._directory.tiers

    @property
    def registered(self) -> int:
        """How many agents are registered, whatever their state."""
        return int(self._directory.present().sum())

    @property
    def capped(self) -> bool:
        """Whether as many tasks are held as the engine may have at once."""
        cap = self.max_concurrent_tasks
        return cap is not None and self._places.total() >= cap

    @property
    def has_room(self) -> bool:
        """Whether any agent could take any task."""
        return bool(self._places.open) and not self.capped

    @property
    def opened(self) -> set[int]:
        """Slots that may take more, or other, tasks than before, and are offered next."""
        return self._places.opened

    @property
    def offered(self) -> set[int]:
        """Slots that are offered to what is stuck; the caller takes out what was looked at."""
        return self._places.offered

    def suits(self, signature: RequirementSignature, slot: int) -> bool:
        """Tell whether the agent in a slot suits, whatever its state and load."""
        return bool(self._matching.suits(signature, slot))

    def is_suited(self, signature: RequirementSignature, agent_id: str) -> bool:
        """Tell whether an agent suits, whatever its state and load."""
        slot = self._directory.slots.get(agent_id)
        return slot is not None and self.suits(signature, slot)

    def active_tasks(self, agent_id: str) -> int:
        """Return how many tasks count for an agent, reservations included."""
        slot = self._directory.slots.get(agent_id)
        return 0 if slot is None else self._places.active(slot)

    def candidates(self, signature: RequirementSignature) -> list[str]:
        """Return the ids of all registered agents that suit, whatever their state and load."""
        ids = self._directory.agent_ids
        return [ids[slot] for slot in self._matching.pool(signature).slots.tolist()]

    def why_not(
        self, signature: RequirementSignature, kept: Collection[int] = ()
    ) -> tuple[Reason, ...]:
        """Return what keeps such a task from an agent; empty when one could take it.

        ``kept``: slots of agents that are kept free for other tasks.
        """
        return self._explaining.why_not(signature, full=self.capped, kept=kept)

    def filtered(self, signature: RequirementSignature) -> tuple[Reason, ...]:
        """Return whom such a task does not come to now, and why; an agent may stand in several."""
        return self._explaining.filtered(signature)

    def snapshot(self) -> Steps[FleetSnapshot]:
        """Return the committed part, as shallow copies that may be encoded later.

        No event may be applied between the steps.
        """
        places = self._places
        # In one step: an agent that is gone may lose its slot with a reservation as well.
        seats, last, sequence = list(self._seats), list(places.last), places.sequence
        holders = yield from copied(places.holders.items())
        records = yield from copy_of(self.records)
        rules, failures = self.chooser.stored()
        stakes, tiers = list(self.stakes.effective.items()), self.stakes.table
        return FleetSnapshot(
            seats, last, holders, sequence, records, rules, failures, stakes, tiers
        )

    @classmethod
    def restore(
        cls,
        snapshot: FleetSnapshot,
        max_concurrent_tasks: int | None = None,
        policies: Policies = BUILT_IN,
        tiers: Tiers = DEFAULT_TIERS,
    ) -> Steps[Fleet]:
        """Return a fleet that goes on where the snapshot was taken, without reservations."""
        fleet = cls(max_concurrent_tasks, policies, tiers)
        fleet.chooser.restore(snapshot.rules, snapshot.failures)
        fleet.stakes.effective = dict(snapshot.stakes)
        if snapshot.tiers is not None:
            fleet.stakes.table = snapshot.tiers
            fleet.stakes.use(snapshot.tiers)
        yield from restored(fleet.records, snapshot.records)
        # A gap is seated under a name that no agent can have, and freed when all have their seats.
        seats = [
            seat if seat.agent_id else Seat(f"/{slot}") for slot, seat in enumerate(snapshot.seats)
        ]
        yield
        for some in chunks(seats, _SEATED_AT_ONCE):
            for seat in some:
                fleet._slot(seat.agent_id)
            yield
        yield from fleet._places.restore(snapshot.last, snapshot.holders, snapshot.sequence)
        for some_slots in chunks(range(len(seats)), _SEATED_AT_ONCE):
            for slot in some_slots:
                fleet._set(slot, seats[slot])
            yield
        yield from fleet._board.prepare()
        return fleet

    def _slot(self, agent_id: str) -> int:
        slot = self._directory.seat(agent_id)
        if slot == len(self._seats):
            self._seats.append(Seat(agent_id))
            self._board.add()
            self._places.add()
        elif self._seats[slot].agent_id != agent_id:
            self._seats[slot] = Seat(agent_id)
        return slot

    def _set(self, slot: int, seat: Seat) -> None:
        old = self._seats[slot]
        self._seats[slot] = seat
        self._explaining.note(slot, seat)
        self._places.set_limit(slot, seat.limit)
        if seat.capabilities is not old.capabilities or seat.registered is not old.registered:
            declared = seat.capabilities if seat.registered else None
            self._directory.declare(slot, declared)
            self.stakes.suit(slot, seat)
        elif seat.stake != old.stake:
            self.stakes.suit(slot, seat)
        if seat.registered and not old.registered:
            self._board.learn(slot, self.records.joined(seat.agent_id))
        elif old.registered and not seat.registered:
            self.records.left(seat.agent_id)
        self._clear_if_gone(slot)

    def _task_event(self, task_id: str, event: Event, task_type: str) -> None:
        over = type(event) in _ATTEMPT_OVER
        if over:
            self._reopen(self._resources.release(task_id))
        slot = self._places.release(task_id) if over else None
        if task_type or type(event) is TaskRated:
            holder = None if slot is None else self._seats[slot].agent_id
            learn(self.records, task_id, event, holder, task_type)
        if slot is not None:
            self._clear_if_gone(slot)

    def _hold(self, task_id: str, slot: int) -> None:
        reserved = self._places.reservations.get(task_id)
        freed = self._resources.unreserve(task_id)
        if freed != slot:
            self._reopen(freed)
        self._places.hold(task_id, slot)
        if reserved is not None and reserved != slot:
            self._clear_if_gone(reserved)

    def _reopen(self, slot: int | None) -> None:
        """Note that an agent has more left than before, though it had room all along."""
        if slot is not None:
            self._places.reopen(slot)

    def _clear_if_gone(self, slot: int) -> None:
        """Free the slot of an agent that is unregistered and holds nothing any more."""
        if not self._seats[slot].registered and not self._places.active(slot):
            self._directory.unseat(self._seats[slot].agent_id)
            self._places.last[slot] = 0
            self._seats[slot] = _GAP


_SEATED_AT_ONCE = 10
_GAP = Seat("")
_ATTEMPT_OVER = frozenset({TaskCompleted, TaskFailed, TaskReleased, TaskCancelled, TaskExpired})
