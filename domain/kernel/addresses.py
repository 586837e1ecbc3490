"""Addresses of accounts outside of this system: what they look like; nobody is asked about them."""

from __future__ import annotations

import re

from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.keccak import keccak_256

LONGEST = 44
"""The longest address, characters."""

_ETHEREUM = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)
# Hexadecimal digits alone are an Ethereum address that lost its 0x, and no base58.
_BASE58 = re.compile(r"(?![0-9a-fA-F]+$)[1-9A-HJ-NP-Za-km-z]{32,44}", re.ASCII)


class InvalidAddress(InvalidValue):
    """An address is 0x and 40 hexadecimal digits, or 32 to 44 characters of base58."""

    code = "invalid_address"


class WrongChecksum(InvalidAddress):
    """The capital letters of the address are not those of its checksum (EIP-55): a typing error?"""

    code = "wrong_checksum"


def check_address(value: str, field: str) -> str:
    """Return an address unchanged, or refuse it.

    Capitals of an Ethereum address are its checksum (EIP-55), unless it has small letters only, or
    capitals only.

    Raises:
        InvalidAddress: It is neither an Ethereum address nor base58.
        WrongChecksum: It has capitals and small letters, and not the right ones.
    """
    if not _ETHEREUM.fullmatch(value):
        if not _BASE58.fullmatch(value):
            raise InvalidAddress(field=field)
        return value
    digits = value[2:]
    if digits not in {digits.lower(), digits.upper()} and digits != _checksummed(digits):
        raise WrongChecksum(field=field)
    return value


def _checksummed(digits: str) -> str:
    """Return 40 digits with capitals where the digest of the small ones says so (EIP-55)."""
    small = digits.lower()
    nibbles = keccak_256(small.encode()).hex()
    return "".join(
        digit.upper() if int(nibble, 16) >= 8 else digit
        for digit, nibble in zip(small, nibbles, strict=False)
    )
