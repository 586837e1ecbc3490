"""Amounts: tokens outside, base units inside, exact on the way."""

from decimal import Decimal

import pytest

from aia_mas.domain.kernel.money import MAX_AMOUNT, InvalidAmount, to_text, to_units


@pytest.mark.parametrize(
    ("tokens", "units"),
    [
        ("0", 0),
        (15, 15 * 10**18),
        ("0.000000000000000001", 1),
        ("1.500000000000000000", 15 * 10**17),
        ("1000000000000000", MAX_AMOUNT),
        (Decimal("1e-18"), 1),
        (Decimal("1.5" + "0" * 200), 15 * 10**17),
        (Decimal("1e15"), MAX_AMOUNT),
        (Decimal("-0"), 0),
    ],
)
def test_amounts_are_taken_exactly(tokens: str | int | Decimal, units: int) -> None:
    assert to_units(tokens, "x") == units
    assert to_units(to_text(units), "x") == units


@pytest.mark.parametrize(
    ("tokens", "code"),
    [
        ("NaN", "invalid_amount"),
        ("sNaN", "invalid_amount"),
        ("Infinity", "invalid_amount"),
        ("-Infinity", "invalid_amount"),
        ("1e-19", "invalid_amount"),
        ("1e-999999", "invalid_amount"),
        ("1." + "0" * 100 + "1", "invalid_amount"),
        ("-1", "negative_amount"),
        ("-1e-19", "negative_amount"),
        ("-9e999999", "negative_amount"),
        ("1000000000000000.000000000000000001", "amount_too_large"),
        ("9e999999", "amount_too_large"),
    ],
)
def test_what_is_no_amount_is_told_why(tokens: str, code: str) -> None:
    with pytest.raises(InvalidAmount) as refused:
        to_units(Decimal(tokens), "price")

    assert (refused.value.code, refused.value.field) == (code, "price")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *(
            (text, "invalid_amount")
            for text in (
                "", "much", "NaN", "Infinity", "1_0", "1e3", "1E-3", " 1", "1 ", "1\n", "+1",
                "\uff11", "٣", "007", ".5", "5.", "1.0000000000000000000", "0x1", "1,000",
                "-0", "--1", "-",
            )
        ),
        ("-1", "negative_amount"),
        ("-0.5", "negative_amount"),
        ("1000000000000000.000000000000000001", "amount_too_large"),
        ("1" + "0" * 16, "amount_too_large"),
        ("9" * 100_000, "amount_too_large"),
        ("-" + "9" * 100_000, "negative_amount"),
    ],
    ids=lambda text: ascii(text[:24]),
)  # fmt: skip
def test_texts_have_one_form(text: str, code: str) -> None:
    with pytest.raises(InvalidAmount) as refused:
        to_units(text, "price")

    assert (refused.value.code, refused.value.field) == (code, "price")
