"""Orders on nodes that do not lead, and a settlement whose leader dies: each is done once."""

from collections import Counter
from functools import partial
from typing import Any

import anyio
import anyio.lowlevel

from aia_mas.domain.economy.ledger.events import BalanceChanged
from aia_mas.domain.economy.orders import OrderExecuted, OrderPlaced
from aia_mas.domain.economy.staking.events import StakeBonded
from aia_mas.domain.kernel.ids import entity_of

from .aftermath import aftermath
from .clients import Client, client_of
from .history import History
from .places import Place
from .waiting import eventually

SETTINGS = {"MAS_LEADER_LEASE": "1.5"}
MINTS, STAKERS = 24, 12


async def test_orders_are_carried_out_once_whoever_leads(place: Place) -> None:
    one, two = await place.start_two(SETTINGS)
    leader = await place.leader("settlement")
    other = two if leader is one else one

    async with client_of(place.urls) as client:
        # Nobody but the leader of the settlement carries it out, and this node knows the outcome.
        body = {"agent_id": "first", "initial_stake": "500"}
        registered = await client.http.post(f"{other.url}/agents/register", json=body)
        assert registered.status_code == 201, registered.text
        position = {"min_position": registered.headers["x-event-position"]}
        for node in (one, two):
            shown = await client.http.get(f"{node.url}/agents/first", params=position)
            assert shown.json()["tier"] == "silver"
        minted = await client.http.post(f"{other.url}/economic/treasury/mint", json={"amount": 1})
        assert (minted.status_code, minted.json()["status"]) == (200, "executed")

        async with anyio.create_task_group() as tasks:
            for number in range(MINTS):
                tasks.start_soon(partial(_mint, client, number))
            for number in range(STAKERS):
                tasks.start_soon(partial(_register, client, number))
            await anyio.lowlevel.checkpoint()
            await leader.kill()
        assert await place.leader("settlement") is other
        await eventually(partial(_all_ended, client, other.url), "the end of all orders")
        treasury = (await client.http.get(f"{other.url}/economic/treasury")).json()
        await place.caught_up()

    aia = treasury["tokens"][0]
    assert aia["balances"]["treasury"] == str(90_000_000 + 1 + MINTS)
    assert aia["supply"] == str(100_000_000 + 1 + MINTS + 500 + 100 * STAKERS)
    in_the_pool = int(aia["balances"]["reward_pool"]) + int(aia["balances"]["rewards_reserved"])
    assert in_the_pool == 10_000_000
    await other.finish()
    assert other.complaints() == []
    async with aftermath(place.data_dir) as left:
        check(left.history)
        await left.nothing_was_given_up()


async def _mint(client: Client, number: int) -> None:
    answer = await client.give(f"mint-{number}", "/economic/treasury/mint", {"amount": 1})
    assert answer.status in {200, 202}, answer.body


async def _register(client: Client, number: int) -> None:
    body = {"agent_id": f"staker-{number}", "initial_stake": "100"}
    answer = await client.give(f"stake-{number}", "/agents/register", body)
    assert answer.status == 201, answer.body


async def _all_ended(client: Client, url: str) -> bool:
    listed = await client.http.get(f"{url}/economic/orders", params={"limit": 500})
    items: list[Any] = listed.json()["items"]
    return len(items) == 2 + MINTS + STAKERS and all(
        order["status"] == "executed" for order in items
    )


def check(history: History) -> None:
    """Every order was carried out once, every token sums to nothing, and each agent has staked."""
    placed = Counter(entity_of(event.stream) for event in history.of(OrderPlaced))
    assert Counter(entity_of(event.stream) for event in history.of(OrderExecuted)) == placed
    assert set(placed.values()) == {1}
    balances: dict[str, int] = {}
    for event in history.of(BalanceChanged):
        account = entity_of(event.stream)
        change: Any = event.event
        assert change.balance == balances.get(account, 0) + change.amount
        balances[account] = change.balance
    for token in ("AIA", "AIA_GOV"):
        assert sum(b for name, b in balances.items() if name.split(":")[1] == token) == 0
    staked = Counter(entity_of(event.stream) for event in history.of(StakeBonded))
    assert staked == Counter(["first", *(f"staker-{number}" for number in range(STAKERS))])
