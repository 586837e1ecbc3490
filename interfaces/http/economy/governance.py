"""Proposals and votes over HTTP."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import UNSET

from aia_mas.application.economy.proposal_views import (
    Proposal,
    Vote,
    proposal_view,
    tally_view,
    vote_view,
)
from aia_mas.domain.economy.governance.commands import (
    CancelProposal,
    RequestExecution,
    VetoProposal,
)
from aia_mas.domain.economy.governance.errors import ProposalNotFound
from aia_mas.domain.economy.governance.proposal import ProposalStatus
from aia_mas.domain.economy.governance.tally import MILLION, Choice
from aia_mas.domain.kernel.ids import check_id
from aia_mas.domain.kernel.money import to_text
from aia_mas.interfaces.http.answers import Answer, answer
from aia_mas.interfaces.http.commands import answered, carry_out, location, origin_of
from aia_mas.interfaces.http.economy.paths import ECONOMIC
from aia_mas.interfaces.http.queries import (
    COURTESY,
    Cursor,
    Cursors,
    Limit,
    MinPosition,
    Total,
    as_of,
    reached,
)
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.http.schemas.agents import Nothing
from aia_mas.interfaces.http.schemas.governance import (
    ProposalAndPower,
    ProposalPage,
    ProposalRequest,
    ProposalStop,
    ProposalTally,
    VotePage,
    VoteRequest,
    VotingPower,
)
from aia_mas.projections.economy.governance import ProposalFilter, StoredProposal, VoteFilter

PROPOSALS = f"{ECONOMIC}/governance/proposals"
READ_MODEL = "governance"

ProposalSort = Literal["created_at", "-created_at", "updated_at", "-updated_at"]
VoteSort = Literal["at", "-at", "power", "-power"]
Voter = Annotated[
    str | None, QueryParameter(description="Also tell the power of this one, while voting is on.")
]


class _Identified(msgspec.Struct):
    proposal_id: str


_identified = msgspec.json.Decoder(_Identified).decode


class Proposals(Controller):
    """Proposals; each command answers with the proposal as it then is."""

    path = PROPOSALS
    tags = ("economy",)

    @post("/", operation_id="create_proposal", status_code=201)
    async def create_proposal(
        self, data: JSONBody[ProposalRequest], request: ApiRequest
    ) -> Answer[Proposal]:
        """Propose something; the deposit of its kind is held until the end.

        The same proposal under the same `proposal_id` again changes nothing.
        """
        system = request.system
        command = data.command(system.new_id(), caller(request), system.clock.now())
        result = await carry_out(request, command)
        # A repeated key answers with the first proposal, so its id is read from the answer.
        proposal_id = _identified(result.body).proposal_id
        return answered(result, 201, [location(request, f"{PROPOSALS}/{proposal_id}")])

    @get("/", operation_id="list_proposals")
    async def list_proposals(
        self,
        request: ApiRequest,
        status: FromQuery[list[ProposalStatus] | None] = None,
        kind: FromQuery[str | None] = None,
        proposer: FromQuery[str | None] = None,
        sort: FromQuery[ProposalSort] = "-created_at",
        limit: Limit = 100,
        cursor: Cursor = None,
        total: Total = False,
        min_position: MinPosition = 0,
    ) -> Answer[ProposalPage]:
        """List proposals, with the votes so far or in the end."""
        await _folded(request, min_position)
        filters = ProposalFilter(status=tuple(status or ()), kind=kind, proposer=proposer)
        governance = request.system.projections.governance
        cursors = Cursors(request, [filters, sort])
        page = await governance.proposals(filters, sort, cursors.open(cursor), limit)
        elections = request.system.economy.polls.elections
        content = ProposalPage(
            items=[
                proposal_view(each.proposal_id, each.state, elections.standing(each.proposal_id))
                for each in page.items
            ],
            next_cursor=cursors.seal(page.next_cursor),
            total=await governance.count_proposals(filters) if total else UNSET,
        )
        return answer(content, 200, [as_of(page.position)])

    @get("/{proposal_id:str}", operation_id="get_proposal")
    async def get_proposal(
        self,
        proposal_id: FromPath[str],
        request: ApiRequest,
        voter: Voter = None,
        min_position: MinPosition = 0,
    ) -> Answer[ProposalAndPower]:
        """Return a proposal, with the votes so far or in the end."""
        stored, position = await _proposal(request, proposal_id, min_position)
        elections = request.system.economy.polls.elections
        view = proposal_view(proposal_id, stored.state, elections.standing(proposal_id))
        power = None if voter is None else elections.power(proposal_id, voter)
        content = ProposalAndPower(
            **{name: getattr(view, name) for name in view.__struct_fields__},
            voting_power=None
            if voter is None or power is None
            else VotingPower(voter=voter, own=to_text(power[0]), delegated=to_text(power[1])),
        )
        return answer(content, 200, [as_of(position)])

    @get("/{proposal_id:str}/tally", operation_id="get_proposal_tally")
    async def get_tally(
        self, proposal_id: FromPath[str], request: ApiRequest, min_position: MinPosition = 0
    ) -> Answer[ProposalTally]:
        """Return the votes on a proposal so far or in the end, and by what they are decided.

        Anybody can count again: power is what the streams `stake/...` and `delegation/...` say at
        `snapshot_position`, the votes stand in the streams `vote/...`.
        """
        stored, position = await _proposal(request, proposal_id, min_position)
        state = stored.state
        standing = request.system.economy.polls.elections.standing(proposal_id)
        counted, terms = state.result or standing, state.terms
        quorum = None if counted is None else -(-counted.total * terms.quorum_ppm // MILLION)
        content = ProposalTally(
            proposal_id=proposal_id,
            status=state.status,
            voting_open=state.status is ProposalStatus.ACTIVE and not state.closed,
            quorum=None if quorum is None else to_text(quorum),
            tally=tally_view(state, standing),
            quorum_ppm=terms.quorum_ppm,
            threshold_ppm=terms.threshold_ppm,
            veto_ppm=terms.veto_ppm,
        )
        return answer(content, 200, [as_of(position)])

    @post("/{proposal_id:str}/votes", operation_id="cast_vote", status_code=200)
    async def cast_vote(
        self, proposal_id: FromPath[str], data: JSONBody[VoteRequest], request: ApiRequest
    ) -> Answer[Vote]:
        """Vote, once and for all, with the power at the snapshot; an agent for itself only."""
        command = data.command(check_id(proposal_id, "proposal_id"), caller(request))
        check_id(command.voter, "voter")
        system = request.system
        origin = await origin_of(request)
        result = await system.economy.polls.carry_out(system.engine, command, origin)
        return answered(result)

    @get("/{proposal_id:str}/votes", operation_id="list_votes")
    async def list_votes(
        self,
        proposal_id: FromPath[str],
        request: ApiRequest,
        voter: FromQuery[str | None] = None,
        choice: FromQuery[Choice | None] = None,
        sort: FromQuery[VoteSort] = "at",
        limit: Limit = 100,
        cursor: Cursor = None,
        total: Total = False,
        min_position: MinPosition = 0,
    ) -> Answer[VotePage]:
        """List the votes on a proposal."""
        await _proposal(request, proposal_id, min_position)
        filters = VoteFilter(
            proposal_id=proposal_id, voter=voter, choice=None if choice is None else choice.value
        )
        governance = request.system.projections.governance
        cursors = Cursors(request, [filters, sort])
        page = await governance.votes(filters, sort, cursors.open(cursor), limit)
        content = VotePage(
            items=[vote_view(each) for each in page.items],
            next_cursor=cursors.seal(page.next_cursor),
            total=await governance.count_votes(filters) if total else UNSET,
        )
        return answer(content, 200, [as_of(page.position)])

    @post("/{proposal_id:str}/cancel", operation_id="cancel_proposal", status_code=200)
    async def cancel_proposal(
        self,
        proposal_id: FromPath[str],
        request: ApiRequest,
        data: JSONBody[ProposalStop | None] = None,
    ) -> Answer[Proposal]:
        """Take a proposal back before voting begins; guardians stop it later, too, and say why.

        The deposit goes back.
        """
        command = CancelProposal(
            proposal_id=check_id(proposal_id, "proposal_id"),
            reason="" if data is None else data.reason,
        )
        return answered(await carry_out(request, command))

    @post("/{proposal_id:str}/veto", operation_id="veto_proposal", status_code=200)
    async def veto_proposal(
        self, proposal_id: FromPath[str], data: JSONBody[ProposalStop], request: ApiRequest
    ) -> Answer[Proposal]:
        """Stop a proposal as a guardian, until it is executed, and say why; its deposit burns."""
        command = VetoProposal(proposal_id=check_id(proposal_id, "proposal_id"), reason=data.reason)
        return answered(await carry_out(request, command))

    @post("/{proposal_id:str}/execute", operation_id="execute_proposal", status_code=202)
    async def execute_proposal(
        self,
        proposal_id: FromPath[str],
        request: ApiRequest,
        data: JSONBody[Nothing | None] = None,
    ) -> Answer[Proposal]:
        """Ask whether an accepted proposal is being executed; the system does so by itself.

        409 `timelock_not_over` before its time, `proposal_not_queued` when there is nothing to do.
        """
        command = RequestExecution(proposal_id=check_id(proposal_id, "proposal_id"))
        return answered(await carry_out(request, command), 202)


def caller(request: ApiRequest) -> str:
    """Return in whose name a request is made where it does not say: its agent, else its subject."""
    return request.principal.agent_id or request.principal.subject


async def _folded(request: ApiRequest, position: int) -> None:
    """Wait until both the table and the count of this node are where they should be."""
    await reached(request, READ_MODEL, position)
    system = request.system
    await system.economy.host.reached(position or system.log.feed.position, COURTESY)


async def _proposal(
    request: ApiRequest, proposal_id: str, position: int
) -> tuple[StoredProposal, int]:
    check_id(proposal_id, "proposal_id")
    await _folded(request, position)
    stored, at = await request.system.projections.governance.proposal(proposal_id)
    if stored is None:
        raise ProposalNotFound(proposal_id=proposal_id)
    return stored, at
