"""Crowds: a number for many, with a bit for each."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aia_mas.domain.communication.crowds import bits_of, crowd_of, crowd_of_bits, numbers_of

numbers = st.sets(st.integers(0, 300))


@given(numbers)
def test_who_is_in_it_is_told_in_order(some):
    crowd = crowd_of(some)

    assert list(numbers_of(crowd)) == sorted(some)
    assert crowd.bit_count() == len(some)


@given(numbers)
def test_its_bits_say_the_same(some):
    bits = bits_of(crowd_of(some))

    assert {number for number in range(400) if number >> 3 < len(bits)
            and bits[number >> 3] >> (number & 7) & 1} == some  # fmt: skip
    assert crowd_of_bits(bits) == crowd_of(some)
