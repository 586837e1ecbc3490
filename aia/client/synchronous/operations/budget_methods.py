# Written by `make client` from its asynchronous twin; changes are lost.
"""Operations of the API: budget methods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from aia.client.synchronous.group import Group
from aia.client.types import Budget, BudgetAnswer, BudgetDetails, BudgetPage, Done, Period, Scope
from aia.client.writing import Amount, Revisions, conditions, exact, given, segment


class BudgetMethods(Group):
    """Methods of `client.budgets`."""

    def create(
        self,
        scope: Scope,
        match: str,
        amount: Amount,
        period: Period,
        *,
        warn_percent: float | None = None,
        hard_stop: bool | None = None,
        budget_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> BudgetAnswer:
        """Make a budget. From then on it counts every task with a payer that it applies to.

        Args:
            scope: What of a task is looked at: the `client` whom it belongs to, the `owner` of the
                wallet that pays, or one `tag` of its `cost_tags`.
            match: What that must be.
            amount: How much may be held and spent in one period, tokens. A number of tokens: a
                string of plain digits with at most 18 decimals, or a number.
            period: How long that lasts, by the calendar of UTC; `once`: for ever.
            warn_percent: At which part of the amount it warns; left out: as the parameters of the
                economy say (80 unless they were changed).
            hard_stop: It refuses tasks that may cost more than it leaves (`budget_exhausted`);
                else it only tells (`budget.exceeded`).
            budget_id: Its id.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            client.budgets.create(
                "client", "analytics_team", "500", "month", warn_percent=80, hard_stop=True
            )
        """
        body = {
            "scope": scope,
            "match": match,
            "amount": exact(amount),
            "period": period,
            **given({"warn_percent": warn_percent, "hard_stop": hard_stop, "budget_id": budget_id}),
        }
        return self._connection.command(
            "POST", "/mas/api/v1/economic/budgets", BudgetAnswer, body, key=idempotency_key
        )

    def set(
        self,
        budget_id: str,
        scope: Scope,
        match: str,
        amount: Amount,
        period: Period,
        *,
        warn_percent: float | None = None,
        hard_stop: bool | None = None,
        if_match: Revisions | None = None,
        if_none_match: Literal["*"] | None = None,
        idempotency_key: str | None = None,
    ) -> BudgetAnswer:
        """Make a budget be like this, with what is used of it already.

        What it is about and its period stay as they are. If-Match: change this revision only.
        If-None-Match: `*` makes only.

        Args:
            budget_id: The budget.
            scope: What of a task is looked at: the `client` whom it belongs to, the `owner` of the
                wallet that pays, or one `tag` of its `cost_tags`.
            match: What that must be.
            amount: How much may be held and spent in one period, tokens. A number of tokens: a
                string of plain digits with at most 18 decimals, or a number.
            period: How long that lasts, by the calendar of UTC; `once`: for ever.
            warn_percent: At which part of the amount it warns; left out: as the parameters of the
                economy say (80 unless they were changed).
            hard_stop: It refuses tasks that may cost more than it leaves (`budget_exhausted`);
                else it only tells (`budget.exceeded`).
            if_match: The revision that the change is meant for, or several; `*`: whichever there
                is.
            if_none_match: `*`: only if there is none yet.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            client.budgets.set("research", "tag", "research", "200", "week")
        """
        body = {
            "scope": scope,
            "match": match,
            "amount": exact(amount),
            "period": period,
            **given({"warn_percent": warn_percent, "hard_stop": hard_stop}),
        }
        return self._connection.command(
            "PUT",
            f"/mas/api/v1/economic/budgets/{segment(budget_id)}",
            BudgetAnswer,
            body,
            key=idempotency_key,
            headers=conditions(if_match, if_none_match),
        )

    def get(
        self,
        budget_id: str,
        *,
        min_position: int | None = None,
    ) -> BudgetDetails:
        """Return a budget: what it says, what is used of its periods, and how long it lasts.

        Args:
            budget_id: The budget.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.budgets.get("research")
        """
        return self._connection.read(
            f"/mas/api/v1/economic/budgets/{segment(budget_id)}",
            BudgetDetails,
            {"min_position": min_position},
        )

    def list(
        self,
        *,
        scope: Scope | None = None,
        match: str | None = None,
        sort: Literal["budget_id", "-budget_id", "amount", "-amount", "created_at", "-created_at"]
        | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
        min_position: int | None = None,
    ) -> BudgetPage:
        """List the budgets, with what is held and spent of their current periods.

        Args:
            scope: About clients, owners of wallets, or tags.
            match: About this client, owner or tag.
            sort: The order; with `-` the largest, or latest, first.
            limit: Items of a page, at most.
            cursor: `next_cursor` of the page before, with the same filters.
            total: Also count all items.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.budgets.list()
        """
        return self._connection.read(
            "/mas/api/v1/economic/budgets",
            BudgetPage,
            {
                "scope": scope,
                "match": match,
                "sort": sort,
                "limit": limit,
                "cursor": cursor,
                "total": total,
                "min_position": min_position,
            },
        )

    def iterate(
        self,
        *,
        scope: Scope | None = None,
        match: str | None = None,
        sort: Literal["budget_id", "-budget_id", "amount", "-amount", "created_at", "-created_at"]
        | None = None,
        limit: int | None = None,
        min_position: int | None = None,
    ) -> Iterator[Budget]:
        """Iterate over all that `list` lists, page by page.

        Args:
            scope: About clients, owners of wallets, or tags.
            match: About this client, owner or tag.
            sort: The order; with `-` the largest, or latest, first.
            limit: Items of a page, at most.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            for item in client.budgets.iterate():
                print(item)
        """
        cursor: str | None = None
        while True:
            page = self.list(
                scope=scope,
                match=match,
                sort=sort,
                limit=limit,
                min_position=min_position,
                cursor=cursor,
            )
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return

    def remove(
        self,
        budget_id: str,
        *,
        if_match: Revisions | None = None,
        idempotency_key: str | None = None,
    ) -> Done:
        """Remove a budget; tasks that are under way end in it as they would have.

        Args:
            budget_id: The budget.
            if_match: The revision that the change is meant for, or several; `*`: whichever there
                is.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            client.budgets.remove("research")
        """
        return self._connection.command(
            "DELETE",
            f"/mas/api/v1/economic/budgets/{segment(budget_id)}",
            Done,
            None,
            key=idempotency_key,
            headers=conditions(if_match),
        )
