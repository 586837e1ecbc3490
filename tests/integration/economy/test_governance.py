"""Governance on a real log: votes on many nodes, a leader that goes, rebuilds, circles at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import anyio
import psycopg

from aia_mas.application.engine.engine import Origin
from aia_mas.application.event_log.log import EventFilter
from aia_mas.application.settings import Settings
from aia_mas.domain.economy.accounts import AIA_GOV, wallet
from aia_mas.domain.economy.governance.commands import CastVote, CreateProposal
from aia_mas.domain.economy.governance.delegation import DelegateVotes
from aia_mas.domain.economy.governance.election import Standing
from aia_mas.domain.economy.governance.errors import DelegationChanged
from aia_mas.domain.economy.governance.proposal import ProposalState, ProposalStatus
from aia_mas.domain.economy.governance.proposal_events import (
    ProposalCreated,
    ProposalDefeated,
    ProposalSucceeded,
    ProposalVetoed,
    VoteCast,
    VotesPaid,
    VotingClosed,
    proposal_stream,
)
from aia_mas.domain.economy.governance.tally import Choice
from aia_mas.domain.economy.staking.commands import Stake
from aia_mas.domain.kernel import DomainError, Event, Principal, Role
from aia_mas.interfaces.bootstrap import System
from aia_mas.projections.economy.governance_fold import GOVERNANCE
from aia_mas.projections.rebuilding import rebuild

DEV = Principal("dev", frozenset({Role.ADMIN}))
ONE = 10**18
PATIENCE = 60.0
VOTERS = [f"v{number}" for number in range(24)]


async def stake(node: System, agent_id: str, tokens: int) -> None:
    """Fund and bond."""
    await node.economy.enrolment.enter(agent_id, tokens * ONE, Origin(DEV))
    command = Stake(agent_id=agent_id, amount=tokens * ONE, transfer_id=node.new_id())
    await node.engine.execute(command, DEV)


async def propose(node: System, proposal_id: str) -> None:
    """Propose a text; voting begins at once."""
    command = CreateProposal(proposal_id=proposal_id, kind="text", title="T", proposer="v0")
    await node.engine.execute(command, DEV)


async def cast(node: System, voter: str, choice: str = "yes", proposal_id: str = "p1") -> None:
    """Vote."""
    command = CastVote(proposal_id=proposal_id, voter=voter, choice=Choice(choice))
    await node.economy.polls.carry_out(node.engine, command, Origin(DEV))


async def delegate(node: System, agent_id: str, to: str) -> None:
    """Delegate."""
    command = DelegateVotes(agent_id=agent_id, to=to)
    await node.economy.polls.carry_out(node.engine, command, Origin(DEV))


async def chained(node: System, prefix: str, hops: int) -> None:
    """Make a chain of delegations, its end first."""
    for number in reversed(range(hops)):
        await delegate(node, f"{prefix}{number}", f"{prefix}{number + 1}")


async def tried(outcomes: list[str], work: Any, *args: Any) -> None:
    """Note how something ended; as a client does, it tries again where it is told to."""
    while True:
        try:
            await work(*args)
        except DelegationChanged:
            continue
        except DomainError as error:
            outcomes.append(error.code)
        else:
            outcomes.append("done")
        return


async def recorded(node: System, *kinds: type[Event]) -> list[Any]:
    """Return events of some kinds."""
    topics = tuple(kind.topic for kind in kinds)
    return [each.event for each in await node.log.read(0, 10_000, EventFilter(topics=topics))]


async def standing(node: System, proposal_id: str = "p1") -> Standing:
    """Return how a vote stands on a node, by all that it knows."""
    assert await node.economy.host.reached(node.log.feed.position, PATIENCE)
    found = node.economy.polls.elections.standing(proposal_id)
    assert found is not None
    return found


async def ended(node: System, status: ProposalStatus, proposal_id: str = "p1") -> ProposalState:
    """Wait until a proposal has come to something."""
    with anyio.fail_after(PATIENCE):
        while True:
            state: ProposalState = await node.economy.standing.state(proposal_stream(proposal_id))
            if state.status is status:
                return state
            await node.log.feed.wait(node.log.feed.position, 0.1)


async def known(node: System, position: int) -> None:
    """Wait until a node knows the log up to a position."""
    assert await node.log.feed.wait(position - 1, PATIENCE)


async def rows(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Return the read model, row by row."""
    found = {}
    async with await psycopg.AsyncConnection.connect(url) as connection:
        for table in GOVERNANCE.table_names():
            query = f"select to_jsonb(t)::text from {table} t order by 1"
            found[table] = await (await connection.execute(query)).fetchall()
    return found


