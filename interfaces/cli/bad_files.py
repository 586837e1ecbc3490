"""Files with mistakes: all of them are told, each with file and line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from aia_mas.interfaces.cli.exit_codes import Exit
from aia_mas.interfaces.cli.remote.words import counted, plain


class BadFiles(click.ClickException):
    """Files have mistakes, and nothing was done."""

    exit_code = Exit.SETTING

    def __init__(self, consequence: str, mistakes: Sequence[str]) -> None:
        """Say what was not done, and all that is wrong."""
        super().__init__(consequence)
        self.mistakes = mistakes

    def show(self, file: Any = None) -> None:
        """Tell each mistake in a line."""
        target = file or sys.stderr
        count = counted(len(self.mistakes), "mistake")
        click.echo(f"mas: {self.message}: {count}", file=target)
        for mistake in self.mistakes:
            click.echo(f"  {plain(mistake)}", file=target)
