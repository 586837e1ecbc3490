"""The difference between what files want and what there is, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from aia_mas.domain.orchestration.labels import label_text
from aia_mas.interfaces.cli.apply.fleet import AGENTS, KINDS, LIMITS, POLICIES, RULES, Fleet, Wish

ADDED, CHANGED, REMOVED, UNCHANGED = "added", "changed", "removed", "unchanged"
_ONCE = frozenset({"initial_stake", "owner"})
_SETS = frozenset({"specializations", "data_sources"})
_AMOUNTS = frozenset({"cost_per_task", "initial_stake"})


class Thing(NamedTuple):
    """Something as it is.

    Attributes:
        fields: What it is like.
        revision: In which revision; None: it has none.
    """

    fields: Mapping[str, Any]
    revision: int | None = None


class FieldChange(NamedTuple):
    """A field as it is, and as it is to be."""

    before: Any
    after: Any


class Change(NamedTuple):
    """What is to become of one thing.

    Attributes:
        kind: Of which kind it is.
        name: Its id, key or name.
        action: Added, changed, removed or unchanged.
        fields: What changes.
        revision: The revision that was compared.
        whole: What it is like afterwards, for what can only be set as a whole.
        remarks: What cannot be done about it.
    """

    kind: str
    name: str
    action: str
    fields: Mapping[str, FieldChange]
    revision: int | None
    whole: Mapping[str, Any] = {}
    remarks: tuple[str, ...] = ()


def compare(
    fleet: Fleet, things: Mapping[tuple[str, str], Thing], *, prune: bool
) -> Iterator[Change]:
    """Yield what is to become of everything that is wanted, and with ``prune`` of all else.

    Args:
        fleet: What is wanted.
        things: What there is, of the kinds that the fleet speaks of.
        prune: Remove what is not wanted, of these kinds.
    """
    for kind in KINDS:
        for wish in fleet.wishes.values():
            if wish.kind == kind:
                yield _change(wish, things.get((kind, wish.name)), prune=prune)
        if prune and kind != POLICIES:
            for (its_kind, name), thing in things.items():
                if its_kind == kind and (kind, name) not in fleet.wishes:
                    gone = {
                        field: FieldChange(value, None) for field, value in thing.fields.items()
                    }
                    shown = gone if kind == LIMITS else {}
                    yield Change(kind, name, REMOVED, shown, thing.revision)


def _change(wish: Wish, thing: Thing | None, *, prune: bool) -> Change:
    wanted = dict(wish.fields)
    if thing is None:
        fields = {name: FieldChange(None, value) for name, value in wanted.items()}
        return Change(wish.kind, wish.name, ADDED, fields, None, wanted)
    remarks: list[str] = []
    if wish.kind == LIMITS:
        # Limits are set as a whole: what is left out is not limited.
        wanted = {name: wanted.get(name) for name in ("max_concurrent", "rate", "per_seconds")}
    elif wish.kind == POLICIES and "by_type" in wanted and not prune:
        wanted["by_type"] = {**thing.fields["by_type"], **wanted["by_type"]}
    fields = {}
    for name, after in wanted.items():
        before = thing.fields.get(name)
        if same(name, before, after):
            continue
        if wish.kind == AGENTS and name in _ONCE:
            remarks.append(f"{name} counts when an agent registers, and stays {before}")
            continue
        fields[name] = FieldChange(before, after)
    action = CHANGED if fields else UNCHANGED
    whole = {**thing.fields, **wanted}
    return Change(wish.kind, wish.name, action, fields, thing.revision, whole, tuple(remarks))


def same(name: str, before: Any, after: Any) -> bool:
    """Return whether a field is as it should be, in whichever way that is written."""
    if before is None or after is None:
        return before is after
    if name in _AMOUNTS:
        return Decimal(str(before)) == Decimal(str(after))
    if name in _SETS:
        return set(before) == set(after)
    if name == "labels":
        return dict(before) == {key: label_text(value) for key, value in after.items()}
    return bool(before == after)


__all__ = [
    "ADDED", "CHANGED", "REMOVED", "RULES", "UNCHANGED", "Change", "FieldChange", "Thing",
    "compare", "same",
]  # fmt: skip
