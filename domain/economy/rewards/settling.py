"""Paying what completed attempts earned, many of them in one entry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from aia_mas.domain.economy.accounts import (
    AIA_GOV,
    account_stream,
    reward_pool,
    wallet,
)
from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.errors import SystemAccount
from aia_mas.domain.economy.ledger import Book, Entry, Leg, transfer_stream
from aia_mas.domain.economy.rewards.blocks import RESERVED, RewardBlocks
from aia_mas.domain.economy.rewards.errors import RewardsMovedOn
from aia_mas.domain.economy.rewards.events import BLOCKS, RewardsSettled, SettledTask
from aia_mas.domain.economy.rewards.factor import Punctuality, factor_of, reward_of
from aia_mas.domain.economy.rewards.terms import RewardTerms
from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, refuse
from aia_mas.domain.kernel.errors import DomainError

MOST: Final = 500
"""Attempts that are settled at once; their entry has two legs for each at the most."""


class Completion(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A completed attempt that is to be paid.

    Attributes:
        task_id: Which task.
        attempt: Which attempt.
        agent_id: Whose it was.
        terms: What it was promised.
        rating_ppm: How it was rated, millionths of 1; None: not in time.
        punctuality: When it was finished.
        forfeited: Why it earns nothing of what it was promised; empty: it does.
    """

    task_id: str
    attempt: int
    agent_id: str
    terms: RewardTerms
    rating_ppm: int | None = None
    punctuality: Punctuality = Punctuality.IN_TIME
    forfeited: str = ""


class SettleRewards(msgspec.Struct, frozen=True, kw_only=True):
    """Pay completed attempts.

    Attributes:
        number: The number of the settlement; refused when it is not the next one. Who knows which
            one that is knows of every completion whether it was paid: so none is paid twice.
        completions: The attempts, at most ``MOST``.
        gov: Units of AIA_GOV for each, as long as there are any.
    """

    number: int
    completions: tuple[Completion, ...]
    gov: int = 0


def settlement_id(number: int) -> str:
    """Return the id of the entry of a settlement."""
    return f"rewards:settled:{number}"


def streams_of_settlement(command: SettleRewards) -> tuple[str, ...]:
    """Return the streams that settling reads and writes, that of the answer first."""
    agents = dict.fromkeys(each.agent_id for each in command.completions)
    streams = [
        BLOCKS,
        transfer_stream(settlement_id(command.number)),
        account_stream(RESERVED),
        *(account_stream(wallet(agent_id)) for agent_id in agents),
    ]
    if command.gov:
        streams.append(account_stream(reward_pool(AIA_GOV)))
        streams += (account_stream(wallet(agent_id, AIA_GOV)) for agent_id in agents)
    return tuple(streams)


def settle_rewards(states: Mapping[str, Any], command: SettleRewards, ctx: Context) -> Decision:
    """Pay completed attempts out of what was reserved for them.

    Refused with ``rewards_moved_on`` when it is not the next settlement.
    """
    if ctx.principal.subject != SETTLEMENT.subject:
        return refuse(SystemAccount())
    known: RewardBlocks = states[BLOCKS] or RewardBlocks()
    if command.number != known.settlements + 1:
        return refuse(RewardsMovedOn(settlement=known.settlements))
    book = Book(states, ctx)
    gov_left = book.available(reward_pool(AIA_GOV)) if command.gov else 0
    items: list[SettledTask] = []
    freed = 0
    for completion in command.completions:
        gov = command.gov if command.gov <= gov_left and not completion.forfeited else 0
        gov_left -= gov
        item = _settled(completion, gov)
        items.append(item)
        freed += completion.terms.reserved - item.reward
    transfer_id = settlement_id(command.number)
    legs = _legs(items)
    try:
        if legs:
            book.post(Entry(transfer_id=transfer_id, legs=legs, reason="task_reward"))
    except DomainError as error:
        return refuse(error)
    settled = RewardsSettled(
        number=command.number,
        items=tuple(items),
        reward=sum(item.reward for item in items),
        freed=freed,
        gov=sum(item.gov for item in items),
        transfer_id=transfer_id if legs else "",
        at=ctx.now,
    )
    return Decision((*book.events, (BLOCKS, settled)))


def _settled(completion: Completion, gov: int) -> SettledTask:
    terms = completion.terms
    factor = factor_of(completion.rating_ppm, completion.punctuality)
    earned = 0 if completion.forfeited else reward_of(terms.base, terms.multiplier_ppm, factor)
    return SettledTask(
        task_id=completion.task_id,
        attempt=completion.attempt,
        agent_id=completion.agent_id,
        tier=terms.tier,
        base=terms.base,
        multiplier_ppm=terms.multiplier_ppm,
        rating_ppm=completion.rating_ppm,
        punctuality=completion.punctuality,
        factor_ppm=factor,
        # Terms that promise more than was kept for them would take it from others.
        reward=min(earned, terms.reserved),
        forfeited=completion.forfeited,
        gov=gov,
    )


def _legs(items: list[SettledTask]) -> tuple[Leg, ...]:
    """Return one leg for each account that gets or gives anything."""
    amounts: Counter[str] = Counter()
    for item in items:
        amounts[wallet(item.agent_id)] += item.reward
        amounts[RESERVED] -= item.reward
        amounts[wallet(item.agent_id, AIA_GOV)] += item.gov
        amounts[reward_pool(AIA_GOV)] -= item.gov
    return tuple(Leg(account, amount) for account, amount in amounts.items() if amount)
