"""Chance that can be repeated: a seed for each attempt, and two draws from it."""

from __future__ import annotations

from hashlib import blake2b

_MASK = (1 << 64) - 1


def seed_of(task_id: str, attempt: int) -> int:
    """Return the seed of an attempt: 53 bits, which every JSON reader holds exactly.

    It follows from the attempt, so that whoever leads draws the same.
    """
    digest = blake2b(f"{task_id}:{attempt}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) >> 11


def two_of(seed: int, count: int) -> tuple[int, int]:
    """Return two different numbers below ``count``, the lower one first; (0, 0) of one."""
    if count < 2:
        return 0, 0
    first = _splitmix64(seed) % count
    second = _splitmix64(seed + _STEP) % (count - 1)
    second += second >= first
    return (first, second) if first < second else (second, first)


_STEP = 0x9E3779B97F4A7C15


def _splitmix64(state: int) -> int:
    """Return the draw of a state (Steele, Lea, Flood: Fast splittable generators, 2014)."""
    z = (state + _STEP) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)
