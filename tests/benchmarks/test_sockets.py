"""Dashboards by the thousand: memory, broadcasts, the way of one event, and coming back at once."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from .servers import load, server

SOCKETS = 10_000
ROUNDS = 10
SECONDS = 20
Figure = Callable[..., None]


def test_many_sockets(benchmark: BenchmarkFixture, figure: Figure, tmp_path: Path) -> None:
    def compare() -> tuple[dict[str, Any], dict[str, Any]]:
        with server("product", tmp_path / "mas") as ours:
            found = load("socket_loader.py", "hold", ours.port, ours.pid, SOCKETS, ROUNDS)
        with server("sockets", found["frame_bytes"]) as bare:
            return found, load("socket_loader.py", "hold", bare.port, bare.pid, SOCKETS, ROUNDS)

    ours, bare = benchmark.pedantic(compare, rounds=1)
    figure(
        f"{SOCKETS:,} open WebSockets, each subscribed: server memory of one",
        f"{ours['bytes_each'] / 1000:.1f} kB",
        "30 kB",
        f"a bare server {bare['bytes_each'] / 1000:.1f} kB; {ours['before_mb']:.0f} MB before;"
        f" opened {ours['opened_per_s']:,.0f} a second",
    )
    figure(
        f"one change of an agent to all {SOCKETS:,}: from the request to the last arrival",
        f"{ours['all']['p50_ms']:,.0f} ms",
        "1 s",
        f"median of {ROUNDS}, at most {ours['all']['max_ms']:,.0f} ms; with new metrics to all of"
        f" them {ours['all_with_metrics']['p50_ms']:,.0f} ms, at most"
        f" {ours['all_with_metrics']['max_ms']:,.0f} ms",
    )
    figure(
        "the same / a bare loop over all sockets on the same server",
        f"{bare['all']['p50_ms'] / ours['all']['p50_ms']:.2f}",
        "0.8",
        f"{ours['all']['p50_ms']:,.0f} ms / {bare['all']['p50_ms']:,.0f} ms, medians, a frame of"
        f" {ours['frame_bytes']} bytes; ours includes the commit",
    )


def test_way_of_an_event(benchmark: BenchmarkFixture, figure: Figure, tmp_path: Path) -> None:
    commits_file, arrivals_file = tmp_path / "commits", tmp_path / "arrivals"

    def measure() -> dict[str, Any]:
        with server("product", tmp_path / "mas", 200, 1000, commits_file) as ours:
            return load("socket_loader.py", "arrivals", ours.port, 500, SECONDS, arrivals_file)

    found = benchmark.pedantic(measure, rounds=1)
    waits = waits_of(json.loads(commits_file.read_text()), json.loads(arrivals_file.read_text()))
    figure(
        "commit to arrival at an idle subscriber, p99 at 500 events/s",
        f"{waits[len(waits) * 99 // 100] * 1e3:.1f} ms",
        "10 ms",
        f"p50 {waits[len(waits) // 2] * 1e3:.1f} ms; {found['events_per_s']:.0f} events/s, the"
        f" loader {found['late_s'] * 1e3:.0f} ms late at the end; from when the database took it"
        f" (`at`, before its fsync) p50 {found['since_record']['p50_ms']:.1f} ms, p99"
        f" {found['since_record']['p99_ms']:.1f} ms",
    )


def waits_of(commits: list[tuple[int, float]], arrivals: list[tuple[int, float]]) -> list[float]:
    """Return how long after its commit was known here each event arrived there, in order.

    Both clocks are the monotonic one of the machine.
    """
    waits, runs = [], iter(commits)
    last, at = next(runs)
    for position, arrived in arrivals:
        while last < position:
            last, at = next(runs)
        waits.append(arrived - at)
    assert min(waits) > 0, "told before it was committed"
    return sorted(waits)


def test_all_come_back_at_once(benchmark: BenchmarkFixture, figure: Figure, tmp_path: Path) -> None:
    def measure() -> dict[str, Any]:
        with server("product", tmp_path / "mas") as ours:
            return load("socket_loader.py", "reconnect", ours.port, 1_000, 250)

    found = benchmark.pedantic(measure, rounds=1)
    assert (found["lost"], found["repeated"]) == (0, 0)
    figure(
        f"{found['clients']:,} clients cut and back at once with `after`: all caught up",
        f"{found['caught_up']['max_ms'] / 1e3:.2f} s",
        "5 s",
        f"{found['missed_each']} events missed by each, 40 events/s meanwhile;"
        f" {found['lost']} lost, {found['repeated']} repeated",
    )


@pytest.mark.parametrize("seed", [1])
def test_a_minute_of_cuts(
    benchmark: BenchmarkFixture, figure: Figure, tmp_path: Path, seed: int
) -> None:
    def measure() -> dict[str, Any]:
        with server("product", tmp_path / "mas") as ours:
            return load("cut_clients.py", 60, 200, 100, seed, ours.port)

    found = benchmark.pedantic(measure, rounds=1)
    assert (found["lost"], found["repeated"], found["disordered"]) == (0, 0, 0)
    figure(
        "200 clients cut at random moments for a minute: facts lost or repeated",
        f"{found['lost'] + found['repeated']}",
        "0",
        f"{found['cuts']:,} cuts, {found['events']:,} events, {found['facts']:,} facts heard",
    )
