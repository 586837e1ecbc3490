"""The one settings object: what this node is told, checked once before anything starts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from ipaddress import ip_address
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec.structs import replace
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from aia_mas.application.settings_catalogue import CATALOGUE
from aia_mas.application.settings_errors import SettingsError
from aia_mas.application.settings_messages import MessageKey, check_encryption
from aia_mas.application.settings_rates import Rate
from aia_mas.application.settings_sources import (
    FILE_VARIABLE,
    from_arguments,
    from_environment,
    from_mapping,
    read_file,
)
from aia_mas.application.settings_tiers import DEFAULT_TIERS, StakingTier, tiers_of
from aia_mas.application.settings_tokens import (
    GENESIS_REWARD_POOL,
    GENESIS_TREASURY,
    OWN_TOKENS,
    SUPPLY_CAP,
    check_supply,
)
from aia_mas.application.settings_values import is_placeholder
from aia_mas.domain.communication.terms import ATTEMPTS
from aia_mas.domain.orchestration.scoring.weights import Weights
from aia_mas.domain.orchestration.task_specification import Priority
from aia_mas.domain.orchestration.tiers import Tiers

__all__ = ["Settings", "SettingsError", "StakingTier", "check_exposure", "load_settings"]

_TOKENS = 10**18
_ADDRESSES = {"treasury_address", "gov_token_address"}
_PASSWORDS = {"password", "sslpassword"}
_SECRETS = {setting.field for setting in CATALOGUE if setting.secret}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What a node is told; ``settings_catalogue`` names each in the environment and the file.

    Attributes:
        host: Address that the HTTP server listens on.
        port: Its port; 0 lets the system choose one.
        root_path: Path under which a proxy serves us, stripped or not; no slash at the end.
        max_body_bytes: Largest request body, bytes.
        cors_origins: Origins that browsers may call from; None: localhost in development mode only.
        jwt_secret: Key of HS256 tokens; None: no authentication, loopback only.
        rate_limit: Requests of one caller; None: no limit.
        drain_seconds: How long pending work may take after a signal to stop, seconds.
        data_dir: Folder of the embedded PostgreSQL, absolute.
        database_url: PostgreSQL to use instead of the embedded one.
        migration_database_url: The same as the owner of the tables; None: ``database_url``.
        database_pool_size: Connections for queries and processes.
        database_timeout_seconds: How long to wait for a connection, seconds.
        redis_host: Redis or Valkey, for presence, rates of requests, and to wake nodes; None:
            PostgreSQL carries presence and wakes them, and each node counts requests for itself.
        redis_port: Its port.
        redis_url: The same as a URL, with TLS and password; goes before host and port.
        node_name: Name of this node in leases and logs; None: made up from host and process.
        max_waiting_commands: Commands that may wait to be committed before more are refused.
        max_waiting_bytes: The same in bytes of their events.
        working_set_streams: Aggregates kept in memory.
        leader_lease_seconds: How long a silent leader is trusted, seconds (renewed at a quarter).
        max_agents: Registered agents, at most.
        max_running_tasks: Assigned and running tasks of the whole engine; None: no cap.
        max_queued_tasks: Tasks that may wait before more are refused; None: any number.
        max_queued_tasks_per_owner: The same of one owner.
        heartbeat_interval_seconds: How often agents report, seconds; offline after three missed.
        task_timeout_seconds: Longest execution of one attempt unless the task says so, seconds.
        task_lease_seconds: Length of a task's lease unless the task says so, seconds.
        task_max_attempts: Attempts of a task unless the task says so.
        pickup_timeout_seconds: How long an assignment waits for its agent to claim it, seconds.
        claim_wait_seconds: Longest wait of a claim for work, seconds.
        scoring_weights: What each feature of an agent counts; None: the defaults, or what was last
            set over HTTP.
        policies: Where policies of the user are to be imported from.
        webhook_secret: What secrets of endpoints are derived from; None: one is made for the store.
        webhook_allowed_networks: Networks (CIDR, or ``private``) beside public ones in which
            endpoints may be called, also over plain http.
        webhook_timeout_seconds: Longest exchange with an endpoint, seconds.
        webhook_retry_base_seconds: Wait after the first delivery that failed, seconds; doubled
            with each further one.
        webhook_retry_cap_seconds: The longest such wait, seconds.
        webhook_disable_after: Failures in a row after which an endpoint is disabled.
        webhook_at_once: Exchanges with endpoints under way, at most.
        webhook_at_once_per_host: Those of them with one host.
        treasury_address: Address of the treasury outside of this system.
        gov_token_address: Address of the AIA_GOV token outside of this system.
        base_task_reward: Reward of a task unless a program says so, base units.
        staking_tiers: Tiers by rising stake.
        tokens: What there is to have, by name.
        supply_caps: The most that may be in the world of a token, base units; see ``supply_cap``.
        genesis_treasury: What the treasury begins with in development mode, base units by token.
        genesis_reward_pool: What rewards begin with in development mode, base units by token.
        rating_window_seconds: How long the reward of a completed task waits for its rating.
        websocket_host: Where agents' sockets are served too, when a port is set.
        websocket_port: Port of the same; None: only under the HTTP server.
        websocket_ping_interval_seconds: How often sockets are pinged, seconds.
        websocket_ping_timeout_seconds: How long the answer may stay out, seconds.
        websocket_idle_seconds: How long a socket may neither subscribe nor say anything, seconds.
        ticket_seconds: How long a one-time ticket may wait to be used, seconds.
        message_queue_size: Messages that may wait for a recipient.
        message_retention: The same while it is offline.
        message_held: The same for an id that is not registered.
        message_when_full: What becomes of one more: ``refuse``, or ``drop_lowest``.
        message_to_unknown: What becomes of mail to ids that are not registered: ``hold``, or
            ``refuse``.
        message_max_payload_bytes: Largest payload of a message, bytes as JSON.
        message_ack_seconds: How long a delivery waits for its acknowledgement, seconds.
        message_ttl_seconds: When messages expire that do not say so, seconds; None: never.
        message_attempts: How many deliveries may fail, by priority.
        message_backoff_seconds: The wait before the second delivery, seconds; it doubles.
        message_backoff_cap_seconds: The longest wait, seconds.
        redis_bridge: Whether agents may send and receive messages over Redis: ``on`` or ``off``.
        message_keys: Payloads are encrypted with the first one; all of them decrypt.
        message_encrypted_topics: Patterns of topics whose messages are encrypted in any case.
        max_workflow_duration_seconds: Longest run of a workflow, unless its template says so.
        quality_gate_timeout_seconds: Longest wait for a quality gate, seconds.
        workflow_retry_attempts: Attempts of a workflow's step after the first.
        log_format: ``console`` or ``json``.
        log_level: ``debug``, ``info``, ``warning`` or ``error``.
        warnings: What was accepted and deserves a word at start.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    root_path: str = ""
    max_body_bytes: int = 4 * 2**20
    cors_origins: tuple[str, ...] | None = None
    jwt_secret: str | None = None
    rate_limit: Rate | None = None
    drain_seconds: float = 8.0

    data_dir: Path = Path(".mas")
    database_url: str | None = None
    migration_database_url: str | None = None
    database_pool_size: int = 10
    database_timeout_seconds: float = 10.0
    redis_host: str | None = None
    redis_port: int = 6379
    redis_url: str | None = None

    node_name: str | None = None
    max_waiting_commands: int = 20_000
    max_waiting_bytes: int = 256 * 2**20
    working_set_streams: int = 50_000
    leader_lease_seconds: float = 4.0

    max_agents: int = 10_000
    max_running_tasks: int | None = None
    max_queued_tasks: int | None = None
    max_queued_tasks_per_owner: int | None = None
    heartbeat_interval_seconds: float = 30.0
    task_timeout_seconds: float = 300.0
    task_lease_seconds: float = 60.0
    task_max_attempts: int = 3
    pickup_timeout_seconds: float = 60.0
    claim_wait_seconds: float = 30.0
    scoring_weights: Weights | None = None
    policies: tuple[str, ...] = ()

    webhook_secret: str | None = None
    webhook_allowed_networks: tuple[str, ...] = ()
    webhook_timeout_seconds: float = 10.0
    webhook_retry_base_seconds: float = 1.0
    webhook_retry_cap_seconds: float = 60.0
    webhook_disable_after: int = 20
    webhook_at_once: int = 100
    webhook_at_once_per_host: int = 10

    treasury_address: str | None = None
    gov_token_address: str | None = None
    base_task_reward: int = 10 * _TOKENS
    staking_tiers: tuple[StakingTier, ...] = DEFAULT_TIERS
    tokens: tuple[str, ...] = OWN_TOKENS
    supply_caps: Mapping[str, int] = {}
    genesis_treasury: Mapping[str, int] = GENESIS_TREASURY
    genesis_reward_pool: Mapping[str, int] = GENESIS_REWARD_POOL
    rating_window_seconds: int = 60

    websocket_host: str | None = None
    websocket_port: int | None = None
    websocket_ping_interval_seconds: float = 20.0
    websocket_ping_timeout_seconds: float = 20.0
    websocket_idle_seconds: float = 300.0
    ticket_seconds: float = 30.0
    message_queue_size: int = 10_000
    message_retention: int = 10_000
    message_held: int = 100
    message_when_full: str = "refuse"
    message_to_unknown: str = "hold"
    message_max_payload_bytes: int = 64 * 2**10
    message_ack_seconds: float = 30.0
    message_ttl_seconds: float | None = None
    message_attempts: dict[Priority, int] = msgspec.field(default_factory=ATTEMPTS.copy)
    message_backoff_seconds: float = 1.0
    message_backoff_cap_seconds: float = 300.0
    redis_bridge: str = "off"
    message_keys: tuple[MessageKey, ...] = ()
    message_encrypted_topics: tuple[str, ...] = ()

    max_workflow_duration_seconds: float = 3600.0
    quality_gate_timeout_seconds: float = 60.0
    workflow_retry_attempts: int = 3

    log_format: str = "console"
    log_level: str = "info"

    warnings: tuple[str, ...] = ()

    @property
    def development(self) -> bool:
        """No keys are configured: whoever reaches the (loopback) address is admin."""
        return self.jwt_secret is None

    @property
    def tiers(self) -> Tiers:
        """Which stake makes which tier."""
        return tiers_of(self.staking_tiers)

    def supply_cap(self, token: str) -> int:
        """Return the most that may be in the world of a token, base units."""
        return self.supply_caps.get(token, SUPPLY_CAP)

    @property
    def owner_database_url(self) -> str | None:
        """The database as the owner of its tables, for migrations."""
        return self.migration_database_url or self.database_url

    @property
    def redis(self) -> str | None:
        """URL of Redis, or None when it is not used."""
        if self.redis_url or not self.redis_host:
            return self.redis_url
        host = f"[{self.redis_host}]" if ":" in self.redis_host else self.redis_host
        return f"redis://{quote(host, safe='[]:')}:{self.redis_port}/0"

    def __repr__(self) -> str:
        """Show what is set otherwise than by default; no secrets."""
        shown = [
            f"{name}='***'" if name in _SECRETS else f"{name}={value!r}"
            for name, default in _DEFAULTS.items()
            if (value := getattr(self, name)) != default
        ]
        return f"Settings({', '.join(shown)})"


_DEFAULTS = {field.name: field.default for field in msgspec.structs.fields(Settings)}


def load_settings(
    arguments: Mapping[str, Any] | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    config: Mapping[str, Any] | None = None,
) -> Settings:
    """Read all sources and check them; an argument goes before the environment, that before files.

    Args:
        arguments: Values by field name, for example from a command line; None is not given.
        environment: Variables by name; this process's when left out.
        config: The contents of a configuration file as a mapping (``MAS_CONFIG`` of the guide); it
            goes before the file that ``MAS_CONFIG_FILE`` names.

    Raises:
        SettingsError: A key is unknown or its value cannot be used; it names the key.
    """
    environment = os.environ if environment is None else environment
    path = environment.get(FILE_VARIABLE)
    sources = (  # later ones go first
        from_mapping(read_file(path) if path else {}),
        from_mapping(config or {}),
        from_environment(environment),
        from_arguments(arguments or {}),
    )
    values: dict[str, Any] = {"data_dir": Path(".mas").absolute()}
    warnings = []
    # Also values that another source goes before are checked: a mistake is told when it is made.
    for setting, key, raw in chain.from_iterable(sources):
        if setting.field in _ADDRESSES and is_placeholder(raw):
            warnings.append(f"{key} still holds the placeholder of the guide and is ignored")
            continue
        try:
            values[setting.field] = setting.read(raw)
        except ValueError as error:
            raise SettingsError(key, str(error)) from None
    settings = Settings(**values)
    if settings.redis_bridge == "on" and settings.redis is None:
        warnings.append(
            "MAS_REDIS_BRIDGE is on, but no Redis is named: set REDIS_HOST or REDIS_URL"
        )
    settings = replace(settings, warnings=tuple(warnings))
    genesis = {
        "MAS_GENESIS_TREASURY": settings.genesis_treasury,
        "MAS_GENESIS_REWARD_POOL": settings.genesis_reward_pool,
    }
    check_supply(
        settings.tokens,
        settings.supply_cap,
        {"MAS_SUPPLY_CAP": settings.supply_caps, **genesis},
        genesis if settings.development else {},
    )
    check_encryption(settings.message_keys, settings.message_encrypted_topics)
    return settings


def check_exposure(settings: Settings) -> None:
    """Refuse to serve other machines without authentication.

    Raises:
        SettingsError: An address other than loopback, and no keys.
    """
    if not settings.development:
        return
    for key, host in (("MAS_HOST", settings.host), ("WEBSOCKET_HOST", settings.websocket_host)):
        if host is not None and not is_loopback(host):
            raise SettingsError(
                "MAS_JWT_SECRET",
                f"must be set to listen on {host} ({key}): without keys everybody who reaches the"
                " server is admin, so it listens on 127.0.0.1 only",
            )


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches an address; of names, only localhost counts."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


def without_password(url: str) -> str:
    """Return a database URL as a key=value text that may be shown."""
    parts = conninfo_to_dict(url).items()
    return make_conninfo("", **{name: value for name, value in parts if name not in _PASSWORDS})
