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

    return schemathesis.openapi.from_dict({**DOCUMENT, "paths": {path: DOCUMENT["paths"][path]}})


@cache
def _checks() -> Any:
    from schemathesis.checks import CHECKS, load_all_checks

    load_all_checks()
    return CHECKS.get_by_names(_CHECKS)


def check(case: Any, url: str, session: requests.Session) -> None:
    """Send a request; its answer is one that the document announces."""
    # Positions of the future and long claims are waited for, which is not the point here.
    (case.query or {}).pop("min_position", None)
    if isinstance(case.body, dict) and "wait" in case.body:
        case.body["wait"] = 0

    answer = case.call(base_url=url, session=session)

    assert answer.status_code < 500
    case.validate_response(answer, checks=_checks())
