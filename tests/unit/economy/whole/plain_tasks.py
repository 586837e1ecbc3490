"""What tasks cost and earn, told a second time."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

from aia_mas.domain.economy.rewards.events import SettledTask
from aia_mas.domain.kernel import Event
from aia_mas.domain.orchestration import task_events as tasks

from .plain_basis import MILLION, RESERVED, Aside, Job, PlainBasis


class PlainTasks(PlainBasis):
    """Tasks, budgets and rewards."""

    def _worked(self, task_id: str, event: Event) -> None:
        match event:
            case tasks.TaskSubmitted():
                spec = event.spec
                job = self.jobs[task_id] = Job(spec.payer, spec.max_cost or 0)
                self._set_aside(task_id, job, event.owner, spec.cost_tags)
            case tasks.TaskRequeued():
                job = self.jobs[task_id]
                self._set_aside(task_id, job, event.owner, event.terms.cost_tags)
            case tasks.TaskAssigned():
                job = self.jobs[task_id]
                job.price, job.agent_id, job.assigned_at = event.price, event.agent_id, self.now
                job.promised = event.reward
                if event.reward is not None:
                    self.promised[task_id] = event.reward.reserved
            case tasks.TaskCompleted():
                self._completed(task_id, event)
            case tasks.TaskRated():
                self.jobs[task_id].rated = (self.now, event.rating)
            case (
                tasks.TaskFailed()
                | tasks.TaskReleased()
                | tasks.TaskCancelled()
                | tasks.TaskExpired()
            ):
                self.promised.pop(task_id, None)

    def matching(self, owner: str, payer: str, tags: tuple[str, ...]) -> list[str]:
        """Return the budgets in which a task counts."""
        keys = {("client", owner), ("owner", payer), *(("tag", tag) for tag in tags)}
        return sorted(n for n, t in self.budgets.items() if (t.scope.value, t.match) in keys)

    def period(self, budget_id: str) -> str:
        return "once" if self.budgets[budget_id].period == "once" else f"{self.now:%Y-%m-%d}"

    def affordable(self, owner: str, payer: str, tags: tuple[str, ...], most: int) -> bool:
        """Tell whether a task that may cost so much can be paid by its payer and its budgets."""
        for each in self.matching(owner, payer, tags):
            key, terms = (each, self.period(each)), self.budgets[each]
            used = self.budget_held[key] + self.budget_spent[key]
            if terms.hard and used + most > terms.amount:
                return False
        return self.available(f"wallet:AIA:{payer}") >= most

    def _set_aside(self, task_id: str, job: Job, owner: str, tags: tuple[str, ...]) -> None:
        if job.payer is None:
            return
        job.rounds += 1
        transfer_id = f"task:{task_id}" if job.rounds == 1 else f"task:{task_id}:{job.rounds}"
        keys = [(each, self.period(each)) for each in self.matching(owner, job.payer, tags)]
        self.aside[transfer_id] = Aside(job.payer, job.most, keys, task_id)
        self.held[f"wallet:AIA:{job.payer}"] += job.most
        for key in keys:
            self.budget_held[key] += job.most

    def _completed(self, task_id: str, event: tasks.TaskCompleted) -> None:
        job = self.jobs[task_id]
        job.completed_at = self.now
        job.until = self.now + timedelta(seconds=self.parameters.rating_window_seconds)
        if task_id in self.promised:
            self.done[task_id] = self.promised.pop(task_id)
        transfer_id = f"task:{task_id}" if job.rounds == 1 else f"task:{task_id}:{job.rounds}"
        if transfer_id in self.aside:
            said = 0 if event.usage is None else event.usage.cost
            self.aside[transfer_id].cost = min(said or job.price, job.most)

    def _cost_settled(self, transfer_id: str, *, paid: bool) -> None:
        aside = self.aside.pop(transfer_id)
        wallet = f"wallet:AIA:{aside.payer}"
        self.held[wallet] -= aside.amount
        agent_id = self.jobs[aside.task_id].agent_id
        cost = aside.cost or 0
        # Nobody pays itself.
        assert paid == (cost > 0 and agent_id != aside.payer), transfer_id
        for key in aside.budgets:
            self.budget_held[key] -= aside.amount
            self.budget_spent[key] += cost if paid else 0
        if paid:
            self.move(wallet, f"wallet:AIA:{agent_id}", cost)

    def _settle(self, item: SettledTask) -> None:
        job, kept = self.jobs[item.task_id], self.done.pop(item.task_id)
        assert not job.settled, "nothing is paid twice"
        job.settled = True
        terms = job.promised
        assert terms is not None and job.completed_at and job.until and job.assigned_at
        assert (item.agent_id, item.base) == (job.agent_id, terms.base)
        assert item.multiplier_ppm == terms.multiplier_ppm
        rating, closed = Fraction(1, 2), not item.forfeited
        if job.rated is not None and not item.forfeited:
            at, said = job.rated
            counts = item.rating_ppm is not None
            assert counts == (at < job.until), "what counts is when it was rated"
            if counts:
                rating, closed = Fraction(round(said * MILLION), MILLION), False
        elif job.rated is None:
            assert item.rating_ppm is None
        assert not closed or self.now >= job.until, "settled before it could be rated"
        took = (job.completed_at - job.assigned_at).total_seconds()
        bonus = Fraction(-1, 10)
        if took <= terms.seconds:
            bonus = Fraction(1, 10) if 2 * took <= terms.seconds else Fraction(0)
        factor = 1 + Fraction(8, 10) * (rating - Fraction(1, 2)) + bonus
        factor = Fraction(factor * MILLION // 1, MILLION)
        earned = terms.base * Fraction(terms.multiplier_ppm, MILLION) * factor // 1
        assert item.reward == (0 if item.forfeited else earned), item
        assert item.reward <= kept
        assert item.gov in self.govs
        self.paid += item.reward
        self.move(RESERVED, f"wallet:AIA:{item.agent_id}", item.reward)
        self.move("reward_pool:AIA_GOV", f"wallet:AIA_GOV:{item.agent_id}", item.gov)

    @property
    def promisable(self) -> int:
        """What of the blocks is neither promised nor paid."""
        kept = sum(self.promised.values()) + sum(self.done.values())
        return self.blocks - kept - self.paid
