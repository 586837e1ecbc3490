"""Where the economy is served."""

from __future__ import annotations

from typing import Final

from aia_mas.interfaces.http.paths import API

ECONOMIC: Final = f"{API}/economic"
"""The beginning of all paths of the economy."""