async def test_many_vote_at_once_on_two_nodes_and_all_count_once(database: str) -> None:
    settings = Settings(database_url=database)
    async with System(settings) as other:
        async with System(settings) as one:
            async with anyio.create_task_group() as tasks:
                for voter in VOTERS:
                    tasks.start_soon(stake, one, voter, 100)
            await stake(one, "rest", 3_000)
            await propose(one, "p1")
            await known(other, one.log.feed.position)

            # Everybody votes on both nodes at once.
            outcomes: list[str] = []
            async with anyio.create_task_group() as tasks:
                for number, voter in enumerate(VOTERS):
                    for node in (one, other):
                        choice = "yes" if number % 2 else "no"
                        tasks.start_soon(tried, outcomes, cast, node, voter, choice)

            assert Counter(outcomes) == {"done": len(VOTERS), "already_voted": len(VOTERS)}
            votes = await recorded(one, VoteCast)
            assert sorted(vote.voter for vote in votes) == sorted(VOTERS)
            for node in (one, other):
                await known(node, max(one.log.feed.position, other.log.feed.position))
            counted = await standing(one)
            assert (counted.tally.yes, counted.tally.no) == (1_200 * ONE, 1_200 * ONE)
            assert await standing(other) == counted
        # One of the nodes is gone, perhaps the one that led; the last vote decides.
        await cast(other, "rest")
        state = await ended(other, ProposalStatus.SUCCEEDED)

        assert state.result is not None
        assert (state.result.tally.yes, state.result.voters) == (4_200 * ONE, 25)
        with anyio.fail_after(PATIENCE):
            while not (paid := await recorded(other, VotesPaid)):
                await other.log.feed.wait(other.log.feed.position, 0.1)
        assert [(each.batch, len(each.voters), each.last) for each in paid] == [(0, 25, True)]
        assert len(await recorded(other, VotingClosed, ProposalSucceeded)) == 2
        accounts = await other.economy.standing.accounts([wallet("v3", AIA_GOV)])
        assert accounts[wallet("v3", AIA_GOV)].balance == ONE


async def test_a_node_that_starts_goes_on_from_the_snapshot_with_the_same_count(
    database: str,
) -> None:
    settings = Settings(database_url=database)
    async with System(settings) as one:
        for voter in VOTERS[:4]:
            await stake(one, voter, 100)
        await delegate(one, "v1", "v0")
        await delegate(one, "v2", "v1")
        await propose(one, "p1")
        await cast(one, "v0", "no")
        await stake(one, "v0", 5_000)
        before = await standing(one)
        assert before.tally.no == 300 * ONE
    async with System(settings) as again:
        assert again.economy.host.position > 0
        assert await standing(again) == before
        await cast(again, "v2", "yes")
        after = await standing(again)
        assert (after.tally.no, after.tally.yes) == (200 * ONE, 100 * ONE)


async def test_agents_that_delegate_to_each_other_at_once_make_no_circle(database: str) -> None:
    settings = Settings(database_url=database)
    async with System(settings) as one, System(settings) as other:
        outcomes: list[str] = []
        async with anyio.create_task_group() as tasks:
            for number in range(8):
                names: Sequence[str] = (f"a{number}", f"b{number}", f"c{number}")
                for place, name in enumerate(names):
                    node = (one, other)[place % 2]
                    to = names[(place + 1) % 3]
                    tasks.start_soon(tried, outcomes, delegate, node, name, to)

        # Of each three who would make a circle, two do delegate.
        assert Counter(outcomes) == {"done": 16, "delegation_cycle": 8}
        history = one.economy.polls.elections.history
        await known(one, other.log.feed.position)
        assert await one.economy.host.reached(one.log.feed.position, PATIENCE)
        for number in range(8):
            assert len(history.chain(f"a{number}", 10)) <= 3


