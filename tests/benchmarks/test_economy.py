"""The ledger inside the process: durable transfers, on random accounts and on hot ones."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from aia_mas.application.engine.engine import Origin
from aia_mas.application.engine.outcomes import CommandResult
from aia_mas.application.settings import load_settings
from aia_mas.domain.economy.accounts import reward_pool, treasury, wallet
from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.ledger import Entry, Leg, move
from aia_mas.domain.economy.ledger.commands import Transfer
from aia_mas.domain.kernel import Principal, Role
from aia_mas.domain.kernel.money import ONE
from aia_mas.interfaces.bootstrap import System
from aia_mas.interfaces.cli import collection

ADMIN = Principal("bench", frozenset({Role.ADMIN}))
ACCOUNTS = 10_000
TRANSFERS = 15_000
ROUNDS = 5
CLIENTS = 256
BATCH, BATCHES_AT_ONCE = 100, 4
FUNDS = 1_000_000 * ONE


class Measured(NamedTuple):
    """What came out of a run.

    Attributes:
        rates: Transfers per second, by what was measured.
        lag: Seconds until every read model had caught up.
    """

    rates: dict[str, float]
    lag: float


Moves = Callable[[int], tuple[Leg, ...]]


def between_wallets(random: Random) -> Moves:
    """Return what moves tokens between two wallets drawn at random."""

    def drawn(_number: int) -> tuple[Leg, ...]:
        source, target = random.sample(range(ACCOUNTS), 2)
        return move(wallet(f"a{source}"), wallet(f"a{target}"), ONE)

    return drawn


def on_hot_accounts(random: Random) -> Moves:
    """Return what moves tokens between a wallet and one of two accounts that all share."""

    def drawn(number: int) -> tuple[Leg, ...]:
        hot = (treasury(), reward_pool())[number % 2]
        owner = wallet(f"a{random.randrange(ACCOUNTS)}")
        return move(hot, owner, ONE) if number % 4 < 2 else move(owner, hot, ONE)

    return drawn


def transfer(system: System, legs: tuple[Leg, ...]) -> Transfer:
    entry = Entry(transfer_id=system.new_id(), legs=legs, reason="bench")
    return Transfer(entry=entry)


async def funded(system: System) -> None:
    """Give everybody something, and wait until it can be worked with."""
    names = [wallet(f"a{number}") for number in range(ACCOUNTS)]
    names += [treasury(), reward_pool()]
    for start in range(0, len(names), 500):
        some = names[start : start + 500]
        legs = (Leg("issuance:AIA", -FUNDS * len(some)), *(Leg(name, FUNDS) for name in some))
        await system.engine.execute(transfer(system, legs), SETTLEMENT)


async def singly(system: System, moves: Moves, principal: Principal, count: int) -> None:
    """Each acknowledged after its commit."""

    async def client(first: int) -> None:
        for number in range(first, count, CLIENTS):
            await system.engine.execute(transfer(system, moves(number)), principal)

    await asyncio.gather(*(client(first) for first in range(CLIENTS)))


async def in_bulk(system: System, moves: Moves, principal: Principal, count: int) -> None:
    """Acknowledged by batches, every transfer with its own answer."""
    batches = iter(range(0, count, BATCH))

    async def client() -> None:
        for start in batches:
            commands = [transfer(system, moves(start + number)) for number in range(BATCH)]
            results = await system.engine.execute_many(commands, Origin(principal))
            assert all(isinstance(result, CommandResult) for result in results), results

    await asyncio.gather(*(client() for _ in range(BATCHES_AT_ONCE)))


WAYS = {"singly": singly, "in batches of 100": in_bulk}


async def measured(data_dir: Path) -> Measured:
    """Measure random and hot in turn, several times, so that both meet the same circumstances."""
    settings = load_settings({"data_dir": data_dir}, environment={})
    random, seconds = Random(7), dict.fromkeys([(w, k) for w in WAYS for k in KINDS], 0.0)
    async with System(settings) as system:
        await funded(system)
        collection.tune()
        for number in range(ROUNDS + 1):
            for way, kind in seconds:
                make, principal = KINDS[kind]
                began = time.perf_counter()
                await WAYS[way](system, make(random), principal, TRANSFERS // ROUNDS)
                if number:  # the first round warms it up
                    seconds[way, kind] += time.perf_counter() - began
        head, ended = system.log.feed.position, time.perf_counter()
        assert await system.projections.wait_for("ledger", head, 300)
        lag = time.perf_counter() - ended
    return Measured(
        {f"{way}, {kind}": TRANSFERS / took for (way, kind), took in seconds.items()}, lag
    )


KINDS: dict[str, tuple[Callable[[Random], Moves], Principal]] = {
    "random accounts": (between_wallets, ADMIN),
    "hot accounts": (on_hot_accounts, SETTLEMENT),
}


@pytest.mark.usefixtures("collector")
def test_transfers(
    benchmark: BenchmarkFixture,
    run: Callable[[Coroutine[Any, Any, Any]], Any],
    figure: Callable[..., None],
    tmp_path: Path,
) -> None:
    found: Measured = benchmark.pedantic(lambda: run(measured(tmp_path / "mas")), rounds=1)
    for way in WAYS:
        random, hot = (found.rates[f"{way}, {kind}"] for kind in KINDS)
        figure(
            f"durable two-leg transfers/s in the process, {way}, {ACCOUNTS:,} accounts",
            f"{random:,.0f}",
            "5,000",
            f"the ledger {found.lag:.3f} s behind at the end",
        )
        figure(
            f"the same on two hot accounts, by the settlement / on random ones, {way}",
            f"{hot / random:.2f}",
            "0.80",
            f"{hot:,.0f} / {random:,.0f}",
        )
