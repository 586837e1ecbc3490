"""The live view fits the terminal, whatever agents and tasks are called."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from rich.cells import cell_len
from rich.console import Console

from aia.client.types import (
    EconomicSummary,
    Metrics,
    Pool,
    PresentAgent,
    Task,
    TokenFigures,
    Window,
)
from aia.client.types.live import TaskUpdate
from aia_mas.interfaces.cli.remote.words import tokens
from aia_mas.interfaces.cli.top.picture import Picture
from aia_mas.interfaces.cli.top.screen import draw, summary

NOW = datetime.now(UTC)
LONG = "界\x1b[31m" + "x" * 300


def made(kind: Any, **fields: Any) -> Any:
    """Return an answer whose other fields say as little as they may."""
    told = {field.name: field.type for field in msgspec.structs.fields(kind)}
    values: dict[str, Any] = {}
    for name, wanted in told.items():
        for least in (None, False, 0, "", [], {}, NOW):
            try:
                values[name] = msgspec.convert(least, wanted)
            except msgspec.ValidationError:
                continue
            break
        else:
            values[name] = made(wanted)
    return kind(**{**values, **fields})


def economy(runway: int | None = 100_000) -> EconomicSummary:
    """Return the summary of an economy (``runway``: seconds that its reward pool lasts)."""
    where = made(TokenFigures, supply="1500000", staked="12345.678", staked_share=0.0246)
    pool = made(Pool, name="rewards", balance="479999.999999999999999999", runway_seconds=runway)
    others = [made(Pool, name=name, balance="7") for name in ("governance", "staking")]
    summary: EconomicSummary = made(
        EconomicSummary, tokens={"AIA": where, "AIA_GOV": where}, pools=[*others, pool]
    )
    return summary


@pytest.fixture
def picture() -> Picture:
    shown = Picture("http://127.0.0.1:8000")
    metrics = made(Metrics)
    window = {"submitted": 1, "completed": 2, "failed": 0}
    rates = {f"{name}_per_minute": float(value) for name, value in window.items()}
    minute = Window(**window, **rates)
    throughput = msgspec.structs.replace(metrics.throughput, windows={"1m": minute})
    shown.metrics = msgspec.structs.replace(metrics, throughput=throughput)
    shown.economy = economy()
    shown.agents = [made(PresentAgent, agent_id=f"{n}{LONG}", status="active") for n in range(50)]
    shown.tasks = [
        made(Task, task_id=f"{n}{LONG}", task_type=LONG, status="running") for n in range(50)
    ]
    shown.events.extend(
        TaskUpdate(
            position=n, event="task.progressed", version=1, at=NOW - timedelta(seconds=n),
            actor="x", task_id=f"{n:012}", message=LONG,
        )
        for n in range(100)
    )  # fmt: skip
    return shown


def lines(picture: Picture, width: int, height: int) -> Iterator[str]:
    console = Console(width=width, height=height, no_color=True, highlight=False)
    with console.capture() as captured:
        console.print(draw(picture, width, height))
    yield from captured.get().splitlines()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (80, 25), (200, 60), (100, 31)])
def test_view_fills_the_terminal_and_never_more(picture: Picture, width: int, height: int) -> None:
    shown = list(lines(picture, width, height))

    assert len(shown) == height
    assert all(cell_len(line) <= width for line in shown)
    assert not any("\x1b" in line for line in shown)
    assert shown[-1].startswith("q quits")
    assert "000000000099" in shown[-2], "the latest event stands last"


def test_nothing_to_show_is_a_view_as_well() -> None:
    shown = list(lines(Picture("http://x"), 80, 24))

    assert len(shown) <= 24
    assert "connecting" in shown[0]


def test_trouble_stands_where_it_is_seen(picture: Picture) -> None:
    picture.trouble = "GET http://x: ConnectError"

    assert "ConnectError" in list(lines(picture, 80, 24))[-1]
    assert "TROUBLE: GET http://x: ConnectError" in summary(picture)


def test_tokens_are_a_line_that_tells_how_long_the_rewards_last(picture: Picture) -> None:
    (line,) = (line for line in lines(picture, 80, 24) if line.startswith("Tokens"))

    assert line.split("   ") == [
        "Tokens  1.5M AIA",
        "12.3k staked (2.5%)",
        "reward pool 479k, lasts 1d 3h",
    ]
    assert "  reward pool 479k AIA" in summary(picture)


def test_a_pool_that_nothing_was_paid_of_lasts_no_time_in_particular(picture: Picture) -> None:
    picture.economy = economy(runway=None)

    assert any("479k, nothing paid of it" in line for line in lines(picture, 80, 24))


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "0"),
        ("0.000000000000000001", "0"),
        ("12.999", "12.99"),
        ("-3.5", "-3.50"),
        ("9999.999", "9999.99"),
        ("10000", "10k"),
        ("12999.9", "12.9k"),
        ("999999.9", "999k"),
        ("1000000", "1M"),
        ("-1234567", "-1.23M"),
        ("1" + "0" * 22, "10000E"),
        ("9" * 33, "999000000000000E"),
    ],
)
def test_amounts_are_a_few_digits_and_never_more_than_there_is(amount: str, words: str) -> None:
    assert tokens(amount) == words
