"""A typed client of the HTTP API, asynchronous and synchronous.

Example::

    from aia.client import Client

    with Client("http://127.0.0.1:8000") as client:
        task = client.tasks.submit("data_analysis", payload={"quarter": "Q3"})
        for each in client.tasks.iterate(status="queued"):
            print(each.task_id)

What is sent and answered stands in ``aia.client.types``. ``Worker`` is the other side: a program
whose functions do an agent's tasks; ``Mailbox`` is where its messages come.
"""

from aia.client.asynchronous.client import AsyncClient
from aia.client.errors import (
    ApiError,
    ClientError,
    Conflict,
    ConnectionFailed,
    FieldError,
    HistoryLost,
    IdempotencyKeyReused,
    InvalidRequest,
    NotAuthenticated,
    NotFound,
    PermissionDenied,
    PreconditionFailed,
    RateLimited,
    ReplyTimeout,
    ServerFailed,
    StaleLease,
    StreamClosed,
    TaskCancelled,
    Unavailable,
    UnexpectedAnswer,
)
from aia.client.mailbox import Mailbox, MailboxDelivery
from aia.client.retrying import NEVER, Backoff
from aia.client.synchronous.client import Client
from aia.client.worker import (
    Context,
    Fail,
    Rejected,
    Replaced,
    Result,
    TaskLost,
    ThreadContext,
    Unregistered,
    Usage,
    Worker,
    WorkerError,
)

__all__ = [
    "NEVER",
    "ApiError",
    "AsyncClient",
    "Backoff",
    "Client",
    "ClientError",
    "Conflict",
    "ConnectionFailed",
    "Context",
    "Fail",
    "FieldError",
    "HistoryLost",
    "IdempotencyKeyReused",
    "InvalidRequest",
    "Mailbox",
    "MailboxDelivery",
    "NotAuthenticated",
    "NotFound",
    "PermissionDenied",
    "PreconditionFailed",
    "RateLimited",
    "Rejected",
    "Replaced",
    "ReplyTimeout",
    "Result",
    "ServerFailed",
    "StaleLease",
    "StreamClosed",
    "TaskCancelled",
    "TaskLost",
    "ThreadContext",
    "Unavailable",
    "UnexpectedAnswer",
    "Unregistered",
    "Usage",
    "Worker",
    "WorkerError",
]
