"""The AsyncAPI document says all that the sockets know, and nothing that is not there."""

from collections.abc import Iterator
from typing import Any

import pytest

from aia_mas.interfaces.realtime.agent.acts import ACTS
from aia_mas.interfaces.realtime.agent_facts import AGENTS
from aia_mas.interfaces.realtime.asyncapi import declarations, document
from aia_mas.interfaces.realtime.mail.acts import MAIL_ACTS
from aia_mas.interfaces.realtime.messages import TYPES
from aia_mas.interfaces.realtime.task_facts import TASKS

MADE = document("mas.example:8000")


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for member in part.values():
            yield from references(member)
    elif isinstance(part, list):
        for member in part:
            yield from references(member)


def test_every_reference_leads_somewhere() -> None:
    found = set(references(MADE))
    assert len(found) > 50
    for reference in found:
        place: Any = MADE
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
        assert place


def received(channel: str) -> set[str]:
    operations = MADE["operations"].values()
    return {
        message["$ref"].rpartition("/")[2]
        for operation in operations
        if operation["action"] == "receive" and operation["channel"]["$ref"].endswith(channel)
        for message in operation["messages"]
    }


def test_it_names_all_that_clients_may_say_and_how_they_are_answered() -> None:
    assert received("frontend") == set(TYPES)
    assert received("agent") == {*TYPES, *ACTS, *MAIL_ACTS}
    assert received("mailbox") == {"ping", *MAIL_ACTS}
    for operation in MADE["operations"].values():
        assert operation["action"] == "send" or operation["reply"]["messages"]


def test_it_names_the_frames_of_every_topic() -> None:
    sent = MADE["channels"]["frontend"]["messages"]
    assert {TASKS.frame_type, AGENTS.frame_type, "metrics_update"} <= set(sent)


def test_types_of_frames_are_constants_so_that_programs_can_tell_them_apart() -> None:
    schemas = MADE["components"]["schemas"]
    for kind, message in MADE["components"]["messages"].items():
        schema = schemas[message["payload"]["$ref"].rpartition("/")[2]]
        assert schema["properties"]["type"] == {"enum": [kind]}
        assert "type" in schema["required"]


@pytest.mark.parametrize(
    "line",
    [
        "export type AgentHears =",
        "export type MailboxSays =",
        "  | MailboxSubscribeTopicsFrame",
        "  data: HandedMessage;",
        "  | TaskUpdateFrame",
        '  type: "task_assigned";',
        "  data: ClaimedTask;",
        "  SLOW_CONSUMER: 4008,",
        "  agent_ids?: Array<string> | null;",
        "  positions: Record<string, number>;",
        "  recovered: boolean;",
        'export type ErrorCode = "binary_not_supported" |',
    ],
)
def test_the_same_in_typescript(line: str) -> None:
    assert any(each.startswith(line) for each in declarations().splitlines())
