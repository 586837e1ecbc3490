"""What staking refuses, with the stable code of each."""

from __future__ import annotations

from aia_mas.domain.kernel.errors import DomainError, InvalidValue, NotFound


class InsufficientStake(DomainError):
    """There is not as much stake that is free: neither delegated nor on its way."""

    code = "insufficient_stake"


class SelfDelegation(InvalidValue):
    """Stake is delegated to somebody else."""

    code = "self_delegation"


class DelegationTooSmall(InvalidValue):
    """So little is not delegated, and not left of a delegation either."""

    code = "delegation_too_small"


class DelegationNotFound(NotFound):
    """Nothing is delegated there."""

    code = "delegation_not_found"


class TooManyDelegations(DomainError):
    """An agent has as many delegations as there may be: 64 that it got, 16 that it gave."""

    code = "too_many_delegations"


class UnbondingNotFound(NotFound):
    """Nothing is unbonding under this id; it may have been released already."""

    code = "unbonding_not_found"


class TooManyUnbondings(DomainError):
    """So much is unbonding in parts already that the first of them has to be released before."""

    code = "too_many_unbondings"


class TooManyLots(DomainError):
    """So much was staked in parts of late that the first of them has to mature before."""

    code = "too_many_lots"


class NothingToSlash(DomainError):
    """The agent has no stake."""

    code = "nothing_to_slash"


class EvidenceAlreadyUsed(DomainError):
    """An agent was slashed for this evidence already."""

    code = "evidence_already_used"


class InvalidFraction(InvalidValue):
    """A fraction is above 0 and at most 1, with at most six decimals."""

    code = "invalid_fraction"


class SelfReport(InvalidValue):
    """Nobody gets a share of what is slashed from itself."""

    code = "self_report"


class NotJailed(DomainError):
    """The agent is not jailed."""

    code = "not_jailed"


class StakeJailed(DomainError):
    """The agent is jailed: its stake counts for nothing, and not for another agent either."""

    code = "stake_jailed"


class StillJailed(DomainError):
    """The agent is jailed, and its time is not over."""

    code = "still_jailed"


class NothingToClaim(DomainError):
    """Not even the smallest part of a token was earned since the last claim."""

    code = "nothing_to_claim"
