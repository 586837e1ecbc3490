"""What is sent to the endpoints of agents, as the OpenAPI document tells it (``webhooks``, 3.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aia_mas.application.orchestration.claims import ClaimedTask
from aia_mas.interfaces.http.schemas.webhooks import WebhookFailure, WebhookPing, WebhookResult

SHAPES = (ClaimedTask, WebhookPing, WebhookResult, WebhookFailure)
"""What goes to and fro."""

_TEXT = {"type": "string"}
_SIGNATURE = (
    "`v1,` and the base64 of the HMAC-SHA256 of id, timestamp and body, joined by dots (Standard"
    " Webhooks); after a rotation two of these, with a space between them."
)
_HEADERS = [
    {
        "name": name,
        "in": "header",
        "required": True,
        "description": description,
        "schema": schema,
    }
    for name, description, schema in (
        ("webhook-id", "The same with every delivery of the same attempt.", _TEXT),
        ("webhook-timestamp", "When it was sent, seconds since 1970.", {"type": "integer"}),
        ("webhook-signature", _SIGNATURE, _TEXT),
    )
]


def webhooks(reference: str) -> dict[str, Any]:
    """Return the section ``webhooks`` (``reference``: how a schema is referred to by its name)."""

    def body(*names: str) -> Mapping[str, Any]:
        shapes = [{"$ref": reference.format(name=name)} for name in names]
        return {
            "application/json": {"schema": shapes[0] if len(shapes) == 1 else {"oneOf": shapes}}
        }

    def sent(name: str, summary: str, shape: str, responses: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "post": {
                "operationId": name,
                "summary": summary,
                "description": f"{summary}. Answers are waited for as long as `MAS_WEBHOOK_TIMEOUT`"
                " says; redirects are not followed.",
                "tags": ["agents"],
                "security": [],
                "parameters": _HEADERS,
                "requestBody": {"required": True, "content": body(shape)},
                "responses": responses,
            }
        }

    again = "Anything else, or no answer: it is sent again, later and later"
    pause = {"Retry-After": {"schema": _TEXT, "description": "Seconds, or a date."}}
    taken = {"description": "The agent has the task, and reports on it as usual"}
    return {
        "task": sent(
            "receive_task",
            "A task for an agent with an endpoint",
            ClaimedTask.__name__,
            {
                "200": {
                    "description": "The agent has done it already, or gives it up",
                    "content": body(WebhookResult.__name__, WebhookFailure.__name__),
                },
                "202": taken,
                "204": taken,
                "410": {"description": "The endpoint is to be called no more: it is disabled"},
                "429": {"description": "Not so much at once", "headers": pause},
                "503": {"description": "Not now", "headers": pause},
                "default": {"description": again},
            },
        ),
        "ping": sent(
            "receive_ping",
            "Asks an endpoint that got nothing else of late whether its agent is there",
            WebhookPing.__name__,
            {
                "2XX": {"description": "It is"},
                "410": {"description": "The endpoint is to be called no more: it is disabled"},
                "default": {"description": "It may not be: an agent that misses three is offline"},
            },
        ),
    }
