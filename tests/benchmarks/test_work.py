"""Whole lives of tasks through the server: how soon a worker has one, how many a second."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from .servers import load, server

WORKERS = 50
CAPACITY = 10
SECONDS = 20
Figure = Callable[..., None]


@pytest.mark.parametrize("rate", [100, 500])
def test_pickup(benchmark: BenchmarkFixture, figure: Figure, tmp_path: Path, rate: int) -> None:
    def measure() -> dict[str, Any]:
        with server("product", tmp_path / "mas", WORKERS, CAPACITY) as ours:
            return load("work_loader.py", "pickup", ours.port, rate, SECONDS, WORKERS)

    found = benchmark.pedantic(measure, rounds=1)
    figure(
        f"submit acknowledged to task received by an idle WebSocket worker, p95 at {rate} tasks/s",
        f"{found['pickup']['p95_ms']:.1f} ms",
        "15 ms",
        f"p50 {found['pickup']['p50_ms']:.1f} ms, p99 {found['pickup']['p99_ms']:.1f} ms;"
        f" {found['tasks_per_s']:.0f} tasks/s, each done at once by one of {WORKERS} workers; the"
        f" loader {found['late_s'] * 1e3:.0f} ms late at the end",
    )


@pytest.mark.parametrize(
    ("how", "kind", "target"),
    [("with claiming workers over HTTP", "http", "400"), ("over WebSocket", "sockets", "1,200")],
    ids=["http", "sockets"],
)
@pytest.mark.parametrize(("batch", "submitted"), [(1, "singly"), (20, "in batches of 20")])
def test_lives(
    benchmark: BenchmarkFixture,
    figure: Figure,
    tmp_path: Path,
    how: str,
    kind: str,
    target: str,
    batch: int,
    submitted: str,
) -> None:
    def measure() -> tuple[dict[str, Any], str]:
        with server("product", tmp_path / "mas", WORKERS, CAPACITY) as ours:
            found = load("work_loader.py", kind, ours.port, SECONDS, WORKERS, batch)
        return found, ours.told[-1]

    found, lag = benchmark.pedantic(measure, rounds=1)
    figure(
        f"task lives/s {how}, submitted {submitted}",
        f"{found['lives_per_s']:,.0f}",
        target,
        f"{WORKERS} workers, {found['lives']:,} lives, lag of the read models {lag} s",
    )
