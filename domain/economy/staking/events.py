"""What happens to stake; the events of the streams ``stake/<agent_id>``.

Each of them carries the figures after it (see ``StakeEvent``), so that a fold that only needs these
has nothing to add up.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import msgspec

from aia_mas.domain.economy.accounts import AIA
from aia_mas.domain.kernel.event import Event


class StakeEvent(Event, frozen=True, kw_only=True):
    """The figures of an agent's stake from here on; all in base units.

    Attributes:
        bonded: Its own AIA that is bonded, what it delegated included.
        effective: What counts for its tier, its capacity and its votes: its own that has matured,
            less what it delegated, and what others delegated to it; 0 while it is jailed.
        earning: What its staking rewards are measured by: its own that has matured, delegated or
            not; 0 while it is jailed.
        bonded_gov: Its own AIA_GOV that is bonded.
        unbonding: Its AIA that is unbonding.
        unbonding_gov: Its AIA_GOV that is unbonding.
        at: When, UTC.
    """

    bonded: int = 0
    effective: int = 0
    earning: int = 0
    bonded_gov: int = 0
    unbonding: int = 0
    unbonding_gov: int = 0
    at: datetime


class StakeBonded(StakeEvent, frozen=True, kw_only=True):
    """Tokens of the wallet were bonded.

    Attributes:
        token: AIA or AIA_GOV.
        amount: How much, base units.
        matures_at: When it begins to count, UTC; None: it does.
        transfer_id: The transfer that moved it.
    """

    topic: ClassVar[str] = "stake.bonded.v1"
    token: str = AIA
    amount: int
    matures_at: datetime | None = None
    transfer_id: str


class StakeMatured(StakeEvent, frozen=True, kw_only=True):
    """Stake begins to count (``until``: all that matures until then; ``amount``: how much)."""

    topic: ClassVar[str] = "stake.matured.v1"
    amount: int
    until: datetime


class StakeWithdrawn(StakeEvent, frozen=True, kw_only=True):
    """Stake went back to the wallet at once; there is no period of unbonding.

    Attributes:
        token: AIA or AIA_GOV.
        amount: How much, base units.
        transfer_id: The transfer that moved it.
    """

    topic: ClassVar[str] = "stake.withdrawn.v1"
    token: str = AIA
    amount: int
    transfer_id: str


class UnbondingBegan(StakeEvent, frozen=True, kw_only=True):
    """Stake counts no longer, and goes back to the wallet when a period is over.

    Attributes:
        unbonding_id: Its id, which is that of the transfer as well.
        token: AIA or AIA_GOV.
        amount: How much, base units.
        releases_at: When it goes back, UTC.
        matures_at: When all of it would have matured, UTC; None: it has.
    """

    topic: ClassVar[str] = "stake.unbonding_began.v1"
    unbonding_id: str
    token: str = AIA
    amount: int
    releases_at: datetime
    matures_at: datetime | None = None


class UnbondingCancelled(StakeEvent, frozen=True, kw_only=True):
    """What was unbonding is bonded again.

    Attributes:
        unbonding_id: Which.
        token: AIA or AIA_GOV.
        amount: How much, base units.
        matures_at: When it begins to count, UTC; None: it does.
        transfer_id: The transfer that moved it back.
    """

    topic: ClassVar[str] = "stake.unbonding_cancelled.v1"
    unbonding_id: str
    token: str = AIA
    amount: int
    matures_at: datetime | None = None
    transfer_id: str


class UnbondingReleased(StakeEvent, frozen=True, kw_only=True):
    """What was unbonding is in the wallet again.

    Attributes:
        unbonding_id: Which.
        token: AIA or AIA_GOV.
        amount: How much, base units.
    """

    topic: ClassVar[str] = "stake.unbonding_released.v1"
    unbonding_id: str
    token: str = AIA
    amount: int


class StakeDelegated(StakeEvent, frozen=True, kw_only=True):
    """The agent has its stake count for another one (``to``; ``amount``: base units)."""

    topic: ClassVar[str] = "stake.delegated.v1"
    to: str
    amount: int


class DelegationReceived(StakeEvent, frozen=True, kw_only=True):
    """Another agent has its stake count for this one (``from_agent``; ``amount``: base units)."""

    topic: ClassVar[str] = "stake.delegation_received.v1"
    from_agent: str
    amount: int


class UndelegationBegan(StakeEvent, frozen=True, kw_only=True):
    """Delegated stake counts for the other one no longer, and for the agent only later.

    Attributes:
        undelegation_id: Its id.
        to: To whom it was delegated.
        amount: How much, base units.
        returns_at: When it counts for the agent again, UTC; until then it stays at risk there.
    """

    topic: ClassVar[str] = "stake.undelegation_began.v1"
    undelegation_id: str
    to: str
    amount: int
    returns_at: datetime


class DelegationWithdrawn(StakeEvent, frozen=True, kw_only=True):
    """The other side of ``UndelegationBegan`` (``from_agent``: who had delegated)."""

    topic: ClassVar[str] = "stake.delegation_withdrawn.v1"
    undelegation_id: str
    from_agent: str
    amount: int
    returns_at: datetime


class StakeUndelegated(StakeEvent, frozen=True, kw_only=True):
    """What was delegated is the agent's alone again.

    Attributes:
        to: To whom it was delegated.
        amount: How much, base units.
        undelegation_id: The undelegation that is over; empty: it was at once.
    """

    topic: ClassVar[str] = "stake.undelegated.v1"
    to: str
    amount: int
    undelegation_id: str = ""


class DelegationEnded(StakeEvent, frozen=True, kw_only=True):
    """The other side of ``StakeUndelegated`` (``from_agent``: who had delegated)."""

    topic: ClassVar[str] = "stake.delegation_ended.v1"
    from_agent: str
    amount: int
    undelegation_id: str = ""


class LoanCut(msgspec.Struct, frozen=True, array_like=True):
    """How much of a delegation was slashed.

    Attributes:
        agent_id: Who is at its other end.
        undelegation_id: The undelegation that it is in; empty: none.
        amount: How much, base units.
    """

    agent_id: str
    undelegation_id: str
    amount: int


class StakeSlashed(StakeEvent, frozen=True, kw_only=True):
    """The agent lost stake for what it did; all in proportion.

    Attributes:
        evidence_id: For which evidence.
        reason: Why, for people.
        amount: What it lost itself, base units.
        others: What others lost that had delegated to it, base units.
        matured: What it lost of its own that had matured, delegated or not.
        lots: Likewise of what was maturing, one after the other.
        unbondings: Likewise of what was unbonding, one after the other.
        given: The part of ``matured`` that it had delegated, by delegation.
        got: ``others``, by delegation.
    """

    topic: ClassVar[str] = "stake.slashed.v1"
    evidence_id: str
    reason: str = ""
    amount: int
    others: int = 0
    matured: int = 0
    lots: tuple[int, ...] = ()
    unbondings: tuple[int, ...] = ()
    given: tuple[LoanCut, ...] = ()
    got: tuple[LoanCut, ...] = ()


class DelegatedStakeSlashed(StakeEvent, frozen=True, kw_only=True):
    """The agent lost stake that it had delegated to another one, for what that one did.

    Attributes:
        evidence_id: For which evidence.
        offender: For what whom did.
        amount: How much in all, base units.
        given: The same by delegation.
    """

    topic: ClassVar[str] = "stake.delegated_slashed.v1"
    evidence_id: str
    offender: str
    amount: int
    given: tuple[LoanCut, ...]


class DelegationShrunk(StakeEvent, frozen=True, kw_only=True):
    """Less is delegated to the agent, because who had delegated it was slashed.

    Attributes:
        evidence_id: For which evidence.
        amount: How much less, base units.
        got: The same by delegation.
    """

    topic: ClassVar[str] = "stake.delegation_shrunk.v1"
    evidence_id: str
    amount: int
    got: tuple[LoanCut, ...]


class AgentJailed(StakeEvent, frozen=True, kw_only=True):
    """The agent went missing too often: its stake counts for nothing and earns nothing.

    Attributes:
        lost: How many tasks it lost within the window.
        until: When it may unjail itself, UTC.
    """

    topic: ClassVar[str] = "stake.agent_jailed.v1"
    lost: int
    until: datetime


class AgentUnjailed(StakeEvent, frozen=True, kw_only=True):
    """The agent's stake counts again."""

    topic: ClassVar[str] = "stake.agent_unjailed.v1"


class StakingRewardsClaimed(StakeEvent, frozen=True, kw_only=True):
    """Staking rewards went to the wallet (``amount``: base units; ``transfer_id``: by which)."""

    topic: ClassVar[str] = "stake.rewards_claimed.v1"
    amount: int
    transfer_id: str


EVENTS: tuple[type[StakeEvent], ...] = (
    StakeBonded,
    StakeMatured,
    StakeWithdrawn,
    UnbondingBegan,
    UnbondingCancelled,
    UnbondingReleased,
    StakeDelegated,
    DelegationReceived,
    UndelegationBegan,
    DelegationWithdrawn,
    StakeUndelegated,
    DelegationEnded,
    StakeSlashed,
    DelegatedStakeSlashed,
    DelegationShrunk,
    AgentJailed,
    AgentUnjailed,
    StakingRewardsClaimed,
)
"""Every event of a stake, for the topic registry."""
