"""Where settings come from: arguments, the environment, a TOML file or the same as a mapping."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from aia_mas.application.settings_catalogue import CATALOGUE, Setting
from aia_mas.application.settings_errors import SettingsError, unknown

FILE_VARIABLE = "MAS_CONFIG_FILE"

_BY_FIELD = {setting.field: setting for setting in CATALOGUE}
_BY_VARIABLE = {setting.variable: setting for setting in CATALOGUE if setting.variable}
_BY_KEY = {setting.key: setting for setting in CATALOGUE}
_SECTIONS = {key.partition(".")[0] for key in _BY_KEY}
# Kubernetes and Docker links tell of a service named "mas" in variables that look like ours.
_SERVICE_LINK = re.compile(
    r"MAS_(SERVICE_(HOST|PORT)(_\w+)?|PORT_\d+_(TCP|UDP)(_\w+)?|ENV_\w+|NAME)"
)
# What clients go by, and what `mas worker` tells its programs: a node that runs beside them, or is
# started by one, has nothing to do with it.
_OF_CLIENTS = re.compile(
    r"MAS_(URL|TOKEN|AGENT_ID|ATTEMPT|DEADLINE|TASK_(ID|TYPE|DESCRIPTION|PRIORITY|OWNER|TAGS))"
)


class Given(NamedTuple):
    """A value that a source holds for a setting.

    Attributes:
        setting: Which one.
        key: What the source calls it.
        raw: The value as it stands there.
    """

    setting: Setting
    key: str
    raw: Any


def from_arguments(arguments: Mapping[str, Any]) -> Iterator[Given]:
    """Yield what arguments say; None is an argument that was not given.

    Raises:
        SettingsError: An argument is no setting.
    """
    for name, raw in arguments.items():
        setting = _BY_FIELD.get(name)
        if setting is None:
            raise unknown(name, _BY_FIELD)
        if raw is not None:
            yield Given(setting, name, raw)


def from_environment(environment: Mapping[str, str]) -> Iterator[Given]:
    """Yield what the environment says; an empty variable counts as not set.

    Raises:
        SettingsError: A variable begins with ``MAS_`` and is no setting.
    """
    for name, raw in environment.items():
        setting = _BY_VARIABLE.get(name)
        if setting is not None and raw:
            yield Given(setting, name, raw)
        elif (
            setting is None
            and name.startswith("MAS_")
            and name != FILE_VARIABLE
            and not _SERVICE_LINK.fullmatch(name)
            and not _OF_CLIENTS.fullmatch(name)
        ):
            raise unknown(name, [*_BY_VARIABLE, FILE_VARIABLE])


def from_mapping(config: Mapping[str, Any]) -> Iterator[Given]:
    """Yield what a nested configuration says (``{"orchestration": {"max_agents": 10}}``).

    Raises:
        SettingsError: A section or a key is unknown.
    """
    for section, entries in config.items():
        if section not in _SECTIONS:
            raise unknown(str(section), _SECTIONS)
        if not isinstance(entries, Mapping):
            raise SettingsError(section, "must be a table of settings")
        for name, raw in entries.items():
            key = f"{section}.{name}"
            setting = _BY_KEY.get(key)
            if setting is None:
                raise unknown(key, _BY_KEY)
            if raw is not None:
                yield Given(setting, key, raw)


def read_file(path: str | Path) -> dict[str, Any]:
    """Return the contents of a TOML file; its fractions stay exact.

    Raises:
        SettingsError: It cannot be read, or is no TOML.
    """
    try:
        with Path(path).expanduser().open("rb") as file:
            return tomllib.load(file, parse_float=Decimal)
    except OSError as error:
        raise SettingsError(FILE_VARIABLE, f"{path}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RuntimeError) as error:
        raise SettingsError(FILE_VARIABLE, f"{path}: {error}") from None
