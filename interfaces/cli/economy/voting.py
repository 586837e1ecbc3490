"""`mas economy proposals`, `vote`: what is proposed, how it stands, and a vote on it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from aia_mas.interfaces.cli.options import json_option
from aia_mas.interfaces.cli.remote.answers import show_json
from aia_mas.interfaces.cli.remote.listing import page_options, show_list
from aia_mas.interfaces.cli.remote.parameters import Id
from aia_mas.interfaces.cli.remote.server import Server, server_options
from aia_mas.interfaces.cli.remote.tables import show_facts
from aia_mas.interfaces.cli.remote.words import moment

if TYPE_CHECKING:
    from aia.client.types import Proposal, ProposalAndPower, TallyView

_STATUSES = (
    "pending", "active", "succeeded", "defeated", "queued", "executed", "expired", "cancelled",
    "vetoed",
)  # fmt: skip
_CHOICES = ("yes", "no", "abstain", "veto")
_HEADINGS = ("PROPOSAL", "STATUS", "KIND", ">YES", ">NO", "ENDS", "TITLE")


@click.command("proposals", short_help="List proposals, or show one.")
@click.argument("proposal_id", type=Id(), required=False)
@click.option("--status", multiple=True, type=click.Choice(_STATUSES), help="In this status.")
@click.option("--kind", help="Of this kind.")
@click.option("--proposer", help="Made by this agent or client.")
@page_options
@json_option
@server_options
def list_proposals(
    server: Server,
    proposal_id: str | None,
    as_json: bool,
    limit: int | None,
    everything: bool,
    cursor: str | None,
    total: bool,
    **filters: Any,
) -> None:
    """List proposals with how they stand; with PROPOSAL_ID show that one."""
    given = {name: value for name, value in filters.items() if value not in (None, ())}
    with server.client() as client:
        if proposal_id is not None:
            found = client.governance.get(proposal_id)
            return show_json(found) if as_json else show_facts(_facts(found))
        show_list(
            partial(client.governance.list, **given),
            _HEADINGS,
            _row,
            as_json=as_json,
            limit=limit,
            everything=everything,
            cursor=cursor,
            total=total,
        )
        return None


@click.command("vote", short_help="Vote for an agent.")
@click.argument("proposal_id", type=Id())
@click.argument("voter", type=Id())
@click.argument("choice", type=click.Choice(_CHOICES))
@click.option("--reason", help="Why, for people.")
@json_option
@server_options
def cast_vote(
    server: Server, proposal_id: str, voter: str, choice: Any, reason: str | None, as_json: bool
) -> None:
    """Vote on PROPOSAL_ID for VOTER, once and for all."""
    with server.client() as client:
        vote = client.governance.vote(proposal_id, choice, voter=voter, reason=reason)
    if as_json:
        show_json(vote)
    else:
        click.echo(f"{voter} votes {choice} with {vote.own}, and {vote.delegated} delegated to it")


def _row(proposal: Proposal) -> tuple[object, ...]:
    tally = proposal.tally
    return (
        proposal.proposal_id,
        proposal.status,
        proposal.kind,
        None if tally is None else tally.yes,
        None if tally is None else tally.no,
        moment(proposal.ends_at),
        proposal.title,
    )


def _facts(proposal: ProposalAndPower) -> Iterator[tuple[str, object]]:
    yield "Proposal", proposal.proposal_id
    yield "Title", proposal.title
    yield "Kind", proposal.kind
    yield "Status", proposal.status
    yield "Proposer", proposal.proposer
    yield "Voting", f"{moment(proposal.starts_at)} to {moment(proposal.ends_at)}"
    if proposal.tally is not None:
        yield from _votes(proposal.tally)
    yield "Executed after", moment(proposal.execute_after)
    yield "Reason", proposal.reason
    yield "Text", proposal.body


def _votes(tally: TallyView) -> Iterator[tuple[str, object]]:
    for choice in _CHOICES:
        yield choice.capitalize(), getattr(tally, choice)
    yield "All power", tally.total
    yield "Voters", tally.voters
