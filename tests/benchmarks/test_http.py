"""Durable submissions over HTTP against a bare handler that decodes the same body."""

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pytest_benchmark.fixture import BenchmarkFixture

HERE = Path(__file__).parent
ROUNDS = 5
SECONDS = 3
CONNECTIONS = 64
BODY = HERE / "submission.json"


@contextmanager
def server(*arguments: str) -> Iterator[tuple[int, list[str]]]:
    """Run a server; yields its port, and afterwards what else it printed."""
    command = [sys.executable, str(HERE / "serving.py"), *arguments]
    told: list[str] = []
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None and process.stdin is not None
        yield int(process.stdout.readline()), told
        process.stdin.close()
        told += process.stdout.read().split()


def load(port: int, path: str, seconds: float = SECONDS) -> dict[str, Any]:
    command = [
        sys.executable,
        str(HERE / "http_loader.py"),
        *(str(port), path, str(CONNECTIONS), str(seconds), str(BODY)),
    ]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    result: dict[str, Any] = json.loads(output)
    assert result["refused"] == 0
    return result


def test_submissions_against_a_bare_handler(
    benchmark: BenchmarkFixture, figure: Callable[..., None], tmp_path: Path
) -> None:
    rates: dict[str, list[float]] = {"bare": [], "ours": []}
    latencies: list[dict[str, Any]] = []

    def compare() -> list[str]:
        with server("bare") as (bare, _), server("product", str(tmp_path / "mas")) as (ours, told):
            submit = "/mas/api/v1/agents/tasks/submit"
            load(bare, "/submit", 1)
            load(ours, submit, 2)
            for _ in range(ROUNDS):
                rates["bare"].append(load(bare, "/submit")["rate"])
                latencies.append(load(ours, submit))
                rates["ours"].append(latencies[-1]["rate"])
        return told

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
