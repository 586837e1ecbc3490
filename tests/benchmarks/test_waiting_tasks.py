"""How much memory a long queue takes."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from pytest_benchmark.fixture import BenchmarkFixture

TASKS = 100_000


def test_memory_of_waiting_tasks(
    benchmark: BenchmarkFixture, figure: Callable[..., None], tmp_path: Path
) -> None:
    script = Path(__file__).with_name("waiting_tasks.py")
    command = [sys.executable, str(script), str(tmp_path / "mas"), str(TASKS)]

    def measure() -> dict[str, float]:
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        figures: dict[str, float] = json.loads(
            next(line for line in output.splitlines() if line.startswith("{"))
        )
        return figures

    found = benchmark.pedantic(measure, rounds=1)
    figure(
        f"peak memory of a node with {TASKS:,} waiting tasks",
        f"{found['most']:.0f} MB",
        "",
        f"{found['before']:.0f} MB before, {found['after']:.0f} MB after,"
        f" {(found['most'] - found['before']) * 1024 / TASKS:.2f} kB a task",
    )
