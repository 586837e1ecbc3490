"""What tests of budgets share: somebody with money and a worker, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from aia_mas.domain.kernel import DomainError

from .town import Town, wallet


def town(amount: int = 1_000) -> Town:
    made = Town({wallet("alice"): amount})
    made.agent("worker")
    return made


def refused(code: str, act: Any, *arguments: Any, **more: Any) -> DomainError:
    with pytest.raises(DomainError) as caught:
        act(*arguments, **more)
    assert caught.value.code == code
    return caught.value
