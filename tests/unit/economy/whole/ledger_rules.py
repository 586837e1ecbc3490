"""Tokens are moved, set aside, taken back, issued and burned."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition
from msgspec.structs import replace

from aia_mas.domain.economy.accounts import wallet
from aia_mas.domain.economy.ledger import Entry, move
from aia_mas.domain.economy.ledger.commands import PostHold, ReverseTransfer, Transfer, VoidHold
from aia_mas.domain.economy.ledger.reversing import Reversal
from aia_mas.domain.economy.orders import OrderState, OrderStatus, order_stream
from aia_mas.domain.economy.supply.faucet import Faucet
from aia_mas.domain.economy.supply.treasury_orders import Burn, Fund, Mint

from .basis import Basis, amounts, owners, rule, tokens
from .plain_basis import POOL, SHARED


class LedgerRules(Basis):
    """Whatever moves tokens between wallets, and between these and the treasury."""

    @rule(
        source=owners,
        to=owners,
        token=tokens,
        amount=amounts,
        pending=st.booleans(),
        timeout=st.sampled_from([None, 60.0]),
    )
    def transfer(
        self,
        source: str,
        to: str,
        token: str,
        amount: int,
        pending: bool,
        timeout: float | None,
    ) -> None:
        one, other = wallet(source, token), wallet(to, token)
        transfer_id = self.market.new_id()
        timeout = timeout if pending else None
        entry = Entry(transfer_id=transfer_id, legs=move(one, other, amount), reason="test")
        wanted = one != other and amount <= self.plain.available(one)
        assert wanted == self.give(Transfer(entry=entry, pending=pending, timeout=timeout))
        if wanted and pending:
            until = None if timeout is None else self.market.now + timedelta(seconds=timeout)
            self.plain.set_aside(transfer_id, one, other, amount, until)
        elif wanted:
            self.plain.move(one, other, amount)
            self.posted[transfer_id] = (one, other, amount)

    @precondition(lambda self: self.plain.pending)
    @rule(data=st.data(), part=st.sampled_from([None, 0.5, 2.0]), void=st.booleans())
    def end_hold(self, data: st.DataObject, part: float | None, void: bool) -> None:
        transfer_id = data.draw(st.sampled_from(sorted(self.plain.pending)))
        source, target, held, until = self.plain.pending[transfer_id]
        if void:
            assert self.give(VoidHold(transfer_id=transfer_id))
            assert transfer_id not in self.plain.pending
            return
        amount = held if part is None else int(held * part)
        over = until is not None and until <= self.market.now
        wanted = 0 < amount <= held and not over
        post = PostHold(transfer_id=transfer_id, amount=None if part is None else amount)
        assert wanted == self.give(post)
        if wanted:
            self.plain.let_go(transfer_id)
            self.plain.move(source, target, amount)
            self.posted[transfer_id] = (source, target, amount)

    @precondition(lambda self: self.posted)
    @rule(data=st.data())
    def reverse(self, data: st.DataObject) -> None:
        transfer_id = data.draw(st.sampled_from(sorted(self.posted)))
        source, target, amount = self.posted[transfer_id]
        wanted = amount <= self.plain.available(target)
        command = ReverseTransfer(transfer_id=transfer_id, reversal_id=self.market.new_id())
        assert wanted == self.give(command)
        if wanted:
            self.plain.move(target, source, amount)
            again = replace(command, reversal_id=self.market.new_id())
            assert not self.give(again), "taken back twice"
            del self.posted[transfer_id]

    @rule(
        kind=st.sampled_from(["mint", "burn", "fund", "fund", "fund", "faucet"]),
        token=tokens,
        amount=amounts,
        owner=owners,
        pool=st.sampled_from(["", "", POOL, SHARED]),
    )
    def treasury(self, kind: str, token: str, amount: int, owner: str, pool: str) -> None:
        account = pool if pool and token == "AIA" else wallet(owner, token)
        order: Any = {
            "mint": Mint(token=token, amount=amount),
            "burn": Burn(token=token, amount=amount),
            "fund": Fund(account=account, token=token, amount=amount),
            "faucet": Faucet(owner=owner, token=token, amount=amount),
        }[kind]
        order_id = self.order(order)
        if kind == "fund" and account == wallet(owner, token):
            self.funds.append(order_id)

    @precondition(lambda self: self.funds)
    @rule(data=st.data())
    def take_funds_back(self, data: st.DataObject) -> None:
        order_id = data.draw(st.sampled_from(self.funds))
        state: OrderState | None = self.market.states.get(order_stream(order_id))
        if state is not None and state.status is OrderStatus.EXECUTED:
            token, amount = state.order["token"], state.order["amount"]
            moved = move(f"treasury:{token}", state.order["account"], amount)
            new = self.market.new_id()
            self.order(Reversal(transfer_id=order_id, reversal_id=new, moved=tuple(moved)))
