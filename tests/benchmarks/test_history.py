"""A long history: folding it from position 0, starting with it, and the memory that takes."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from pytest_benchmark.fixture import BenchmarkFixture

from aia_mas.application.event_log.mapper import EventMapper
from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.application.orchestration.handlers import EVENTS
from aia_mas.projections.system_metrics import SystemMetrics

Run = Callable[[Coroutine[Any, Any, Any]], Any]
HERE = Path(__file__).parent
ROUNDS = 5


def history(data_dir: Path, events: int) -> dict[str, float]:
    """Bring the log of a node to so many events, then start it afresh and look at it."""
    command = [sys.executable, str(HERE / "long_history.py"), str(data_dir), str(events)]
    subprocess.run([*command, "write"], check=True, stdout=subprocess.DEVNULL)
    output = subprocess.run([*command, "start"], check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(
        next(line for line in output.stdout.splitlines() if line.startswith("{"))
    )
    return figures


async def folded(data_dir: Path) -> list[float]:
    """Return events per second of reading the log and folding a live view from position 0.

    The first round is the one of a server that has just been started.
    """
    from aia_mas.application.embedded_postgres import EmbeddedPostgres
    from aia_mas.application.event_log.fold_host import refold

    async with EmbeddedPostgres(data_dir) as server:
        log = PostgresEventLog(server.url, EventMapper(EVENTS))
        async with log.running():
            rates: list[float] = []
            for _ in range(ROUNDS):
                began = time.perf_counter()
                position = await refold(log, SystemMetrics())
                rates.append(position / (time.perf_counter() - began))
            return rates


def test_history(
    benchmark: BenchmarkFixture, run: Run, figure: Callable[..., None], tmp_path: Path
) -> None:
    def measure() -> tuple[dict[str, float], dict[str, float], list[float]]:
        short = history(tmp_path / "mas", 100_000)
        rates = run(folded(tmp_path / "mas"))
        return short, history(tmp_path / "mas", 1_000_000), rates

    short, long, rates = benchmark.pedantic(measure, rounds=1)
    figure(
        "read + fold of a live view from position 0, events/s",
        f"{statistics.median(rates):,.0f}",
        "100,000",
        f"100,000 events, median of {ROUNDS}; the first one, on a cold server: {rates[0]:,.0f}",
    )
    figure(
        "start-up with 1,000,000 events / with 100,000",
        f"{long['start_s'] / short['start_s']:.2f}",
        "flat",
        f"{long['start_s']:.2f} s / {short['start_s']:.2f} s, 1,000 agents",
    )
    figure(
        "memory with 1,000,000 events / with 100,000",
        f"{long['rss_mb'] / short['rss_mb']:.2f}",
        "flat",
        f"{long['rss_mb']:.0f} MB / {short['rss_mb']:.0f} MB, 1,000 agents",
    )
