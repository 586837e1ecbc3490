# Written by `make client` from the OpenAPI document; changes are lost.
"""Operations of the API: rule methods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aia.client.asynchronous.group import AsyncGroup
from aia.client.types import Done, FlatDestination, Priority, RuleList, RuleMatch, RuleView
from aia.client.writing import given, segment


class AsyncRuleMethods(AsyncGroup):
    """Methods of `client.routing`."""

    async def rule(
        self,
        rule_id: str,
        *,
        min_position: int | None = None,
    ) -> RuleView:
        """Return a routing rule.

        Args:
            rule_id: The rule.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            await client.routing.rule("on_call")
        """
        return await self._connection.read(
            f"/mas/api/v1/communication/rules/{segment(rule_id)}",
            RuleView,
            {"min_position": min_position},
        )

    async def rules(
        self,
        *,
        min_position: int | None = None,
    ) -> RuleList:
        """List the routing rules, 256 at most, in the order in which they are followed.

        Args:
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            await client.routing.rules()
        """
        return await self._connection.read(
            "/mas/api/v1/communication/rules", RuleList, {"min_position": min_position}
        )

    async def set_rule(
        self,
        rule_id: str,
        match: RuleMatch | Mapping[str, Any],
        *,
        order: int | None = None,
        to: FlatDestination | Mapping[str, Any] | None = None,
        copy_to: FlatDestination | Mapping[str, Any] | None = None,
        priority: Priority | None = None,
        last: bool | None = None,
        enabled: bool | None = None,
        description: str | None = None,
        idempotency_key: str | None = None,
    ) -> RuleView:
        """Have a rule be like this, in place of the one of its id if there is one.

        Messages that meet it go elsewhere, to others as well, or at another priority, from the
        answer on; other nodes follow within milliseconds.

        Args:
            rule_id: The rule.
            match: For which messages it is; at least one thing is said.
            order: Rules are followed from the lowest to the highest, then by id; 0..1000000.
            to: They go there, and not where they were sent.
            copy_to: They go there, too.
            priority: They have this priority.
            last: No rule behind it is followed for them.
            enabled: It is followed at all.
            description: For people, at most 1,000 characters.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.routing.set_rule(
                "on_call",
                {"topic": "alerts.>", "headers": {"severity": "high"}},
                copy_to={"role": "on_call"},
                priority="critical",
                description="whoever is on call hears of it",
            )
        """
        body = {
            "match": match,
            **given(
                {
                    "order": order,
                    "to": to,
                    "copy_to": copy_to,
                    "priority": priority,
                    "last": last,
                    "enabled": enabled,
                    "description": description,
                }
            ),
        }
        return await self._connection.command(
            "PUT",
            f"/mas/api/v1/communication/rules/{segment(rule_id)}",
            RuleView,
            body,
            key=idempotency_key,
        )

    async def remove_rule(
        self,
        rule_id: str,
        *,
        idempotency_key: str | None = None,
    ) -> Done:
        """Remove a rule.

        Args:
            rule_id: The rule.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.routing.remove_rule("on_call")
        """
        return await self._connection.command(
            "DELETE",
            f"/mas/api/v1/communication/rules/{segment(rule_id)}",
            Done,
            None,
            key=idempotency_key,
        )
