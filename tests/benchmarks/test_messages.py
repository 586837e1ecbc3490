"""Messages: taken in inside the process as the product runs it, and agent to agent by sockets."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from aia_mas.application.settings import load_settings
from aia_mas.domain.communication.destination import Destination
from aia_mas.domain.communication.sending import SendMessage
from aia_mas.domain.kernel.principal import system
from aia_mas.interfaces.bootstrap import System
from aia_mas.interfaces.cli import collection

from .servers import load, server

Figure = Callable[..., None]
SENDERS = 500
MESSAGES = 40_000
AGENTS = 50
SECONDS = 20
PAYLOAD = {"text": "what one agent has to say to another " * 4}


@pytest.mark.usefixtures("collector")
def test_accepted(
    benchmark: BenchmarkFixture,
    run: Callable[[Coroutine[Any, Any, Any]], Any],
    figure: Figure,
    tmp_path: Path,
) -> None:
    async def accepted() -> float:
        settings = load_settings({"data_dir": tmp_path / "mas"}, environment={})
        async with System(settings) as node:
            collection.tune()

            async def send(number: int, count: int) -> None:
                to = Destination(agents=(f"agent_{number}",))
                for _ in range(count):
                    command = SendMessage(
                        message_id=node.new_id(),
                        from_agent="system",
                        to=to,
                        message_type="note",
                        payload=PAYLOAD,
                        size=160,
                    )
                    await node.engine.execute(command, system("bench"))

            async def all_of(count: int) -> None:
                await asyncio.gather(*(send(number, count) for number in range(SENDERS)))

            await all_of(10)
            began = time.perf_counter()
            await all_of(MESSAGES // SENDERS)
            return MESSAGES / (time.perf_counter() - began)

    rate = benchmark.pedantic(lambda: run(accepted()), rounds=1)
    figure(
        "messages accepted and durably queued/s inside the process",
        f"{rate:,.0f}",
        "8,000",
        f"{SENDERS} senders, one after the other each; 160 bytes",
    )


def test_exchange(benchmark: BenchmarkFixture, figure: Figure, tmp_path: Path) -> None:
    def measure() -> dict[str, Any]:
        with server("product", tmp_path / "mas", AGENTS, 10) as ours:
            return load("message_loader.py", "exchange", ours.port, SECONDS, AGENTS)

    found = benchmark.pedantic(measure, rounds=1)
    figure(
        "durable messages/s from agent to agent: accepted, delivered over WebSocket, acknowledged",
        f"{found['messages_per_s']:,.0f}",
        "2,000",
        f"{AGENTS} agents, {found['messages']:,} messages, each exactly once",
    )


def test_critical(benchmark: BenchmarkFixture, figure: Figure, tmp_path: Path) -> None:
    def measure() -> dict[str, Any]:
        with server("product", tmp_path / "mas", AGENTS, 10) as ours:
            return load("message_loader.py", "critical", ours.port, 10_000, 200)

    found = benchmark.pedantic(measure, rounds=1)
    times = found["critical"]
    figure(
        "a critical message while 10,000 low ones are queued, sent to received, p99",
        f"{times['p99_ms']:.1f} ms",
        "50 ms",
        f"p50 {times['p50_ms']:.1f} ms; {found['low_left']:,} low ones left at the end",
    )


@pytest.mark.parametrize("agents", [1_000, 10_000])
def test_broadcast(
    benchmark: BenchmarkFixture, figure: Figure, tmp_path: Path, agents: int
) -> None:
    def measure() -> dict[str, Any]:
        with server("product", tmp_path / "mas", agents, 10) as ours:
            return load("message_loader.py", "broadcast", ours.port, agents, 3)

    found = benchmark.pedantic(measure, rounds=1)
    figure(
        f"one message to {agents:,} subscribed agents, until all acknowledgements are durable",
        f"{found['acknowledged_s']:.2f} s",
        "3 s" if agents == 10_000 else "",
        f"delivered after {found['delivered_s']:.2f} s; events in the log: {found['events']}",
    )
