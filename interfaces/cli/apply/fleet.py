"""What files want a fleet to be like, checked by the rules that the server itself goes by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.precondition import UNCONDITIONAL
from aia_mas.domain.orchestration.agent_decisions import check_registration
from aia_mas.domain.orchestration.limits import check_limits
from aia_mas.interfaces.cli.yaml_documents import Document, Path
from aia_mas.interfaces.http.bodies import decode
from aia_mas.interfaces.http.errors import RequestRefused
from aia_mas.interfaces.http.schemas.agents import AgentReplacement
from aia_mas.interfaces.http.schemas.policies import PoliciesReplacement
from aia_mas.interfaces.http.schemas.queue import Limits

AGENTS, LIMITS, POLICIES = "agents", "limits", "policies"
KINDS = (LIMITS, POLICIES, AGENTS)
RULES = "rules"
"""The name of what there is only one of: the rules of assignment."""


class Wish(NamedTuple):
    """What one thing should be like.

    Attributes:
        kind: Of which kind it is.
        name: Its id, key or name.
        fields: What was said about it; what was not said may be as it is.
        place: Where that stands.
        document: In which document.
    """

    kind: str
    name: str
    fields: dict[str, Any]
    place: Path
    document: Document

    @property
    def at(self) -> str:
        """File and line."""
        return self.document.at(self.place)


class Fleet(NamedTuple):
    """What files want.

    Attributes:
        wishes: By kind and name.
        kinds: The kinds that the files speak of, also when they name none of it.
        mistakes: What is wrong with them, with file and line.
    """

    wishes: dict[tuple[str, str], Wish]
    kinds: frozenset[str]
    mistakes: tuple[str, ...]


def fleet_of(documents: Iterable[Document]) -> Fleet:
    """Return what the documents want, and all that is wrong with them."""
    wishes: dict[tuple[str, str], Wish] = {}
    kinds: set[str] = set()
    mistakes: list[str] = []
    for document in documents:
        wrong = _form(document)
        if wrong:
            mistakes += wrong
            continue
        kind = document.value["kind"]
        kinds.add(kind)
        for wish in _wishes(document):
            former = wishes.get((kind, wish.name))
            if former is not None:
                what = f"{kind} {wish.name!r}" if kind != POLICIES else "the policies"
                mistakes.append(f"{wish.at}: {what} stands at {former.at} already")
                continue
            wishes[kind, wish.name] = wish
            mistakes += _checked(wish)
    return Fleet(wishes, frozenset(kinds), tuple(mistakes))


def _form(document: Document) -> list[str]:
    """Return what is wrong with a document as such."""
    value = document.value
    if not isinstance(value, dict):
        return [f"{document.at(())}: a document is a mapping with kind and spec"]
    wrong = [
        f"{document.at((name,))}: {name!r} is not known here; there are kind and spec"
        for name in value
        if name not in {"kind", "spec"}
    ]
    if value.get("kind") not in KINDS:
        words = ", ".join(KINDS)
        wrong.append(f"{document.at(('kind',))}: kind is one of {words}, not {value.get('kind')!r}")
    elif not isinstance(value.get("spec"), dict):
        wrong.append(f"{document.at(('spec',))}: spec must be a mapping")
    elif value["kind"] != POLICIES:
        wrong += [
            f"{document.at(('spec', name))}: {name!r} must be a mapping"
            for name, fields in value["spec"].items()
            if not isinstance(fields, dict | None)
        ]
    return wrong


def _wishes(document: Document) -> list[Wish]:
    kind, spec = document.value["kind"], document.value["spec"]
    if kind == POLICIES:
        return [Wish(kind, RULES, spec, ("spec",), document)]
    return [
        Wish(kind, name, fields or {}, ("spec", name), document) for name, fields in spec.items()
    ]


def _agent(wish: Wish, body: bytes) -> None:
    check_registration(decode(body, AgentReplacement).command(wish.name))


def _limit(wish: Wish, body: bytes) -> None:
    check_limits(decode(body, Limits).command(wish.name))


def _policies(wish: Wish, body: bytes) -> None:
    decode(body, PoliciesReplacement).command(UNCONDITIONAL)


_CHECKS: Mapping[str, Callable[[Wish, bytes], None]] = {
    AGENTS: _agent,
    LIMITS: _limit,
    POLICIES: _policies,
}


def _checked(wish: Wish) -> list[str]:
    """Return what the server would refuse of a wish."""
    if "agent_id" in wish.fields:
        return [f"{wish.at}: agent_id is the name of the entry"]
    try:
        _CHECKS[wish.kind](wish, msgspec.json.encode(wish.fields))
    except RequestRefused as error:
        found = [(each.field, each.code, each.message) for each in error.errors]
        return [_told(wish, *each) for each in found or [("", error.code, str(error))]]
    except InvalidValue as error:
        return [_told(wish, each.field, each.code, str(each)) for each in error.all]
    return []


def _told(wish: Wish, field: str, code: str, words: str) -> str:
    text = words if not field or words.startswith(f"{field}:") else f"{field}: {words}"
    return (
        f"{wish.document.at(wish.document.field(wish.place, field))}: {wish.name}: {text} ({code})"
    )
