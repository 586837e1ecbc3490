"""Settings loaded from what a test says alone, and how that is refused."""

from typing import Any

import pytest

from aia_mas.application.settings import (
    Settings,
    SettingsError,
    load_settings,
)


def load(
    environment: dict[str, str] | None = None,
    config: dict[str, Any] | None = None,
    **arguments: Any,
) -> Settings:
    return load_settings(arguments, environment=environment or {}, config=config)


def refusal(
    environment: dict[str, str] | None = None,
    config: dict[str, Any] | None = None,
    **arguments: Any,
) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        load(environment, config, **arguments)
    return caught.value
