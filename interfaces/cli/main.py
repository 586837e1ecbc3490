"""The command line: `mas`."""

from __future__ import annotations

import importlib
import os
import sys
import traceback

import click

import aia_mas
from aia_mas.interfaces.cli import collection

_DEBUG = "debug"
_INTERRUPTED = 130
# Each lives in the module of its name.
_COMMANDS = (
    "serve", "demo", "worker", "agents", "tasks", "economy", "top", "apply", "events",
    "migrate", "doctor", "audit", "projections",
)  # fmt: skip


class _Commands(click.Group):
    """Loads a command when it is wanted: `mas --version` needs none."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        with collection.paused():
            module = importlib.import_module(f"aia_mas.interfaces.cli.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(aia_mas.__version__, prog_name="mas", message="%(prog)s %(version)s")
def cli() -> None:
    """AIA MAS: an event-sourced backend for multi-agent systems."""


def main(arguments: list[str] | None = None) -> None:
    """Run one command and end the process; whatever fails is told in one line."""
    try:
        code = cli.main(arguments, prog_name="mas", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (Exception, KeyboardInterrupt, click.Abort) as error:  # noqa: BLE001 - the last stop
        if _unheard(error):
            # The reader of our output has gone (`mas ... | head`); there is nobody to tell.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)
        sys.exit(_tell(error))
    sys.exit(code or 0)


def _unheard(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return any(_unheard(each) for each in error.exceptions)
    return isinstance(error, BrokenPipeError)


def _tell(error: BaseException) -> int:
    if isinstance(error, KeyboardInterrupt | click.Abort):
        # Nothing of ours is needed to say so: what was being loaded just now is there by half.
        click.echo("mas: interrupted", err=True)
        return _INTERRUPTED
    from aia_mas.interfaces.cli.exit_codes import Exit
    from aia_mas.interfaces.cli.failures import explain
    from aia_mas.interfaces.cli.remote.words import plain

    if os.environ.get("MAS_LOG_LEVEL", "").lower() == _DEBUG:
        traceback.print_exception(error)
    message, code, details = explain(error)
    click.echo(f"mas: {plain(message)}", err=True)
    for line in details:
        click.echo(f"  {plain(line)}", err=True)
    if code is Exit.FAILED and os.environ.get("MAS_LOG_LEVEL", "").lower() != _DEBUG:
        click.echo("mas: MAS_LOG_LEVEL=debug shows where it happened", err=True)
    return code


if __name__ == "__main__":
    main()
