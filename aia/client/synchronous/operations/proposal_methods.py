# Written by `make client` from its asynchronous twin; changes are lost.
"""Operations of the API: proposal methods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from aia.client.synchronous.group import Group
from aia.client.types import (
    FundCommand,
    IncentiveCancellation,
    IncentiveCommand,
    ParametersCommand,
    Proposal,
    ProposalAndPower,
    ProposalPage,
    ProposalStatus,
    SlashCommand,
    TiersCommand,
)
from aia.client.writing import given, segment


class ProposalMethods(Group):
    """Methods of `client.governance`."""

    def create(
        self,
        title: str,
        *,
        kind: str | None = None,
        body: str | None = None,
        commands: Sequence[
            ParametersCommand
            | Mapping[str, Any]
            | TiersCommand
            | FundCommand
            | SlashCommand
            | IncentiveCommand
            | IncentiveCancellation
        ]
        | None = None,
        proposer: str | None = None,
        proposal_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> Proposal:
        """Propose something; the deposit of its kind is held until the end.

        The same proposal under the same `proposal_id` again changes nothing.

        Args:
            title: What is proposed, in a line.
            kind: Its kind, see `proposal_kinds` of the parameters; what it may do, and on which
                terms it is decided.
            body: What is proposed, at length.
            commands: What is done when it succeeds, in order, all of it or nothing.
            proposer: Whose deposit is held; left out: the caller.
            proposal_id: Its id; left out: a new one.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            client.governance.create(
                "Pay data_analyst_001 for the summer",
                kind="treasury",
                body="It read all invoices of the last ten years.",
                commands=[{"kind": "fund", "agent_id": "data_analyst_001", "amount": "50"}],
                proposer="data_analyst_001",
            )
        """
        sent = {
            "title": title,
            **given(
                {
                    "kind": kind,
                    "body": body,
                    "commands": commands,
                    "proposer": proposer,
                    "proposal_id": proposal_id,
                }
            ),
        }
        return self._connection.command(
            "POST", "/mas/api/v1/economic/governance/proposals", Proposal, sent, key=idempotency_key
        )

    def get(
        self,
        proposal_id: str,
        *,
        voter: str | None = None,
        min_position: int | None = None,
    ) -> ProposalAndPower:
        """Return a proposal, with the votes so far or in the end.

        Args:
            proposal_id: The proposal.
            voter: Also tell the power of this one, while voting is on.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.governance.get("proposal_123")
        """
        return self._connection.read(
            f"/mas/api/v1/economic/governance/proposals/{segment(proposal_id)}",
            ProposalAndPower,
            {"voter": voter, "min_position": min_position},
        )

    def list(
        self,
        *,
        status: ProposalStatus | Sequence[ProposalStatus] | None = None,
        kind: str | None = None,
        proposer: str | None = None,
        sort: Literal["created_at", "-created_at", "updated_at", "-updated_at"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
        min_position: int | None = None,
    ) -> ProposalPage:
        """List proposals, with the votes so far or in the end.

        Args:
            status: In one of these statuses.
            kind: Of this kind.
            proposer: Made by this one.
            sort: The order; with `-` the largest, or latest, first.
            limit: Items of a page, at most.
            cursor: `next_cursor` of the page before, with the same filters.
            total: Also count all items.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.governance.list()
        """
        return self._connection.read(
            "/mas/api/v1/economic/governance/proposals",
            ProposalPage,
            {
                "status": status,
                "kind": kind,
                "proposer": proposer,
                "sort": sort,
                "limit": limit,
                "cursor": cursor,
                "total": total,
                "min_position": min_position,
            },
        )

    def iterate(
        self,
        *,
        status: ProposalStatus | Sequence[ProposalStatus] | None = None,
        kind: str | None = None,
        proposer: str | None = None,
        sort: Literal["created_at", "-created_at", "updated_at", "-updated_at"] | None = None,
        limit: int | None = None,
        min_position: int | None = None,
    ) -> Iterator[Proposal]:
        """Iterate over all that `list` lists, page by page.

        Args:
            status: In one of these statuses.
            kind: Of this kind.
            proposer: Made by this one.
            sort: The order; with `-` the largest, or latest, first.
            limit: Items of a page, at most.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            for item in client.governance.iterate():
                print(item)
        """
        cursor: str | None = None
        while True:
            page = self.list(
                status=status,
                kind=kind,
                proposer=proposer,
                sort=sort,
                limit=limit,
                min_position=min_position,
                cursor=cursor,
            )
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return

    def cancel(
        self,
        proposal_id: str,
        *,
        reason: str | None = None,
        idempotency_key: str | None = None,
    ) -> Proposal:
        """Take a proposal back before voting begins; guardians stop it later, too, and say why.

        The deposit goes back.

        Args:
            proposal_id: The proposal.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            client.governance.cancel("proposal_123", reason="the amount is wrong")
        """
        body = given({"reason": reason}) or None
        return self._connection.command(
            "POST",
            f"/mas/api/v1/economic/governance/proposals/{segment(proposal_id)}/cancel",
            Proposal,
            body,
            key=idempotency_key,
        )

    def veto(
        self,
        proposal_id: str,
        *,
        reason: str | None = None,
        idempotency_key: str | None = None,
    ) -> Proposal:
        """Stop a proposal as a guardian, until it is executed, and say why; its deposit burns.

        Args:
            proposal_id: The proposal.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            client.governance.veto("proposal_123", reason="the treasury would be empty")
        """
        body = given({"reason": reason})
        return self._connection.command(
            "POST",
            f"/mas/api/v1/economic/governance/proposals/{segment(proposal_id)}/veto",
            Proposal,
            body,
            key=idempotency_key,
        )

    def execute(
        self,
        proposal_id: str,
        *,
        idempotency_key: str | None = None,
    ) -> Proposal:
        """Ask whether an accepted proposal is being executed; the system does so by itself.

        409 `timelock_not_over` before its time, `proposal_not_queued` when there is nothing to do.

        Args:
            proposal_id: The proposal.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            client.governance.execute("proposal_123")
        """
        return self._connection.command(
            "POST",
            f"/mas/api/v1/economic/governance/proposals/{segment(proposal_id)}/execute",
            Proposal,
            None,
            key=idempotency_key,
        )
