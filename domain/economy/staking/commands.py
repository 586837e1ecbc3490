"""What may be ordered of a stake, and the streams that each order reads."""

from __future__ import annotations

import msgspec

from aia_mas.domain.economy.accounts import AIA, AIA_GOV, account_stream, staked, unbonding, wallet
from aia_mas.domain.economy.ledger.entry import transfer_stream
from aia_mas.domain.economy.parameters import PARAMETERS
from aia_mas.domain.economy.staking.state import stake_stream
from aia_mas.domain.orchestration.agent import agent_stream


class Stake(msgspec.Struct, frozen=True, kw_only=True):
    """Bond tokens of the wallet.

    Attributes:
        agent_id: Whose.
        amount: How much, base units.
        transfer_id: The id of the transfer that moves them.
        token: AIA or AIA_GOV.
    """

    agent_id: str
    amount: int
    transfer_id: str
    token: str = AIA


class Unstake(msgspec.Struct, frozen=True, kw_only=True):
    """Take stake back; after the period of unbonding it is in the wallet.

    Attributes:
        agent_id: Whose.
        amount: How much, base units; None: all that is free.
        transfer_id: The id of the transfer that moves it, and of the unbonding.
        token: AIA or AIA_GOV.
        leaving: Because the agent unregistered: not when it is registered again by then.
    """

    agent_id: str
    amount: int | None
    transfer_id: str
    token: str = AIA
    leaving: bool = False


class CancelUnbonding(msgspec.Struct, frozen=True, kw_only=True):
    """Bond again what is unbonding."""

    agent_id: str
    unbonding_id: str
    transfer_id: str


class ReleaseUnbonding(msgspec.Struct, frozen=True, kw_only=True):
    """Give back what has been unbonding long enough; by the settlement."""

    agent_id: str
    unbonding_id: str
    transfer_id: str


class MatureStake(msgspec.Struct, frozen=True, kw_only=True):
    """Let stake count that is old enough; by the settlement."""

    agent_id: str


class Delegate(msgspec.Struct, frozen=True, kw_only=True):
    """Have stake count for another agent (``amount``: base units)."""

    agent_id: str
    to: str
    amount: int


class Undelegate(msgspec.Struct, frozen=True, kw_only=True):
    """Have it count for its owner again, after the period of unbonding.

    Either of the two may order that.

    Attributes:
        agent_id: Who had delegated.
        to: To whom.
        amount: How much, base units; None: all of it.
        undelegation_id: The id of the undelegation.
        leaving: Which of the two unregistered, if that is why: not when it is registered again
            by then.
    """

    agent_id: str
    to: str
    amount: int | None
    undelegation_id: str
    leaving: str = ""


class ReturnDelegation(msgspec.Struct, frozen=True, kw_only=True):
    """End an undelegation whose time is over; by the settlement."""

    agent_id: str
    to: str
    undelegation_id: str


class Jail(msgspec.Struct, frozen=True, kw_only=True):
    """Jail an agent that went missing (``lost``: so many tasks); by the settlement."""

    agent_id: str
    lost: int


class Unjail(msgspec.Struct, frozen=True, kw_only=True):
    """End an agent's time in jail, once it is over."""

    agent_id: str


def streams_of_stake(command: Stake) -> tuple[str, ...]:
    """Return the streams that ``stake`` reads, that of the stake first."""
    agent_id, token = command.agent_id, command.token
    return (
        stake_stream(agent_id),
        PARAMETERS,
        transfer_stream(command.transfer_id),
        account_stream(wallet(agent_id, token)),
        account_stream(staked(agent_id, token)),
    )


def streams_of_unstake(command: Unstake) -> tuple[str, ...]:
    """Return the streams that ``unstake`` reads, that of the stake first."""
    agent_id, token = command.agent_id, command.token
    return (
        stake_stream(agent_id),
        PARAMETERS,
        transfer_stream(command.transfer_id),
        account_stream(wallet(agent_id, token)),
        account_stream(staked(agent_id, token)),
        account_stream(unbonding(agent_id, token)),
        *((agent_stream(agent_id),) if command.leaving else ()),
    )


def streams_of_unbonding(command: CancelUnbonding | ReleaseUnbonding) -> tuple[str, ...]:
    """Return the streams that the end of an unbonding reads, that of the stake first.

    The accounts of both tokens: which one it is stands in the stake.
    """
    agent_id = command.agent_id
    target = staked if isinstance(command, CancelUnbonding) else wallet
    accounts = (
        account_stream(account(agent_id, token))
        for token in STAKED_TOKENS
        for account in (unbonding, target)
    )
    return (
        stake_stream(agent_id),
        PARAMETERS,
        transfer_stream(command.transfer_id),
        *accounts,
    )


def streams_of_loan(command: Delegate | Undelegate | ReturnDelegation) -> tuple[str, ...]:
    """Return the streams that a command about a delegation reads, that of its giver first."""
    if command.agent_id == command.to:
        return (stake_stream(command.agent_id), PARAMETERS)
    leaving = command.leaving if isinstance(command, Undelegate) else ""
    return (
        stake_stream(command.agent_id),
        PARAMETERS,
        stake_stream(command.to),
        *((agent_stream(leaving),) if leaving else ()),
    )


def streams_of_jail(command: Jail | Unjail | MatureStake) -> tuple[str, ...]:
    """Return the streams that a command about one stake alone reads."""
    return (stake_stream(command.agent_id), PARAMETERS)


STAKED_TOKENS = (AIA, AIA_GOV)
"""The tokens that can be bonded."""
