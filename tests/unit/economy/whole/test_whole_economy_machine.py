"""Ledger, stakes, rewards, budgets and votes all together, against a model that is plain sums."""

from __future__ import annotations

import os
import random

from hypothesis import Phase, settings
from hypothesis import strategies as st

from .basis import rule
from .ledger_rules import LedgerRules
from .promises import Promises
from .stake_rules import StakeRules
from .task_rules import TaskRules
from .vote_rules import VoteRules

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"


class WholeEconomy(LedgerRules, StakeRules, TaskRules, VoteRules, Promises):
    """Four agents and two clients do whatever they may, and much that they may not."""

    @rule(draw=st.randoms(use_true_random=False), most=st.integers(1, 8))
    def settle_some(self, draw: random.Random, most: int) -> None:
        self.market.settle(draw, most)

    @rule()
    def settle(self) -> None:
        self.settle_all()

    @rule(seconds=st.sampled_from([1, 5, 60, 60, 600, 3_600]), settles=st.booleans())
    def wait(self, seconds: int, settles: bool) -> None:
        self.later(seconds)
        if settles:
            self.settle_all()

    @rule()
    def restart(self) -> None:
        """Another node leads, with what comes from snapshots."""
        self.market.restart()


# A failure takes minutes to be made smaller: that is for the long runs, see ``make test-long``.
PHASES = tuple(each for each in Phase if LONG or each not in {Phase.shrink, Phase.explain})
WholeEconomy.TestCase.settings = settings(max_examples=150, stateful_step_count=50, phases=PHASES)
TestWholeEconomy = WholeEconomy.TestCase
