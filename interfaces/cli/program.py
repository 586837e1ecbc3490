"""The program `mas`: an interrupt ends it without a word from Python even while it is loaded."""

from __future__ import annotations

import sys

_INTERRUPTED = 130


def program() -> None:
    """Load the command line and run one command."""
    try:
        from aia_mas.interfaces.cli.main import main
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    main()
