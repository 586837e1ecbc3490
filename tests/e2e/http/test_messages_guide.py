"""The guide to messages over HTTP: every example in it is sent as it stands, in its order."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx

PAGE = (Path(__file__).parents[3] / "docs" / "messages-http.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```http\n(\w+) (\S+)\n((?:.|\n)*?)```", PAGE)


def test_every_example_is_one() -> None:
    assert len(EXAMPLES) == PAGE.count("```http") == PAGE.count("```") / 2 > 20


def test_the_guide_can_be_followed(client: httpx.Client) -> None:
    message_id = ""
    answers: dict[str, Any] = {}
    for method, path, body in EXAMPLES:
        path, body = (text.replace("{message_id}", message_id) for text in (path, body))
        answer = client.request(method, path, json=json.loads(body) if body else None)
        unanswered = path.endswith("/messages/request")
        assert (answer.status_code == 504) if unanswered else answer.is_success, answer.text
        said = answer.json() if answer.content else {}
        answers[f"{method} {path.partition('/communication/')[2].partition('?')[0]}"] = said
        if path.endswith("/send"):
            message_id = said["message_id"]
        elif "/inbox" in path and method == "GET" and said["items"]:
            message_id = said["items"][0]["message_id"]

    assert answers["POST agents/guide_analyst/inbox/ack"]["acknowledged"] == 1
    explained = answers["POST routes/explain"]
    assert explained["priority"] == "critical"
    assert [group["recipients"] for group in explained["groups"]] == [1, 1]
    (listed,) = answers["GET messages"]["items"]
    assert listed["status"] == "acknowledged"
    assert answers["GET dead-letters"]["items"] == []
