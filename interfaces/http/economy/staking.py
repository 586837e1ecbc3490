"""Stakes over HTTP: bond, unbond, delegate, slash, unjail, claim."""

from __future__ import annotations

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody
from msgspec.structs import asdict

from aia_mas.application.economy.order_desk import Order
from aia_mas.application.economy.stake_answer import StakeAnswer, stake_view
from aia_mas.domain.economy.staking.commands import Unjail
from aia_mas.domain.economy.staking.rewards import ClaimRewards
from aia_mas.domain.economy.staking.state import NO_STAKE
from aia_mas.domain.kernel.ids import check_id
from aia_mas.domain.kernel.money import to_text
from aia_mas.interfaces.http.answers import Answer, answer
from aia_mas.interfaces.http.commands import answered, carry_out
from aia_mas.interfaces.http.orders import ordered
from aia_mas.interfaces.http.paths import API
from aia_mas.interfaces.http.queries import MinPosition, as_of, reached
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.http.schemas.agents import Nothing
from aia_mas.interfaces.http.schemas.staking import (
    AgentStake,
    DelegationRequest,
    SlashRequest,
    StakeRequest,
    TierTable,
    TierView,
    UnbondingChoice,
    UndelegationRequest,
    UnstakeRequest,
    multiplier_text,
)
from aia_mas.interfaces.process_folds import SETTLEMENT

ECONOMIC = f"{API}/economic"


class StakeCommands(Controller):
    """Stakes of agents; commands answer with the stake as it then is."""

    path = f"{ECONOMIC}/agents"
    tags = ("economy",)

    @get("/{agent_id:str}/stake", operation_id="get_stake")
    async def get_stake(
        self, agent_id: FromPath[str], request: ApiRequest, min_position: MinPosition = 0
    ) -> Answer[AgentStake]:
        """Return an agent's stake, its tier and what it can claim; all 0 where there is none."""
        check_id(agent_id, "agent_id")
        await reached(request, "stakes", min_position)
        await reached(request, SETTLEMENT.name, min_position)
        system = request.system
        state, position = await system.projections.stakes.find(agent_id)
        view, earnings = stake_view(agent_id, state or NO_STAKE), system.economy.earnings
        tier = earnings.terms.tier_of((state or NO_STAKE).effective)
        content = AgentStake(
            **asdict(view),
            tier=None if tier is None else tier.name,
            multiplier=multiplier_text(0 if tier is None else tier.multiplier_ppm),
            claimable=to_text(earnings.index.owed(agent_id)),
        )
        return answer(content, 200, [as_of(position)])

    @post("/{agent_id:str}/stake", operation_id="stake", status_code=200)
    async def stake(
        self, agent_id: FromPath[str], data: JSONBody[StakeRequest], request: ApiRequest
    ) -> Answer[StakeAnswer]:
        """Bond tokens of the wallet.

        What was bonded counts at once, or where there is a minimum age, when it has that
        (`maturing`).
        """
        check_id(agent_id, "agent_id")
        return answered(await carry_out(request, data.command(agent_id, request.system.new_id())))

    @post("/{agent_id:str}/unstake", operation_id="unstake", status_code=200)
    async def unstake(
        self,
        agent_id: FromPath[str],
        request: ApiRequest,
        data: JSONBody[UnstakeRequest | None] = None,
    ) -> Answer[StakeAnswer]:
        """Take stake back; after the period of unbonding it is in the wallet.

        It is the last one of `unbondings` then; where there is no such period, it is in the wallet
        at once. What was staked last goes first.
        """
        check_id(agent_id, "agent_id")
        wanted = data or UnstakeRequest()
        return answered(await carry_out(request, wanted.command(agent_id, request.system.new_id())))

    @post("/{agent_id:str}/unstake/cancel", operation_id="cancel_unstake", status_code=200)
    async def cancel_unstake(
        self, agent_id: FromPath[str], data: JSONBody[UnbondingChoice], request: ApiRequest
    ) -> Answer[StakeAnswer]:
        """Bond again what is unbonding; it counts when it would have, had it stayed."""
        check_id(agent_id, "agent_id")
        return answered(await carry_out(request, data.command(agent_id, request.system.new_id())))

    @post("/{agent_id:str}/delegate", operation_id="delegate_stake", status_code=200)
    async def delegate(
        self, agent_id: FromPath[str], data: JSONBody[DelegationRequest], request: ApiRequest
    ) -> Answer[StakeAnswer]:
        """Have stake count for another agent; it stays its owner's, and earns for it."""
        check_id(agent_id, "agent_id")
        return answered(await carry_out(request, data.command(agent_id)))

    @post("/{agent_id:str}/undelegate", operation_id="undelegate_stake", status_code=200)
    async def undelegate(
        self, agent_id: FromPath[str], data: JSONBody[UndelegationRequest], request: ApiRequest
    ) -> Answer[StakeAnswer]:
        """Take delegated stake back (`to`), or give back what was got (`from_agent`).

        Until the period of unbonding is over it counts for neither of the two, and is at risk for
        what the one it was delegated to did. The answer is the stake of its owner.
        """
        check_id(agent_id, "agent_id")
        return answered(await carry_out(request, data.command(agent_id, request.system.new_id())))

    @post("/{agent_id:str}/claim-rewards", operation_id="claim_rewards", status_code=200)
    async def claim_rewards(
        self, agent_id: FromPath[str], request: ApiRequest, data: JSONBody[Nothing | None] = None
    ) -> Answer[Order]:
        """Have the staking rewards that were earned so far paid to the wallet.

        The settlement does it: 202 with a `Location` when that takes more than a few seconds.
        """
        check_id(agent_id, "agent_id")
        return await ordered(request, ClaimRewards(agent_id=agent_id))

    @post("/{agent_id:str}/slash", operation_id="slash_agent", status_code=200)
    async def slash(
        self, agent_id: FromPath[str], data: JSONBody[SlashRequest], request: ApiRequest
    ) -> Answer[Order]:
        """Take stake from an agent, for evidence against it; each evidence counts once.

        Its own stake, what is unbonding and what was delegated to it lose the same share.
        """
        check_id(agent_id, "agent_id")
        return await ordered(request, data.order(agent_id))

    @post("/{agent_id:str}/unjail", operation_id="unjail_agent", status_code=200)
    async def unjail(
        self, agent_id: FromPath[str], request: ApiRequest, data: JSONBody[Nothing | None] = None
    ) -> Answer[StakeAnswer]:
        """End the time in jail of an agent that went missing, once it is over."""
        check_id(agent_id, "agent_id")
        return answered(await carry_out(request, Unjail(agent_id=agent_id)))


class StakingTiers(Controller):
    """The staking tiers."""

    path = f"{ECONOMIC}/tiers"
    tags = ("economy",)

    @get("/", operation_id="list_tiers")
    async def list_tiers(
        self, request: ApiRequest, min_position: MinPosition = 0
    ) -> Answer[TierTable]:
        """List the staking tiers that hold now, by rising stake."""
        await reached(request, SETTLEMENT.name, min_position)
        terms = request.system.economy.earnings.terms
        tiers = (
            TierView(tier.name, to_text(tier.min_stake), multiplier_text(tier.multiplier_ppm))
            for tier in terms.tiers
        )
        return answer(TierTable(items=tuple(tiers)))
