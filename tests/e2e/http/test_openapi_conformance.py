"""Generated requests, good and bad: every answer is one that the document announces."""

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS, load_all_checks

from aia_mas.interfaces.http.app import CONTROLLERS
from aia_mas.interfaces.http.openapi import document

# The node lives in a thread of this process; what it draws at random is none of the examples.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Do not use the `random` module:hypothesis.errors.HypothesisDeprecationWarning"
)

load_all_checks()
CONFORMANCE = CHECKS.get_by_names(
    [
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "unsupported_method",
    ]
)

schema = schemathesis.openapi.from_dict(document(CONTROLLERS, development=True))
# Streams do not end by themselves; tests in tests/e2e/realtime listen to them.
schema = schema.exclude(operation_id=["stream_events", "stream_inbox"])


@pytest.fixture(scope="module")
def node(start_for_module: Callable[..., Any]) -> Any:
    """A node of its own: what is generated here would keep other tests' agents busy."""
    return start_for_module()


@schema.parametrize()
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_announced(case: Any, node: Any) -> None:
    # Positions of the future, work and messages are waited for, which is not the point here.
    for name in ("min_position", "wait"):
        (case.query or {}).pop(name, None)
    if isinstance(case.body, dict) and ("wait" in case.body or case.path.endswith("/request")):
        case.body["wait"] = 0

    answer = case.call(base_url=node.url)

    assert answer.status_code < 500 or answer.json()["code"] == "reply_timeout"
    case.validate_response(answer, checks=CONFORMANCE)