async def test_chains_that_are_joined_at_once_on_two_nodes_keep_to_their_bound(
    database: str,
) -> None:
    settings = Settings(database_url=database)
    async with System(settings) as one, System(settings) as other:
        # Given rows of four chains of 4 delegations, of which three may be joined, but not all four
        async with anyio.create_task_group() as tasks:
            for row in range(4):
                for chain in range(4):
                    tasks.start_soon(chained, (one, other)[chain % 2], f"{row}-{chain}-", 4)
        for node in (one, other):
            await known(node, max(one.log.feed.position, other.log.feed.position))

        # When they are joined at once
        outcomes: list[str] = []
        async with anyio.create_task_group() as tasks:
            for row in range(4):
                for chain in range(3):
                    node, ends = (one, other)[chain % 2], f"{row}-{chain}-4"
                    tasks.start_soon(tried, outcomes, delegate, node, ends, f"{row}-{chain + 1}-0")

        # Then of each row two joints are made: with all three, 19 delegations would stand in a row
        assert Counter(outcomes) == {"done": 8, "delegation_chain_too_long": 4}
        for node in (one, other):
            await known(node, max(one.log.feed.position, other.log.feed.position))
            assert await node.economy.host.reached(node.log.feed.position, PATIENCE)
            history = node.economy.polls.elections.history
            starts = [f"{row}-{chain}-0" for row in range(4) for chain in range(4)]
            assert max(len(history.chain(start, 99)) - 1 for start in starts) <= 16


async def test_proposals_made_at_once_on_two_nodes_are_no_more_than_there_may_be(
    database: str,
) -> None:
    settings = Settings(database_url=database)
    async with System(settings) as one, System(settings) as other:
        # Without a deposit, as in development, there is nothing else that they would meet at.
        outcomes: list[str] = []
        async with anyio.create_task_group() as tasks:
            for number in range(12):
                tasks.start_soon(tried, outcomes, propose, (one, other)[number % 2], f"p{number}")

        assert Counter(outcomes) == {"done": 5, "too_many_proposals": 7}
        assert len(await recorded(one, ProposalCreated)) == 5


async def test_a_vote_whose_answer_was_lost_is_answered_again_and_counts_once(
    database: str,
) -> None:
    async with System(Settings(database_url=database)) as node:
        await stake(node, "v0", 100)
        await stake(node, "v1", 100)
        await propose(node, "p1")
        command = CastVote(proposal_id="p1", voter="v0", choice=Choice.YES)
        origin = Origin(DEV, command_id="http:dev:vote", body_hash=b"the same")

        first = await node.economy.polls.carry_out(node.engine, command, origin)
        again = await node.economy.polls.carry_out(node.engine, command, origin)

        assert (again.body, again.replayed) == (first.body, True)
        assert (await standing(node)).tally.yes == 100 * ONE


async def test_a_rebuild_of_the_read_model_equals_the_live_one(database: str) -> None:
    async with System(Settings(database_url=database)) as node:
        for voter in VOTERS[:3]:
            await stake(node, voter, 100)
        await delegate(node, "v2", "v1")
        for proposal_id, choice in (("p1", "yes"), ("p2", "no"), ("p3", "veto")):
            await propose(node, proposal_id)
            for voter in ("v0", "v1"):
                await cast(node, voter, choice, proposal_id)
        await propose(node, "p4")
        await cast(node, "v0", "abstain", "p4")
        with anyio.fail_after(PATIENCE):
            ends = (ProposalSucceeded, ProposalDefeated, ProposalVetoed, VotesPaid)
            # In one round voters are paid for one vote.
            while len(await recorded(node, *ends)) < 4:
                await node.log.feed.wait(node.log.feed.position, 0.1)
        position = node.log.feed.position
        assert await node.projections.wait_for("governance", position, PATIENCE)
        live = await rows(database)

        assert await rebuild(GOVERNANCE, node.log, database) >= position

        assert await rows(database) == live
        assert [len(table) for table in live.values()] == [4, 7, 1]
        assert len(await recorded(node, ProposalDefeated)) == 1
