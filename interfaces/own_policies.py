"""The policies of a user, imported from where the settings say that they are."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module

from aia_mas.application.settings import SettingsError
from aia_mas.domain.kernel import DomainError
from aia_mas.domain.orchestration.scoring.policies import Policy, registered

_KEY = "orchestration.policies"


def policies_at(places: Iterable[str]) -> tuple[Policy, ...]:
    """Return the policies that stand at some places, each a ``Policy`` or several of them.

    Args:
        places: Where, like ``my_company.policies:careful``; Python must be able to import it.

    Raises:
        SettingsError: Nothing of the kind is there, or a name is taken or is none.
    """
    found = [policy for place in places for policy in _at(place)]
    try:
        registered(found)
    except (DomainError, ValueError) as error:
        raise SettingsError(_KEY, str(error)) from error
    return tuple(found)


def _at(place: str) -> tuple[Policy, ...]:
    module, _, name = place.partition(":")
    try:
        value = getattr(import_module(module), name)
    except Exception as error:  # a module of a user may raise anything
        raise SettingsError(_KEY, f"{place}: {type(error).__name__}: {error}") from error
    several = (value,) if isinstance(value, Policy) else value
    if not isinstance(several, list | tuple) or not all(isinstance(p, Policy) for p in several):
        raise SettingsError(_KEY, f"{place} is no Policy, and no list of them")
    return tuple(several)
