"""What agents do with tokens: wallets, stakes, rewards, proposals and votes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
import structlog

from aia.agents.economic_node import SETTLEMENT_SECONDS, caught_up, check_done, ordered
from aia.agents.economic_profile import AgentEconomicProfile
from aia.agents.incentives import PerformanceIncentive
from aia.agents.on_a_node import HOST, OnANode
from aia.agents.shapes import Amount
from aia_mas.application.engine.engine import Origin
from aia_mas.domain.economy.accounts import AIA, wallet
from aia_mas.domain.economy.governance.commands import CastVote, CreateProposal
from aia_mas.domain.economy.governance.errors import AlreadyVoted, ProposalNotFound
from aia_mas.domain.economy.governance.proposal_events import ProposedOrder
from aia_mas.domain.economy.governance.tally import Choice
from aia_mas.domain.economy.incentives.orders import OpenProgram
from aia_mas.domain.economy.ledger import Entry, move
from aia_mas.domain.economy.ledger.commands import Transfer
from aia_mas.domain.economy.staking.commands import Stake, Unstake
from aia_mas.domain.economy.staking.rewards import ClaimRewards
from aia_mas.domain.kernel import DomainError
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.interfaces.bootstrap import System
from aia_mas.interfaces.http.schemas.amounts import units, written

log = structlog.stdlib.get_logger("aia.agents.economic")


class AgentEconomicIntegrator(OnANode):
    """What agents do with tokens; amounts are tokens, never floats that cannot be written down."""

    async def register_agent_economically(
        self, agent_id: str, amount: Amount, token: str = AIA
    ) -> AgentEconomicProfile:
        """Fill an agent's wallet; it need not be registered as an agent.

        In development the tokens come from the faucet, elsewhere out of the treasury.

        Raises:
            InvalidValue: The id or the amount is none.
            InsufficientFunds: The treasury has not as much.
            SupplyCapReached: The faucet has no more.
            TimeoutError: The settlement has not come to it within a minute; it will.
        """
        granted = _units(amount)

        async def enter(system: System) -> None:
            entered = await system.economy.enrolment.enter(
                agent_id, granted, Origin(HOST), token, SETTLEMENT_SECONDS
            )
            check_done(entered.agent.order)

        await self._call(enter)
        return await self._profile(agent_id)

    async def stake_tokens(
        self, agent_id: str, amount: Amount, token: str = AIA
    ) -> AgentEconomicProfile:
        """Bond tokens of an agent's wallet: AIA makes its tier, and both tokens its vote.

        Raises:
            InvalidValue: The id, the token or the amount is none.
            InsufficientFunds: There is not as much in the wallet.
        """
        bonded = _units(amount)
        await self._execute(
            lambda system: Stake(
                agent_id=agent_id, amount=bonded, transfer_id=system.new_id(), token=token
            )
        )
        return await self._profile(agent_id)

    async def unstake_tokens(
        self, agent_id: str, amount: Amount | None = None, token: str = AIA
    ) -> AgentEconomicProfile:
        """Take stake back (None: all that is free); it is in the wallet once it has unbonded.

        Raises:
            InsufficientStake: As much is not bonded, or not free.
        """
        taken = None if amount is None else _units(amount)
        await self._execute(
            lambda system: Unstake(
                agent_id=agent_id, amount=taken, transfer_id=system.new_id(), token=token
            )
        )
        return await self._profile(agent_id)

    async def claim_rewards(self, agent_id: str) -> AgentEconomicProfile:
        """Have what an agent earned by staking paid into its wallet.

        Raises:
            DomainError: ``nothing_to_claim``: it has earned nothing since the last time.
            TimeoutError: The settlement has not come to it within a minute; it will.
        """
        await self._call(lambda system: ordered(system, ClaimRewards(agent_id=agent_id)))
        return await self._profile(agent_id)

    async def transfer_tokens(
        self,
        from_agent: str,
        to_agent: str,
        amount: Amount,
        *,
        token: str = AIA,
        reason: str = "transfer",
        metadata: Mapping[str, str] | None = None,
        transfer_id: str | None = None,
    ) -> str:
        """Move tokens between wallets.

        Args:
            from_agent: Whose wallet they come from.
            to_agent: Whose wallet they go to.
            amount: How much.
            token: Of which token.
            reason: A word for why.
            metadata: What is kept with the transfer.
            transfer_id: Its id; the same transfer again under the same id changes nothing.

        Returns:
            The id of the transfer.

        Raises:
            InsufficientFunds: There is not as much available.
            Exists: There is another transfer of this id.
        """
        legs = move(wallet(from_agent, token), wallet(to_agent, token), _units(amount))

        async def transfer(system: System) -> str:
            entry = Entry(
                transfer_id=transfer_id or system.new_id(),
                legs=legs,
                reason=reason,
                metadata=metadata or {},
            )
            await system.engine.execute(Transfer(entry=entry), HOST)
            return entry.transfer_id

        return await self._call(transfer)

    async def create_proposal(
        self,
        proposal_id: str,
        *,
        title: str,
        proposer: str,
        kind: str = "text",
        body: str = "",
        commands: Sequence[Mapping[str, Any]] = (),
    ) -> str:
        """Propose something; its deposit is held in the proposer's wallet.

        Args:
            proposal_id: Its id; the same proposal again under the same id changes nothing.
            title: What, in a line.
            proposer: Who proposes.
            kind: Of which kind; it says what the proposal may do, and how it is decided.
            body: What, at length.
            commands: What is done when it is accepted: ``{"kind": ..., "order": {...}}`` each.

        Returns:
            The id.

        Raises:
            InvalidValue: Something of it is not as it should be.
            InsufficientFunds: The proposer cannot make the deposit.
        """
        command = CreateProposal(
            proposal_id=proposal_id,
            kind=kind,
            title=title,
            body=body,
            orders=tuple(_ordered(each) for each in commands),
            proposer=proposer,
        )
        await self._execute(lambda _: command)
        return proposal_id

    async def participate_in_governance(
        self,
        agent_id: str,
        proposal_id: str,
        choice: Literal["yes", "no", "abstain", "veto"] | str,
        reason: str = "",
    ) -> bool:
        """Vote for an agent, with the power that it had when voting began.

        Returns:
            Whether the vote counts; to vote the same again is no mistake. False when there is no
            such proposal, no vote is on, the agent has no power, or has voted otherwise (the log
            tells why).

        Raises:
            InvalidValue: This is no choice.
        """
        if choice not in {each.value for each in Choice}:
            known = ", ".join(each.value for each in Choice)
            raise InvalidValue(f"{choice!r} is none of {known}", field="choice")
        command = CastVote(
            proposal_id=proposal_id, voter=agent_id, choice=Choice(choice), reason=reason
        )

        async def vote(system: System) -> None:
            await system.economy.polls.carry_out(system.engine, command, Origin(HOST))

        try:
            await self._call(vote)
        except InvalidValue:
            raise
        except ProposalNotFound:
            log.warning("unknown_proposal", agent_id=agent_id, proposal_id=proposal_id)
            return False
        except DomainError as error:
            if error.code == AlreadyVoted.code and error.facts.get("choice") == choice:
                return True
            log.warning(
                "vote_refused",
                agent_id=agent_id,
                proposal_id=proposal_id,
                code=error.code,
                detail=error.detail,
            )
            return False
        return True

    async def get_profile(self, agent_id: str) -> AgentEconomicProfile | None:
        """Return how an agent stands; None: nobody of this id has ever been here."""

        async def get(system: System) -> AgentEconomicProfile | None:
            await caught_up(system)
            profile = system.economy.profile(agent_id)
            return None if profile is None else AgentEconomicProfile.of(profile)

        return await self._call(get)

    async def create_incentive(
        self, incentive: PerformanceIncentive, program_id: str | None = None
    ) -> str:
        """Open an incentive program with money of the treasury; returns its id.

        Raises:
            InvalidValue: Something of it is not as it should be.
            InsufficientFunds: The treasury has not as much as its budget.
            TimeoutError: The settlement has not come to it within a minute; it will.
        """
        terms = incentive.terms()

        async def opened(system: System) -> str:
            order = OpenProgram(program_id=program_id or system.new_id(), terms=terms)
            await ordered(system, order)
            return order.program_id

        return await self._call(opened)

    async def _profile(self, agent_id: str) -> AgentEconomicProfile:
        profile = await self.get_profile(agent_id)
        assert profile is not None
        return profile


def _units(amount: Amount) -> int:
    return units(written(amount), "amount")


def _ordered(command: Mapping[str, Any]) -> ProposedOrder:
    try:
        return msgspec.convert(dict(command), ProposedOrder)
    except msgspec.ValidationError as error:
        raise InvalidValue(str(error), field="commands") from None
