"""Which operations take and answer more than others: headers, preconditions, other statuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Other(NamedTuple):
    """An answer beside the usual one.

    Attributes:
        usual: The status of that.
        status: Its own.
        description: When it comes.
        carries: The name of what it carries; None: the same as the usual one.
    """

    usual: str
    status: str
    description: str
    carries: str | None = None


WITH_ETAG = {
    "register_agent", "put_agent", "update_agent", "get_agent",
    "get_policies", "put_policies", "put_type_policy", "delete_type_policy",
    "get_economic_parameters",
    "create_budget", "set_budget", "get_budget",
}  # fmt: skip
WITH_POSITION = {
    "list_agents", "get_agent", "list_agent_tasks", "list_tasks", "get_task",
    "list_transactions", "list_accounts", "get_account", "get_statement", "get_statement_csv",
    "list_closed_months",
    "get_transfer", "get_stake", "list_budgets", "get_budget", "list_incentives", "get_incentive",
    "list_proposals", "get_proposal", "get_proposal_tally", "list_votes",
    "list_vote_delegations", "get_vote_delegation", "get_economic_profile",
    "list_agent_transactions", "get_economic_summary", "get_leaderboard",
    "list_messages", "get_message", "list_message_deliveries", "list_received_messages",
    "list_dead_letters", "get_subscriptions", "list_rules", "get_rule",
    "get_communication_metrics",
}  # fmt: skip
# What the settlement carries out, on whichever node it is led.
ORDERED = {
    "mint_tokens", "burn_tokens", "fund_account", "change_economic_parameters",
    "open_incentive", "cancel_incentive", "claim_rewards", "slash_agent",
}  # fmt: skip
WITH_LOCATION = {
    "register_agent", "put_agent", "submit_task",
    "create_budget", "create_proposal", "make_transfer", "reverse_transfer",
    "send_message", "broadcast_message",
} | ORDERED  # fmt: skip
# Safe to repeat: not in the log, or, of a message, known there already.
WITHOUT_KEY = {
    "send_heartbeat", "claim_tasks", "create_ticket", "test_agent_webhook",
    "acknowledge_message", "acknowledge_messages", "refuse_message", "explain_route",
}  # fmt: skip
SETTLING = {"acknowledge_message", "acknowledge_messages", "refuse_message"}
CONDITIONAL = {
    "put_agent", "update_agent", "unregister_agent", "drain_agent", "suspend_agent",
    "activate_agent", "put_policies", "put_type_policy",
    "delete_type_policy", "change_economic_parameters", "set_budget", "remove_budget",
}  # fmt: skip
CREATING = {"put_agent", "set_budget"}
_LATER = "It is ordered, and will be carried out"
_EXISTS = Other("201", "200", "This very transfer exists already under its id")
OTHER_ANSWERS: Mapping[str, tuple[Other, ...]] = {
    "put_agent": (Other("200", "201", "The agent is new"),),
    "submit_task": (Other("201", "200", "An unfinished task has the same `dedup_key`"),),
    "make_transfer": (_EXISTS,),
    "reverse_transfer": (_EXISTS, Other("201", "202", _LATER, "Order")),
    **dict.fromkeys(
        ("send_message", "broadcast_message"),
        (Other("201", "200", "This very message was sent before, under its id"),),
    ),
    **dict.fromkeys(
        (*sorted(ORDERED), "register_agent_economically"), (Other("200", "202", _LATER),)
    ),
}
MAY_BE_FULL = {"submit_task", "submit_tasks", "send_message", "send_messages", "request_reply"}
WAITING_FOR_OTHERS = {"request_reply"}
# Beside all commands of the economy: what is staked or paid for with it.
SPENDING = {"register_agent", "put_agent", "submit_task", "submit_tasks", "retry_task"}
UNLIMITED = {"get_liveness", "get_readiness"}
