"""A rewarded attempt, from its assignment to its settlement, as the settlement knows it."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from aia_mas.domain.economy.rewards.factor import punctuality
from aia_mas.domain.economy.rewards.settling import Completion
from aia_mas.domain.economy.rewards.terms import RewardTerms

STAKE_LOST: Final = "stake_lost"
"""Why an attempt earns nothing: its agent has not the stake any more that backed it."""


class RewardedWork(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A rewarded attempt that goes on (times: milliseconds since the epoch).

    Attributes:
        attempt: Which attempt.
        agent_id: Whose it is.
        terms: What it was promised.
        assigned: When it was given out.
        waited: Milliseconds that it waited for answers.
        asked: Since when it waits for one; None: it does not.
        forfeited: Why it earns nothing after all; empty: it does.
    """

    attempt: int
    agent_id: str
    terms: RewardTerms
    assigned: int
    waited: int = 0
    asked: int | None = None
    forfeited: str = ""

    def asking(self, at: int) -> RewardedWork:
        """Return it as it waits for an answer."""
        return replace(self, asked=at)

    def answered(self, at: int) -> RewardedWork:
        """Return it with the answer."""
        asked = at if self.asked is None else self.asked
        return replace(self, waited=self.waited + max(at - asked, 0), asked=None)

    def completed(self, task_id: str, at: int) -> Completion:
        """Return it as it was delivered, not rated yet."""
        work = self.answered(at) if self.asked is not None else self
        took = max(at - work.assigned - work.waited, 0)
        when = punctuality(took / 1_000, work.terms.seconds)
        return Completion(
            task_id,
            work.attempt,
            work.agent_id,
            work.terms,
            punctuality=when,
            forfeited=work.forfeited,
        )
