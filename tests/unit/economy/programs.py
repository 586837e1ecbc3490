"""What tests of incentive programs share: a program, whose work counts in it, and its end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from aia_mas.domain.economy.incentives.events import ProgramClosed
from aia_mas.domain.economy.incentives.orders import CancelProgram, OpenProgram
from aia_mas.domain.economy.incentives.program import escrow_of
from aia_mas.domain.economy.incentives.terms import Criterion, Payout, ProgramTerms
from aia_mas.domain.economy.orders import PlaceOrder

from .town import NOW, Town, treasury

ESCROW = escrow_of("p1", "AIA")
FUNDS = 10_000


def program(**changes: Any) -> ProgramTerms:
    said: dict[str, Any] = {
        "title": "More of it",
        "budget": 100,
        "starts_at": NOW,
        "ends_at": NOW + timedelta(days=7),
        "criterion": Criterion.COUNT,
        "payout": Payout.FIXED,
        "amount": 10,
        **changes,
    }
    if said["payout"] is Payout.PRO_RATA:
        said["amount"] = None
    return ProgramTerms(**said)


def town(**changes: Any) -> Town:
    """Return a system with a program and three agents."""
    made = Town({treasury(): FUNDS})
    for agent in ("ann", "bob", "cal"):
        made.agent(agent)
    opened(made, **changes)
    return made


def opened(given: Town, program_id: str = "p1", **changes: Any) -> None:
    order = OpenProgram(program_id=program_id, terms=program(**changes))
    given.give(PlaceOrder(order_id=f"open-{program_id}", order=order))
    given.settle()


def cancelled(given: Town) -> None:
    given.give(PlaceOrder(order_id="stop", order=CancelProgram(program_id="p1", reason="enough")))
    given.settle()


def done(given: Town, *agents: str, **spec: Any) -> list[str]:
    """Have agents complete a task each."""
    names = []
    for agent in agents:
        name = f"t{len(given.events)}"
        given.submit(name, **spec)
        given.complete(name, agent)
        names.append(name)
    given.settle()
    return names


def purses(given: Town) -> tuple[int, int, int]:
    return tuple(given.purse(agent)[0] for agent in ("ann", "bob", "cal"))  # type: ignore[return-value]


def closed(given: Town) -> ProgramClosed | None:
    return next((event for _, event in given.events if type(event) is ProgramClosed), None)
