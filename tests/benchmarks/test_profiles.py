"""Queries about the economy, with 10,000 agents that have earned in every hour and every day."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pytest_benchmark.fixture import BenchmarkFixture

from .servers import load, server

AGENTS = 10_000
CONNECTIONS = 8
SECONDS = 5
ECONOMIC = "/mas/api/v1/economic"


QUERIES = (
    ("profile of an agent", f"{ECONOMIC}/agents/agent_#", "20 ms"),
    ("economic summary", f"{ECONOMIC}/summary", ""),
    ("leaderboard of a month", f"{ECONOMIC}/leaderboard?window=30d", ""),
)


def test_queries(benchmark: BenchmarkFixture, figure: Callable[..., None], tmp_path: Path) -> None:
    def measure() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        with server("economy", tmp_path / "mas", AGENTS) as ours:
            for _, path, _ in QUERIES:
                load("query_loader.py", ours.port, path, CONNECTIONS, 1, AGENTS)
                found.append(load("query_loader.py", ours.port, path, CONNECTIONS, SECONDS, AGENTS))
        return found

    measured = benchmark.pedantic(measure, rounds=1)
    for (what, _, target), found in zip(QUERIES, measured, strict=True):
        assert found["refused"] == 0
        figure(
            f"{what}, p99 with {AGENTS:,} agents",
            f"{found['p99_ms']:.1f} ms",
            target,
            f"p50 {found['p50_ms']:.1f} ms, {found['rate']:,.0f}/s over {CONNECTIONS} connections",
        )
