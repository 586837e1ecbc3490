"""What goes wrong between a command and a server, as a person should read it."""

from __future__ import annotations

from aia.client.errors import (
    ApiError,
    ClientError,
    ConnectionFailed,
    FieldError,
    UnexpectedAnswer,
)
from aia.client.worker.errors import WorkerError
from aia_mas.interfaces.cli.exit_codes import Exit
from aia_mas.interfaces.cli.failure import Failure


def explained(error: BaseException) -> Failure | None:
    """Return what an error of the client means; None: it is none."""
    if not isinstance(error, ClientError | WorkerError):
        return None
    text = " ".join(str(error).split())
    if isinstance(error, ApiError):
        told = error.errors if len(error.errors) > 1 else ()
        message = f"the server refused it: {error.code}: {error.detail or error.title}"
        return Failure(message, _code(error), tuple(map(_mistake, told)))
    if isinstance(error, ConnectionFailed):
        text = f"the server cannot be reached: {text}"
    return Failure(text, _code(error))


def _code(error: BaseException) -> Exit:
    unreachable = isinstance(error, ConnectionFailed | UnexpectedAnswer)
    return Exit.UNREACHABLE if unreachable else Exit.REFUSED


def _mistake(error: FieldError) -> str:
    where = f"{error.field}: " if error.field and error.field not in error.message else ""
    return f"{error.code}: {where}{error.message}"
