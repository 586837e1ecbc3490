"""Bodies to typed requests: each mistake has its own code, and a place."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aia_mas.interfaces.http.bodies import decode
from aia_mas.interfaces.http.errors import RequestRefused
from aia_mas.interfaces.http.schemas.agents import AgentRegistration
from aia_mas.interfaces.http.schemas.tasks import TaskSubmission


def refused(body: bytes, wanted: Any = AgentRegistration) -> RequestRefused:
    with pytest.raises(RequestRefused) as caught:
        decode(body, wanted)
    return caught.value


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "malformed_json"),
        (b"{", "malformed_json"),
        (b"nul", "malformed_json"),
        (b'{"agent_id": "a"} x', "malformed_json"),
        (b'{"agent_id": info}', "malformed_json"),
        (b'\xef\xbb\xbf{"agent_id": "a"}', "malformed_json"),
        (b'{"agent_id": "a\x00"}', "malformed_json"),
        (b'{"agent_id": "\\ud800"}', "malformed_json"),
        (b'{"agent_id": "\\ud800\\u0041"}', "malformed_json"),
        (b'{"agent_id": "a", "skills": {"x": NaN}}', "invalid_number"),
        (b'{"agent_id": "a", "skills": {"x": -Infinity}}', "invalid_number"),
        (b'{"agent_id": "a", "metadata": {"x": [1, Infinity]}}', "invalid_number"),
        (b'{"agent_id": "a", "skills": {"x": 1e999}}', "invalid_number"),
        (b'{"agent_id": "a", "metadata": {"x": -1e999}}', "invalid_number"),
        (b'{"agent_id": "a", "max_concurrent_tasks": ' + b"9" * 5000 + b"}", "invalid_number"),
        (b'{"agent_id": "\xff"}', "invalid_encoding"),
        (b'{"agent_id": "a", "\xff": 1}', "invalid_encoding"),
        (b"[]", "invalid_type"),
        (b'"text"', "invalid_type"),
        (b'{"agent_id": 7}', "invalid_type"),
        (b'{"agent_id": "a", "max_concurrent_tasks": 1.5}', "invalid_type"),
        (b'{"agent_id": "a", "max_concurrent_tasks": true}', "invalid_type"),
        (b"{}", "missing_field"),
        (b'{"agent_id": "a", "agentid": "b"}', "unknown_field"),
        (b'{"agent_id": "a\\u0000"}', "nul_character"),
        (b'{"agent_id": "a", "metadata": {"deep": [{"k\\u0000": 1}]}}', "nul_character"),
        (b'{"agent_id": "a", "metadata": {"x": ' + b"[" * 9999 + b"]" * 9999 + b"}}", "too_deep"),
    ],
    ids=lambda value: value[:48] if isinstance(value, bytes) else value,
)
def test_every_mistake_has_its_own_code(body: bytes, code: str) -> None:
    assert refused(body).code == code


def test_a_wrong_priority_is_an_invalid_value() -> None:
    error = refused(b'{"task_type": "x", "priority": "asap"}', TaskSubmission)

    assert (error.code, error.errors[0].field) == ("invalid_value", "priority")


def test_the_place_of_a_mistake_is_told_as_path_and_as_pointer() -> None:
    error = refused(b'{"agent_id": "a", "skills": {"c/c~~": "good"}}')

    (mistake,) = error.errors
    assert mistake.field == "skills.c/c~~"
    assert mistake.pointer == "/skills/c~1c~0~0"
    assert mistake.code == "invalid_type"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"agent_id": "a", "skills": {"x": 1, "y": NaN}}', "skills.y"),
        (b'{"agent_id": "a", "metadata": {"x": [1, -Infinity]}}', "metadata.x.1"),
        (b"NaN", ""),
    ],
)
def test_the_place_of_a_number_that_is_none_is_told(body: bytes, field: str) -> None:
    (mistake,) = refused(body).errors

    assert (mistake.code, mistake.field) == ("invalid_number", field)


@pytest.mark.parametrize("rest", [b"x", b'"', b', "y": ' + b"[" * 100_000])
def test_what_is_no_json_beside_that_has_no_place(rest: bytes) -> None:
    assert not refused(b'{"skills": {"x": NaN' + rest).errors


def test_all_mistakes_are_told_at_once() -> None:
    body = {
        "agent_id": 7,
        "max_concurrent_tasks": "three",
        "labels": {"zone": None},
        "specializations": ["a", 2],
        "colour": "red",
    }

    found = {(error.field, error.code) for error in refused(json.dumps(body).encode()).errors}

    assert found == {
        ("agent_id", "invalid_type"),
        ("max_concurrent_tasks", "invalid_type"),
        ("labels.zone", "invalid_type"),
        ("specializations.1", "invalid_type"),
        ("colour", "unknown_field"),
    }


def test_mistakes_in_nested_shapes_are_found() -> None:
    body = b'{"requirements": {"skills": {"sql": "yes"}, "color": 1}}'

    found = {(error.field, error.code) for error in refused(body, TaskSubmission).errors}

    assert found == {
        ("requirements.skills.sql", "invalid_type"),
        ("requirements.color", "unknown_field"),
        ("task_type", "missing_field"),
    }


def test_mistakes_come_back_in_bounded_length() -> None:
    many = refused(json.dumps({f"field_{n}": n for n in range(1000)}).encode())
    long = refused(json.dumps({"agent_id": "a", "x" * 100_000: 1}).encode())

    assert len(many.errors) <= 20
    assert len(long.errors[0].field) <= 200


def test_nul_is_found_where_it_is_and_does_not_come_back() -> None:
    error = refused(b'{"agent_id": "a", "metadata": {"list": [1, {"k": "x\\u0000y"}]}}')
    in_key = refused(b'{"agent_id": "a", "metadata": {"a\\u0000b": 1}}')

    assert error.errors[0].pointer == "/metadata/list/1/k"
    assert "\0" not in in_key.errors[0].field


def test_an_escaped_backslash_before_u0000_is_no_nul() -> None:
    decoded = decode(b'{"agent_id": "a", "endpoint": "C:\\\\u0000"}', AgentRegistration)

    assert decoded.endpoint == "C:\\u0000"


def test_of_duplicate_keys_the_last_counts() -> None:
    twice = b'{"agent_id": "a", "skills": {"x": 0.1, "x": 0.2}, "agent_id": "b"}'

    decoded = decode(twice, AgentRegistration)

    assert (decoded.agent_id, decoded.skills) == ("b", {"x": 0.2})


def test_the_form_of_all_duplicates_is_checked() -> None:
    (error,) = refused(b'{"agent_id": 1, "agent_id": "b"}').errors

    assert (error.code, error.field) == ("invalid_type", "agent_id")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


@given(
    st.one_of(
        st.binary(max_size=64),
        json_values.map(lambda value: json.dumps(value).encode()),
        st.dictionaries(
            st.sampled_from(AgentRegistration.__struct_fields__) | st.text(max_size=4),
            json_values,
            max_size=5,
        ).map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass")),
    )
)
def test_whatever_comes_is_a_request_or_a_refusal_with_a_place(body: bytes) -> None:
    outcome: AgentRegistration | RequestRefused
    try:
        outcome = decode(body, AgentRegistration)
    except RequestRefused as error:
        outcome = error
    if isinstance(outcome, RequestRefused):
        assert outcome.detail
        msgspec.json.encode(outcome.errors)


@pytest.mark.parametrize("field", ["priority", " - at `$" + "[" * 400_000])
def test_words_of_the_client_in_a_message_cost_no_time(field: str) -> None:
    """They stand in what msgspec says in front of the place; looking for it is linear."""
    hostile = f'{{"{field}":" - at `$' + "[" * 400_000 + '"'
    assert refused(f'{hostile},"b":]}}'.encode(), TaskSubmission).code == "malformed_json"
    codes = {error.code for error in refused(f"{hostile}}}".encode(), TaskSubmission).errors}
    assert codes <= {"invalid_value", "missing_field", "unknown_field"}
