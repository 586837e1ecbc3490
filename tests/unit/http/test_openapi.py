"""The OpenAPI document is made once, and the same for all who ask."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from aia_mas.application.settings import Settings
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.orchestration.specification_checks import check_specification
from aia_mas.interfaces.http.app import openapi_of
from aia_mas.interfaces.http.bodies import decode
from aia_mas.interfaces.http.schemas.tasks import TaskSubmission


def test_the_document_is_made_once_whoever_asks_first() -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: openapi_of(Settings()), range(4)))

    assert all(each is made[0] for each in made)


@pytest.mark.parametrize("folders", [0, 1, 2])
def test_its_server_is_relative_to_where_it_was_read(folders: int) -> None:
    document = msgspec.json.decode(openapi_of(Settings())[folders])

    assert document["servers"] == [{"url": [".", "..", "../.."][folders]}]


WITH = {
    "concurrency_limit": {"concurrency_key": "k"},
    "backoff_cap_seconds": {"backoff_base_seconds": 0},
    "cap_seconds": {"base_seconds": 0},
}
"""What a field means nothing without, or not what is tested here."""


def bounded(schemas: Any, kind: str) -> list[tuple[str, float, float]]:
    """Return the numbers of a kind of body, and from where to where each is announced to go."""
    return [
        (name, option["minimum"], option["maximum"])
        for name, schema in schemas[kind]["properties"].items()
        for option in (schema, *schema.get("anyOf", ()))
        if "maximum" in option
    ]


def test_the_announced_bounds_of_numbers_are_those_that_hold() -> None:
    schemas = msgspec.json.decode(openapi_of(Settings())[0])["components"]["schemas"]
    alone = [("", *field) for field in bounded(schemas, "TaskSubmission")]
    nested = [("retry", *field) for field in bounded(schemas, "Retries")]
    assert {name for _, name, *_ in alone} >= {"timeout_seconds", "lease_seconds"}
    assert len(alone) == 9
    assert len(nested) == 5

    def taken(group: str, name: str, value: float) -> bool:
        fields: dict[str, Any] = {name: value, **WITH.get(name, {})}
        body = {"task_type": "t", **({group: fields} if group else fields)}
        now = datetime(2026, 1, 2, tzinfo=UTC)
        try:
            submission = decode(msgspec.json.encode(body), TaskSubmission)
            command = submission.command("t", Settings(), now)
            check_specification(command.spec, now)
        except InvalidValue:
            return False
        return True

    for group, name, lowest, highest in alone + nested:
        for value, fits in ((lowest, True), (highest, True), (lowest - 1, False)):
            assert taken(group, name, value) is fits, (name, value)
        assert not taken(group, name, highest + 1), name


def test_amounts_tell_their_form() -> None:
    schemas = msgspec.json.decode(openapi_of(Settings())[0])["components"]["schemas"]

    price = schemas["AgentRegistration"]["properties"]["cost_per_task"]
    limit = schemas["TaskSubmission"]["properties"]["max_cost"]
    change = schemas["AgentChange"]["properties"]["cost_per_task"]
    assert price["type"] == change["type"] == ["string", "number"]
    assert (price["default"], limit["default"]) == ("0", None)
    assert limit["type"] == ["string", "number", "null"]
    assert price["pattern"] == limit["pattern"]
    assert "default" not in change
