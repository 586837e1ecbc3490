"""Random histories of accounts and transfers, made by the domain's own decisions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from aia_mas.application.economy.handlers import EVOLVERS
from aia_mas.domain.economy.accounts import reward_pool, treasury, wallet
from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.errors import InsufficientFunds
from aia_mas.domain.economy.ledger import Book, Entry, Leg, TransferState, move
from aia_mas.domain.economy.ledger.entry import transfer_stream
from aia_mas.domain.economy.statements import CloseMonth, Summing, close_month, statement_stream
from aia_mas.domain.kernel import Context, Event
from aia_mas.domain.kernel.errors import DomainError
from aia_mas.domain.kernel.ids import entity_of

Happening = tuple[str, Event]

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OWNERS = ("ann", "bob", "grosse.b-1", "a:b")
TOKENS = ("AIA", "AIA_GOV")
FUNDS = 10**30


class Streams(dict[str, Any]):
    """States by stream, None where there is none."""

    def __missing__(self, _stream: str) -> None:
        return None


class OpenBook(Book):
    """A book that has all streams open."""

    def __init__(self, streams: Streams, ctx: Context) -> None:
        super().__init__({}, ctx)
        self._states = Streams(streams)


class Town:
    """Wallets and system accounts, among which something is moved at every step.

    Attributes:
        streams: Their states.
    """

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._now = NOW
        self._made = 0
        self.streams = Streams()

    def history(self, steps: int) -> Iterator[list[Happening]]:
        """Yield as many steps, each with the events of one act."""
        while steps:
            self._now += timedelta(milliseconds=self._random.randrange(1, 30_000))
            book = OpenBook(self.streams, Context(self._now, 0, SETTLEMENT))
            acts = (self._issue, self._move, self._hold, self._end, self._reverse)
            act = self._random.choices(acts, weights=(2, 6, 3, 3, 2))[0]
            try:
                act(book)
            except DomainError:
                continue
            if book.events:
                self._evolve(book.events)
                steps -= 1
                yield book.events

    def closing(self, account_id: str, month: str) -> list[Happening]:
        """Return that a month without lines was closed."""
        sums = Summing(account_id, month, 0, 1)
        command = CloseMonth(account_id=account_id, month=month, figures=sums.figures)
        stream = statement_stream(account_id, month)
        decision = close_month(None, command, Context(self._now, 0, SETTLEMENT))
        assert decision.events[0][0] == stream
        return list(decision.events)

    def _evolve(self, events: list[Happening]) -> None:
        for stream, event in events:
            self.streams[stream] = EVOLVERS[stream.partition("/")[0]](self.streams[stream], event)

    def _entry(self, *legs: Leg) -> Entry:
        self._made += 1
        metadata = self._random.choice(({}, {"größe": 'a "b"\\ ü', "n": ""}))
        reason = self._random.choice(("gift", "help", "fee"))
        return Entry(transfer_id=f"t{self._made}", legs=legs, reason=reason, metadata=metadata)

    def _issue(self, book: Book) -> None:
        token = self._random.choice(TOKENS)
        names = [treasury(token), reward_pool(token), *(wallet(owner, token) for owner in OWNERS)]
        some = self._random.sample(names, 3)
        amounts = [self._random.randrange(1, FUNDS) for _ in some]
        legs = [Leg(f"issuance:{token}", -sum(amounts)), *map(Leg, some, amounts)]
        book.post(self._entry(*legs))

    def _move(self, book: Book) -> None:
        if self._random.random() < 0.3:
            book.post(self._entry(*self._legs("AIA"), *self._legs("AIA_GOV")))
        else:
            book.post(self._entry(*self._legs()))

    def _hold(self, book: Book) -> None:
        source, *rest = self._legs()
        legs = (source,) if self._random.random() < 0.2 else (source, *rest)
        seconds = self._random.choice((None, 60, 3600))
        book.hold(
            self._entry(*legs), None if seconds is None else self._now + timedelta(seconds=seconds)
        )

    def _end(self, book: Book) -> None:
        transfer_id, state = self._some_transfer()
        if self._random.random() < 0.4:
            book.void(transfer_id, expired=self._random.random() < 0.5)
        elif len(state.legs) == 1:
            source = state.legs[0]
            book.post_held(transfer_id, move(source.account, treasury("AIA"), 1))
        elif self._random.random() < 0.5:
            part = max(1, -state.legs[0].amount // 3)
            book.post_held(transfer_id, move(state.legs[0].account, state.legs[1].account, part))
        else:
            book.post_held(transfer_id)

    def _reverse(self, book: Book) -> None:
        transfer_id, _ = self._some_transfer()
        self._made += 1
        book.reverse(transfer_id, f"r{self._made}", "mistake", {"why": "ü"})

    def _legs(self, token: str | None = None) -> tuple[Leg, ...]:
        token = token or self._random.choice(TOKENS)
        names = [treasury(token), *(wallet(owner, token) for owner in OWNERS)]
        source, target, other = self._random.sample(names, 3)
        one, two = self._random.randrange(1, FUNDS // 10), self._random.randrange(1, 10**12)
        if self._random.random() < 0.7:
            return move(source, target, one)
        return Leg(source, -one - two), Leg(target, one), Leg(other, two)

    def _some_transfer(self) -> tuple[str, TransferState]:
        known = [stream for stream in self.streams if stream.startswith("transfer/")]
        if not known:
            raise InsufficientFunds
        transfer_id = entity_of(self._random.choice(known))
        return transfer_id, self.streams[transfer_stream(transfer_id)]
