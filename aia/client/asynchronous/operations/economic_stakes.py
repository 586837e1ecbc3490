# Written by `make client` from the OpenAPI document; changes are lost.
"""Operations of the API: economic stakes."""

from __future__ import annotations

from typing import Literal

from aia.client.asynchronous.group import AsyncGroup
from aia.client.types import AgentStake, Order, StakeAnswer
from aia.client.writing import Amount, exact, given, segment


class AsyncEconomicStakes(AsyncGroup):
    """Methods of `client.economy`."""

    async def stake_of(
        self,
        agent_id: str,
        *,
        min_position: int | None = None,
    ) -> AgentStake:
        """Return an agent's stake, its tier and what it can claim; all 0 where there is none.

        Args:
            agent_id: The agent.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            await client.economy.stake_of("data_analyst_001")
        """
        return await self._connection.read(
            f"/mas/api/v1/economic/agents/{segment(agent_id)}/stake",
            AgentStake,
            {"min_position": min_position},
        )

    async def stake(
        self,
        agent_id: str,
        amount: Amount,
        *,
        token: Literal["AIA", "AIA_GOV"] | None = None,
        idempotency_key: str | None = None,
    ) -> StakeAnswer:
        """Bond tokens of the wallet.

        What was bonded counts at once, or where there is a minimum age, when it has that
        (`maturing`).

        Args:
            agent_id: The agent.
            amount: How much, tokens. A number of tokens: a string of plain digits with at most 18
                decimals, or a number.
            token: AIA makes a tier, AIA_GOV votes only.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.economy.stake("data_analyst_001", "300")
        """
        body = {"amount": exact(amount), **given({"token": token})}
        return await self._connection.command(
            "POST",
            f"/mas/api/v1/economic/agents/{segment(agent_id)}/stake",
            StakeAnswer,
            body,
            key=idempotency_key,
        )

    async def unstake(
        self,
        agent_id: str,
        *,
        amount: Amount | None = None,
        token: Literal["AIA", "AIA_GOV"] | None = None,
        idempotency_key: str | None = None,
    ) -> StakeAnswer:
        """Take stake back; after the period of unbonding it is in the wallet.

        It is the last one of `unbondings` then; where there is no such period, it is in the wallet
        at once. What was staked last goes first.

        Args:
            agent_id: The agent.
            amount: How much, tokens; left out: all that is not delegated. A number of tokens: a
                string of plain digits with at most 18 decimals, or a number.
            token: AIA or AIA_GOV.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.economy.unstake("data_analyst_001", amount="100")
        """
        body = given({"amount": exact(amount), "token": token}) or None
        return await self._connection.command(
            "POST",
            f"/mas/api/v1/economic/agents/{segment(agent_id)}/unstake",
            StakeAnswer,
            body,
            key=idempotency_key,
        )

    async def cancel_unstake(
        self,
        agent_id: str,
        unbonding_id: str,
        *,
        idempotency_key: str | None = None,
    ) -> StakeAnswer:
        """Bond again what is unbonding; it counts when it would have, had it stayed.

        Args:
            agent_id: The agent.
            unbonding_id: As it stands in the stake.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.economy.cancel_unstake(
                "data_analyst_001", "01a2036c-65fc-7403-87f1-7ad5c6d11796"
            )
        """
        body = {"unbonding_id": unbonding_id}
        return await self._connection.command(
            "POST",
            f"/mas/api/v1/economic/agents/{segment(agent_id)}/unstake/cancel",
            StakeAnswer,
            body,
            key=idempotency_key,
        )

    async def claim_rewards(
        self,
        agent_id: str,
        *,
        idempotency_key: str | None = None,
    ) -> Order:
        """Have the staking rewards that were earned so far paid to the wallet.

        The settlement does it: 202 with a `Location` when that takes more than a few seconds.

        Args:
            agent_id: The agent.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.economy.claim_rewards("data_analyst_001")
        """
        return await self._connection.command(
            "POST",
            f"/mas/api/v1/economic/agents/{segment(agent_id)}/claim-rewards",
            Order,
            None,
            key=idempotency_key,
        )

    async def delegate_stake(
        self,
        agent_id: str,
        to: str,
        amount: Amount,
        *,
        idempotency_key: str | None = None,
    ) -> StakeAnswer:
        """Have stake count for another agent; it stays its owner's, and earns for it.

        Args:
            agent_id: The agent.
            amount: A number of tokens: a string of plain digits with at most 18 decimals, or a
                number.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.economy.delegate_stake("data_analyst_001", "data_analyst_002", "100")
        """
        body = {"to": to, "amount": exact(amount)}
        return await self._connection.command(
            "POST",
            f"/mas/api/v1/economic/agents/{segment(agent_id)}/delegate",
            StakeAnswer,
            body,
            key=idempotency_key,
        )

    async def undelegate_stake(
        self,
        agent_id: str,
        *,
        to: str | None = None,
        from_agent: str | None = None,
        amount: Amount | None = None,
        idempotency_key: str | None = None,
    ) -> StakeAnswer:
        """Take delegated stake back (`to`), or give back what was got (`from_agent`).

        Until the period of unbonding is over it counts for neither of the two, and is at risk for
        what the one it was delegated to did. The answer is the stake of its owner.

        Args:
            agent_id: The agent.
            to: To whom it was given.
            from_agent: From whom it was got.
            amount: How much of it, tokens; left out: all of it. A number of tokens: a string of
                plain digits with at most 18 decimals, or a number.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.economy.undelegate_stake(
                "data_analyst_001", to="data_analyst_002", amount="50"
            )
        """
        body = given({"to": to, "from_agent": from_agent, "amount": exact(amount)})
        return await self._connection.command(
            "POST",
            f"/mas/api/v1/economic/agents/{segment(agent_id)}/undelegate",
            StakeAnswer,
            body,
            key=idempotency_key,
        )

    async def unjail(
        self,
        agent_id: str,
        *,
        idempotency_key: str | None = None,
    ) -> StakeAnswer:
        """End the time in jail of an agent that went missing, once it is over.

        Args:
            agent_id: The agent.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.economy.unjail("data_analyst_001")
        """
        return await self._connection.command(
            "POST",
            f"/mas/api/v1/economic/agents/{segment(agent_id)}/unjail",
            StakeAnswer,
            None,
            key=idempotency_key,
        )

    async def slash(
        self,
        agent_id: str,
        evidence_id: str,
        *,
        amount: Amount | None = None,
        fraction: float | None = None,
        reporter: str | None = None,
        reason: str | None = None,
        idempotency_key: str | None = None,
    ) -> Order:
        """Take stake from an agent, for evidence against it; each evidence counts once.

        Its own stake, what is unbonding and what was delegated to it lose the same share.

        Args:
            agent_id: The agent.
            evidence_id: For which evidence; each counts once.
            amount: How much in all, tokens; all that is at risk, when that is less. A number of
                tokens: a string of plain digits with at most 18 decimals, or a number.
            fraction: Which share of all that is at risk, above 0 and at most 1, to a millionth.
            reporter: Whose wallet gets the reporter's share.
            reason: Why, for people.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.economy.slash(
                "data_analyst_001",
                "case-17",
                fraction=0.05,
                reporter="auditor_001",
                reason="results were made up",
            )
        """
        body = {
            "evidence_id": evidence_id,
            **given(
                {
                    "amount": exact(amount),
                    "fraction": fraction,
                    "reporter": reporter,
                    "reason": reason,
                }
            ),
        }
        return await self._connection.command(
            "POST",
            f"/mas/api/v1/economic/agents/{segment(agent_id)}/slash",
            Order,
            body,
            key=idempotency_key,
        )
