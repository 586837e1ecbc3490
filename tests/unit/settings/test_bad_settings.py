"""Unknown names and bad values stop the start, and are named."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aia_mas.application.settings import (
    SettingsError,
)
from aia_mas.application.settings_catalogue import CATALOGUE

from .loading import load, refusal

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@pytest.mark.parametrize(
    ("variable", "hint"),
    [
        ("MAS_PROT", "MAS_PORT"),
        ("MAS_HEARTBEAT", "MAS_HEARTBEAT_INTERVAL"),
        ("MAS_CONFIG", "MAS_CONFIG_FILE"),
    ],
)
def test_unknown_variable_stops_with_a_suggestion(variable: str, hint: str) -> None:
    error = refusal({variable: "1"})

    assert error.key == variable
    assert f"did you mean {hint}?" in error.reason


@pytest.mark.parametrize(
    ("config", "key", "hint"),
    [
        ({"orchestraton": {}}, "orchestraton", "orchestration"),
        (
            {"orchestration": {"max_agent": 1}},
            "orchestration.max_agent",
            "orchestration.max_agents",
        ),
        ({"port": 1}, "port", ""),
    ],
)
def test_unknown_key_stops_with_its_path(config: dict[str, Any], key: str, hint: str) -> None:
    error = refusal(config=config)

    assert error.key == key
    assert hint in error.reason


def test_unknown_argument_stops() -> None:
    assert refusal(prot=1).key == "prot"


def test_section_that_is_no_table_stops() -> None:
    assert refusal(config={"server": 1}).key == "server"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MAS_PORT", "http"),
        ("MAS_PORT", "65536"),
        ("MAS_PORT", "-1"),
        ("MAS_PORT", "80.5"),
        ("MAS_HOST", "0.0.0.0:80"),
        ("MAS_HOST", "300.1.1.1"),
        ("MAS_HEARTBEAT_INTERVAL", "0"),
        ("MAS_HEARTBEAT_INTERVAL", "nan"),
        ("MAS_HEARTBEAT_INTERVAL", "inf"),
        ("MAS_HEARTBEAT_INTERVAL", "30s"),
        ("MAS_MAX_CONCURRENT_TASKS", "0"),
        ("MAS_MAX_BODY", "10 stones"),
        ("MAS_MAX_BODY", "1"),
        ("MAS_LOG_FORMAT", "xml"),
        ("MAS_LOG_LEVEL", "loud"),
        ("MAS_CORS_ORIGINS", "example.org"),
        ("MAS_CORS_ORIGINS", "https://example.org/path"),
        ("MAS_JWT_SECRET", "short"),
        ("MAS_DATABASE_URL", "mysql://localhost/mas"),
        ("MAS_DATABASE_URL", "host"),
        ("MAS_RATE_LIMIT", "100"),
        ("MAS_ROOT_PATH", "no-slash"),
        ("MAS_ROOT_PATH", "/a/../b"),
        ("MAS_ROOT_PATH", "/a//b"),
        ("MAS_ROOT_PATH", "/a b"),
        ("MAS_ROOT_PATH", "/ä"),
        ("MAS_DATA_DIR", "a\0b"),
        ("MAS_BASE_TASK_REWARD", "-1"),
        ("MAS_BASE_TASK_REWARD", "NaN"),
        ("REDIS_PORT", "tcp://10.0.0.1:6379"),
        ("REDIS_URL", "http://localhost"),
        ("REDIS_URL", "redis://localhost:port"),
        ("WEBSOCKET_PORT", "0"),
        ("AIA_TREASURY_ADDRESS", "0x1234"),
        ("AIA_TREASURY_ADDRESS", "a" * 40),
        ("AIA_GOV_TOKEN_ADDRESS", "treasury"),
        ("AIA_GOV_TOKEN_ADDRESS", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeaeD"),
        ("MAS_TOKENS", "gold"),
        ("MAS_TOKENS", "A:B"),
        ("MAS_TOKENS", ",".join(f"T{number}" for number in range(31))),
        ("MAS_SUPPLY_CAP", "5"),
        ("MAS_SUPPLY_CAP", "AIA=-1"),
        ("MAS_SUPPLY_CAP", "AIA=0.0000000000000000001"),
        ("MAS_SUPPLY_CAP", "GOLD=5"),
        ("MAS_SUPPLY_CAP", "AIA=99999999"),
        ("MAS_GENESIS_TREASURY", "AIA=NaN"),
        ("MAS_GENESIS_REWARD_POOL", "GOLD=1"),
    ],
)
def test_bad_value_stops_with_the_name_of_its_variable(variable: str, value: str) -> None:
    assert refusal({variable: value}).key == variable


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("server", "port", True),
        ("server", "port", 80.5),
        ("server", "max_body", True),
        ("server", "cors_origins", [1]),
        ("server", "cors_origins", ["http://[bad"]),
        ("orchestration", "task_timeout", True),
        ("orchestration", "task_timeout", "soon"),
        ("orchestration", "max_agents", 1_000_001),
        ("economic", "base_task_reward", True),
        ("economic", "base_task_reward", []),
        ("economic", "staking_tiers", []),
        ("economic", "tokens", ["GOLD", 5]),
        ("economic", "supply_cap", [5]),
        ("economic", "supply_cap", {"AIA": True}),
        ("economic", "genesis_treasury", {5: 5}),
        ("economic", "staking_tiers", {"Gold!": {}}),
        ("economic", "staking_tiers", {"gold": {"min_stake": 1}}),
        ("economic", "staking_tiers", {"gold": {"min_stake": "x", "multiplier": 1}}),
        ("economic", "staking_tiers", {"gold": {"min_stake": 2000, "multiplier": "x"}}),
        ("economic", "staking_tiers", {"gold": {"min_stake": 2000, "multiplier": 0}}),
        ("economic", "staking_tiers", {"gold": {"min_stake": 500, "multiplier": 1.3}}),
        ("economic", "staking_tiers", {"gold": {"min_stake": 2000, "multiplier": 1.1}}),
        ("communication", "websocket_host", 5),
        ("database", "data_dir", 5),
        ("database", "data_dir", ""),
    ],
)
def test_bad_value_stops_with_the_path_of_its_key(section: str, name: str, value: Any) -> None:
    assert refusal(config={section: {name: value}}).key == f"{section}.{name}"


def test_bad_value_stops_also_where_another_source_goes_before_it() -> None:
    assert refusal({"MAS_PORT": "http"}, port=8000).key == "MAS_PORT"


def test_file_that_is_missing_or_no_toml_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("[server\n")

    for path in (tmp_path / "none.toml", broken, tmp_path):
        error = refusal({"MAS_CONFIG_FILE": str(path)})
        assert error.key == "MAS_CONFIG_FILE"
        assert str(path) in error.reason


@given(st.dictionaries(st.sampled_from([s.variable for s in CATALOGUE if s.variable]), st.text()))
def test_whatever_stands_in_the_environment_is_either_accepted_or_refused_by_name(
    environment: dict[str, str],
) -> None:
    blamed = ""
    try:
        load(environment)
    except SettingsError as error:
        blamed = error.key

    assert blamed in ["", *environment]


@given(st.sampled_from([setting.key for setting in CATALOGUE]), _json)
def test_whatever_stands_in_the_file_is_either_accepted_or_refused_by_name(
    key: str, value: Any
) -> None:
    section, _, name = key.partition(".")
    blamed = ""
    try:
        load(config={section: {name: value}})
    except SettingsError as error:
        blamed = error.key

    assert blamed in ["", key]
