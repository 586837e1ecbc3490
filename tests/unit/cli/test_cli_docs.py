"""What docs/cli.md shows can be typed, and all commands stand in it."""

import re
import shlex
from pathlib import Path

import click
import pytest

from aia_mas.interfaces.cli.apply.fleet import fleet_of
from aia_mas.interfaces.cli.demo.profile import profile_of
from aia_mas.interfaces.cli.main import cli
from aia_mas.interfaces.cli.yaml_documents import read_documents

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "cli.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^\$ mas (.+)$", PAGE, re.MULTILINE)
REMOTE = ("agents", "tasks", "economy", "events")


def found(words: list[str]) -> tuple[click.Command, list[str]]:
    """Return the command that words name, and what follows."""
    command: click.Command = cli
    while isinstance(command, click.Group):
        name, *words = words
        within = command.get_command(click.Context(command), name)
        assert within is not None, f"there is no command {name}"
        command = within
    return command, words


@pytest.mark.parametrize("line", SHOWN)
def test_what_is_shown_can_be_typed(line: str) -> None:
    command, words = found(shlex.split(line, comments=True))
    known = {name for parameter in command.params for name in parameter.opts}

    assert {word for word in words if re.fullmatch("--[a-z-]+|-[a-z]", word)} <= known


@pytest.mark.parametrize("group", REMOTE)
def test_every_command_stands_in_it(group: str) -> None:
    command = cli.get_command(click.Context(cli), group)

    assert isinstance(command, click.Group)
    for name in command.commands:
        assert f"mas {group} {name}" in PAGE, name


def test_profile_and_fleet_are_what_they_should_be() -> None:
    (profile,) = re.findall(r"```yaml\n(agents:.*?)```", PAGE, re.DOTALL)
    fleet = fleet_of(read_documents("fleet.yaml", (DOCS / "fleet.yaml").read_bytes()))

    assert [each.name for each in profile_of("docs", profile.encode(), {}).task_types] == [
        "data_analysis",
        "report",
    ]
    assert (fleet.mistakes, fleet.kinds) == ((), {"agents", "limits", "policies"})
