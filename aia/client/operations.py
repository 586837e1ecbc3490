"""Which method of the client carries out which operation of the OpenAPI document.

`make client` writes the methods from this table and the document; an operation that is missing here
stops it, and fails a test.
"""

from __future__ import annotations

from collections.abc import Mapping

GROUPS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "agents": {
        "AgentRegistry": {
            "register": "register_agent",
            "put": "put_agent",
            "update": "update_agent",
            "unregister": "unregister_agent",
        },
        "AgentSupervision": {
            "heartbeat": "send_heartbeat",
            "claim": "claim_tasks",
            "drain": "drain_agent",
            "drain_many": "drain_agents",
            "suspend": "suspend_agent",
            "activate": "activate_agent",
        },
        "AgentReads": {
            "get": "get_agent",
            "list": "list_agents",
            "tasks": "list_agent_tasks",
            "performance": "get_agent_performance",
        },
        "AgentWebhooks": {
            "webhook": "get_agent_webhook",
            "rotate_webhook_secret": "rotate_webhook_secret",
            "test_webhook": "test_agent_webhook",
        },
    },
    "tasks": {
        "TaskSubmissions": {
            "submit": "submit_task",
            "submit_batch": "submit_tasks",
        },
        "TaskReports": {
            "start": "start_task",
            "progress": "report_progress",
            "complete": "complete_task",
            "fail": "fail_task",
            "ask": "ask_for_input",
        },
        "TaskCare": {
            "cancel": "cancel_task",
            "retry": "retry_task",
            "give_input": "give_input",
            "rate": "rate_task",
            "reprioritise": "reprioritise_task",
            "reassign": "reassign_task",
        },
        "TaskBulkCare": {
            "cancel_many": "cancel_tasks",
            "retry_many": "retry_tasks",
            "reprioritise_many": "reprioritise_tasks",
            "reassign_many": "reassign_tasks",
            "redrive": "redrive_tasks",
        },
        "TaskReads": {
            "get": "get_task",
            "list": "list_tasks",
            "explain": "explain_task",
            "progress_reports": "list_task_progress",
        },
    },
    "messages": {
        "MessageSending": {
            "send": "send_message",
            "send_batch": "send_messages",
            "broadcast": "broadcast_message",
            "request": "request_reply",
        },
        "MessageReceiving": {
            "receive": "receive_messages",
            "peek": "peek_messages",
            "ack": "acknowledge_message",
            "ack_many": "acknowledge_messages",
            "nack": "refuse_message",
        },
        "MessageReads": {
            "get": "get_message",
            "deliveries": "list_message_deliveries",
            "list": "list_messages",
            "received": "list_received_messages",
        },
        "MessageRescue": {
            "dead_letters": "list_dead_letters",
            "redrive": "redrive_message",
            "redrive_many": "redrive_dead_letters",
        },
    },
    "routing": {
        "TopicMethods": {
            "subscriptions": "get_subscriptions",
            "subscribe": "add_subscriptions",
            "unsubscribe": "remove_subscriptions",
            "set_subscriptions": "set_subscriptions",
            "forward": "forward_messages",
            "topics": "list_topics",
        },
        "RuleMethods": {
            "rule": "get_rule",
            "rules": "list_rules",
            "set_rule": "set_rule",
            "remove_rule": "remove_rule",
        },
        "RouteReads": {
            "routes": "list_routes",
            "explain": "explain_route",
        },
    },
    "queue": {
        "Queue": {
            "get": "get_queue",
            "pauses": "list_pauses",
            "pause": "pause_tasks",
            "resume": "resume_tasks",
        },
    },
    "limits": {
        "KeyLimits": {
            "get": "get_limit",
            "list": "list_limits",
            "set": "set_limit",
            "remove": "remove_limit",
        },
    },
    "policies": {
        "Policies": {
            "get": "get_policies",
            "replace": "put_policies",
            "set": "put_type_policy",
            "remove": "delete_type_policy",
        },
    },
    "metrics": {
        "MetricsReads": {
            "system": "get_system_metrics",
            "history": "get_metrics_history",
            "prometheus": "get_prometheus_metrics",
        },
        "MessageMetrics": {
            "communication": "get_communication_metrics",
        },
    },
    "economy": {
        "EconomicReads": {
            "profile": "get_economic_profile",
            "summary": "get_economic_summary",
            "leaderboard": "get_leaderboard",
        },
        "EconomicTransactions": {
            "transactions_of": "list_agent_transactions",
            "transactions": "list_transactions",
        },
        "EconomicTerms": {
            "tiers": "list_tiers",
            "parameters": "get_economic_parameters",
            "treasury": "get_treasury",
            "order": "get_order",
            "orders": "list_orders",
        },
        "EconomicAccounts": {
            "account": "get_account",
            "accounts": "list_accounts",
            "closed_months": "list_closed_months",
            "statement": "get_statement",
            "statement_csv": "get_statement_csv",
            "close_statement": "close_statement",
        },
        "EconomicTransfers": {
            "transfer": "make_transfer",
            "transfer_many": "make_transfers",
            "get_transfer": "get_transfer",
            "post_transfer": "post_transfer",
            "void_transfer": "void_transfer",
            "reverse_transfer": "reverse_transfer",
        },
        "EconomicStakes": {
            "stake_of": "get_stake",
            "stake": "stake",
            "unstake": "unstake",
            "cancel_unstake": "cancel_unstake",
            "claim_rewards": "claim_rewards",
            "delegate_stake": "delegate_stake",
            "undelegate_stake": "undelegate_stake",
            "unjail": "unjail_agent",
            "slash": "slash_agent",
        },
        "EconomicSupply": {
            "register": "register_agent_economically",
            "mint": "mint_tokens",
            "burn": "burn_tokens",
            "fund": "fund_account",
            "change_parameters": "change_economic_parameters",
        },
    },
    "budgets": {
        "BudgetMethods": {
            "create": "create_budget",
            "set": "set_budget",
            "get": "get_budget",
            "list": "list_budgets",
            "remove": "remove_budget",
        },
    },
    "incentives": {
        "IncentiveMethods": {
            "open": "open_incentive",
            "cancel": "cancel_incentive",
            "get": "get_incentive",
            "list": "list_incentives",
        },
    },
    "governance": {
        "ProposalMethods": {
            "create": "create_proposal",
            "get": "get_proposal",
            "list": "list_proposals",
            "cancel": "cancel_proposal",
            "veto": "veto_proposal",
            "execute": "execute_proposal",
        },
        "VoteMethods": {
            "vote": "cast_vote",
            "votes": "list_votes",
            "tally": "get_proposal_tally",
        },
        "DelegationMethods": {
            "delegation": "get_vote_delegation",
            "delegations": "list_vote_delegations",
            "delegate": "delegate_votes",
            "withdraw": "withdraw_votes",
        },
    },
    "audit": {
        "Audit": {
            "events": "list_audit_events",
            "stream": "get_audit_stream",
            "head": "get_audit_head",
        },
    },
    "connections": {
        "Connections": {
            "create_ticket": "create_ticket",
            "list": "list_connections",
            "close": "close_connection",
            "close_many": "close_connections",
        },
    },
    "revocations": {
        "Revocations": {
            "revoke": "revoke_tokens",
            "list": "list_revocations",
        },
    },
    "health": {
        "HealthChecks": {
            "get": "get_health",
            "live": "get_liveness",
            "ready": "get_readiness",
        },
    },
}
"""Group of the client -> class (one module each) -> method -> operation.

A method that answers pages has a companion that iterates over all of them: ``list`` is ``iterate``,
any other ``iterate_<its name>``.
"""

BY_HAND: Mapping[str, str] = {"stream_events": "stream", "stream_inbox": "messages.stream"}
"""Operation -> its method, which is written by hand, because it is no single request."""


def methods() -> dict[str, str]:
    """Return the method of every operation, as one calls it: ``tasks.submit``."""
    found = dict(BY_HAND)
    for group, classes in GROUPS.items():
        for named in classes.values():
            found.update({operation: f"{group}.{name}" for name, operation in named.items()})
    return found
