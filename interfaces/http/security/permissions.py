"""The one list of who may do what; whatever is not on it is denied."""

from __future__ import annotations

from collections.abc import Mapping

from aia_mas.domain.economy.authority import check_has_wallet
from aia_mas.domain.kernel import Principal, Role
from aia_mas.domain.kernel.errors import PermissionDenied

PUBLIC: frozenset[Role] = frozenset()
"""Needs no token at all."""

_ADMIN = frozenset({Role.ADMIN})
_OPERATORS = _ADMIN | {Role.OPERATOR}
_AGENTS = _OPERATORS | {Role.AGENT}  # an agent for itself only, see ``ApiRequest.acting_for``
_SUBMITTERS = _AGENTS | {Role.CLIENT}
_CLIENTS = _OPERATORS | {Role.CLIENT}
_TREASURY = _ADMIN | {Role.TREASURER}
_AUDITORS = _OPERATORS | {Role.AUDITOR}
_WATCHERS = _AUDITORS | {Role.VIEWER}
_READERS = frozenset(Role)
_OWN_MAIL = _SUBMITTERS | {Role.AUDITOR}  # agents and clients their own only, see ``readers``
_SPENDERS = _TREASURY | {Role.AGENT, Role.CLIENT}  # their own only, see ``economy.authority``

