"""Generated requests, good and bad: every answer is one that the document announces."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from schemathesis.pytest import from_fixture

from .conformance import EXAMPLES, check, only, paths

# The node lives in a thread of this process; what it draws at random is none of the examples.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Do not use the `random` module:hypothesis.errors.HypothesisDeprecationWarning"
)


@pytest.fixture(scope="module")
def node(start_for_module: Callable[..., Any]) -> Any:
    """A node of its own: what is generated here would keep other tests' agents busy."""
    return start_for_module()


@pytest.fixture(params=paths(economic=False))
def operations(request: Any) -> Any:
    """The document as if it told of one path only."""
    # schemathesis 4 renames the test for its reports by what pytest 9 calls otherwise.
    request.node._nodeid = request.node.nodeid
    return only(request.param)


@from_fixture("operations").parametrize()
@EXAMPLES
def test_every_answer_is_announced(case: Any, node: Any, requesting: requests.Session) -> None:
    check(case, node.url, requesting)
