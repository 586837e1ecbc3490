"""`mas economy`: tokens, stakes and votes; and whether all of it is what the log says."""

from __future__ import annotations

import click

from aia_mas.interfaces.cli.economy.auditing import audit_economy

__all__ = ["economy"]


@click.group(short_help="Tokens, stakes and votes; and their audit.")
def economy() -> None:
    """Look at the economy of a running server, move tokens, vote; audit its database."""


economy.add_command(audit_economy)
