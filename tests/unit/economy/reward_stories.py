"""What happens around rewards, in short words, for its tests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from aia_mas.domain.economy.accounts import account_stream, reward_pool
from aia_mas.domain.economy.ledger.events import BalanceChanged
from aia_mas.domain.economy.parameters import (
    DEFAULT_PARAMETERS,
    EconomicParameters,
    ParametersChanged,
)
from aia_mas.domain.economy.rewards.events import RewardBlockReserved, RewardsSettled, SettledTask
from aia_mas.domain.economy.rewards.terms import RewardTerms, terms_by
from aia_mas.domain.economy.staking.events import StakeBonded
from aia_mas.domain.economy.todo import Happened
from aia_mas.domain.kernel.event import Event
from aia_mas.domain.kernel.money import ONE
from aia_mas.domain.orchestration.task_events import (
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskExpired,
    TaskFailed,
    TaskInputGiven,
    TaskInputRequested,
    TaskRated,
    TaskReleased,
    TaskStatus,
)
from aia_mas.domain.orchestration.task_status import ReleaseReason

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PARAMETERS = replace(DEFAULT_PARAMETERS, reward_block=1_000 * ONE)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def terms(stake: int = 500, *, seconds: float = 100.0, **changes: Any) -> RewardTerms:
    """Return what is promised for a stake (tokens)."""
    promised = terms_by(replace(PARAMETERS, **changes), stake * ONE)
    assert promised is not None
    return replace(promised, seconds=seconds)


def changed(parameters: EconomicParameters = PARAMETERS, **changes: Any) -> ParametersChanged:
    return ParametersChanged(
        parameters=replace(parameters, **changes), revision=1, by="system", at=NOW
    )


def block(number: int, tokens: int) -> RewardBlockReserved:
    return RewardBlockReserved(block=number, amount=tokens * ONE, transfer_id="b", at=NOW)


def pool(tokens: int, held: int = 0) -> BalanceChanged:
    return BalanceChanged(
        transfer_id="p", amount=0, balance=tokens * ONE, held=held * ONE, reason="fund", at=NOW
    )


def bonded(tokens: int) -> StakeBonded:
    amount = tokens * ONE
    return StakeBonded(amount=amount, bonded=amount, effective=amount, transfer_id="s", at=NOW)


def assigned(
    agent_id: str = "a", reward: RewardTerms | None = None, attempt: int = 1
) -> TaskAssigned:
    return TaskAssigned(
        agent_id=agent_id,
        attempt=attempt,
        lease="L",
        lease_seconds=60.0,
        assigned_at=NOW,
        reward=reward,
    )


def completed(agent_id: str = "a") -> TaskCompleted:
    return TaskCompleted(agent_id=agent_id, attempt=1, lease="L", completed_at=NOW)


def rated(rating: float) -> TaskRated:
    return TaskRated(agent_id="a", attempt=1, rating=rating, by="alice", at=NOW)


def asked() -> TaskInputRequested:
    return TaskInputRequested(agent_id="a", attempt=1, number=1, question="?", at=NOW)


def answered() -> TaskInputGiven:
    return TaskInputGiven(agent_id="a", attempt=1, number=1, answer=1, by="alice", at=NOW)


def failed(outcome: TaskStatus = TaskStatus.QUEUED) -> TaskFailed:
    return TaskFailed(
        agent_id="a", attempt=1, error_code="e", retryable=True, outcome=outcome, failed_at=NOW
    )


def released() -> TaskReleased:
    return TaskReleased(
        agent_id="a",
        attempt=1,
        reason=ReleaseReason.AGENT_OFFLINE,
        outcome=TaskStatus.QUEUED,
        released_at=NOW,
    )


def cancelled() -> TaskCancelled:
    return TaskCancelled(agent_id="a", attempt=1, by="alice", at=NOW)


def expired() -> TaskExpired:
    return TaskExpired(agent_id="a", attempt=1, at=NOW)


def settled(number: int, rewards: Mapping[str, int], freed: int = 0) -> RewardsSettled:
    """Return a settlement (``rewards``: tokens by task; ``freed``: tokens)."""
    return RewardsSettled(
        number=number,
        items=tuple(
            SettledTask(task_id=task_id, attempt=1, agent_id="a", reward=reward * ONE)
            for task_id, reward in rewards.items()
        ),
        reward=sum(rewards.values()) * ONE,
        freed=freed * ONE,
        at=NOW,
    )


def happened(stream: str, event: Event, seconds: float = 0.0) -> Happened:
    return Happened(1, stream, event, after(seconds))


POOL = account_stream(reward_pool())
