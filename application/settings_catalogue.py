"""The names of all settings: in the environment, in the file, and on the ``Settings`` object."""

from __future__ import annotations

from typing import NamedTuple

from aia_mas.application import settings_tokens as token
from aia_mas.application import settings_values as read
from aia_mas.application.settings_messages import (
    message_attempts,
    message_keys,
    topic_patterns,
)
from aia_mas.application.settings_networks import networks
from aia_mas.application.settings_policies import policy_places
from aia_mas.application.settings_rates import rate
from aia_mas.application.settings_tiers import staking_tiers
from aia_mas.application.settings_values import Reader
from aia_mas.application.settings_weights import scoring_weights

_DAY = 86_400.0
_MANY = 10_000_000


class Setting(NamedTuple):
    """One setting.

    Attributes:
        field: Its name on ``Settings`` and as a keyword argument.
        variable: Its environment variable.
        key: Its key in the file (``section.name``).
        read: Turns the value of a source into the field's.
        secret: Its value is never shown.
    """

    field: str
    variable: str
    key: str
    read: Reader
    secret: bool = False


CATALOGUE: tuple[Setting, ...] = (
    # The HTTP server
    Setting("host", "MAS_HOST", "server.host", read.host),
    Setting("port", "MAS_PORT", "server.port", read.whole(0, 65_535)),
    Setting("root_path", "MAS_ROOT_PATH", "server.root_path", read.url_prefix),
    Setting("max_body_bytes", "MAS_MAX_BODY", "server.max_body", read.size(1024, 2**28)),
    Setting("cors_origins", "MAS_CORS_ORIGINS", "server.cors_origins", read.origins),
    Setting("jwt_secret", "MAS_JWT_SECRET", "server.jwt_secret", read.secret_key, secret=True),
    Setting("rate_limit", "MAS_RATE_LIMIT", "server.rate_limit", rate),
    Setting("drain_seconds", "MAS_DRAIN_TIMEOUT", "server.drain_timeout", read.seconds(0, 300)),
    # Where the data lives
    Setting("data_dir", "MAS_DATA_DIR", "database.data_dir", read.folder),
    Setting("database_url", "MAS_DATABASE_URL", "database.url", read.database, secret=True),
    Setting(
        "migration_database_url",
        "MAS_MIGRATION_DATABASE_URL",
        "database.migration_url",
        read.database,
        secret=True,
    ),
    Setting(
        "database_pool_size", "MAS_DATABASE_POOL_SIZE", "database.pool_size", read.whole(2, 500)
    ),
    Setting(
        "database_timeout_seconds",
        "MAS_DATABASE_TIMEOUT",
        "database.timeout",
        read.seconds(0.1, 600),
    ),
    Setting("redis_host", "REDIS_HOST", "redis.host", read.host),
    Setting("redis_port", "REDIS_PORT", "redis.port", read.whole(1, 65_535)),
    Setting("redis_url", "REDIS_URL", "redis.url", read.redis, secret=True),
    # The engine
    Setting("node_name", "MAS_NODE_NAME", "engine.node_name", read.text),
    Setting(
        "max_waiting_commands",
        "MAS_MAX_WAITING_COMMANDS",
        "engine.max_waiting_commands",
        read.whole(1, _MANY),
    ),
    Setting(
        "max_waiting_bytes",
        "MAS_MAX_WAITING_BYTES",
        "engine.max_waiting_bytes",
        read.size(2**20, 2**36),
    ),
    Setting("working_set_streams", "MAS_WORKING_SET", "engine.working_set", read.whole(100, _MANY)),
    Setting(
        "leader_lease_seconds", "MAS_LEADER_LEASE", "engine.leader_lease", read.seconds(0.5, 60)
    ),
    # Agents and tasks
    Setting("max_agents", "MAS_MAX_AGENTS", "orchestration.max_agents", read.whole(1, 1_000_000)),
    Setting(
        "max_running_tasks",
        "MAS_MAX_CONCURRENT_TASKS",
        "orchestration.max_concurrent_tasks",
        read.whole(1, _MANY),
    ),
    Setting(
        "max_queued_tasks",
        "MAS_MAX_QUEUED_TASKS",
        "orchestration.max_queued_tasks",
        read.whole(1, _MANY),
    ),
    Setting(
        "max_queued_tasks_per_owner",
        "MAS_MAX_QUEUED_TASKS_PER_OWNER",
        "orchestration.max_queued_tasks_per_owner",
        read.whole(1, _MANY),
    ),
    Setting(
        "heartbeat_interval_seconds",
        "MAS_HEARTBEAT_INTERVAL",
        "orchestration.heartbeat_interval",
        read.seconds(0.1, _DAY),
    ),
    Setting(
        "task_timeout_seconds",
        "MAS_TASK_TIMEOUT",
        "orchestration.task_timeout",
        read.seconds(1, 30 * _DAY),
    ),
    Setting(
        "task_lease_seconds",
        "MAS_TASK_LEASE",
        "orchestration.task_lease",
        read.seconds(1, _DAY),
    ),
    Setting(
        "task_max_attempts",
        "MAS_TASK_MAX_ATTEMPTS",
        "orchestration.task_max_attempts",
        read.whole(1, 100),
    ),
    Setting(
        "pickup_timeout_seconds",
        "MAS_PICKUP_TIMEOUT",
        "orchestration.pickup_timeout",
        read.seconds(1, _DAY),
    ),
    Setting(
        "claim_wait_seconds",
        "MAS_CLAIM_WAIT",
        "orchestration.claim_wait",
        read.seconds(0, 300),
    ),
    Setting(
        "scoring_weights",
        "MAS_SCORING_WEIGHTS",
        "orchestration.scoring_weights",
        scoring_weights,
    ),
    Setting("policies", "MAS_POLICIES", "orchestration.policies", policy_places),
    # Webhooks
    Setting(
        "webhook_secret", "MAS_WEBHOOK_SECRET", "webhooks.secret", read.secret_key, secret=True
    ),
    Setting(
        "webhook_allowed_networks",
        "MAS_WEBHOOK_ALLOWED_NETWORKS",
        "webhooks.allowed_networks",
        networks,
    ),
    Setting(
        "webhook_timeout_seconds",
        "MAS_WEBHOOK_TIMEOUT",
        "webhooks.timeout",
        read.seconds(0.1, 300),
    ),
    Setting(
        "webhook_retry_base_seconds",
        "MAS_WEBHOOK_RETRY_BASE",
        "webhooks.retry_base",
        read.seconds(0.01, 3600),
    ),
    Setting(
        "webhook_retry_cap_seconds",
        "MAS_WEBHOOK_RETRY_CAP",
        "webhooks.retry_cap",
        read.seconds(0.01, _DAY),
    ),
    Setting(
        "webhook_disable_after",
        "MAS_WEBHOOK_DISABLE_AFTER",
        "webhooks.disable_after",
        read.whole(1, 10_000),
    ),
    Setting(
        "webhook_at_once",
        "MAS_WEBHOOK_CONCURRENCY",
        "webhooks.concurrency",
        read.whole(1, 10_000),
    ),
    Setting(
        "webhook_at_once_per_host",
        "MAS_WEBHOOK_CONCURRENCY_PER_HOST",
        "webhooks.concurrency_per_host",
        read.whole(1, 10_000),
    ),
    # The economy
    Setting("treasury_address", "AIA_TREASURY_ADDRESS", "economic.treasury_address", read.address),
    Setting(
        "gov_token_address", "AIA_GOV_TOKEN_ADDRESS", "economic.gov_token_address", read.address
    ),
    Setting("base_task_reward", "MAS_BASE_TASK_REWARD", "economic.base_task_reward", read.amount),
    Setting("staking_tiers", "MAS_STAKING_TIERS", "economic.staking_tiers", staking_tiers),
    Setting("tokens", "MAS_TOKENS", "economic.tokens", token.tokens),
    Setting("supply_caps", "MAS_SUPPLY_CAP", "economic.supply_cap", token.amounts({})),
    Setting(
        "genesis_treasury",
        "MAS_GENESIS_TREASURY",
        "economic.genesis_treasury",
        token.amounts(token.GENESIS_TREASURY),
    ),
    Setting(
        "genesis_reward_pool",
        "MAS_GENESIS_REWARD_POOL",
        "economic.genesis_reward_pool",
        token.amounts(token.GENESIS_REWARD_POOL),
    ),
    Setting(
        "rating_window_seconds",
        "MAS_RATING_WINDOW",
        "economic.rating_window",
        read.whole(0, 31 * 86_400),
    ),
    # Messages
    Setting("websocket_host", "WEBSOCKET_HOST", "communication.websocket_host", read.host),
    Setting(
        "websocket_port", "WEBSOCKET_PORT", "communication.websocket_port", read.whole(1, 65_535)
    ),
    Setting(
        "websocket_ping_interval_seconds",
        "MAS_WEBSOCKET_PING_INTERVAL",
        "communication.websocket_ping_interval",
        read.seconds(0.1, _DAY),
    ),
    Setting(
        "websocket_ping_timeout_seconds",
        "MAS_WEBSOCKET_PING_TIMEOUT",
        "communication.websocket_ping_timeout",
        read.seconds(0.1, _DAY),
    ),
    Setting(
        "websocket_idle_seconds",
        "MAS_WEBSOCKET_IDLE",
        "communication.websocket_idle",
        read.seconds(1, _DAY),
    ),
    Setting(
        "ticket_seconds",
        "MAS_TICKET_LIFETIME",
        "communication.ticket_lifetime",
        read.seconds(1, 3_600),
    ),
    Setting(
        "message_queue_size",
        "MAS_MESSAGE_QUEUE_SIZE",
        "communication.message_queue_size",
        read.whole(1, _MANY),
    ),
    Setting(
        "message_retention",
        "MAS_MESSAGE_RETENTION",
        "communication.message_retention",
        read.whole(1, _MANY),
    ),
    Setting("message_held", "MAS_MESSAGE_HELD", "communication.held", read.whole(0, _MANY)),
    Setting(
        "message_when_full",
        "MAS_MESSAGE_WHEN_FULL",
        "communication.when_full",
        read.choice("refuse", "drop_lowest"),
    ),
    Setting(
        "message_to_unknown",
        "MAS_MESSAGE_TO_UNKNOWN",
        "communication.to_unknown",
        read.choice("hold", "refuse"),
    ),
    Setting(
        "message_max_payload_bytes",
        "MAS_MESSAGE_MAX_PAYLOAD",
        "communication.max_payload",
        read.size(1_024, 2**20),
    ),
    Setting("message_ack_seconds", "MAS_MESSAGE_ACK", "communication.ack", read.seconds(1, _DAY)),
    Setting(
        "message_ttl_seconds",
        "MAS_MESSAGE_TTL",
        "communication.ttl",
        read.seconds(1, 366 * _DAY),
    ),
    Setting("message_attempts", "MAS_MESSAGE_ATTEMPTS", "communication.attempts", message_attempts),
    Setting(
        "message_backoff_seconds",
        "MAS_MESSAGE_BACKOFF",
        "communication.backoff",
        read.seconds(0, _DAY),
    ),
    Setting(
        "message_backoff_cap_seconds",
        "MAS_MESSAGE_BACKOFF_CAP",
        "communication.backoff_cap",
        read.seconds(0, _DAY),
    ),
    Setting(
        "message_keys", "MAS_MESSAGE_KEYS", "communication.message_keys", message_keys, secret=True
    ),
    Setting(
        "message_encrypted_topics",
        "MAS_MESSAGE_ENCRYPTED_TOPICS",
        "communication.encrypted_topics",
        topic_patterns,
    ),
    Setting("redis_bridge", "MAS_REDIS_BRIDGE", "redis.bridge", read.choice("off", "on")),
    # Workflows
    Setting(
        "max_workflow_duration_seconds",
        "MAS_MAX_WORKFLOW_DURATION",
        "workflow.max_workflow_duration",
        read.seconds(1, 366 * _DAY),
    ),
    Setting(
        "quality_gate_timeout_seconds",
        "MAS_QUALITY_GATE_TIMEOUT",
        "workflow.quality_gate_timeout",
        read.seconds(1, 30 * _DAY),
    ),
    Setting(
        "workflow_retry_attempts",
        "MAS_WORKFLOW_RETRY_ATTEMPTS",
        "workflow.retry_attempts",
        read.whole(0, 100),
    ),
    # Logs
    Setting("log_format", "MAS_LOG_FORMAT", "logging.format", read.choice("console", "json")),
    Setting(
        "log_level",
        "MAS_LOG_LEVEL",
        "logging.level",
        read.choice("debug", "info", "warning", "error"),
    ),
)
