"""Money while nodes are killed: nothing is lost, made, moved twice or held for ever."""

import random
from collections import Counter, defaultdict
from functools import partial
from typing import Any

import anyio

from aia_mas.domain.economy.accounts import parse_account, wallet
from aia_mas.domain.economy.ledger.events import (
    BalanceChanged,
    HoldPosted,
    HoldVoided,
    TransferHeld,
    TransferPosted,
    TransferReversed,
)
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.kernel.money import ONE
from aia_mas.projections.economy.ledger_fold import LEDGER
from aia_mas.projections.rebuilding import rebuild

from ...ports import stable_port
from .aftermath import Aftermath, aftermath, open_log
from .clients import Client, client_of
from .history import History
from .places import Place
from .waiting import eventually, happens

QUICK = {"MAS_LEADER_LEASE": "1"}
OWNERS = ("ann", "bob", "cal")
ROUNDS, KILLS = 12, 2
TRANSFERS = "/economic/transfers"


async def test_nothing_is_lost_or_moved_twice_while_nodes_are_killed(place: Place) -> None:
    """Between a hold and its end, between a commit and its answer, whenever it comes."""
    chance = random.Random(5)
    port = stable_port()
    node = await place.start(QUICK, port=port)
    api = node.url
    async with client_of(lambda: [api]) as client:
        for owner in OWNERS:
            funded = await client.give(
                f"fund-{owner}", f"/economic/agents/{owner}/register", {"amount": "100"}
            )
            assert funded.status in {200, 201, 202}, funded.body
        async with anyio.create_task_group() as tasks:
            for number, owner in enumerate(OWNERS):
                target = OWNERS[(number + 1) % len(OWNERS)]
                tasks.start_soon(partial(spend, client, owner, target))
            for _ in range(KILLS):
                wanted = len(client.answers) + chance.randint(15, 30)
                await happens(partial(answered, client, wanted), "answers")
                await node.kill()
                node = await place.start(QUICK, port=port)
        assert client.repeated > 0, "no command was ever interrupted"
        await eventually(partial(nothing_is_held, client, api), "the end of all that was held")
        # Without its key: by its id the transfer itself tells that it is the same.
        for key, first in list(client.answers.items()):
            if key.startswith("move-"):
                again = await client.http.post(api + first.path, json=first.sent)
                assert (again.status_code, again.content) == (200, reversed_since(again, first))
        await place.caught_up()

    await node.finish()
    for each in place.nodes:
        assert each.complaints() == []
    async with aftermath(place.data_dir) as left:
        check(left.history)
        await left.nothing_was_given_up()
        await ledger_equals_rebuild(left)


def answered(client: Client, count: int) -> bool:
    return len(client.answers) >= count


async def spend(client: Client, source: str, target: str) -> None:
    """Move, hold, post, leave to expire, and take back, again and again."""
    body: dict[str, Any] = {"from": source, "to": target, "amount": "1"}
    for number in range(ROUNDS):
        name = f"{source}-{number}"
        moved = {**body, "transfer_id": f"m-{name}"}
        answer = await client.give(f"move-{name}", TRANSFERS, moved)
        assert answer.status == 201, answer.body
        held = {**body, "transfer_id": f"h-{name}", "pending": True, "timeout": 300}
        if number % 3 == 0:
            held["timeout"] = 0.5
        answer = await client.give(f"hold-{name}", TRANSFERS, held)
        assert answer.status == 201, answer.body
        if number % 3:
            answer = await client.give(
                f"post-{name}", f"{TRANSFERS}/h-{name}/post", {"amount": "0.5"}
            )
            assert answer.status == 200, answer.body
        if number % 4 == 0:
            reversal = {"reversal_id": f"r-{name}"}
            answer = await client.give(f"reverse-{name}", f"{TRANSFERS}/m-{name}/reverse", reversal)
            assert answer.status == 201, answer.body


async def nothing_is_held(client: Client, api: str) -> bool:
    asked = {"status": "pending", "min_position": 0}
    answer = await client.http.get(f"{api}/economic/transactions", params=asked)
    return answer.status_code == 200 and answer.json()["items"] == []


def reversed_since(again: Any, first: Any) -> bytes:
    """Return the first answer with what has happened to the transfer since."""
    before = b'"reversed_by":null'
    by = again.json()["reversed_by"]
    since = before if by is None else f'"reversed_by":"{by}"'.encode()
    body: bytes = first.body.replace(before, since)
    return body


def check(history: History) -> None:
    """The log tells of every transfer once, and its sums are those of what was asked for."""
    for kind in (TransferPosted, TransferHeld, TransferReversed):
        told = Counter(event.stream for event in history.of(kind))
        assert set(told.values()) == {1}, kind
    ended = Counter(event.stream for event in (*history.of(HoldPosted), *history.of(HoldVoided)))
    assert ended == Counter(event.stream for event in history.of(TransferHeld))
    balances: defaultdict[str, int] = defaultdict(int)
    held: dict[str, int] = {}
    for event in history.of(BalanceChanged):
        account = entity_of(event.stream)
        change: Any = event.event
        balances[account] += change.amount
        held[account] = change.held
        assert change.balance == balances[account]
    assert not any(held.values())
    sums: defaultdict[str, int] = defaultdict(int)
    for account, balance in balances.items():
        sums[parse_account(account).token] += balance
    assert not any(sums.values())
    # Everybody gave and got the same.
    assert {balances[wallet(owner)] for owner in OWNERS} == {100 * ONE}
    posted = sum(1 for number in range(ROUNDS) if number % 3) * len(OWNERS)
    assert len(history.of(HoldPosted)) == posted
    assert len(history.of(TransferHeld)) == ROUNDS * len(OWNERS)


async def ledger_equals_rebuild(left: Aftermath) -> None:
    tables = LEDGER.table_names()
    live = {name: await left.rows(f"select t::text from {name} t order by 1") for name in tables}
    async with open_log(left.url) as log:
        await rebuild(LEDGER, log, left.url)
    for name, rows in live.items():
        assert await left.rows(f"select t::text from {name} t order by 1") == rows
