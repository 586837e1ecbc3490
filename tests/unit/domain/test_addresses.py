"""Addresses outside of this system: forms, checksums, and the digest behind them."""

import hashlib

import pytest
from Crypto.Hash import keccak
from hypothesis import given
from hypothesis import strategies as st

from aia_mas.domain.kernel.addresses import InvalidAddress, WrongChecksum, check_address
from aia_mas.domain.kernel.keccak import keccak_256

# The examples of EIP-55.
CHECKED = [
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
]
UNCHECKED = [
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0xde709f2102306220921060314715629080e2fb77",
    "0x" + "0" * 40,
]
BASE58 = ["So" + "1" * 40 + "2", "7EcDhSYGxXyscszYEp35KHN8vvw3svAuLKTzXwCFLtV", "z" * 44]


@pytest.mark.parametrize("address", [*CHECKED, *UNCHECKED, *BASE58])
def test_an_address_of_a_known_form_is_taken_as_it_is(address: str):
    assert check_address(address, "wallet_address") == address


@pytest.mark.parametrize("address", CHECKED)
def test_one_letter_of_another_case_is_noticed(address: str):
    letters = [place for place, digit in enumerate(address) if place > 1 and digit.isalpha()]
    for place in letters:
        mistyped = address[:place] + address[place].swapcase() + address[place + 1 :]
        with pytest.raises(WrongChecksum) as refused:
            check_address(mistyped, "wallet_address")
        assert (refused.value.code, refused.value.field) == ("wrong_checksum", "wallet_address")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "0x",
        "0x" + "0" * 39,
        "0x" + "0" * 41,
        "0X" + "0" * 40,
        "0" * 40,
        "a" * 40,
        "0x" + "g" * 40,
        "0x" + "\u0660" * 40,
        CHECKED[0] + "\n",
        " " + CHECKED[0],
        "1" * 31,
        "1" * 45,
        "O" * 40,
        "l" * 40,
        "your_treasury_address",
        "\0" * 42,
        "x" * 10_000,
    ],
)
def test_what_has_no_known_form_is_refused(address: str):
    with pytest.raises(InvalidAddress) as refused:
        check_address(address, "wallet_address")
    assert refused.value.code == "invalid_address"


@given(st.binary(max_size=600))
def test_the_digest_is_the_one_of_others(data: bytes):
    assert keccak_256(data) == keccak.new(digest_bits=256, data=data).digest()
    assert keccak_256(data, padding=0x06) == hashlib.sha3_256(data).digest()
