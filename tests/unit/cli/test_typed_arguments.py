"""Arguments as they are typed, and words as they are shown."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest

from aia_mas.interfaces.cli.remote.confirming import confirm
from aia_mas.interfaces.cli.remote.parameters import (
    Condition,
    Id,
    Json,
    LabelCondition,
    Moment,
    Seconds,
)
from aia_mas.interfaces.cli.remote.tables import fitting
from aia_mas.interfaces.cli.remote.words import (
    age,
    lasting,
    levels,
    listed,
    plain,
    program_name,
    share,
)
from aia_mas.interfaces.cli.tasks.many import batches, lines_of


@pytest.mark.parametrize(
    ("typed", "condition"),
    [
        ("gpu", Condition("gpu")),
        ("region=eu", Condition("region", "=", ("eu",))),
        ("region != eu", Condition("region", "!=", ("eu",))),
        ("memory>=16", Condition("memory", ">=", ("16",))),
        ("memory<16", Condition("memory", "<", ("16",))),
        ("region in eu, us", Condition("region", "in", ("eu", "us"))),
        ("note=a=b", Condition("note", "=", ("a=b",))),
    ],
)
def test_conditions_on_labels(typed: str, condition: Condition) -> None:
    assert LabelCondition().convert(typed, None, None) == condition


def test_times_are_exact_or_ago() -> None:
    ago = Moment().convert("10m", None, None)

    assert Moment().convert("2026-03-01T12:00:00Z", None, None) == datetime(
        2026, 3, 1, 12, tzinfo=UTC
    )
    assert Moment().convert("2026-03-01", None, None) == datetime(2026, 3, 1, tzinfo=UTC)
    assert timedelta(minutes=9) < datetime.now(UTC) - ago < timedelta(minutes=11)


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        (Moment(), "yesterday"),
        (Moment(), "10 m"),
        (Json(), "{"),
        (Json(), "@/no/such/file"),
        (Id(), ".."),
        (Id(), ""),
        (Seconds(0), "nan"),
        (Seconds(0), "-1"),
        (LabelCondition(), "two words"),
        (LabelCondition(), " "),
    ],
)
def test_what_cannot_be_is_a_matter_of_usage(kind: click.ParamType, typed: str) -> None:
    with pytest.raises(click.UsageError):
        kind.convert(typed, None, None)


def test_json_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "payload.json").write_text('{"quarter": "Q3"}')

    assert Json().convert(f"@{tmp_path}/payload.json", None, None) == {"quarter": "Q3"}


def test_nobody_s_words_command_the_terminal() -> None:
    assert plain("a\x1b[31mb\r\n\u202ec") == "a\\x1b[31mb\\r\\n\\u202ec"
    assert plain("Grüße, 世界") == "Grüße, 世界"
    assert plain(None) == plain("") == "-"


def test_words_of_figures() -> None:
    assert [lasting(seconds) for seconds in (0.4, 59, 61, 3_600, 90_061, -3)] == [
        "0s", "59s", "1m 1s", "1h 0m", "1d 1h", "0s",
    ]  # fmt: skip
    assert age(None) == "-"
    assert (share(None), share(0.976)) == ("-", "97.6%")
    assert listed("abcdef", 3) == "a, b, c +3"
    assert levels({"a": 0.5, "b": 1.0}) == "b=1, a=0.5"


def test_lines_keep_their_numbers_and_batches_are_bounded() -> None:
    lines = lines_of(b'{"a":1}\n\n  \n{"a":2}\n{"a":3}')

    assert [line.number for line in lines] == [1, 4, 5]
    assert [len(batch) for batch in batches(lines, 2)] == [2, 1]
    large = lines_of(b"\n".join(b'{"a":"%s"}' % (b"x" * 900_000) for _ in range(5)))
    assert [len(batch) for batch in batches(large, 500)] == [2, 2, 1]


def test_lines_that_hold_no_task_are_all_told() -> None:
    with pytest.raises(click.UsageError) as refused:
        lines_of(b'{"a":1}\n[1]\n{"a":\n')

    assert "line 2: this is no object" in refused.value.message
    assert "line 3: this is not JSON" in refused.value.message


def test_narrow_terminals_keep_the_first_columns_whole() -> None:
    rows = [["TASK", "STATUS", "TYPE", "WHY"], ["x" * 36, "queued", "analysis", "y" * 100]]

    assert fitting(rows, 200) == [36, 6, 8, 100]
    assert fitting(rows, 80) == [36, 6, 8, 24]
    assert fitting(rows, 60) == [36, 6, 8]
    assert fitting(rows, 46) == [36, 6]
    assert fitting(rows, 20) == [20]
    assert fitting([["A", "B"]], 80) == [1, 1]


def test_without_a_standard_input_there_is_nothing_to_read_and_nobody_to_ask(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", None)

    with pytest.raises(click.UsageError, match="no standard input"):
        Json().convert("-", None, None)
    with pytest.raises(click.UsageError, match="nobody to ask"):
        confirm("Apply this?", yes=False)


def test_people_are_told_what_a_shell_can_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "a b" / "mas"
    program.parent.mkdir()
    program.touch(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", [f"{program}", "demo"])

    monkeypatch.setenv("PATH", f"{tmp_path}")
    assert program_name() == "'a b/mas'"
    monkeypatch.setenv("PATH", f"{program.parent}")
    assert program_name() == "mas"
