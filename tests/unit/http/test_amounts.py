"""Amounts in requests: exact as a number and as a text, and nothing else."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from aia_mas.application.settings import Settings
from aia_mas.domain.kernel.money import ONE, InvalidAmount
from aia_mas.interfaces.http.bodies import decode
from aia_mas.interfaces.http.schemas.agents import AgentChange, AgentRegistration
from aia_mas.interfaces.http.schemas.amounts import NOTHING, units, written
from aia_mas.interfaces.http.schemas.tasks import TaskSubmission


def test_what_is_no_text_is_no_amount() -> None:
    wanted = decode(b'{"agent_id": "a", "cost_per_task": "\xff"}', AgentRegistration)

    with pytest.raises(InvalidAmount):
        wanted.command()


def price(json: str) -> int:
    body = f'{{"agent_id": "a", "cost_per_task": {json}}}'.encode()
    return decode(body, AgentRegistration).command().capabilities.cost_per_task


@pytest.mark.parametrize(
    "text", ["15", "15.0", '"15.0"', "0.000000000000000001", '"0.1"', "0.1", "1e3", "1E-3", "-0",
             '"123456789012345.123456789012345678"', "123456789012345.123456789012345678",
             '"\\u0031"'],
)  # fmt: skip
def test_amounts_are_exact_as_number_and_as_string(text: str) -> None:
    value = Fraction(text.strip('"').replace("\\u0031", "1"))

    assert price(text) == value * ONE


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('"much"', "invalid_amount"),
        ('"1_0"', "invalid_amount"),
        ('"1e3"', "invalid_amount"),
        ('" 1"', "invalid_amount"),
        ('"+1"', "invalid_amount"),
        ('"\uff11"', "invalid_amount"),
        ('"NaN"', "invalid_amount"),
        ("null", "invalid_amount"),
        ("true", "invalid_amount"),
        ("{}", "invalid_amount"),
        ("[1]", "invalid_amount"),
        ("1e-19", "invalid_amount"),
        ("-1", "negative_amount"),
        ("1e400", "amount_too_large"),
        ("9" * 5000, "amount_too_large"),
        ("1e16", "amount_too_large"),
    ],
)
def test_what_is_no_amount_has_its_code(text: str, code: str) -> None:
    with pytest.raises(InvalidAmount) as refused:
        price(text)

    assert (refused.value.code, refused.value.field) == (code, "cost_per_task")


def test_an_amount_may_be_left_out_and_where_it_may_be_missing_it_may_be_null() -> None:
    for body in (b'{"task_type": "x"}', b'{"task_type": "x", "max_cost": null}'):
        spec = decode(body, TaskSubmission).command("t", Settings(), datetime.now(UTC)).spec
        assert spec.max_cost is None
    assert decode(b"{}", AgentChange).command("a").cost_per_task is not None
    assert units(NOTHING, "x") == 0


@pytest.mark.parametrize("amount", [Decimal("15.0"), 15, 15.0, "15", Decimal("1.5e1")])
def test_what_a_program_writes_is_read_alike(amount: Decimal | float | str) -> None:
    assert units(written(amount), "x") == 15 * ONE


@pytest.mark.parametrize("amount", [True, float("nan"), Decimal("sNaN"), "1_5", "", None])
def test_what_a_program_writes_by_mistake_is_refused(amount: Decimal | float | str | None) -> None:
    with pytest.raises(InvalidAmount):
        units(written(amount), "x")
