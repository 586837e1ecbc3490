# Written by `make client` from the OpenAPI document; changes are lost.
"""Operations of the API: policies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aia.client.asynchronous.group import AsyncGroup
from aia.client.types import FeatureWeights, PoliciesAnswer
from aia.client.writing import Revisions, conditions, given, segment


class AsyncPolicies(AsyncGroup):
    """Methods of `client.policies`."""

    async def get(
        self,
        *,
        min_position: int | None = None,
    ) -> PoliciesAnswer:
        """Return the policies there are, which one is in force for what, and the weights.

        Args:
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            await client.policies.get()
        """
        return await self._connection.read(
            "/mas/api/v1/agents/tasks/policies", PoliciesAnswer, {"min_position": min_position}
        )

    async def replace(
        self,
        *,
        weights: FeatureWeights | Mapping[str, Any] | None = None,
        default: str | None = None,
        by_type: Mapping[str, str] | None = None,
        if_match: Revisions | None = None,
        idempotency_key: str | None = None,
    ) -> PoliciesAnswer:
        """Set all of it, for every assignment from now on (If-Match: of this revision only).

        Args:
            weights: What each feature counts; left out: as configured.
            default: The policy of all types of tasks that have none of their own.
            by_type: Policy by type of task.
            if_match: The revision that the change is meant for, or several; `*`: whichever there
                is.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.policies.replace(
                weights={
                    "quality": 0.4,
                    "latency": 0.2,
                    "headroom": 0.1,
                    "price": 0.15,
                    "stake": 0.05,
                    "affinity": 0.1,
                },
                default="scored",
                by_type={"report": "cheapest"},
            )
        """
        body = given({"weights": weights, "default": default, "by_type": by_type})
        return await self._connection.command(
            "PUT",
            "/mas/api/v1/agents/tasks/policies",
            PoliciesAnswer,
            body,
            key=idempotency_key,
            headers=conditions(if_match),
        )

    async def set(
        self,
        task_type: str,
        policy: str,
        *,
        if_match: Revisions | None = None,
        idempotency_key: str | None = None,
    ) -> PoliciesAnswer:
        """Set the policy of one type of task.

        Args:
            task_type: The type of task.
            if_match: The revision that the change is meant for, or several; `*`: whichever there
                is.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.policies.set("report", "sticky")
        """
        body = {"policy": policy}
        return await self._connection.command(
            "PUT",
            f"/mas/api/v1/agents/tasks/policies/{segment(task_type)}",
            PoliciesAnswer,
            body,
            key=idempotency_key,
            headers=conditions(if_match),
        )

    async def remove(
        self,
        task_type: str,
        *,
        if_match: Revisions | None = None,
        idempotency_key: str | None = None,
    ) -> PoliciesAnswer:
        """Have the default policy choose for one type of task again.

        Args:
            task_type: The type of task.
            if_match: The revision that the change is meant for, or several; `*`: whichever there
                is.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.policies.remove("report")
        """
        return await self._connection.command(
            "DELETE",
            f"/mas/api/v1/agents/tasks/policies/{segment(task_type)}",
            PoliciesAnswer,
            None,
            key=idempotency_key,
            headers=conditions(if_match),
        )
