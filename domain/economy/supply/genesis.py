"""Genesis: what a system in development begins with, once per store and token."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

import msgspec

from aia_mas.domain.economy.accounts import account_stream, reward_pool, treasury
from aia_mas.domain.economy.ledger import Book, Leg
from aia_mas.domain.economy.ledger.events import BalanceChanged
from aia_mas.domain.economy.parameters import ParametersChanged
from aia_mas.domain.economy.supply.issuing import (
    issue,
    parameters_in,
    streams_of_issue,
    terms_of,
)
from aia_mas.domain.economy.todo import Happened, Work
from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, refuse
from aia_mas.domain.kernel.errors import DomainError
from aia_mas.domain.kernel.event import Event
from aia_mas.domain.kernel.steps import Steps

GENESIS = "genesis"
"""The reason code of its transfers."""
_TRANSFER = "genesis:"
_TREASURY = account_stream(treasury(""))
"""What the streams of treasuries begin with."""


class IssueGenesis(msgspec.Struct, frozen=True, kw_only=True):
    """Fill the treasury and the pool of rewards, unless the treasury was ever used."""

    token: str


def genesis_id(token: str) -> str:
    """Return the id of the transfer."""
    return f"{_TRANSFER}{token}"


def streams_of_genesis(command: IssueGenesis) -> tuple[str, ...]:
    """Return what the decision reads, the transfer first."""
    token = command.token
    return streams_of_issue(genesis_id(token), token, treasury(token), reward_pool(token))


def issue_genesis(states: Mapping[str, Any], command: IssueGenesis, ctx: Context) -> Decision:
    """Issue what the parameters say; nothing happens where a treasurer was at work before.

    A store that development takes over keeps the supply that it has. ``system_account`` to
    everybody but the settlement.
    """
    token, book = command.token, Book(states, ctx)
    used = states[account_stream(treasury(token))] is not None
    if used or book.transfer(genesis_id(token)) is not None:
        return Decision()
    try:
        terms = terms_of(parameters_in(states), token)
        shares = (
            Leg(treasury(token), terms.treasury),
            Leg(reward_pool(token), terms.reward_pool),
        )
        if not terms.genesis:
            return Decision()
        issue(book, terms, genesis_id(token), shares, GENESIS)
    except DomainError as error:
        return refuse(error)
    return Decision(tuple(book.events))


class Genesis:
    """The tokens that are to begin with something and have not begun."""

    name: ClassVar[str] = "genesis"
    events: ClassVar[frozenset[type[Event]]] = frozenset({ParametersChanged, BalanceChanged})

    def __init__(self) -> None:
        """Start without any."""
        self._wanted: tuple[str, ...] = ()
        self._begun: set[str] = set()

    def apply(self, happened: Happened) -> None:
        """Fold a change of the parameters, or of an account."""
        event = happened.event
        if isinstance(event, ParametersChanged):
            tokens = event.parameters.supply.tokens
            self._wanted = tuple(terms.token for terms in tokens if terms.genesis)
        elif happened.stream.startswith(_TREASURY):
            self._begun.add(happened.stream.removeprefix(_TREASURY))
        elif isinstance(event, BalanceChanged) and event.reason == GENESIS:
            self._begun.add(event.transfer_id.removeprefix(_TRANSFER))

    def due(self, now: datetime, most: int) -> Sequence[Work]:
        """Return the tokens to begin with."""
        waiting = [token for token in self._wanted if token not in self._begun]
        return [Work(genesis_id(token), IssueGenesis(token=token)) for token in waiting[:most]]

    def next_due(self) -> datetime | None:
        """Return None: it is due at once."""
        return None

    def snapshot(self) -> Steps[Iterator[bytes]]:
        """Return what encodes a copy."""
        copy = _encode((self._wanted, sorted(self._begun)))
        yield
        return iter((copy,))

    @classmethod
    def restore(cls, pieces: Sequence[bytes]) -> Steps[Genesis]:
        """Return a list that goes on where a snapshot was taken."""
        restored = cls()
        for piece in pieces:
            restored._wanted, begun = _decode(piece)
            restored._begun.update(begun)
            yield
        return restored


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[tuple[str, ...], list[str]]).decode
