# Written by `make client` from its asynchronous twin; changes are lost.
"""Operations of the API: incentive methods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from aia.client.synchronous.group import Group
from aia.client.types import (
    Criterion,
    IncentiveProgram,
    Order,
    Payout,
    ProgramDetails,
    ProgramEligibility,
    ProgramPage,
    ProgramStatus,
)
from aia.client.writing import Amount, exact, given, segment


class IncentiveMethods(Group):
    """Methods of `client.incentives`."""

    def open(
        self,
        title: str,
        budget: Amount,
        ends_at: datetime,
        criterion: Criterion,
        payout: Payout,
        *,
        program_id: str | None = None,
        description: str | None = None,
        token: str | None = None,
        starts_at: datetime | None = None,
        eligibility: ProgramEligibility | Mapping[str, Any] | None = None,
        count: int | None = None,
        min_rating: float | None = None,
        winners: int | None = None,
        amount: Amount | None = None,
        most_per_agent: int | None = None,
        idempotency_key: str | None = None,
    ) -> Order:
        """Open a program; its budget comes out of the treasury.

        It is 202 when the settlement has not carried it out within a few seconds.

        Args:
            title: Its name.
            budget: How much it pays at most, tokens; the treasury sets it aside. A number of
                tokens: a string of plain digits with at most 18 decimals, or a number.
            ends_at: Until when, RFC 3339.
            criterion: What earns an award. `count`: so many completed tasks. `quality`: so many
                results that their clients rated `min_rating` at least. `streak`: so many tasks
                completed in a row, without one that failed or was lost. `first_n`: so many
                completed tasks, for the first `winners` agents that come so far.
            payout: `fixed`: `amount` for each award, as soon as it is earned and as long as the
                budget lasts. `pro_rata`: in the end, the budget in proportion to the awards.
            program_id: Its id; left out: one is made up.
            description: For people.
            token: What it pays in.
            starts_at: From when on work counts, RFC 3339; left out: at once.
            eligibility: Whose work counts, and which.
            count: How many.
            min_rating: From which rating on; with `quality`.
            winners: How many agents; with `first_n`.
            amount: What an award is worth, tokens; with `fixed`. A number of tokens: a string of
                plain digits with at most 18 decimals, or a number.
            most_per_agent: How many awards an agent can earn; left out: any number.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            client.incentives.open(
                "Ten good analyses",
                "1000",
                datetime(2100, 1, 1, tzinfo=UTC),
                "quality",
                "fixed",
                eligibility={"task_types": ["data_analysis"], "tiers": ["silver", "gold"]},
                count=10,
                min_rating=0.9,
                amount="25",
                most_per_agent=2,
            )
        """
        body = {
            "title": title,
            "budget": exact(budget),
            "ends_at": ends_at,
            "criterion": criterion,
            "payout": payout,
            **given(
                {
                    "program_id": program_id,
                    "description": description,
                    "token": token,
                    "starts_at": starts_at,
                    "eligibility": eligibility,
                    "count": count,
                    "min_rating": min_rating,
                    "winners": winners,
                    "amount": exact(amount),
                    "most_per_agent": most_per_agent,
                }
            ),
        }
        return self._connection.command(
            "POST", "/mas/api/v1/economic/incentives", Order, body, key=idempotency_key
        )

    def cancel(
        self,
        program_id: str,
        *,
        reason: str | None = None,
        idempotency_key: str | None = None,
    ) -> Order:
        """Call a program off: from then on nothing is earned.

        What was earned for fixed amounts is still paid; the rest goes back to the treasury.

        Args:
            program_id: The incentive program.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            client.incentives.cancel("program-17", reason="the quarter is closed")
        """
        body = given({"reason": reason}) or None
        return self._connection.command(
            "POST",
            f"/mas/api/v1/economic/incentives/{segment(program_id)}/cancel",
            Order,
            body,
            key=idempotency_key,
        )

    def get(
        self,
        program_id: str,
        *,
        min_position: int | None = None,
    ) -> ProgramDetails:
        """Return a program, how far agents have come, and what it paid.

        Args:
            program_id: The incentive program.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.incentives.get("program-17")
        """
        return self._connection.read(
            f"/mas/api/v1/economic/incentives/{segment(program_id)}",
            ProgramDetails,
            {"min_position": min_position},
        )

    def list(
        self,
        *,
        status: ProgramStatus | Sequence[ProgramStatus] | None = None,
        criterion: Criterion | None = None,
        token: str | None = None,
        sort: Literal[
            "opened_at",
            "-opened_at",
            "ends_at",
            "-ends_at",
            "budget",
            "-budget",
            "program_id",
            "-program_id",
        ]
        | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
        min_position: int | None = None,
    ) -> ProgramPage:
        """List the programs, the latest first.

        Args:
            status: So far, or over.
            criterion: Giving awards for this.
            token: Paying in this token.
            sort: The order; with `-` the largest, or latest, first.
            limit: Items of a page, at most.
            cursor: `next_cursor` of the page before, with the same filters.
            total: Also count all items.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.incentives.list()
        """
        return self._connection.read(
            "/mas/api/v1/economic/incentives",
            ProgramPage,
            {
                "status": status,
                "criterion": criterion,
                "token": token,
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
        status: ProgramStatus | Sequence[ProgramStatus] | None = None,
        criterion: Criterion | None = None,
        token: str | None = None,
        sort: Literal[
            "opened_at",
            "-opened_at",
            "ends_at",
            "-ends_at",
            "budget",
            "-budget",
            "program_id",
            "-program_id",
        ]
        | None = None,
        limit: int | None = None,
        min_position: int | None = None,
    ) -> Iterator[IncentiveProgram]:
        """Iterate over all that `list` lists, page by page.

        Args:
            status: So far, or over.
            criterion: Giving awards for this.
            token: Paying in this token.
            sort: The order; with `-` the largest, or latest, first.
            limit: Items of a page, at most.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            for item in client.incentives.iterate():
                print(item)
        """
        cursor: str | None = None
        while True:
            page = self.list(
                status=status,
                criterion=criterion,
                token=token,
                sort=sort,
                limit=limit,
                min_position=min_position,
                cursor=cursor,
            )
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return
