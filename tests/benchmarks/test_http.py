"""Durable submissions over HTTP against a bare handler that decodes the same body."""

import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pytest_benchmark.fixture import BenchmarkFixture

from .servers import load, server

HERE = Path(__file__).parent
ROUNDS = 5
SECONDS = 3
CONNECTIONS = 64
BODY = HERE / "submission.json"


def submissions(port: int, path: str, seconds: float = SECONDS) -> dict[str, Any]:
    result = load("http_loader.py", port, path, CONNECTIONS, seconds, BODY)
    assert result["refused"] == 0
    return result


def test_submissions_against_a_bare_handler(
    benchmark: BenchmarkFixture, figure: Callable[..., None], tmp_path: Path
) -> None:
    rates: dict[str, list[float]] = {"bare": [], "ours": []}
    latencies: list[dict[str, Any]] = []

    def compare() -> list[str]:
        with server("bare") as bare, server("product", tmp_path / "mas") as ours:
            submit = "/mas/api/v1/agents/tasks/submit"
            submissions(bare.port, "/submit", 1)
            submissions(ours.port, submit, 2)
            for _ in range(ROUNDS):
                rates["bare"].append(submissions(bare.port, "/submit")["rate"])
                latencies.append(submissions(ours.port, submit))
                rates["ours"].append(latencies[-1]["rate"])
        return ours.told

    lag = benchmark.pedantic(compare, rounds=1)
    ratios = [ours / bare for ours, bare in zip(rates["ours"], rates["bare"], strict=True)]
    figure(
        "durable POST /agents/tasks/submit per second / bare Litestar handler",
        f"{statistics.median(ratios):.2f}",
        "0.5",
        f"{statistics.median(rates['ours']):,.0f} / {statistics.median(rates['bare']):,.0f},"
        f" p99 {statistics.median(one['p99_ms'] for one in latencies):.0f} ms with {CONNECTIONS}"
        f" connections, lag of the read models {lag[-1]} s",
    )
