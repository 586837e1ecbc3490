"""Fills the economy's live view of a node with agents that have earned in every hour and day."""

import random
from datetime import datetime, timedelta

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.economy.accounts import staked, wallet
from aia_mas.domain.economy.ledger.events import BalanceChanged
from aia_mas.domain.economy.staking.events import StakeBonded
from aia_mas.domain.kernel import Event
from aia_mas.domain.kernel.money import ONE
from aia_mas.projections.economy.economy_view import EconomyView

DAYS, HOURS = 30, 24


def enrich(view: EconomyView, agents: int, now: datetime) -> None:
    """Have each agent stake, and earn AIA and AIA_GOV in as many hours and days as are kept."""
    chance = random.Random(1)
    balances: dict[str, int] = {}

    def tell(stream: str, event: Event, at: datetime) -> None:
        view.apply(
            RecordedEvent(
                position=view.as_of + 1,
                stream=stream,
                version=1,
                topic=event.topic,
                event=event,
                recorded_at=at,
                command_id="c",
                actor="a",
                correlation_id=None,
                causation_id=None,
            )
        )

    def move(account: str, amount: int, reason: str, at: datetime) -> None:
        balances[account] = balances.get(account, 0) + amount
        tell(
            f"account/{account}",
            BalanceChanged(
                transfer_id="t", amount=amount, balance=balances[account], reason=reason, at=at
            ),
            at,
        )

    times = [now - timedelta(days=days) for days in range(DAYS, 1, -1)]
    times += [now - timedelta(hours=hours) for hours in range(HOURS, -1, -1)]
    names = [f"agent_{number}" for number in range(agents)]
    for name in names:
        stake = chance.randrange(50, 20_000) * ONE
        move(staked(name), stake, "stake", times[0])
        tell(
            f"stake/{name}",
            StakeBonded(bonded=stake, effective=stake, amount=stake, transfer_id="t", at=times[0]),
            times[0],
        )
    for at in times:
        for name in names:
            move(wallet(name), chance.randrange(1, 30) * ONE + 1, "task_reward", at)
            move(wallet(name, "AIA_GOV"), ONE, "task_reward", at)
