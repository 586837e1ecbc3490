"""`mas tasks cancel` and `mas tasks retry`: tasks by id, or all that match."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from aia_mas.interfaces.cli.exit_codes import Exit
from aia_mas.interfaces.cli.options import json_option
from aia_mas.interfaces.cli.remote.answers import show_json
from aia_mas.interfaces.cli.remote.confirming import confirm
from aia_mas.interfaces.cli.remote.parameters import Id
from aia_mas.interfaces.cli.remote.server import Server, server_options
from aia_mas.interfaces.cli.remote.words import counted, listed, plain
from aia_mas.interfaces.cli.tasks.filters import filter_options, given_of

if TYPE_CHECKING:
    from aia.client import Client
    from aia.client.types import BulkResult

_MOST = 10_000
_EXAMPLES = 3
_DONE = {"cancel": "cancelled", "retry": "queued again"}


def _order_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.argument("task_ids", nargs=-1, type=Id()),
        filter_options,
        click.option("--everything", is_flag=True, help="All there are, without a filter."),
        click.option("--reason", help="Why, for the record."),
        click.option("--limit", type=click.IntRange(1, _MOST), help="The first so many only."),
        click.option("--dry-run", is_flag=True, help="Only tell how many it would be."),
        click.option("--yes", "-y", is_flag=True, help="Do not ask."),
        json_option,
        server_options,
    ):
        command = option(command)
    return command


@click.command("cancel", short_help="Call unfinished tasks off.")
@_order_options
def cancel_tasks(server: Server, **arguments: Any) -> None:
    """Call unfinished tasks off: these, or all that match the filters."""
    with server.client() as client:
        _carry_out(client, "cancel", **arguments)


@click.command(
    "retry", short_help="Queue tasks again that failed, died, expired or were cancelled."
)
@_order_options
def retry_tasks(server: Server, **arguments: Any) -> None:
    """Queue tasks again that failed, died, expired or were cancelled, with all their attempts."""
    with server.client() as client:
        _carry_out(client, "retry", **arguments)


def _carry_out(
    client: Client,
    verb: str,
    *,
    task_ids: tuple[str, ...],
    everything: bool,
    reason: str | None,
    limit: int | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    **filters: Any,
) -> None:
    given = given_of(filters)
    if bool(task_ids) + bool(given) + everything != 1:
        raise click.UsageError(f"say what to {verb}: ids, filters, or --everything")
    which: dict[str, Any] = {"ids": list(task_ids)} if task_ids else {"filter": given}
    operation = client.tasks.cancel_many if verb == "cancel" else client.tasks.retry_many
    order = partial(operation, reason=reason, limit=limit, **which)
    if dry_run:
        done = order(dry_run=True)
    elif task_ids:
        done = order()
    else:
        done = _asking(order, verb, yes=yes, once=limit is not None)
    if as_json:
        show_json(done)
    else:
        _tell(verb, done)
    sys.exit(Exit.REFUSED if done.refused and not dry_run else 0)


def _asking(order: Callable[..., BulkResult], verb: str, *, yes: bool, once: bool) -> BulkResult:
    """Tell how many match and ask; then order, again as long as others are left."""
    import msgspec

    foreseen = order(dry_run=True)
    if not foreseen.matched:
        return msgspec.structs.replace(foreseen, dry_run=False)
    some = plain(listed((each.id for each in foreseen.examples), _EXAMPLES))
    least = "at least " if foreseen.more and not once else ""
    confirm(f"{verb} {least}{counted(foreseen.matched, 'task')} ({some})?", yes=yes)
    whole = order()
    while whole.more and not once:
        click.echo(f"{whole.changed:,} so far ...", err=True)
        part = order()
        refused = {
            code: whole.refused.get(code, 0) + part.refused.get(code, 0)
            for code in {**whole.refused, **part.refused}
        }
        whole = msgspec.structs.replace(
            whole,
            matched=whole.matched + part.matched,
            changed=whole.changed + part.changed,
            refused=refused,
            more=part.more and part.changed > 0,
        )
    return whole


def _tell(verb: str, done: BulkResult) -> None:
    if done.dry_run:
        click.echo(f"it would {verb} {counted(done.matched - sum(done.refused.values()), 'task')}")
        for example in done.examples:
            click.echo(f"  {plain(example.id)}{f': {example.code}' if example.code else ''}")
    else:
        click.echo(f"{counted(done.changed, 'task')} {_DONE[verb]}")
    for code, count in done.refused.items():
        click.echo(f"refused: {count:,} {code}", err=True)
    if done.more:
        click.echo("others are left beyond the limit", err=True)
