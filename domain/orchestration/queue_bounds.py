"""How full the queue may be before a submission is refused."""

from __future__ import annotations

import msgspec

from aia_mas.domain.orchestration.errors import QueueFull


class QueueStanding(msgspec.Struct, frozen=True, kw_only=True):
    """How full the queue is as a task is about to enter it.

    Attributes:
        waiting: Tasks that wait, or are about to.
        bound: Their most; None: any number.
        owner_waiting: The same of the task's owner.
        owner_bound: Their most; None: any number.
        retry_after: When there may be room, whole seconds.
    """

    waiting: int
    bound: int | None
    owner_waiting: int
    owner_bound: int | None
    retry_after: int

    def refusal(self) -> QueueFull | None:
        """Return the refusal of one task more; None when it may enter."""
        if self.bound is not None and self.waiting >= self.bound:
            return QueueFull(
                f"{self.waiting} tasks wait, of {self.bound} at most",
                retry_after=self.retry_after,
                limit=self.bound,
            )
        if self.owner_bound is not None and self.owner_waiting >= self.owner_bound:
            return QueueFull(
                f"{self.owner_waiting} tasks of this owner wait, of {self.owner_bound} at most",
                retry_after=self.retry_after,
                owner_limit=self.owner_bound,
            )
        return None
