"""Generated requests to what a path offers: the checks that every answer has to pass."""

from __future__ import annotations

from functools import cache
from typing import Any

import requests
from hypothesis import HealthCheck, settings

from aia_mas.interfaces.http.app import CONTROLLERS
from aia_mas.interfaces.http.openapi import document

DOCUMENT = document(CONTROLLERS, development=True)
# Streams do not end by themselves; tests/e2e/realtime listens to them.
_ENDLESS = {"/mas/api/v1/stream", "/mas/api/v1/communication/agents/{agent_id}/inbox/stream"}
_CHECKS = [
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
]
EXAMPLES = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))


def paths(*, economic: bool) -> list[str]:
    """Return the paths that are asked, those of the economy or all others."""
    return [
        path
        for path in DOCUMENT["paths"]
        if path not in _ENDLESS and ("/economic/" in path) is economic
    ]


def only(path: str) -> Any:
    """Return the document as if it told of one path only.

    What is asked of it takes seconds to think of: it is thought of when its test runs, by the
    worker that runs it, instead of by every worker that looks for tests.
    """
    import schemathesis

    paths = {path: DOCUMENT["paths"][path]}
    return schemathesis.openapi.from_dict(
        {**DOCUMENT, "paths": paths, "components": _components(paths)}
    )


def _components(paths: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what some paths refer to, and what that does: the rest would be read every time."""
    kept: dict[str, dict[str, Any]] = {
        "securitySchemes": DOCUMENT["components"].get("securitySchemes", {})
    }
    todo = _references(paths)
    while todo:
        _, _, kind, name = todo.pop().split("/")
        if name not in kept.setdefault(kind, {}):
            kept[kind][name] = DOCUMENT["components"][kind][name]
            todo |= _references(kept[kind][name])
    return kept


def _references(said: Any) -> set[str]:
    if isinstance(said, dict):
        own = {said["$ref"]} if isinstance(said.get("$ref"), str) else set()
        return own.union(*map(_references, said.values()))
    return set().union(*map(_references, said)) if isinstance(said, list) else set()


@cache
def _checks() -> Any:
    from schemathesis.checks import CHECKS, load_all_checks

    load_all_checks()
    return CHECKS.get_by_names(_CHECKS)


def check(case: Any, url: str, session: requests.Session) -> None:
    """Send a request; its answer is one that the document announces."""
    # Positions of the future, work and messages are waited for, which is not the point here.
    for name in ("min_position", "wait"):
        (case.query or {}).pop(name, None)
    if isinstance(case.body, dict) and ("wait" in case.body or case.path.endswith("/request")):
        case.body["wait"] = 0

    answer = case.call(base_url=url, session=session)

    assert answer.status_code < 500 or answer.json()["code"] == "reply_timeout"
    case.validate_response(answer, checks=_checks())
