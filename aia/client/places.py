"""Where a live stream stands: so that it goes on without a gap and without repetitions."""

from __future__ import annotations

from aia.client.events import Subscribed
from aia.client.types.live import (
    AgentSnapshot,
    AgentUpdate,
    BudgetSnapshot,
    BudgetUpdate,
    Fact,
    MessageUpdate,
    Page,
    ProposalSnapshot,
    ProposalUpdate,
    TaskSnapshot,
    TaskUpdate,
)

_TOPICS: dict[type[Fact | Page], str] = {
    AgentUpdate: "agents",
    AgentSnapshot: "agents",
    BudgetUpdate: "budgets",
    BudgetSnapshot: "budgets",
    MessageUpdate: "messages",
    ProposalUpdate: "proposals",
    ProposalSnapshot: "proposals",
    TaskUpdate: "tasks",
    TaskSnapshot: "tasks",
}


class Places:
    """The last position of every topic of facts, and the history that these belong to.

    Attributes:
        text: What `Last-Event-ID` says; empty before the first subscription was answered.
    """

    def __init__(self, text: str = "") -> None:
        """Begin at a place that an update had (empty: anywhere)."""
        self.text = text
        self._epoch, _, listed = text.partition("/")
        pairs = (pair.rpartition(":") for pair in listed.split(",") if pair)
        self._positions = {topic: int(position) for topic, _, position in pairs}

    @property
    def position(self) -> int:
        """The last position of all topics."""
        return max(self._positions.values(), default=0)

    def begun(self, told: Subscribed, *, demanded: bool = False) -> bool:
        """Take note of where a subscription begins.

        Args:
            told: What it was answered.
            demanded: It was to begin at a certain position.

        Returns:
            Whether it goes on where it was; False: it does not, and something may be missing.
        """
        if told.position is None and not told.snapshot:
            return True
        whole = told.recovered or told.snapshot
        whole = whole or not (demanded or told.id in self._positions)
        if told.epoch != self._epoch:
            self._epoch, self._positions = told.epoch, {}
        if told.position is None:
            self._positions.pop(told.id, None)
            return whole
        # Until the first fact comes this is all that says where to go on.
        self._positions[told.id] = told.position
        listed = ",".join(f"{topic}:{position}" for topic, position in self._positions.items())
        self.text = f"{self._epoch}/{listed}"
        return whole

    def stood(self, page: Page) -> None:
        """Take note of how things stood."""
        if page.done:
            self._positions[_TOPICS[type(page)]] = page.position

    def new(self, fact: Fact) -> bool:
        """Take note of a fact; tell whether it was not told before."""
        topic = _TOPICS[type(fact)]
        if fact.position <= self._positions.get(topic, -1):
            return False
        self._positions[topic] = fact.position
        self.text = fact.place
        return True
