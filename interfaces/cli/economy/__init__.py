"""`mas economy`: tokens, stakes and votes; and whether all of it is what the log says."""

from __future__ import annotations

import click

from aia_mas.interfaces.cli.economy.auditing import audit_economy
from aia_mas.interfaces.cli.economy.moving import (
    fund_wallet,
    list_balances,
    stake_tokens,
    transfer_tokens,
)
from aia_mas.interfaces.cli.economy.showing import show_economy
from aia_mas.interfaces.cli.economy.voting import cast_vote, list_proposals

__all__ = ["economy"]


@click.group(short_help="Tokens, stakes and votes; and their audit.")
def economy() -> None:
    """Look at the economy of a running server, move tokens, vote; audit its database."""


for command in (
    show_economy,
    list_balances,
    transfer_tokens,
    stake_tokens,
    fund_wallet,
    list_proposals,
    cast_vote,
    audit_economy,
):
    economy.add_command(command)
