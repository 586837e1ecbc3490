"""How many files and sockets this process may have open."""

from __future__ import annotations

import resource


def raise_bound() -> int:
    """Raise the bound to what the system allows; the usual one is below what a hub can hold.

    Returns:
        The bound.
    """
    bound, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if bound != most:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        except (OSError, ValueError):  # some systems tell of no bound and still have one
            return bound
    return most
