"""An agent as a program of its own, which never gives a task up, whatever it is told.

``naive_agent.py URL`` serves the agent socket at a URL. It begins each task that comes, keeps its
lease with heartbeats, and delivers when the file exists that the task's payload names. What happens
is printed as lines of JSON.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from websockets.exceptions import InvalidHandshake, WebSocketException
from websockets.sync.client import ClientConnection, connect

BEAT = 0.3  # seconds


def tell(what: str, **more: Any) -> None:
    """Print what happened."""
    print(json.dumps({"what": what, **more}), flush=True)


class Agent:
    """What it holds, over however many connections."""

    def __init__(self) -> None:
        self.held: dict[str, dict[str, Any]] = {}

    def serve(self, socket: ClientConnection) -> None:
        """Work until the connection breaks."""
        said = 0

        def say(kind: str, data: Any) -> None:
            nonlocal said
            said += 1
            socket.send(json.dumps({"type": kind, "id": f"{kind}-{said}", "data": data}))

        beaten = 0.0
        while True:
            try:
                frame = json.loads(socket.recv(BEAT))
            except TimeoutError:
                frame = {"type": "nothing"}
            if frame["type"] == "task_assigned" and frame["data"]["lease"] not in self.held:
                task = frame["data"]
                self.held[task["lease"]] = task
                say("accept", {"task_id": task["task_id"], "lease": task["lease"]})
            elif frame["type"] == "task_lost":
                tell("lost", **frame["data"])
            elif frame["type"] == "receipt" and not frame["id"].startswith("heartbeat"):
                kind, data = frame["id"].partition("-")[0], frame["data"]
                tell(kind, status=frame["status"], code=data.get("code"), task=data.get("task_id"))
            if time.monotonic() - beaten > BEAT:
                beaten = time.monotonic()
                say("heartbeat", {"tasks": [task["task_id"] for task in self.held.values()]})
            for lease, task in list(self.held.items()):
                if Path(task["payload"]["until"]).exists():
                    del self.held[lease]
                    tell("delivering", task=task["task_id"])
                    held = {"task_id": task["task_id"], "lease": lease}
                    say("complete", {**held, "result": task["payload"]["until"]})


if __name__ == "__main__":
    agent = Agent()
    while True:
        try:
            with connect(
                sys.argv[1], proxy=None, open_timeout=60, ping_interval=None
            ) as connection:
                tell("connected")
                agent.serve(connection)
        except (OSError, WebSocketException, InvalidHandshake) as error:
            tell("disconnected", error=repr(error))
            time.sleep(0.2)
