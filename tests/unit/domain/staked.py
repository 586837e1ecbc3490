"""Stakes as folds of agents hear of them."""

from datetime import UTC, datetime

from aia_mas.domain.economy.staking.events import StakeBonded


def staked(amount: int) -> StakeBonded:
    """Return the event by which an agent has this stake, base units."""
    return StakeBonded(
        amount=amount,
        transfer_id="t",
        at=datetime(2026, 1, 2, tzinfo=UTC),
        bonded=amount,
        effective=amount,
        earning=amount,
    )
