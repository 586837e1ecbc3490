"""Keccak-256 as Ethereum has it: the sponge of SHA-3 with the padding from before its standard."""

from __future__ import annotations

_RATE = 136
"""Bytes taken in with each permutation."""
_MASK = 2**64 - 1
_PADDING = 0x01
"""SHA3-256 of FIPS 202 is the same with 0x06 here."""


def keccak_256(data: bytes, padding: int = _PADDING) -> bytes:
    """Return the digest of some bytes: 32 bytes.

    It is for the checksums of addresses (EIP-55), a few per second, and not for bulk data.

    Args:
        data: What to digest.
        padding: The first byte of the padding, which tells the members of the family apart.

    The permutation follows the compact description in FIPS 202, section 3.
    """
    padded = bytearray(data) + bytes(_RATE - len(data) % _RATE)
    padded[len(data)] ^= padding
    padded[-1] ^= 0x80
    lanes = [[0] * 5 for _ in range(5)]
    for begin in range(0, len(padded), _RATE):
        for lane in range(_RATE // 8):
            place = begin + 8 * lane
            lanes[lane % 5][lane // 5] ^= int.from_bytes(padded[place : place + 8], "little")
        lanes = _permuted(lanes)
    return b"".join(lanes[x][0].to_bytes(8, "little") for x in range(4))


def _permuted(lanes: list[list[int]]) -> list[list[int]]:
    register = 1
    for _ in range(24):
        # Theta
        columns = [a ^ b ^ c ^ d ^ e for a, b, c, d, e in lanes]
        mixed = [columns[(x + 4) % 5] ^ _rotated(columns[(x + 1) % 5], 1) for x in range(5)]
        lanes = [[lane ^ mixed[x] for lane in lanes[x]] for x in range(5)]
        # Rho and pi
        x, y, current = 1, 0, lanes[1][0]
        for step in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            moved = _rotated(current, (step + 1) * (step + 2) // 2)
            current, lanes[x][y] = lanes[x][y], moved
        # Chi
        lanes = [
            [lanes[x][y] ^ (~lanes[(x + 1) % 5][y] & lanes[(x + 2) % 5][y]) for y in range(5)]
            for x in range(5)
        ]
        # Iota: constants from a linear feedback shift register
        for bit in range(7):
            register = ((register << 1) ^ ((register >> 7) * 0x71)) % 256
            if register & 2:
                lanes[0][0] ^= 1 << ((1 << bit) - 1)
    return lanes


def _rotated(lane: int, by: int) -> int:
    by %= 64
    return ((lane << by) | (lane >> (64 - by))) & _MASK
