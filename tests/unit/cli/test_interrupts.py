"""Ctrl-C ends a command in one line, whatever was being loaded at that moment."""

import builtins
import sys
from typing import Any

import click
import pytest

from aia_mas.interfaces.cli.main import cli, main
from aia_mas.interfaces.cli.program import program


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_to_say_so_takes_nothing_that_may_be_there_by_half(
    error: BaseException, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(cli, "main", interrupted)
    monkeypatch.setitem(sys.modules, "aia_mas.interfaces.cli.failures", None)

    with pytest.raises(SystemExit) as ended:
        main(["agents", "list"])

    assert ended.value.code == 130
    assert capsys.readouterr().err == "mas: interrupted\n"


def test_while_the_command_line_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def interrupted(name: str, *arguments: Any) -> Any:
        if name == "aia_mas.interfaces.cli.main":
            raise KeyboardInterrupt
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", interrupted)

    with pytest.raises(SystemExit) as ended:
        program()

    assert ended.value.code == 130
