"""Any story of work and programs: what is paid is what a plain reading of the whole story says."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from aia_mas.domain.economy.incentives.events import AwardsPaid, ProgramClosed
from aia_mas.domain.economy.incentives.orders import CancelProgram, OpenProgram
from aia_mas.domain.economy.incentives.program import escrow_of
from aia_mas.domain.economy.incentives.terms import (
    Criterion,
    Eligibility,
    Payout,
    ProgramTerms,
)
from aia_mas.domain.economy.orders import PlaceOrder
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.orchestration.task_commands import RateTask

from .town import Town, treasury

AGENTS = ("ann", "bob", "cal")
TYPES = ("report", "analysis")
FUNDS = 10_000


class Deed(NamedTuple):
    """What an agent did, or was told about what it did (``kind``: completed, failed, rated)."""

    at: datetime
    kind: str
    agent: str
    task: str
    task_type: str
    own: bool
    rating: float = 0.0


class Run(msgspec.Struct):
    """A program, and what was done since it was opened and before it was closed."""

    terms: ProgramTerms
    deeds: list[Deed]
    over: bool = False
    cancelled: bool = False


def counts(deed: Deed, terms: ProgramTerms) -> bool:
    """Tell whether a program looks at what was done."""
    wanted = terms.eligibility
    return (
        not deed.own
        and terms.starts_at <= deed.at < terms.ends_at
        and (not wanted.agents or deed.agent in wanted.agents)
        and (not wanted.task_types or deed.task_type in wanted.task_types)
    )


def awards_of(terms: ProgramTerms, deeds: list[Deed]) -> list[str]:
    """Return who earned an award, one after the other, from all that was done."""
    looked_at = [deed for deed in deeds if counts(deed, terms)]
    in_time = {deed.task for deed in looked_at if deed.kind == "completed"}
    earned: list[str] = []
    run: defaultdict[str, int] = defaultdict(int)
    for deed in looked_at:
        if terms.criterion is Criterion.QUALITY:
            assert terms.min_rating is not None
            good = deed.kind == "rated" and deed.rating >= terms.min_rating
            step = good and deed.task in in_time
        else:
            step = deed.kind == "completed"
            if deed.kind == "failed" and terms.criterion is Criterion.STREAK:
                run[deed.agent] = 0
        most = 1 if terms.criterion is Criterion.FIRST_N else terms.most_per_agent
        if not step or (most is not None and earned.count(deed.agent) >= most):
            continue
        run[deed.agent] += 1
        if run[deed.agent] == terms.count:
            run[deed.agent] = 0
            if terms.winners is None or len(set(earned)) < terms.winners:
                earned.append(deed.agent)
    return earned


def due(run: Run) -> dict[str, int]:
    """Return what each agent is to get in all, as far as the story has come."""
    terms, sums = run.terms, dict.fromkeys(AGENTS, 0)
    earned = awards_of(terms, run.deeds)
    if terms.payout is Payout.FIXED:
        assert terms.amount is not None
        for agent in earned[: terms.budget // terms.amount]:
            sums[agent] += terms.amount
    elif run.over and not run.cancelled:
        for agent in AGENTS:
            sums[agent] = terms.budget * earned.count(agent) // len(earned) if earned else 0
    return sums


@st.composite
def programs(draw: st.DrawFn) -> dict[str, Any]:
    """Draw terms; times are hours from the opening."""
    criterion, payout = draw(st.sampled_from(Criterion)), draw(st.sampled_from(Payout))
    budget = draw(st.integers(1, 60))
    return {
        "title": "p",
        "budget": budget,
        "criterion": criterion,
        "count": draw(st.integers(1, 3)),
        "payout": payout,
        "amount": draw(st.integers(1, budget)) if payout is Payout.FIXED else None,
        "min_rating": 0.5 if criterion is Criterion.QUALITY else None,
        "winners": draw(st.integers(1, 2)) if criterion is Criterion.FIRST_N else None,
        "most_per_agent": draw(st.none() | st.integers(1, 2)),
        "eligibility": Eligibility(
            agents=draw(st.sampled_from([(), ("ann", "bob")])),
            task_types=draw(st.sampled_from([(), ("report",)])),
        ),
    }


class IncentiveMachine(RuleBasedStateMachine):
    """Work goes on; programs begin, end and are cancelled; the settlement comes now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.town = Town({treasury(): FUNDS})
        for agent in AGENTS:
            self.town.agent(agent)
        self.runs: dict[str, Run] = {}
        self.count = 0
        self.unrated: list[Deed] = []

    @initialize(said=programs(), hours=st.integers(1, 8))
    def begin(self, said: dict[str, Any], hours: int) -> None:
        self.open(said, 0, hours)

    @rule(said=programs(), after=st.integers(0, 3), hours=st.integers(1, 8))
    def open(self, said: dict[str, Any], after: int, hours: int) -> None:
        if sum(not run.over for run in self.runs.values()) > 3:
            return
        begin = self.town.now + timedelta(hours=after)
        terms = ProgramTerms(starts_at=begin, ends_at=begin + timedelta(hours=hours), **said)
        self.count += 1
        name = f"p{self.count}"
        self.town.give(PlaceOrder(order_id=name, order=OpenProgram(program_id=name, terms=terms)))
        self.settle()
        self.runs[name] = Run(terms, [])

    @rule(
        agent=st.sampled_from(AGENTS), kind=st.sampled_from(TYPES), own=st.sampled_from([0, 0, 1])
    )
    def complete(self, agent: str, kind: str, own: int) -> None:
        self.unrated.append(self.work("completed", agent, kind, own=bool(own)))

    @rule(agent=st.sampled_from(AGENTS), kind=st.sampled_from(TYPES))
    def fail(self, agent: str, kind: str) -> None:
        self.work("failed", agent, kind, own=False)

    @rule(number=st.integers(0, 5), rating=st.sampled_from([0.0, 0.49, 0.5, 1.0]))
    def rate(self, number: int, rating: float) -> None:
        if number < len(self.unrated):
            deed = self.unrated.pop(number)
            self.town.give(RateTask(task_id=deed.task, rating=rating))
            self.did(deed._replace(at=self.town.now, kind="rated", rating=rating))

    @rule(minutes=st.sampled_from([30, 60, 300]))
    def pass_time(self, minutes: int) -> None:
        self.settle()
        self.town.pass_time(minutes=minutes)
        self.settle()

    @rule(number=st.integers(1, 5))
    def cancel(self, number: int) -> None:
        run = self.runs.get(f"p{number}")
        if run is None or run.over:
            return
        self.settle()
        if not run.over:
            run.cancelled = True
        order = CancelProgram(program_id=f"p{number}")
        self.town.give(PlaceOrder(order_id=f"c{len(self.town.events)}", order=order))
        self.settle()

    @rule()
    def settle(self) -> None:
        self.town.settle()
        for name in self.town.told(ProgramClosed):
            if name in self.runs:
                self.runs[name].over = True
        for name, run in self.runs.items():
            assert self.paid(name) == due(run), name

    @rule()
    def restart(self) -> None:
        self.town.restart()

    def work(self, kind: str, agent: str, task_type: str, *, own: bool) -> Deed:
        self.count += 1
        task = f"t{self.count}"
        self.town.submit(task, task_type=task_type, owner=agent if own else "alice")
        if kind == "completed":
            self.town.complete(task, agent)
        else:
            self.town.fail(task, agent)
        return self.did(Deed(self.town.now, kind, agent, task, task_type, own))

    def did(self, deed: Deed) -> Deed:
        for run in self.runs.values():
            if not run.over:
                run.deeds.append(deed)
        return deed

    def paid(self, name: str) -> dict[str, int]:
        sums = dict.fromkeys(AGENTS, 0)
        for stream, event in self.town.events:
            if isinstance(event, AwardsPaid) and entity_of(stream) == name:
                for award in event.awards:
                    sums[award.agent_id] += award.amount
        return sums

    @invariant()
    def no_program_pays_more_than_its_budget(self) -> None:
        for name, run in self.runs.items():
            left = self.town.account(escrow_of(name, "AIA")).balance
            paid = sum(self.paid(name).values())
            assert paid <= run.terms.budget
            assert left == (0 if run.over else run.terms.budget - paid)
        total = sum(self.town.purse(agent)[0] for agent in AGENTS)
        held = sum(self.town.account(escrow_of(name, "AIA")).balance for name in self.runs)
        assert total + held + self.town.account(treasury()).balance == FUNDS

    @invariant()
    def nothing_is_paid_that_was_not_earned(self) -> None:
        for name, run in self.runs.items():
            earned = due(run)
            assert all(paid <= earned[agent] for agent, paid in self.paid(name).items()), name


TestIncentives = IncentiveMachine.TestCase
