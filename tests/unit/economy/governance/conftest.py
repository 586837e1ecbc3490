"""What tests of proposals begin with."""

import pytest

from .town import Town


@pytest.fixture
def town() -> Town:
    """Return a town of three voters; ann proposes."""
    made = Town()
    for name, tokens in (("ann", 300), ("bob", 400), ("eve", 300)):
        made.bond(name, tokens)
    made.fund("ann", 100)
    return made
