"""Where everything has settled: what waits has to wait, and is told why, and nothing overstays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from aia_mas.domain.orchestration.dispatching import Dispatching
from aia_mas.domain.orchestration.fleet import Reason

from .books import Books
from .entries import Attempt, TaskEntry
from .hearing import Hearing
from .node import OFFLINE, PICKUP

SLACK = timedelta(seconds=0.01)
"""A task that is due within this time may or may not be planned already."""
LATE = 5.0
"""Seconds after which the leader has ended what is due: a look, a retry, and an exchange."""
LONGEST_ASIDE = timedelta(seconds=30)
OTHERS = {"paused", "concurrency_limit", "rate_limit"}
AWAY = {"not_active", "offline", "busy", "resources_in_use", "max_concurrent_tasks"}
"""What stands where somebody suits; all else says why nobody does."""


def check_waiting(books: Books, dispatching: Dispatching, now: datetime, cap: int | None) -> None:
    """Check every open task: it is assigned, or waits for a reason that is true.

    Args:
        books: All that is known by the log.
        dispatching: The fold of a node that has all of it.
        now: The time.
        cap: How many tasks may be held in all.
    """
    held = sum(each.attempt is not None for each in books.tasks.values())
    for task in books.tasks.values():
        reasons = dispatching.why_not(task.task_id, now)
        codes = {reason.code: reason for reason in reasons}
        if task not in books.waiting():
            assert set(codes) == {"not_waiting"}
            continue
        deadline = task.terms.deadline
        if deadline is not None and deadline <= now + SLACK:
            continue  # it is about to expire
        if task.due is not None and abs(task.due - now) <= SLACK:
            continue
        assert codes, f"{task.task_id} waits, and nobody knows why"
        _check_reasons(books, task, codes, now, capped=cap is not None and held >= cap)


def _check_reasons(
    books: Books, task: TaskEntry, codes: dict[str, Reason], now: datetime, *, capped: bool
) -> None:
    terms, paused = task.terms, books.paused & {None, task.terms.task_type}
    assert ("paused" in codes) == bool(paused)
    if task.due is not None and task.due > now:
        assert set(codes) - {"paused"} == {"not_due"}
        return
    if (aside := codes.get("not_due")) is not None:
        # Its assignments were refused several times in a row: it stands aside for a moment.
        assert aside.facts["due"] - now <= LONGEST_ASIDE
        return
    key, most = terms.concurrency_key, books.most(terms)
    full = key is not None and most is not None and books.held_of_key(key) >= most
    assert ("concurrency_limit" in codes) == full
    assert "rate_limit" not in codes or (books.paced(key) and not full)
    rest = set(codes) - OTHERS
    suitable = [each for each in books.agents if books.suits(task, each)]
    assert bool(rest - AWAY) == (not suitable)
    if not suitable:
        _check_unmet(books, task, codes)
        return
    if any(books.could_take(task, each) for each in suitable):
        assert rest == ({"max_concurrent_tasks"} if capped else set()), "a place is not given back"
        assert codes, "somebody could take it"
        return
    why = Counter(_why_not(books, task, each) for each in suitable)
    assert {code: codes[code].count for code in rest} == why
    for code, number in why.items():
        assert codes[code].facts["qualified"] == len(suitable)
        assert number == len(codes[code].agents)
        assert all(_why_not(books, task, each) == code for each in codes[code].agents)


def _why_not(books: Books, task: TaskEntry, agent_id: str) -> str:
    agent = books.agents[agent_id]
    if agent.takes_work and books.has_room(agent_id):
        assert not books.fits(task, agent_id)
        return "resources_in_use"
    if agent.status != "active":
        return "not_active"
    return "busy" if agent.online else "offline"


def _check_unmet(books: Books, task: TaskEntry, codes: dict[str, Reason]) -> None:
    there = [each for each in books.agents.values() if each.status != "unregistered"]
    assert ("no_agents" in codes) == (not there)
    if (reason := codes.get("no_agent_with_skill")) is not None:
        skill, level = reason.facts["skill"], reason.facts["level"]
        for each in there:
            known = each.capabilities.skills.get(skill)
            named = skill in each.capabilities.specializations
            assert known is None or known < level
            assert level > 0 or not named
    if (reason := codes.get("no_agent_with_resource")) is not None:
        name, amount = reason.facts["resource"], reason.facts["amount"]
        assert all(each.capabilities.resources.get(name, 0.0) < amount for each in there)
    if "price_above_max_cost" in codes:
        most = task.terms.max_cost
        assert most is not None
        assert all(each.capabilities.cost_per_task > most for each in there)
    if "excluded" in codes:
        assert {each.agent_id for each in there} <= set(task.signature.excluded)


def check_nothing_overstays(books: Books, hearing: Hearing, now: datetime, since: datetime) -> None:
    """Check that what is over has been ended (``since``: since when the leader leads)."""
    for agent in books.agents.values():
        heard = hearing.last("agent", agent.agent_id)
        if agent.online and heard is not None:
            silent = (now - max(heard, since)).total_seconds()
            assert silent <= OFFLINE + LATE, f"{agent.agent_id} is silent and online"
    for task in books.tasks.values():
        deadline = task.terms.deadline
        if deadline is not None and task.status == "queued":
            overdue = now - max(deadline, since, task.waits_since or since)
            assert overdue.total_seconds() <= LATE, "it should have expired"
        attempt = task.attempt
        if attempt is None:
            continue
        for at, what in _ends(task, attempt, hearing, since):
            assert (now - at).total_seconds() <= LATE, what
        if attempt.gone is not None:
            assert (now - max(attempt.gone, since)).total_seconds() <= LATE, "its agent is gone"


def _ends(
    task: TaskEntry, attempt: Attempt, hearing: Hearing, since: datetime
) -> Iterator[tuple[datetime, str]]:
    if attempt.begun is None:
        yield max(attempt.given, since) + timedelta(seconds=PICKUP), "it was never started"
        return
    if attempt.asked is not None:
        return
    lease = timedelta(seconds=attempt.seconds)
    heard = hearing.last("task", attempt.lease) or attempt.given
    alive = max(heard, attempt.begun, attempt.answered or attempt.begun, since)
    yield alive + lease, "its lease is over"
    longest = attempt.begun + timedelta(seconds=task.terms.timeout_seconds)
    yield max(longest, since + lease), "it took too long"
