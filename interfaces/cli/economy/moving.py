"""`mas economy balances`, `transfer`, `stake`, `fund`: what is in accounts, and what moves it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from aia_mas.interfaces.cli.options import json_option
from aia_mas.interfaces.cli.remote.answers import show_json
from aia_mas.interfaces.cli.remote.listing import page_options, show_list
from aia_mas.interfaces.cli.remote.parameters import Id
from aia_mas.interfaces.cli.remote.server import Server, server_options

if TYPE_CHECKING:
    from aia.client.types import Account

_HEADINGS = ("ACCOUNT", ">BALANCE", ">HELD", ">AVAILABLE")
_asset = click.option("--in", "asset", help="In which token; AIA when left out.")


@click.command("balances", short_help="List accounts and what is in them.")
@click.option("--owner", help="Of this agent or client.")
@click.option("--in", "asset", help="In this token.")
@click.option("--purpose", multiple=True, help="For this purpose: wallet, staked, treasury...")
@page_options
@json_option
@server_options
def list_balances(
    server: Server,
    as_json: bool,
    limit: int | None,
    everything: bool,
    cursor: str | None,
    total: bool,
    asset: str | None,
    **filters: Any,
) -> None:
    """List accounts that ever had anything in them."""
    wanted = {"token": asset, **filters}
    given = {name: value for name, value in wanted.items() if value not in (None, ())}
    with server.client() as client:
        show_list(
            partial(client.economy.accounts, **given),
            _HEADINGS,
            _row,
            as_json=as_json,
            limit=limit,
            everything=everything,
            cursor=cursor,
            total=total,
        )


def _row(account: Account) -> tuple[object, ...]:
    return account.account_id, account.balance, account.held, account.available


@click.command("transfer", short_help="Move tokens from one wallet to another.")
@click.argument("source", metavar="FROM", type=Id())
@click.argument("target", metavar="TO", type=Id())
@click.argument("amount")
@_asset
@click.option("--reason", help="A word for why.")
@click.option(
    "--id", "transfer_id", help="Its id: the same transfer under it again changes nothing."
)
@json_option
@server_options
def transfer_tokens(
    server: Server,
    source: str,
    target: str,
    amount: str,
    asset: str | None,
    reason: str | None,
    transfer_id: str | None,
    as_json: bool,
) -> None:
    """Move AMOUNT tokens from the wallet of FROM to that of TO."""
    with server.client() as client:
        done = client.economy.transfer(
            from_=source,
            to=target,
            amount=amount,
            token=asset,
            reason=reason,
            transfer_id=transfer_id,
        )
    if as_json:
        show_json(done)
    else:
        click.echo(f"{done.transfer_id}: {amount} {asset or 'AIA'} from {source} to {target}")


@click.command("stake", short_help="Bond tokens of an agent's wallet.")
@click.argument("agent_id", type=Id())
@click.argument("amount")
@click.option(
    "--in",
    "asset",
    type=click.Choice(("AIA", "AIA_GOV")),
    help="In which token; AIA when left out.",
)
@json_option
@server_options
def stake_tokens(
    server: Server,
    agent_id: str,
    amount: str,
    asset: Any,  # one of the choices
    as_json: bool,
) -> None:
    """Bond AMOUNT tokens of the wallet of AGENT_ID."""
    with server.client() as client:
        stake = client.economy.stake(agent_id, amount, token=asset)
    if as_json:
        show_json(stake)
    else:
        bonded = f"{stake.bonded} AIA and {stake.bonded_gov} AIA_GOV"
        click.echo(f"{agent_id} has bonded {bonded}; {stake.effective} count for its tier")


@click.command("fund", short_help="Give tokens of the treasury to a wallet.")
@click.argument("agent_id", type=Id())
@click.argument("amount")
@_asset
@click.option("--note", help="Why, for the record.")
@json_option
@server_options
def fund_wallet(
    server: Server,
    agent_id: str,
    amount: str,
    asset: str | None,
    note: str | None,
    as_json: bool,
) -> None:
    """Give AMOUNT tokens of the treasury to AGENT_ID, who need not be registered yet."""
    with server.client() as client:
        order = client.economy.fund(amount, agent_id=agent_id, token=asset, note=note)
    if as_json:
        show_json(order)
    else:
        click.echo(f"order {order.order_id}: {order.status}")
