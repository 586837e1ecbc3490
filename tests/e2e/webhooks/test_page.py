"""The page about webhooks keeps its word: its program checks signatures and does the work."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ...ports import stable_port
from .firms import Firm
from .receivers import PATIENCE

PAGE = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text(encoding="utf-8")


@pytest.fixture
def agent(hooks: Any, unique: str) -> Iterator[Firm]:
    """The program of the page as an agent."""
    port = stable_port()
    (program,) = re.findall(r"```python receiver\n(.*?)```", PAGE, re.DOTALL)
    firm = Firm(hooks.client, f"http://127.0.0.1:{port}/", unique)
    env = {**os.environ, "WEBHOOK_SECRET": firm.webhook()["secret"], "PORT": str(port)}
    with subprocess.Popen(
        [sys.executable, "-c", program], env=env, stderr=subprocess.DEVNULL
    ) as running:
        try:
            until = time.monotonic() + PATIENCE
            while firm.client.post(f"{firm.path}/webhook/test").json()["outcome"] != "answered":
                assert time.monotonic() < until and running.poll() is None
            yield firm
        finally:
            running.terminate()


def test_the_program_of_the_page_does_what_is_signed_and_nothing_else(agent: Firm) -> None:
    task = agent.ends(agent.submit(payload={"text": "one two three"}))
    assert task["result"] == 3

    url = str(agent.body["endpoint"])
    now, old = str(int(time.time())), str(int(time.time()) - 3_600)
    for forged in (
        {},
        {"webhook-id": "t:1", "webhook-timestamp": now, "webhook-signature": "v1,AAAA"},
        {"webhook-id": "t:1", "webhook-timestamp": old, "webhook-signature": "v1,AAAA"},
    ):
        answer = httpx.post(url, json={"payload": {"text": "x"}}, headers=forged, timeout=PATIENCE)
        assert answer.status_code == 401


def test_the_page_tells_the_settings() -> None:
    told = set(re.findall(r"MAS_WEBHOOK_[A-Z_]+", PAGE))

    from aia_mas.application.settings_catalogue import CATALOGUE

    known = {each.variable for each in CATALOGUE if each.variable.startswith("MAS_WEBHOOK_")}
    assert told == known
