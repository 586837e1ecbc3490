"""Functions that do tasks: how they are called, and what they make of a payload."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

import msgspec

Handler = Callable[[Any, Any], Any]
"""Gets a context and the payload, and returns the result; a function or a coroutine function."""


class Work(NamedTuple):
    """A function as it is called.

    Attributes:
        function: The function.
        threaded: It is no coroutine function, and runs in a thread.
        payload: Reads what its second parameter is annotated as; without an annotation, any JSON.
    """

    function: Handler
    threaded: bool
    payload: msgspec.json.Decoder[Any]

    def read(self, payload: Any) -> Any:
        """Return a payload as the function takes it.

        Raises:
            Failed: It is not what the function takes.
        """
        try:
            return self.payload.decode(msgspec.json.encode(payload))
        except msgspec.MsgspecError as error:
            raise Failed("invalid_payload", str(error)) from None


class Failed(Exception):
    """A task that cannot be done, whoever tries."""

    retryable = False

    def __init__(self, code: str, message: str) -> None:
        """Say why (``code``: for programs, ``message``: for people)."""
        super().__init__(message)
        self.code = code
        self.message = message


def work_of(function: Handler) -> Work:
    """Return a function as it is called.

    Raises:
        TypeError: It does not take a context and a payload, or its payload cannot be read from JSON
            as annotated.
    """
    try:
        bound = inspect.signature(function).bind(None, None)
    except TypeError:
        raise TypeError(f"{function!r} must take a context and a payload") from None
    parameters = list(bound.signature.parameters.values())
    annotated = parameters[1].annotation if len(parameters) > 1 else inspect.Parameter.empty
    wanted = Any if annotated is inspect.Parameter.empty else _evaluated(annotated, function)
    try:
        decoder = msgspec.json.Decoder(wanted)
    except TypeError as error:
        raise TypeError(f"the payload of {function!r} cannot be read: {error}") from None
    return Work(function, not inspect.iscoroutinefunction(function), decoder)


def _evaluated(annotated: Any, function: Handler) -> Any:
    """Return an annotation, which may be a text, and no other one of the function's."""
    holder = SimpleNamespace(__annotations__={"payload": annotated})
    names = getattr(inspect.unwrap(function), "__globals__", {})
    try:
        return typing.get_type_hints(holder, names, include_extras=True)["payload"]
    except NameError as error:
        raise TypeError(f"the payload of {function!r} cannot be read: {error}") from None
