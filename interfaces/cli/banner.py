"""What a node tells a person once it serves: what to open, and where its data are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit, urlunsplit

from aia_mas.application.settings import Settings, without_password

_API = "/mas/api/v1"
SOCKETS = (
    f"{_API}/agents/ws/agent/{{agent_id}}",
    f"{_API}/agents/ws/frontend/{{client_id}}",
    f"{_API}/communication/ws/{{agent_id}}",
)
"""The paths of all WebSockets."""


def banner(settings: Settings, urls: Sequence[str], further: Sequence[str]) -> Iterator[str]:
    """Yield the lines.

    Args:
        settings: What the node was told.
        urls: Where requests and sockets are served.
        further: Where the port of sockets is, if they have one of their own, too.
    """
    for url in urls:
        yield f"  API      {url}{_API}"
        yield f"  Docs     {url}/docs"
        yield f"  Health   {url}/mas/health"
    for url in further or urls:
        title = "Sockets"
        for path in SOCKETS:
            yield f"  {title:<8} ws{url.removeprefix('http')}{path}"
            title = ""
    if settings.redis is not None:
        bridge = " (agents send on mas:send)" if settings.redis_bridge == "on" else ""
        yield f"  Redis    {_without_credentials(settings.redis)}{bridge}"
    yield f"  Data     {_data(settings)}"
    if settings.development:
        yield "  Mode     development: no keys are set, so everybody on this machine is admin"
    else:
        yield "  Mode     production: requests need a token signed with MAS_JWT_SECRET"
    yield "Ctrl-C stops it."


def _data(settings: Settings) -> str:
    if settings.database_url is not None:
        return without_password(settings.database_url)
    return f"{settings.data_dir} (embedded PostgreSQL)"


def _without_credentials(url: str) -> str:
    """Return a URL of a Redis as it may be shown; a password may stand in its query, too."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