PERMISSIONS: Mapping[str, frozenset[Role]] = {
    # Operations: nothing of anybody's data stands in these.
    "get_health": PUBLIC,
    "get_health_details": _AUDITORS,  # part of the same answer
    "get_liveness": PUBLIC,
    "get_readiness": PUBLIC,
    "get_docs": PUBLIC,
    "get_root": PUBLIC,
    "get_docs_asset": PUBLIC,
    "get_openapi": PUBLIC,
    "get_asyncapi": PUBLIC,
    "get_asyncapi_types": PUBLIC,
    "get_prometheus_metrics": _WATCHERS,
    # Agents
    "register_agent": _AGENTS,
    "put_agent": _AGENTS,
    "list_agents": _READERS,
    "get_agent": _READERS,
    "update_agent": _AGENTS,
    "unregister_agent": _AGENTS,
    "send_heartbeat": _AGENTS,
    "drain_agent": _AGENTS,
    "drain_agents": _OPERATORS,
    "suspend_agent": _OPERATORS,
    "activate_agent": _AGENTS,  # an agent ends its own drain only, see ``agent_decisions``
    "claim_tasks": _AGENTS,
    "get_agent_webhook": _AGENTS,  # it has the secret
    "rotate_webhook_secret": _AGENTS,
    "test_agent_webhook": _AGENTS,
    "list_agent_tasks": _READERS,
    "get_agent_performance": _READERS,
    "get_system_metrics": _READERS,
    "get_metrics_history": _READERS,
    # Tasks
    "submit_task": _SUBMITTERS,
    "submit_tasks": _SUBMITTERS,
    "list_tasks": _READERS,
    "get_task": _READERS,
    "explain_task": _READERS,
    "get_policies": _OPERATORS,
    "put_policies": _OPERATORS,
    "put_type_policy": _OPERATORS,
    "delete_type_policy": _OPERATORS,
    "start_task": _AGENTS,
    "report_progress": _AGENTS,
    "complete_task": _AGENTS,
    "fail_task": _AGENTS,
    "cancel_task": _CLIENTS,  # a client its own tasks only, see ``task_ending``
    "retry_task": _CLIENTS,
    "reprioritise_task": _CLIENTS,
    "reassign_task": _CLIENTS,
    "cancel_tasks": _CLIENTS,
    "retry_tasks": _CLIENTS,
    "redrive_tasks": _CLIENTS,
    "reprioritise_tasks": _CLIENTS,
    "reassign_tasks": _CLIENTS,
    "ask_for_input": _AGENTS,
    "give_input": _SUBMITTERS,  # see ``task_input``
    "rate_task": _SUBMITTERS,  # whoever submitted it, see ``task_rating``
    "list_task_progress": _READERS,
    # The queue
    "get_queue": _READERS,
    "list_pauses": _READERS,
    "pause_tasks": _OPERATORS,
    "resume_tasks": _OPERATORS,
    "list_limits": _READERS,
    "get_limit": _READERS,
    "set_limit": _OPERATORS,
    "remove_limit": _OPERATORS,
    # The economy: what it looks like
    "get_economic_profile": _READERS,
    "list_agent_transactions": _READERS,
    "get_economic_summary": _READERS,
    "get_leaderboard": _READERS,
    # The economy; whose tokens they are: see ``authority`` and ``transfers`` of the domain
    "make_transfer": _SPENDERS,
    "make_transfers": _SPENDERS,
    "post_transfer": _SPENDERS,
    "void_transfer": _SPENDERS,
    "reverse_transfer": _SPENDERS,
    "get_transfer": _READERS,
    "list_transactions": _READERS,
    "list_accounts": _READERS,
    "get_account": _READERS,
    "list_closed_months": _READERS,
    "get_statement": _READERS,
    "get_statement_csv": _READERS,
    "close_statement": _SPENDERS,
    "create_budget": _TREASURY,
    "set_budget": _TREASURY,
    "remove_budget": _TREASURY,
    "list_budgets": _READERS,
    "get_budget": _READERS,
    "open_incentive": _TREASURY,
    "cancel_incentive": _TREASURY,
    "list_incentives": _READERS,
    "get_incentive": _READERS,
    # Stakes
    "get_stake": _READERS,
    "list_tiers": _READERS,
    "stake": _SPENDERS,
    "unstake": _SPENDERS,
    "cancel_unstake": _SPENDERS,
    "delegate_stake": _SPENDERS,
    "undelegate_stake": _SPENDERS,
    "claim_rewards": _SPENDERS,
    "unjail_agent": _SPENDERS,
    "slash_agent": _TREASURY,
    # The economy
    "register_agent_economically": _SPENDERS,  # for others than oneself: see ``enrolment``
    "get_treasury": _READERS,
    "mint_tokens": _TREASURY,
    "burn_tokens": _TREASURY,
    "fund_account": _TREASURY,
    "list_orders": _TREASURY | _AUDITORS,
    "get_order": _READERS,
    "get_economic_parameters": _READERS,
    "change_economic_parameters": _TREASURY,
    # Messages; in whose name: see ``authority`` of the domain, and ``readers``
    "send_message": _SUBMITTERS,
    "send_messages": _SUBMITTERS,
    "broadcast_message": _SUBMITTERS,
    "request_reply": _SUBMITTERS,
    "acknowledge_message": _SUBMITTERS,
    "acknowledge_messages": _SUBMITTERS,
    "refuse_message": _SUBMITTERS,
    "receive_messages": _SUBMITTERS,
    "peek_messages": _OWN_MAIL,
    "list_messages": _OWN_MAIL,
    "get_message": _OWN_MAIL,
    "list_message_deliveries": _OWN_MAIL,
    "list_received_messages": _OWN_MAIL,
    "list_dead_letters": _OWN_MAIL,
    "redrive_message": _SUBMITTERS,
    "redrive_dead_letters": _OPERATORS,
    "get_subscriptions": _OWN_MAIL | {Role.VIEWER},
    "set_subscriptions": _SUBMITTERS,
    "add_subscriptions": _SUBMITTERS,
    "remove_subscriptions": _SUBMITTERS,
    "forward_messages": _SUBMITTERS,
    "list_topics": _READERS,
    "list_rules": _WATCHERS,
    "get_rule": _WATCHERS,
    "set_rule": _OPERATORS,
    "remove_rule": _OPERATORS,
    "list_routes": _WATCHERS,
    "explain_route": _SUBMITTERS,
    "get_communication_metrics": _READERS,
    # Live streams; each topic is allowed like the query that reads the same
    "open_frontend_socket": _READERS,
    "stream_events": _READERS,
    "watch_messages": _WATCHERS,  # everybody's, without their payloads
    "open_agent_socket": _AGENTS,
    "stream_inbox": _SUBMITTERS,  # as ``open_message_socket``
    "open_message_socket": _SUBMITTERS,  # one's own mailbox only, see ``check_may_read``
    "create_ticket": _READERS,  # for oneself
    "list_connections": _AUDITORS,
    "close_connection": _OPERATORS,
    "close_connections": _OPERATORS,
    # Tokens
    "list_revocations": _ADMIN | {Role.AUDITOR},
    "revoke_tokens": _ADMIN,
    # Audit
    "list_audit_events": _AUDITORS,
    "get_audit_stream": _AUDITORS,
    "get_audit_head": _AUDITORS,
    # Governance: with one's own money and power, see ``may_spend`` and ``may_vote_for``
    "create_proposal": _SPENDERS,
    "list_proposals": _READERS,
    "get_proposal": _READERS,
    "get_proposal_tally": _READERS,
    "cast_vote": _SPENDERS,
    "list_votes": _READERS,
    "cancel_proposal": _SPENDERS,  # their own while it is pending; guardians any
    "veto_proposal": _ADMIN | {Role.TREASURER},
    "execute_proposal": _SPENDERS | {Role.OPERATOR},
    "delegate_votes": _SPENDERS,
    "withdraw_votes": _SPENDERS,
    "get_vote_delegation": _READERS,
    "list_vote_delegations": _READERS,
}
"""Operation -> the roles that may; operations are named by ``operation_id`` (HTTP) or ``name``."""


def authorize(operation_id: str | None, principal: Principal | None) -> None:
    """Let a principal do something, or not.

    Args:
        operation_id: What; a name that is not on the list is denied to everybody.
        principal: Who; None: nobody in particular, who may do what is public.

    Raises:
        PermissionDenied: It may not (``SubjectHasNoWallet``: as it can own nothing).
    """
    allowed = PERMISSIONS.get(operation_id or "")
    if allowed is None:
        raise PermissionDenied("Nobody may do this: it is not on the list of permissions")
    if allowed and (principal is None or principal.roles.isdisjoint(allowed)):
        raise PermissionDenied(f"This takes one of the roles {', '.join(sorted(allowed))}")
    if allowed is _SPENDERS and principal is not None:
        check_has_wallet(principal)
