"""Where messages are served."""

from __future__ import annotations

from typing import Final

from aia_mas.interfaces.http.paths import API

COMMUNICATION: Final = f"{API}/communication"
"""The beginning of all paths of messages."""
MESSAGES: Final = f"{COMMUNICATION}/messages"
