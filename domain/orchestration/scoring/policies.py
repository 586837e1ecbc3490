"""The rules by which one of the shortlist is chosen: five of ours, and those of the users."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import index
from types import MappingProxyType
from typing import Final, NamedTuple

from aia_mas.domain.orchestration.bounds import check_name
from aia_mas.domain.orchestration.scoring.candidates import Candidate, Mark, score
from aia_mas.domain.orchestration.scoring.seeds import two_of
from aia_mas.domain.orchestration.scoring.weights import ONE, Weights

Choose = Callable[[Sequence[Candidate], Weights, int], int]
"""``(shortlist, weights, seed) -> the index of the one chosen``; pure, and quick."""


class Policy(NamedTuple):
    """A named rule.

    Attributes:
        name: Its name in requests and events; the function behind a name never changes, or what
            was decided by it cannot be explained any more.
        choose: Picks one of the shortlist, which is sorted: preferred agents first, then by score,
            then by who was given a task the longest ago. It is never empty.
        detail: What it does, for people.
        weights: What the shortlist is made and sorted by; None: the weights in force.
        keeps_sticky: The agent that had the sticky key last is on the shortlist, whatever its
            score.
    """

    name: str
    choose: Choose
    detail: str = ""
    weights: Weights | None = None
    keeps_sticky: bool = False


Policies = Mapping[str, Policy]
"""Policies by name."""


def power_of_two(shortlist: Sequence[Candidate], weights: Weights, seed: int) -> int:
    """Draw two of the shortlist and take the better one; preferred agents go before all others.

    Mitzenmacher, The power of two choices in randomized load balancing (2001): almost as good as
    the best one each time, without sending everybody to the same one.
    """
    first, second = drawn(shortlist, seed)
    # Equal scores: the one that comes first in the list, which waited longer.
    better = score(shortlist[second], weights) > score(shortlist[first], weights)
    return second if better else first


def drawn(shortlist: Sequence[Candidate], seed: int) -> tuple[int, int]:
    """Return the two of the shortlist that a seed draws; the same one twice when it is alone."""
    count = len(shortlist)
    if shortlist[0].preferred:
        count = sum(candidate.preferred for candidate in shortlist)
    return two_of(seed, count)


def the_first(_shortlist: Sequence[Candidate], _weights: Weights, _seed: int) -> int:
    """Take the first of the shortlist."""
    return 0


def the_sticky(shortlist: Sequence[Candidate], weights: Weights, seed: int) -> int:
    """Take the agent that had the sticky key last, else choose as ``power_of_two`` does."""
    for number, candidate in enumerate(shortlist):
        if candidate.marks & Mark.STICKY:
            return number
    return power_of_two(shortlist, weights, seed)


def _only(feature: str | None) -> Weights:
    nothing = dict.fromkeys(Weights.__struct_fields__, 0)
    return Weights(**nothing if feature is None else {**nothing, feature: ONE})


SCORED: Final = Policy("scored", power_of_two, "The better of two drawn from the eight best scores")

BUILT_IN: Final[Policies] = MappingProxyType(
    {
        policy.name: policy
        for policy in (
            SCORED,
            Policy("round_robin", the_first, "Whoever waited longest", _only(None)),
            Policy("least_loaded", the_first, "Most places free, by share", _only("headroom")),
            Policy("cheapest", the_first, "The lowest price", _only("price")),
            Policy(
                "sticky",
                the_sticky,
                "Who had the sticky key last, while it has room; else as scored",
                keeps_sticky=True,
            ),
        )
    }
)
"""The policies that are always there."""


def registered(policies: Iterable[Policy]) -> Policies:
    """Return the built-in policies and those of a user, by name.

    Raises:
        InvalidText: A name is empty, too long or cannot be stored.
        ValueError: A name is taken.
    """
    known = dict(BUILT_IN)
    for policy in policies:
        check_name(policy.name, "policy")
        if policy.name in known:
            raise ValueError(f"there are two policies called {policy.name!r}")
        known[policy.name] = policy
    return MappingProxyType(known)


def choice(
    shortlist: Sequence[Candidate], policy: Policy, weights: Weights, seed: int
) -> Candidate:
    """Return the one that a policy chooses.

    Raises:
        IndexError: A policy of a user chose none of them.
        TypeError: It chose something that is no index; it may raise anything else as well.
    """
    chosen = policy.choose(shortlist, policy.weights or weights, seed)
    try:
        number = index(chosen)
    except TypeError:
        raise TypeError(f"it chose {chosen!r:.64}, and not the index of a candidate") from None
    if not 0 <= number < len(shortlist):
        raise IndexError(f"it chose number {number} of {len(shortlist)} candidates")
    return shortlist[number]
