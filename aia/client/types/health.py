# Written by `make client` from the OpenAPI document; changes are lost.
"""What is answered about health."""

from __future__ import annotations

import msgspec

from aia.client.types.base import Answer


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One part (`kind`: embedded or external; `detail`: what is wrong).

    Attributes:
        kind: Embedded or external.
        detail: What is wrong.
    """

    status: str
    kind: str = ""
    detail: str = ""


class ReadModelStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One read model.

    Attributes:
        name: What people call it.
        version: The one that this program reads.
        kind: `table`: in PostgreSQL, kept by one node. `view`: in the memory of every node.
            `process`: likewise, and what a process decides on.
        checkpoint: The last position in it; of a view that is not running here, in its snapshot.
        head: The last position of the log.
        lag: How far it is behind, in events.
        leader: The node that keeps a table up to date; None: nobody at the moment.
        parked: Streams that it goes on without; of a view, single events.
        stopped: Why it does not go on; None: it does.
    """

    name: str
    version: int
    kind: str
    checkpoint: int
    head: int
    lag: int
    leader: str | None = None
    parked: int = 0
    stopped: str | None = None


class Health(Answer, frozen=True, kw_only=True):
    """How a node is; without a token that may read the log, only the first three.

    Attributes:
        status: Ok, degraded (it works, but not all of it), draining or unavailable.
        mode: Development (no keys: everybody is admin, loopback only) or production.
        version: The program's.
        node: The node's name.
        store_id: The event log's identity.
        epoch: Which history positions belong to; another one after a restore.
        position: The last position of the log that this node knows.
        waiting_commands: Commands waiting to be committed.
        database: PostgreSQL.
        redis: Redis or Valkey; without it PostgreSQL carries presence, and each node counts the
            requests of a caller for itself.
        wakeups: What makes this node look for what others have committed: redis (and PostgreSQL's
            notifications beside it), listen (those alone), or poll (neither now: it looks every
            second).
        projections: The read models and how far behind they are.
        leaders: Process -> the node that leads it.
        warnings: What was noticed in the settings at the start.
    """

    status: str
    mode: str
    version: str
    node: str | None = None
    store_id: str | None = None
    epoch: str | None = None
    position: int = 0
    waiting_commands: int | None = None
    database: Part | None = None
    redis: Part | None = None
    wakeups: str | None = None
    projections: list[ReadModelStatus] | None = None
    leaders: dict[str, str] | None = None
    warnings: list[str] | None = None


class Life(Answer, frozen=True, kw_only=True):
    """The event loop runs."""

    status: str
