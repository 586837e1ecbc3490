"""Writes the TypeScript types: ``python -m aia_mas.interfaces.realtime.asyncapi FILE``."""

import sys
from pathlib import Path

from aia_mas.interfaces.realtime.asyncapi.typescript import declarations

Path(sys.argv[1]).write_text(declarations(), encoding="utf-8")
