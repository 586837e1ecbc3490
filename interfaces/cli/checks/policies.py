"""Whether the policies that the settings name can be had."""

from __future__ import annotations

from aia_mas.application.settings import Settings, SettingsError
from aia_mas.interfaces.cli.checks.finding import Finding, failed, passed
from aia_mas.interfaces.own_policies import policies_at


def policies(settings: Settings) -> Finding:
    """Import the policies of the user."""
    name = "policies"
    try:
        found = policies_at(settings.policies)
    except SettingsError as error:
        return failed(name, str(error), "put it where Python can import it, or leave it out")
    return passed(name, ", ".join(policy.name for policy in found) or "the built-in ones only")
