"""Settings: precedence of their sources, names and examples of the guide, what values mean."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aia_mas.application.settings import (
    Settings,
    SettingsError,
    check_exposure,
    is_loopback,
    without_password,
)
from aia_mas.application.settings_catalogue import CATALOGUE

from .loading import load, refusal

TOKEN = 10**18
GUIDE_ENVIRONMENT = {
    "REDIS_HOST": "localhost",
    "REDIS_PORT": "6379",
    "WEBSOCKET_HOST": "localhost",
    "WEBSOCKET_PORT": "8765",
    "AIA_TREASURY_ADDRESS": "your_treasury_address",
    "AIA_GOV_TOKEN_ADDRESS": "your_gov_token_address",
    "MAS_MAX_CONCURRENT_TASKS": "100",
    "MAS_HEARTBEAT_INTERVAL": "30",
    "MAS_MESSAGE_QUEUE_SIZE": "10000",
}
GUIDE_CONFIG: dict[str, Any] = {
    "orchestration": {"max_agents": 1000, "task_timeout": 300, "heartbeat_interval": 30},
    "economic": {
        "base_task_reward": "10.0",
        "staking_tiers": {
            "bronze": {"min_stake": "100.0", "multiplier": 1.0},
            "silver": {"min_stake": "500.0", "multiplier": 1.2},
            # ... more tiers
        },
    },
    "communication": {
        "websocket_host": "localhost",
        "websocket_port": 8765,
        "message_retention": 10000,
    },
    "workflow": {"max_workflow_duration": 3600, "quality_gate_timeout": 60, "retry_attempts": 3},
}


def test_every_setting_of_the_catalogue_is_a_field_and_every_field_is_in_the_catalogue() -> None:
    fields = {field.name for field in msgspec.structs.fields(Settings)}

    assert {setting.field for setting in CATALOGUE} | {"warnings"} == fields
    for names in (
        [setting.field for setting in CATALOGUE],
        [setting.key for setting in CATALOGUE],
        [setting.variable for setting in CATALOGUE if setting.variable],
    ):
        assert len(names) == len(set(names))


def test_every_default_satisfies_the_rule_for_its_setting() -> None:
    unset = Settings()
    # Their readers take tokens, not base units.
    amounts = {"base_task_reward", "staking_tiers", "genesis_treasury", "genesis_reward_pool"}

    for setting in CATALOGUE:
        value = getattr(unset, setting.field)
        if value not in (None, "") and setting.field not in amounts:
            again = setting.read(value)
            assert again == value or setting.field == "data_dir"


def test_nothing_given_is_development_mode_on_loopback_in_a_hidden_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load()

    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.development
    assert settings.data_dir == tmp_path / ".mas"
    assert settings.database_url is None
    assert settings.redis is None
    check_exposure(settings)


def test_environment_of_the_guide_is_accepted_and_its_placeholders_are_named() -> None:
    settings = load(GUIDE_ENVIRONMENT)

    assert settings.redis == "redis://localhost:6379/0"
    assert (settings.websocket_host, settings.websocket_port) == ("localhost", 8765)
    assert settings.max_running_tasks == 100
    assert settings.heartbeat_interval_seconds == 30.0
    assert settings.message_queue_size == 10_000
    assert settings.treasury_address is None
    assert settings.gov_token_address is None
    assert [warning.partition(" ")[0] for warning in settings.warnings] == [
        "AIA_TREASURY_ADDRESS",
        "AIA_GOV_TOKEN_ADDRESS",
    ]


def test_configuration_of_the_guide_is_accepted_and_keeps_the_tiers_it_leaves_out() -> None:
    settings = load(config=GUIDE_CONFIG)

    assert settings.max_agents == 1000
    assert settings.task_timeout_seconds == 300.0
    assert settings.base_task_reward == 10 * TOKEN
    assert [
        (tier.name, tier.min_stake // TOKEN, tier.multiplier) for tier in settings.staking_tiers
    ] == [
        ("bronze", 100, Decimal("1.0")),
        ("silver", 500, Decimal("1.2")),
        ("gold", 2_000, Decimal("1.5")),
        ("platinum", 5_000, Decimal("1.75")),
        ("diamond", 10_000, Decimal("2.0")),
    ]
    assert settings.message_retention == 10_000
    assert settings.workflow_retry_attempts == 3


def test_argument_goes_before_environment_before_mapping_before_file(tmp_path: Path) -> None:
    file = tmp_path / "mas.toml"
    file.write_text(
        "[server]\nport = 1\nhost = '127.0.0.1'\n"
        "[orchestration]\nmax_agents = 1\nheartbeat_interval = 1\ntask_timeout = 1.5\n"
    )
    config = {"server": {"port": 2}, "orchestration": {"max_agents": 2, "heartbeat_interval": 2}}
    environment = {"MAS_CONFIG_FILE": str(file), "MAS_PORT": "3", "MAS_MAX_AGENTS": "3"}

    settings = load(environment, config, port=4)

    assert settings.port == 4
    assert settings.max_agents == 3
    assert settings.heartbeat_interval_seconds == 2.0
    assert settings.task_timeout_seconds == 1.5


def test_fractions_of_the_file_stay_exact(tmp_path: Path) -> None:
    file = tmp_path / "mas.toml"
    file.write_text(
        "[economic]\nbase_task_reward = 10.000000000000000001\n"
        "[economic.staking_tiers]\nbronze = {min_stake = 100, multiplier = 1.1}\ngold = false\n"
    )

    settings = load({"MAS_CONFIG_FILE": str(file)})

    assert settings.base_task_reward == 10 * TOKEN + 1
    assert [tier.name for tier in settings.staking_tiers] == [
        "bronze", "silver", "platinum", "diamond",
    ]  # fmt: skip
    assert settings.staking_tiers[0].multiplier == Decimal("1.1")


def test_argument_that_is_none_and_variable_that_is_empty_are_not_given() -> None:
    assert load({"MAS_PORT": "", "MAS_JWT_SECRET": ""}, port=None) == load()


def test_variables_of_other_programs_are_none_of_our_business() -> None:
    load({"AIA_SOMETHING": "1", "PATH": "/bin", "MASK": "1"})
    # What clients go by, and what programs of `mas worker` are told.
    load({"MAS_URL": "http://mas", "MAS_TOKEN": "t", "MAS_TASK_ID": "1", "MAS_ATTEMPT": "1"})
    # What Kubernetes sets for a service called "mas".
    load({"MAS_SERVICE_HOST": "10.0.0.1", "MAS_SERVICE_PORT_HTTP": "80", "MAS_PORT_80_TCP": "tcp"})
    # What the clients in the same shell go by.
    load({"MAS_URL": "http://127.0.0.1:9000", "MAS_TOKEN": "x"})


@pytest.mark.parametrize(
    ("text", "size"),
    [("4096", 4096), ("64k", 65_536), ("1MB", 2**20), ("2 MiB", 2**21), ("100000B", 100_000)],
)
def test_sizes_may_carry_a_unit(text: str, size: int) -> None:
    assert load({"MAS_MAX_BODY": text}).max_body_bytes == size


def test_origins_are_separated_by_commas() -> None:
    origins = load({"MAS_CORS_ORIGINS": "https://a.example/, http://localhost:3000"}).cors_origins

    assert origins == ("https://a.example", "http://localhost:3000")


@pytest.mark.parametrize(("text", "path"), [("/backend/", "/backend"), ("/", ""), ("/a/b", "/a/b")])
def test_prefix_of_a_proxy_has_no_slash_at_its_end(text: str, path: str) -> None:
    assert load({"MAS_ROOT_PATH": text}).root_path == path


def test_redis_url_goes_before_host_and_port() -> None:
    url = "rediss://:secret@cache.example:6380/1"

    assert load({"REDIS_URL": url, "REDIS_HOST": "other"}).redis == url
    assert load({"REDIS_HOST": "::1", "REDIS_PORT": "7000"}).redis == "redis://[::1]:7000/0"
    assert load({"REDIS_PORT": "7000"}).redis is None


def test_migrations_use_the_program_s_database_unless_told_otherwise() -> None:
    url = "postgresql://mas@localhost/mas"

    owner = {"MAS_DATABASE_URL": url, "MAS_MIGRATION_DATABASE_URL": "dbname=x"}
    assert load({"MAS_DATABASE_URL": url}).owner_database_url == url
    assert load(owner).owner_database_url == "dbname=x"


def test_secrets_are_neither_shown_nor_repeated_in_errors() -> None:
    secret = "s3cret" * 8
    settings = load(
        {
            "MAS_JWT_SECRET": secret,
            "MAS_DATABASE_URL": f"postgresql://mas:{secret}@db/mas",
            "REDIS_URL": f"redis://:{secret}@cache",
        }
    )

    assert secret not in repr(settings) + str(settings)
    assert secret not in str(refusal({"MAS_DATABASE_URL": f"postgresql://mas:{secret}@db/x?bad=1"}))
    assert secret not in str(refusal({"REDIS_URL": f"http://:{secret}@cache"}))
    assert "s3" not in str(refusal({"MAS_JWT_SECRET": "s3cret"}))
    assert without_password(f"postgresql://mas:{secret}@db/mas") == "user=mas dbname=mas host=db"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", "localhost.evil"])
def test_other_machines_are_not_served_without_authentication(host: str) -> None:
    for variable in ("MAS_HOST", "WEBSOCKET_HOST"):
        with pytest.raises(SettingsError, match=f"listen on {host}") as caught:
            check_exposure(load({variable: host}))
        assert caught.value.key == "MAS_JWT_SECRET"
        check_exposure(load({variable: host, "MAS_JWT_SECRET": "x" * 32}))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost", "LOCALHOST."])
def test_loopback_needs_no_authentication(host: str) -> None:
    assert is_loopback(host)
    check_exposure(load({"MAS_HOST": host}))
