"""What the OpenAPI document says beyond shapes: kinds of operations, parameters, example bodies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TAGS = (
    ("agents", "Who does the work: registration, signs of life, work to be had, how it went."),
    ("tasks", "The work: submitted, worked on, steered, explained; and who gets it."),
    ("queue", "Tasks that wait, limits of concurrency keys, pauses."),
    ("economy", "Money and who has it: wallets, stakes, rewards, budgets, governance."),
    ("live", "What happens, as it happens."),
    ("security", "Tokens that are refused before they expire."),
    ("audit", "Every event as it is stored and sealed."),
    ("operations", "Health and metrics of this node."),
)
"""The kinds of operations, in the order in which they are shown."""

PARAMETERS: Mapping[str, str] = {
    "agent_id": "The agent.",
    "task_id": "The task.",
    "proposal_id": "The proposal.",
    "proposer": "Made by this one.",
    "voter": "Of this one.",
    "choice": "That say this.",
    "to": "To this agent.",
    "key": "The concurrency key.",
    "task_type": "The type of task.",
    "stream": "The stream, for example `agent/data_analyst_001`.",
    "sort": "The order; with `-` the largest, or latest, first.",
    "status": "In one of these statuses.",
    "online": "Whether heartbeats arrive.",
    "owner": "Belonging to this subject.",
    "skill": "Having this skill.",
    "min_level": "At this level at least, 0..1; goes with `skill`.",
    "specialization": "Declaring this specialization.",
    "label": "Having this label.",
    "label_op": "How its value stands to `label_value`; `=` when left out.",
    "label_value": "What the label is compared with; several with `in`.",
    "tier": "Of one of these staking tiers.",
    "priority": "Of one of these classes.",
    "tag": "Having this tag.",
    "parent": "A part of this task.",
    "correlation": "Tied together by this.",
    "client_id": "Of clients that call themselves so.",
    "connection_id": "The connection.",
    "kind": "Of this kind.",
    "subject": "Opened by this subject.",
    "epoch": "The history in which `after` was given out.",
    "event": "Only these events, for example `task.completed`.",
    "concurrency_key": "Sharing the limit of this key.",
    "dedup_key": "Having this word for the work.",
    "budget_id": "The budget.",
    "program_id": "The incentive program.",
    "transfer_id": "The transfer.",
    "account_id": "The account, for example `wallet:AIA:agent_001`.",
    "month": "The month, for example `2026-01`.",
    "window": "How far back; it begins with a full hour.",
    "actor": "Caused by this subject.",
    "order_id": "The order.",
}
"""What a parameter means wherever it says nothing of its own, by its name."""

_ATTEMPT = {"agent_id": "data_analyst_001", "lease": "01a2036c-65fc-7403-87f1-7ad5c6d11796"}
_CAPABILITIES = {
    "specializations": ["data_analysis", "statistics"],
    "skills": {"python": 0.9, "statistics": 0.8},
    "max_concurrent_tasks": 3,
    "cost_per_task": "15",
    "labels": {"region": "eu", "gpus": 2},
    "resources": {"cpu": 8, "memory_gb": 32},
}
_SUBMISSION = {
    "task_type": "data_analysis",
    "description": "Analyze sales data",
    "requirements": {
        "skills": {"statistics": 0.5},
        "labels": [{"key": "region", "op": "in", "values": ["eu", "us"]}],
        "resources": {"memory_gb": 4},
    },
    "payload": {"quarter": "Q3"},
    "priority": "high",
    "max_cost": "50",
    "timeout_seconds": 300,
    "retry": {"max_attempts": 3, "base_seconds": 2, "non_retryable_codes": ["bad_input"]},
    "tags": ["sales"],
}

EXAMPLES: Mapping[str, Any] = {
    # Agents
    "register_agent": {"agent_id": "data_analyst_001", **_CAPABILITIES, "initial_stake": "500"},
    "put_agent": _CAPABILITIES,
    "update_agent": {"max_concurrent_tasks": 5, "skills": {"python": 0.95, "statistics": 0.8}},
    "unregister_agent": {"reason": "replaced"},
    "drain_agent": {"reason": "maintenance"},
    "suspend_agent": {"reason": "wrong results"},
    "send_heartbeat": {"tasks": [], "load": 0.4, "metrics": {"memory_used_gb": 12.5}},
    "claim_tasks": {"limit": 1, "wait": 20},
    "drain_agents": {"filter": {"label": "region", "label_value": ["eu"]}, "dry_run": True},
    # Tasks
    "submit_task": _SUBMISSION,
    "submit_tasks": {"tasks": [_SUBMISSION, {"task_type": "report"}], "atomic": False},
    "start_task": _ATTEMPT,
    "report_progress": {**_ATTEMPT, "percent": 40, "message": "read", "log": ["1,200 rows"]},
    "ask_for_input": {**_ATTEMPT, "question": "Which currency?", "choices": ["EUR", "USD"]},
    "give_input": {"answer": "EUR"},
    "complete_task": {
        **_ATTEMPT,
        "result": {"total": 42},
        "quality": 0.9,
        "usage": {"model": "large", "tokens_in": 1200, "tokens_out": 300, "cost": "0.25"},
    },
    "fail_task": {**_ATTEMPT, "error_code": "source_unavailable", "message": "No connection"},
    "rate_task": {"rating": 0.9, "comment": "Just what was needed"},
    "cancel_task": {"reason": "not needed any more"},
    "retry_task": {"deadline": "2100-01-01T00:00:00Z"},
    "reprioritise_task": {"priority": "critical", "reason": "the board meets at noon"},
    "reassign_task": {"exclude_current": True, "reason": "too slow"},
    "cancel_tasks": {"filter": {"task_type": "report"}, "dry_run": True},
    "retry_tasks": {"filter": {"status": ["failed", "dead"], "tag": "sales"}, "dry_run": True},
    "redrive_tasks": {"filter": {"task_type": "data_analysis"}, "dry_run": True},
    "reprioritise_tasks": {"filter": {"tag": "sales"}, "priority": "high", "dry_run": True},
    "reassign_tasks": {"filter": {"agent_id": "data_analyst_001"}, "dry_run": True},
    "put_policies": {
        "weights": {
            "quality": 0.4,
            "latency": 0.2,
            "headroom": 0.1,
            "price": 0.15,
            "stake": 0.05,
            "affinity": 0.1,
        },
        "default": "scored",
        "by_type": {"report": "cheapest"},
    },
    "put_type_policy": {"policy": "sticky"},
    # The queue
    "pause_tasks": {"task_type": "report", "reason": "the source is being moved"},
    "resume_tasks": {"task_type": "report", "reason": "it is there again"},
    "set_limit": {"max_concurrent": 2, "rate": 100, "per_seconds": 60},
    # The economy
    "make_transfer": {
        "from": "data_analyst_001",
        "to": "report_writer_002",
        "amount": "12.5",
        "reason": "help",
        "metadata": {"invoice": "2026-014"},
    },
    "make_transfers": {
        "transfers": [
            {"from": "data_analyst_001", "to": "report_writer_002", "amount": "12.5"},
            {
                "legs": [
                    {"account": "wallet:AIA:report_writer_002", "amount": "-3"},
                    {"account": "wallet:AIA:data_analyst_001", "amount": "1"},
                    {"account": "wallet:AIA:proof_reader_003", "amount": "2"},
                ]
            },
        ],
        "atomic": True,
    },
    "post_transfer": {"amount": "10"},
    "reverse_transfer": {"reason": "mistake"},
    "create_budget": {
        "scope": "client",
        "match": "analytics_team",
        "amount": "500",
        "period": "month",
        "warn_percent": 80,
        "hard_stop": True,
    },
    "set_budget": {"scope": "tag", "match": "research", "amount": "200", "period": "week"},
    "open_incentive": {
        "title": "Ten good analyses",
        "budget": "1000",
        "ends_at": "2100-01-01T00:00:00Z",
        "eligibility": {"task_types": ["data_analysis"], "tiers": ["silver", "gold"]},
        "criterion": "quality",
        "count": 10,
        "min_rating": 0.9,
        "payout": "fixed",
        "amount": "25",
        "most_per_agent": 2,
    },
    "cancel_incentive": {"reason": "the quarter is closed"},
    # Stakes
    "stake": {"amount": "300"},
    "unstake": {"amount": "100"},
    "cancel_unstake": {"unbonding_id": "01a2036c-65fc-7403-87f1-7ad5c6d11796"},
    "delegate_stake": {"to": "data_analyst_002", "amount": "100"},
    "undelegate_stake": {"to": "data_analyst_002", "amount": "50"},
    "slash_agent": {
        "evidence_id": "case-17",
        "fraction": 0.05,
        "reporter": "auditor_001",
        "reason": "results were made up",
    },
    "register_agent_economically": {"amount": "500"},
    "mint_tokens": {"amount": "1000000", "token": "AIA", "note": "second year"},
    "burn_tokens": {"amount": "1000", "token": "AIA", "note": "buy-back"},
    "fund_account": {"amount": "500", "agent_id": "data_analyst_001", "note": "a grant"},
    "change_economic_parameters": {"base_task_reward": "12", "reason": "more to do"},
    "create_proposal": {
        "title": "Pay data_analyst_001 for the summer",
        "kind": "treasury",
        "body": "It read all invoices of the last ten years.",
        "commands": [{"kind": "fund", "agent_id": "data_analyst_001", "amount": "50"}],
        "proposer": "data_analyst_001",
    },
    "cast_vote": {"choice": "yes", "voter": "data_analyst_001", "reason": "well earned"},
    "cancel_proposal": {"reason": "the amount is wrong"},
    "veto_proposal": {"reason": "the treasury would be empty"},
    "delegate_votes": {"to": "data_analyst_002"},
    # Connections and tokens
    "close_connection": {"reason": "left open over night"},
    "close_connections": {"agent_id": "data_analyst_001", "reason": "the host is being moved"},
    "revoke_tokens": {"subject": "data_analyst_001", "reason": "the laptop was lost"},
}
"""The body of an operation as one would send it, by its name."""
