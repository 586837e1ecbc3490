"""Tokens, stakes, votes and programs from inside a program, as the platform's programs use them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from aia.agents import economic_integrator
from aia.agents.economic_integration import (
    AgentEconomicIntegrator,
    AgentEconomicProfile,
    EconomicMASIntegration,
    PerformanceIncentive,
)
from aia.agents.multi_agent_system import AgentCapabilities, MultiAgentSystem, TaskSpecification
from aia_mas.domain.economy.errors import InsufficientFunds
from aia_mas.domain.kernel import DomainError
from aia_mas.domain.kernel.errors import InvalidValue

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def mas(data_dir: Path) -> AsyncIterator[MultiAgentSystem]:
    config = {"economic": {"rating_window": 1}}
    async with MultiAgentSystem(config, data_dir=data_dir) as system:
        yield system


async def until(integrator: AgentEconomicIntegrator, agent_id: str, earned: str) -> Any:
    """Return a profile once so much AIA was earned; the settlement comes by in a moment."""
    for _ in range(600):
        profile = await integrator.get_profile(agent_id)
        if profile is not None and profile.earnings["all"].total["AIA"] >= Decimal(earned):
            return profile
        # Nothing to be waited for from outside: another look, bounded.
        await asyncio.sleep(0.05)
    raise AssertionError(f"{agent_id} did not earn {earned}")


async def test_tokens_are_granted_staked_moved_and_taken_back(
    mas: MultiAgentSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    integrator = AgentEconomicIntegrator()
    assert await integrator.get_profile("ann") is None

    funded = await integrator.register_agent_economically("ann", Decimal("500.0"))
    assert isinstance(funded, AgentEconomicProfile)
    assert (funded.balances["AIA"].wallet, funded.tier) == (Decimal(500), None)
    staked = await integrator.stake_tokens("ann", 300)
    assert (staked.staked, staked.tier, staked.voting_power) == (300, "bronze", 300)
    sent = await integrator.transfer_tokens("ann", "ben", "0.000000000000000001", reason="dust")
    again = await integrator.transfer_tokens(
        "ann", "ben", "0.000000000000000001", reason="dust", transfer_id=sent
    )
    ben = await integrator.get_profile("ben")
    assert again == sent
    assert ben is not None
    assert ben.balances["AIA"].wallet == Decimal("1e-18")
    freed = await integrator.unstake_tokens("ann", Decimal("100.5"))
    assert (freed.staked, freed.tier) == (Decimal("199.5"), "bronze")

    for amount in (0, -1, Decimal("1e-19"), Decimal("NaN"), 10**40, "a few"):
        with pytest.raises(InvalidValue):
            await integrator.stake_tokens("ann", amount)
    with pytest.raises(InsufficientFunds):
        await integrator.stake_tokens("ann", 100_000)
    with pytest.raises(DomainError) as nothing:
        await integrator.claim_rewards("ben")
    assert nothing.value.code == "nothing_to_claim"
    unchanged = await integrator.get_profile("ann")
    assert unchanged is not None
    assert replace(unchanged, as_of=freed.as_of) == freed

    # Who does not wait for the settlement is told so, and not that all is well.
    monkeypatch.setattr(economic_integrator, "SETTLEMENT_SECONDS", 0.0)
    with pytest.raises(TimeoutError, match="has not carried out the order"):
        await integrator.register_agent_economically("cal", 1)


async def test_votes_count_once_and_only_on_what_there_is(mas: MultiAgentSystem) -> None:
    integration = EconomicMASIntegration()
    integrator = integration.integrator
    await integration.enroll_agent("vera", 200)

    assert not await integrator.participate_in_governance("vera", "unheard-of", "yes")
    created = await integrator.create_proposal("tea", title="More tea", proposer="vera")
    assert created == "tea"
    assert await integrator.create_proposal("tea", title="More tea", proposer="vera") == "tea"
    assert not await integrator.participate_in_governance("powerless", "tea", "yes")
    assert await integrator.participate_in_governance("vera", "tea", "yes")
    assert await integrator.participate_in_governance("vera", "tea", "yes")
    assert not await integrator.participate_in_governance("vera", "tea", "no")
    with pytest.raises(InvalidValue):
        await integrator.participate_in_governance("vera", "tea", "perhaps")
    with pytest.raises(InvalidValue):
        await integrator.create_proposal(
            "odd", title="Odd", proposer="vera", commands=[{"order": 1}]
        )


async def test_work_earns_rewards_and_awards(mas: MultiAgentSystem) -> None:
    integration, engine = EconomicMASIntegration(), mas.orchestration_engine
    integrator = integration.integrator
    await integration.enroll_agent("wim", Decimal(600))
    able = AgentCapabilities(agent_id="wim", skills={"wim": 1.0})
    assert await mas.register_agent("wim", able)
    now = datetime.now(UTC)
    program = PerformanceIncentive(
        title="First come",
        budget=100,
        starts_at=now - timedelta(minutes=1),
        ends_at=now + timedelta(days=1),
        criterion="first_n",
        winners=1,
        amount=Decimal("12.5"),
        agents=["wim"],
    )
    assert await integrator.create_incentive(program, "first") == "first"

    task = TaskSpecification(task_type="work", requirements={"skills": ["wim"]})
    assert await engine.assign_task(task) == "wim"
    (claimed,) = await engine.claim_tasks("wim")
    await engine.complete_task(claimed)
    await integration.rate_task(task.task_id, 1.0)

    # 10 x 1.2 x 1.5 for the task, and the award.
    profile = await until(integrator, "wim", "30.5")
    assert profile.earnings["1h"].by_kind == {
        "incentives": {"AIA": Decimal("12.5")},
        "tasks": {"AIA": Decimal(18), "AIA_GOV": Decimal(1)},
    }
    summary = await integration.get_economic_summary()
    assert summary["programs"]["total"] == 1
    board = await integration.get_leaderboard("earnings", "24h")
    assert [(item.agent_id, item.value) for item in board.items] == [("wim", "30.5")]
    with pytest.raises(InvalidValue):
        PerformanceIncentive(
            title="x", budget=1, starts_at=now, ends_at=now, criterion="beauty"
        ).terms()
