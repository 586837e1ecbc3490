"""What governance refuses, with the stable code of each."""

from __future__ import annotations

from aia_mas.domain.kernel.errors import DomainError, InvalidValue, NotFound, TooMuch


class ProposalNotFound(NotFound):
    """There is no such proposal."""

    code = "proposal_not_found"


class ProposalExists(DomainError):
    """There is a proposal of this id, and it is another one."""

    code = "proposal_exists"


class UnknownProposalKind(InvalidValue):
    """There is no such kind of proposals."""

    code = "unknown_proposal_kind"


class TooManyProposals(DomainError):
    """So many proposals of one proposer are open that one of them has to end before."""

    code = "too_many_proposals"


class GovernanceLockout(InvalidValue):
    """Governance would lock itself out: no kind of proposals could change the parameters again."""

    code = "governance_lockout"


class CommandNotAllowed(InvalidValue):
    """A proposal of this kind cannot have this command."""

    code = "command_not_allowed"


class MissingCommand(InvalidValue):
    """A proposal of this kind has at least one command."""

    code = "missing_command"


class VotingNotBegun(DomainError):
    """Voting on the proposal has not begun yet."""

    code = "voting_not_begun"


class VotingEnded(DomainError):
    """Voting on the proposal is over."""

    code = "voting_ended"


class AlreadyVoted(DomainError):
    """The voter has voted on the proposal already; a vote is final."""

    code = "already_voted"


class NoVotingPower(DomainError):
    """The voter had no voting power when voting began, neither own nor delegated."""

    code = "no_voting_power"


class PowerNotKnown(TooMuch):
    """This node does not know the power at the snapshot of the proposal yet; try again."""

    code = "power_not_known"


class SelfDelegation(InvalidValue):
    """Votes are delegated to somebody else."""

    code = "self_delegation"


class DelegationCycle(DomainError):
    """The delegate's votes come back to the agent: delegations make no circle."""

    code = "delegation_cycle"


class DelegationChainTooLong(DomainError):
    """So many delegations stand one behind the other that there is no room for another one."""

    code = "delegation_chain_too_long"


class DelegationChanged(TooMuch):
    """Somebody in the chain of delegates changed its delegation just now; try again."""

    code = "delegation_changed"


class VotesNotDelegated(NotFound):
    """The agent delegates its votes to nobody."""

    code = "votes_not_delegated"


class ProposalNotPending(DomainError):
    """A proposer takes a proposal back only before voting begins; a guardian may later, too."""

    code = "proposal_not_pending"


class ProposalFinished(DomainError):
    """The proposal is over."""

    code = "proposal_finished"


class ProposalNotQueued(DomainError):
    """The proposal is not queued: there is nothing to execute."""

    code = "proposal_not_queued"


class TimelockNotOver(DomainError):
    """The proposal is executed when its timelock is over, not before."""

    code = "timelock_not_over"
