"""Options that several commands share, and the settings made of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from aia_mas.application.logs import configure
from aia_mas.application.settings import Settings, load_settings
from aia_mas.application.settings_sources import FILE_VARIABLE

_Command = TypeVar("_Command", bound=Callable[..., Any])


def data_options(command: _Command) -> _Command:
    """Add the options that say where the data lives."""
    for option in (
        click.option(
            "--config", type=click.Path(), help="TOML file with settings (MAS_CONFIG_FILE)."
        ),
        click.option("--database-url", help="PostgreSQL >= 15 instead of the embedded one."),
        click.option(
            "--data-dir", type=click.Path(path_type=Path), help="Folder of the embedded PostgreSQL."
        ),
    ):
        command = option(command)
    return command


def json_option(command: _Command) -> _Command:
    """Add ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")(command)


def environment_with(config: str | None) -> dict[str, str]:
    """Return the environment, with the file that the command line named."""
    environment = dict(os.environ)
    if config is not None:
        environment[FILE_VARIABLE] = config
    return environment


def settings_of(config: str | None, *, quiet: bool = True, **arguments: Any) -> Settings:
    """Load the settings and set up the logs by them.

    Args:
        config: Path of the settings file, when the command line names one.
        quiet: Only log what deserves attention; the command itself tells what it does.
        **arguments: The command line's values by field name.

    Raises:
        SettingsError: One of them is wrong.
    """
    settings = load_settings(arguments, environment=environment_with(config))
    level = "warning" if quiet and settings.log_level == "info" else settings.log_level
    configure(settings.log_format, level)
    return settings
