"""The dispatcher's fold as the fold host keeps it: events in, a view to plan on, snapshots out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.kernel.steps import Steps
from aia_mas.domain.orchestration.dispatching import Dispatching
from aia_mas.domain.orchestration.dispatching_snapshot import decode_snapshot, encode_snapshot
from aia_mas.domain.orchestration.scoring.policies import BUILT_IN, Policies
from aia_mas.domain.orchestration.tiers import DEFAULT_TIERS, Tiers


class DispatchFold:
    """Agents, their load, and the waiting tasks.

    Attributes:
        state: The fold itself.
        changed: Set whenever there may be something new to plan.
        replaced: Called when the state is another one, which knows of no reservation.
    """

    name = "dispatching"
    version = 12

    def __init__(
        self,
        max_running_tasks: int | None,
        head: Callable[[], int],
        applied: Callable[[RecordedEvent], None] = lambda _: None,
        policies: Policies = BUILT_IN,
        tiers: Tiers = DEFAULT_TIERS,
    ) -> None:
        """Start empty.

        Args:
            max_running_tasks: Tasks held by agents at once; None: no cap.
            head: Tells the last position that this node knows.
            applied: Called after each event that was folded.
            policies: What may choose among agents, by name.
            tiers: Which stake makes which tier.
        """
        self._terms = max_running_tasks, policies, tiers
        self._applied = applied
        self.head = head
        self.state = Dispatching(*self._terms)
        self.changed = asyncio.Event()
        self.replaced: Callable[[], None] = lambda: None

    def apply(self, event: RecordedEvent) -> None:
        """Fold one event."""
        self.state.apply(event.stream, event.event)
        self._applied(event)
        self.changed.set()

    def active_tasks(self, agent_id: str) -> int:
        """Return how many tasks an agent holds, those on their way included."""
        return self.state.fleet.active_tasks(agent_id)

    def stake_of(self, agent_id: str) -> int:
        """Return what an agent has at stake that counts for its tier, base units."""
        return self.state.fleet.stakes.effective.get(agent_id, 0)

    def snapshot(self) -> Steps[Iterator[bytes]]:
        """Return what encodes a copy of the fold; see ``Fold.snapshot``."""
        return encode_snapshot((yield from self.state.snapshot()))

    def restore(self, pieces: Sequence[bytes]) -> Steps[None]:
        """Go on where a snapshot was taken; see ``Fold.restore``."""
        snapshot = yield from decode_snapshot(pieces)
        self.state = yield from Dispatching.restore(snapshot, *self._terms)
        self.replaced()
        self.changed.set()
