"""Crowds: many numbered recipients as one number with a bit for each, so that sums are quick."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_BITS = tuple(tuple(bit for bit in range(8) if byte >> bit & 1) for byte in range(256))


def crowd_of(numbers: Iterable[int]) -> int:
    """Return the crowd of some numbers."""
    crowd = 0
    for number in numbers:
        crowd |= 1 << number
    return crowd


def numbers_of(crowd: int) -> Iterator[int]:
    """Yield the numbers of a crowd, from the lowest to the highest."""
    for index, byte in enumerate(bits_of(crowd)):
        if byte:
            for bit in _BITS[byte]:
                yield index << 3 | bit


def bits_of(crowd: int) -> bytearray:
    """Return the bits of a crowd, the lowest first."""
    return bytearray(crowd.to_bytes((crowd.bit_length() + 7) >> 3, "little"))


def crowd_of_bits(bits: bytes | bytearray) -> int:
    """Return the crowd of some bits; see ``bits_of``."""
    return int.from_bytes(bits, "little")
