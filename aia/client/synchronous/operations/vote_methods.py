# Written by `make client` from its asynchronous twin; changes are lost.
"""Operations of the API: vote methods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from aia.client.synchronous.group import Group
from aia.client.types import Choice, ProposalTally, Vote, VotePage
from aia.client.writing import given, segment


class VoteMethods(Group):
    """Methods of `client.governance`."""

    def vote(
        self,
        proposal_id: str,
        choice: Choice,
        *,
        voter: str | None = None,
        reason: str | None = None,
        idempotency_key: str | None = None,
    ) -> Vote:
        """Vote, once and for all, with the power at the snapshot; an agent for itself only.

        Args:
            proposal_id: The proposal.
            choice: What is said.
            voter: Whose power it is; left out: that of the caller.
            reason: Why, for people.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            client.governance.vote(
                "proposal_123", "yes", voter="data_analyst_001", reason="well earned"
            )
        """
        body = {"choice": choice, **given({"voter": voter, "reason": reason})}
        return self._connection.command(
            "POST",
            f"/mas/api/v1/economic/governance/proposals/{segment(proposal_id)}/votes",
            Vote,
            body,
            key=idempotency_key,
        )

    def votes(
        self,
        proposal_id: str,
        *,
        voter: str | None = None,
        choice: Choice | None = None,
        sort: Literal["at", "-at", "power", "-power"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
        min_position: int | None = None,
    ) -> VotePage:
        """List the votes on a proposal.

        Args:
            proposal_id: The proposal.
            voter: Of this one.
            choice: That say this.
            sort: The order; with `-` the largest, or latest, first.
            limit: Items of a page, at most.
            cursor: `next_cursor` of the page before, with the same filters.
            total: Also count all items.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.governance.votes("proposal_123")
        """
        return self._connection.read(
            f"/mas/api/v1/economic/governance/proposals/{segment(proposal_id)}/votes",
            VotePage,
            {
                "voter": voter,
                "choice": choice,
                "sort": sort,
                "limit": limit,
                "cursor": cursor,
                "total": total,
                "min_position": min_position,
            },
        )

    def iterate_votes(
        self,
        proposal_id: str,
        *,
        voter: str | None = None,
        choice: Choice | None = None,
        sort: Literal["at", "-at", "power", "-power"] | None = None,
        limit: int | None = None,
        min_position: int | None = None,
    ) -> Iterator[Vote]:
        """Iterate over all that `votes` lists, page by page.

        Args:
            proposal_id: The proposal.
            voter: Of this one.
            choice: That say this.
            sort: The order; with `-` the largest, or latest, first.
            limit: Items of a page, at most.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            for item in client.governance.iterate_votes("proposal_123"):
                print(item)
        """
        cursor: str | None = None
        while True:
            page = self.votes(
                proposal_id,
                voter=voter,
                choice=choice,
                sort=sort,
                limit=limit,
                min_position=min_position,
                cursor=cursor,
            )
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return

    def tally(
        self,
        proposal_id: str,
        *,
        min_position: int | None = None,
    ) -> ProposalTally:
        """Return the votes on a proposal so far or in the end, and by what they are decided.

        Anybody can count again: power is what the streams `stake/...` and `delegation/...` say at
        `snapshot_position`, the votes stand in the streams `vote/...`.

        Args:
            proposal_id: The proposal.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.governance.tally("proposal_123")
        """
        return self._connection.read(
            f"/mas/api/v1/economic/governance/proposals/{segment(proposal_id)}/tally",
            ProposalTally,
            {"min_position": min_position},
        )
