# Written by `make client` from the OpenAPI document; changes are lost.
"""Operations of the API: economic supply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aia.client.asynchronous.group import AsyncGroup
from aia.client.types import ChangedProposalKind, ChangedTier, Enrolled, Order
from aia.client.writing import Amount, Revisions, conditions, exact, given, segment


class AsyncEconomicSupply(AsyncGroup):
    """Methods of `client.economy`."""

    async def register(
        self,
        agent_id: str,
        amount: Amount,
        *,
        token: str | None = None,
        idempotency_key: str | None = None,
    ) -> Enrolled:
        """Fill an agent's wallet; it need not be registered as an agent.

        In development the faucet does it. Elsewhere it is a grant out of the treasury when a
        treasurer asks; the agent itself is told whether it has as much: 402 `insufficient_funds`
        when it has not. 202 when the order takes longer than a few seconds.

        Args:
            agent_id: The agent.
            amount: How much is to be in its wallet, or to be added to that. A number of tokens: a
                string of plain digits with at most 18 decimals, or a number.
            token: Of which token.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.economy.register("data_analyst_001", "500")
        """
        body = {"amount": exact(amount), **given({"token": token})}
        return await self._connection.command(
            "POST",
            f"/mas/api/v1/economic/agents/{segment(agent_id)}/register",
            Enrolled,
            body,
            key=idempotency_key,
        )

    async def mint(
        self,
        amount: Amount,
        *,
        token: str | None = None,
        note: str | None = None,
        idempotency_key: str | None = None,
    ) -> Order:
        """Bring tokens into the world, for the treasury; never more than the cap allows.

        It is an order: 200 when it was carried out, 202 when that takes longer than a few seconds.

        Args:
            amount: How many. A number of tokens: a string of plain digits with at most 18
                decimals, or a number.
            token: Of which token.
            note: Why, for the record.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.economy.mint("1000000", token="AIA", note="second year")
        """
        body = {"amount": exact(amount), **given({"token": token, "note": note})}
        return await self._connection.command(
            "POST", "/mas/api/v1/economic/treasury/mint", Order, body, key=idempotency_key
        )

    async def burn(
        self,
        amount: Amount,
        *,
        token: str | None = None,
        note: str | None = None,
        idempotency_key: str | None = None,
    ) -> Order:
        """Take tokens of the treasury out of the world for good; an order, see `mint`.

        Args:
            amount: How many. A number of tokens: a string of plain digits with at most 18
                decimals, or a number.
            token: Of which token.
            note: Why, for the record.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.economy.burn("1000", token="AIA", note="buy-back")
        """
        body = {"amount": exact(amount), **given({"token": token, "note": note})}
        return await self._connection.command(
            "POST", "/mas/api/v1/economic/treasury/burn", Order, body, key=idempotency_key
        )

    async def fund(
        self,
        amount: Amount,
        *,
        agent_id: str | None = None,
        account: str | None = None,
        token: str | None = None,
        note: str | None = None,
        idempotency_key: str | None = None,
    ) -> Order:
        """Give tokens of the treasury to an agent's wallet, an account or a pool; an order.

        Whose wallet it is need not be registered yet: it finds the grant when it comes, and may
        stake it with its registration.

        Args:
            amount: How many. A number of tokens: a string of plain digits with at most 18
                decimals, or a number.
            agent_id: Whose wallet gets them; it need not be registered yet.
            account: Or which account: a wallet by its id, `reward_pool` or `staking_rewards`.
            token: Of which token; left out: that of the account, else AIA.
            note: Why, for the record.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.economy.fund("500", agent_id="data_analyst_001", note="a grant")
        """
        body = {
            "amount": exact(amount),
            **given({"agent_id": agent_id, "account": account, "token": token, "note": note}),
        }
        return await self._connection.command(
            "POST", "/mas/api/v1/economic/treasury/fund", Order, body, key=idempotency_key
        )

    async def change_parameters(
        self,
        *,
        tiers: Sequence[ChangedTier | Mapping[str, Any]] | None = None,
        base_task_reward: Amount | None = None,
        stake_per_task: Amount | None = None,
        min_delegation: Amount | None = None,
        min_stake_age_seconds: int | None = None,
        unbonding_seconds: int | None = None,
        reward_block: Amount | None = None,
        rating_window_seconds: int | None = None,
        staking_reward_per_day: Amount | None = None,
        staking_reward_interval_seconds: int | None = None,
        reporter_share_ppm: int | None = None,
        jail_lost_tasks: int | None = None,
        jail_window_seconds: int | None = None,
        jail_seconds: int | None = None,
        gov_per_completion: Amount | None = None,
        gov_per_vote: Amount | None = None,
        vote_reward_interval_seconds: int | None = None,
        open_proposals_per_proposer: int | None = None,
        budget_warning_ppm: int | None = None,
        proposal_kinds: Sequence[ChangedProposalKind | Mapping[str, Any]] | None = None,
        reason: str | None = None,
        if_match: Revisions | None = None,
        idempotency_key: str | None = None,
    ) -> Order:
        """Change the parameters given; the others stay (If-Match: in this revision only).

        It is an order: 200 when it was carried out, 202 when that takes longer than a few seconds.

        Args:
            tiers: All tiers, by rising stake.
            base_task_reward: A number of tokens: a string of plain digits with at most 18
                decimals, or a number.
            stake_per_task: A number of tokens: a string of plain digits with at most 18 decimals,
                or a number.
            min_delegation: A number of tokens: a string of plain digits with at most 18 decimals,
                or a number.
            reward_block: A number of tokens: a string of plain digits with at most 18 decimals, or
                a number.
            staking_reward_per_day: A number of tokens: a string of plain digits with at most 18
                decimals, or a number.
            gov_per_completion: A number of tokens: a string of plain digits with at most 18
                decimals, or a number.
            gov_per_vote: A number of tokens: a string of plain digits with at most 18 decimals, or
                a number.
            proposal_kinds: All kinds of proposals.
            reason: Why, for the record.
            if_match: The revision that the change is meant for, or several; `*`: whichever there
                is.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.economy.change_parameters(base_task_reward="12", reason="more to do")
        """
        body = given(
            {
                "tiers": tiers,
                "base_task_reward": exact(base_task_reward),
                "stake_per_task": exact(stake_per_task),
                "min_delegation": exact(min_delegation),
                "min_stake_age_seconds": min_stake_age_seconds,
                "unbonding_seconds": unbonding_seconds,
                "reward_block": exact(reward_block),
                "rating_window_seconds": rating_window_seconds,
                "staking_reward_per_day": exact(staking_reward_per_day),
                "staking_reward_interval_seconds": staking_reward_interval_seconds,
                "reporter_share_ppm": reporter_share_ppm,
                "jail_lost_tasks": jail_lost_tasks,
                "jail_window_seconds": jail_window_seconds,
                "jail_seconds": jail_seconds,
                "gov_per_completion": exact(gov_per_completion),
                "gov_per_vote": exact(gov_per_vote),
                "vote_reward_interval_seconds": vote_reward_interval_seconds,
                "open_proposals_per_proposer": open_proposals_per_proposer,
                "budget_warning_ppm": budget_warning_ppm,
                "proposal_kinds": proposal_kinds,
                "reason": reason,
            }
        )
        return await self._connection.command(
            "PUT",
            "/mas/api/v1/economic/parameters",
            Order,
            body,
            key=idempotency_key,
            headers=conditions(if_match),
        )
