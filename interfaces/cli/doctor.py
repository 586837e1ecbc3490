"""`mas doctor`: look for what would keep the server from running here."""

from __future__ import annotations

import json
import sys
from typing import Any

import click
import msgspec

from aia_mas.application.settings import Settings, SettingsError, load_settings
from aia_mas.interfaces.cli.checks import CHECKS
from aia_mas.interfaces.cli.checks.finding import Finding, failed, passed
from aia_mas.interfaces.cli.failures import explain
from aia_mas.interfaces.cli.options import data_options, environment_with, json_option


@click.command(short_help="Check this machine and the configuration.")
@data_options
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on.")
@json_option
def doctor(config: str | None, as_json: bool, **arguments: Any) -> None:
    """Check this machine and the configuration; exits with 1 when something must be put right."""
    found = _examine(config, arguments)
    if as_json:
        healthy = not any(finding.status == "fail" for finding in found)
        report = {"ok": healthy, "checks": [msgspec.to_builtins(finding) for finding in found]}
        click.echo(json.dumps(report))
    else:
        for finding in found:
            click.echo(_line(finding))
    sys.exit(int(any(finding.status == "fail" for finding in found)))


def _examine(config: str | None, arguments: dict[str, Any]) -> list[Finding]:
    settings, found = _configuration(config, arguments)
    for name, check in CHECKS:
        try:
            found.append(check(settings))
        except Exception as error:  # noqa: BLE001 - one check that breaks must not hide the others
            found.append(failed(name, explain(error).message))
    return found


def _configuration(config: str | None, arguments: dict[str, Any]) -> tuple[Settings, list[Finding]]:
    """Load the settings; without them the other checks go on with what the command line says."""
    name = "configuration"
    try:
        settings = load_settings(arguments, environment=environment_with(config))
    except SettingsError as error:
        finding = failed(name, str(error), "correct or remove this setting")
    else:
        words = "; ".join(settings.warnings)
        mode = "development mode" if settings.development else "tokens required"
        status = passed(name, words or mode)
        return settings, [msgspec.structs.replace(status, status="warn") if words else status]
    try:
        return load_settings(arguments, environment={}), [finding]
    except SettingsError:
        return load_settings(environment={}), [finding]


def _line(finding: Finding) -> str:
    mark = {"ok": "OK  ", "warn": "WARN", "fail": "FAIL"}[finding.status]
    colour = {"ok": "green", "warn": "yellow", "fail": "red"}[finding.status]
    hint = f"\n       {finding.hint}" if finding.hint else ""
    return f"{click.style(mark, fg=colour)}   {finding.name}: {finding.detail}{hint}"
