# Written by `make client` from the OpenAPI document; changes are lost.
"""Operations of the API: economic transfers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aia.client.asynchronous.group import AsyncGroup
from aia.client.types import (
    Order,
    ToldTransfer,
    Transaction,
    TransferBatchResult,
    TransferLeg,
    TransferRequest,
)
from aia.client.writing import Amount, exact, given, segment


class AsyncEconomicTransfers(AsyncGroup):
    """Methods of `client.economy`."""

    async def transfer(
        self,
        *,
        transfer_id: str | None = None,
        from_: str | None = None,
        to: str | None = None,
        amount: Amount | None = None,
        token: str | None = None,
        legs: Sequence[TransferLeg | Mapping[str, Any]] | None = None,
        reason: str | None = None,
        metadata: Mapping[str, str] | None = None,
        pending: bool | None = None,
        timeout: float | None = None,
        idempotency_key: str | None = None,
    ) -> ToldTransfer:
        """Move tokens between wallets, or with `pending` set them aside to be posted or voided.

        Who spends is the owner of the wallets that they come from, a treasurer or an admin. It is
        200 when this very transfer exists already under its id; another one under the same id is
        409 `exists_with_different_amount` (or whatever field differs first).

        Args:
            transfer_id: Its id; the same one is never carried out twice. Without a colon; left
                out: made up.
            to: Whose wallet it goes to.
            amount: How much. A number of tokens: a string of plain digits with at most 18
                decimals, or a number.
            token: Of which token.
            legs: In place of the four above: what it does to each wallet. They sum to 0 per token.
            reason: A code for what it is about.
            metadata: Up to 16 texts that are kept with it.
            pending: Set it aside only, to be posted or voided later.
            timeout: Seconds after which a pending one expires, at most a year; left out: never.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.economy.transfer(
                to="report_writer_002",
                amount="12.5",
                reason="help",
                metadata={"invoice": "2026-014"},
            )
        """
        body = given(
            {
                "transfer_id": transfer_id,
                "from": from_,
                "to": to,
                "amount": exact(amount),
                "token": token,
                "legs": legs,
                "reason": reason,
                "metadata": metadata,
                "pending": pending,
                "timeout": timeout,
            }
        )
        return await self._connection.command(
            "POST", "/mas/api/v1/economic/transfers", ToldTransfer, body, key=idempotency_key
        )

    async def transfer_many(
        self,
        transfers: Sequence[TransferRequest | Mapping[str, Any]],
        *,
        atomic: bool | None = None,
        idempotency_key: str | None = None,
    ) -> TransferBatchResult:
        """Make up to 1,000 transfers, in order and in one commit.

        Each is accepted or refused on its own, and sees what those before it left; `atomic` links
        them: all or nothing.

        Args:
            transfers: Each as if it stood alone; read one by one, so that a bad one spoils no
                other.
            atomic: They are linked: all or nothing.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.economy.transfer_many(
                [
                    {"from": "data_analyst_001", "to": "report_writer_002", "amount": "12.5"},
                    {
                        "legs": [
                            {"account": "wallet:AIA:report_writer_002", "amount": "-3"},
                            {"account": "wallet:AIA:data_analyst_001", "amount": "1"},
                            {"account": "wallet:AIA:proof_reader_003", "amount": "2"},
                        ]
                    },
                ],
                atomic=True,
            )
        """
        body = {"transfers": transfers, **given({"atomic": atomic})}
        return await self._connection.command(
            "POST",
            "/mas/api/v1/economic/transfers/submit-batch",
            TransferBatchResult,
            body,
            key=idempotency_key,
        )

    async def get_transfer(
        self,
        transfer_id: str,
        *,
        min_position: int | None = None,
    ) -> Transaction:
        """Return a transfer.

        Args:
            transfer_id: The transfer.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            await client.economy.get_transfer("transfer-17")
        """
        return await self._connection.read(
            f"/mas/api/v1/economic/transfers/{segment(transfer_id)}",
            Transaction,
            {"min_position": min_position},
        )

    async def post_transfer(
        self,
        transfer_id: str,
        *,
        amount: Amount | None = None,
        legs: Sequence[TransferLeg | Mapping[str, Any]] | None = None,
        idempotency_key: str | None = None,
    ) -> ToldTransfer:
        """Move what a pending transfer holds, all of it or a part; the rest is available again.

        Whoever could have made it may. What tasks and proposals hold is settled by these.

        Args:
            transfer_id: The transfer.
            amount: So much, of one that has two legs. A number of tokens: a string of plain digits
                with at most 18 decimals, or a number.
            legs: What is done to each account, within what the pending one said.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.economy.post_transfer("transfer-17", amount="10")
        """
        body = given({"amount": exact(amount), "legs": legs}) or None
        return await self._connection.command(
            "POST",
            f"/mas/api/v1/economic/transfers/{segment(transfer_id)}/post",
            ToldTransfer,
            body,
            key=idempotency_key,
        )

    async def void_transfer(
        self,
        transfer_id: str,
        *,
        idempotency_key: str | None = None,
    ) -> ToldTransfer:
        """Let go what a pending transfer holds; whoever could have made it may.

        Args:
            transfer_id: The transfer.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.economy.void_transfer("transfer-17")
        """
        return await self._connection.command(
            "POST",
            f"/mas/api/v1/economic/transfers/{segment(transfer_id)}/void",
            ToldTransfer,
            None,
            key=idempotency_key,
        )

    async def reverse_transfer(
        self,
        transfer_id: str,
        *,
        reversal_id: str | None = None,
        reason: str | None = None,
        metadata: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> ToldTransfer | Order:
        """Take a transfer back, once, by another one; the answer is that one.

        Who got the tokens may, or a treasurer or an admin. What has to do with accounts of the
        system is carried out by the settlement; 202 when that takes longer than a few seconds.

        Args:
            transfer_id: The transfer.
            reversal_id: The id of the transfer that does it; left out: made up.
            reason: A code for why.
            metadata: Up to 16 texts that are kept with it.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.economy.reverse_transfer("transfer-17", reason="mistake")
        """
        body = given({"reversal_id": reversal_id, "reason": reason, "metadata": metadata}) or None
        return await self._connection.ordered(
            "POST",
            f"/mas/api/v1/economic/transfers/{segment(transfer_id)}/reverse",
            ToldTransfer,
            body,
            key=idempotency_key,
        )
