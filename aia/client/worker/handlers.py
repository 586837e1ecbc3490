"""The functions that do the work: which one does what, and what they take."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import msgspec

from aia.client.worker.outcomes import Fail

Function = Callable[[Any, Any], Any]
"""A handler: gets a context and a payload, and returns a result; or a coroutine function so."""


class Handler(msgspec.Struct, frozen=True):
    """One function.

    Attributes:
        function: The function.
        threaded: It is no coroutine function, and runs in a thread of its own.
        read: Makes its payload of JSON.
    """

    function: Function
    threaded: bool
    read: Callable[[msgspec.Raw], Any]

    def payload(self, raw: msgspec.Raw) -> Any:
        """Return a payload as the function takes it.

        Raises:
            Fail: It is not what the function takes.
        """
        try:
            return self.read(raw)
        except msgspec.MsgspecError as error:
            raise Fail("invalid_payload", str(error), retryable=False) from None


class Handlers:
    """All functions of one worker."""

    def __init__(self) -> None:
        """Begin without any."""
        self._by_type: dict[str, Handler] = {}
        self._default: Handler | None = None

    @property
    def types(self) -> tuple[str, ...]:
        """The types of tasks that have a function of their own."""
        return tuple(self._by_type)

    def add(self, task_type: str, function: Function) -> None:
        """Have a function do the tasks of a type.

        Raises:
            ValueError: Another one does them already.
            TypeError: It cannot be called with a context and a payload.
        """
        if task_type in self._by_type:
            raise ValueError(f"{task_type} has a handler already")
        self._by_type[task_type] = handler_of(function)

    def add_default(self, function: Function) -> None:
        """Have a function do the tasks that no other function does; it raises as ``add`` does."""
        if self._default is not None:
            raise ValueError("there is a default handler already")
        self._default = handler_of(function)

    def find(self, task_type: str) -> Handler:
        """Return the function for a type.

        Raises:
            Fail: There is none.
        """
        handler = self._by_type.get(task_type, self._default)
        if handler is None:
            raise Fail("no_handler", f"This worker has no handler for {task_type}", retryable=False)
        return handler


def handler_of(function: Function) -> Handler:
    """Return a function with what is to be known about it.

    Raises:
        TypeError: It cannot be called with a context and a payload, or its annotation of the
            payload is nothing that JSON can be read as.
    """
    name = getattr(function, "__qualname__", repr(function))
    try:
        bound = inspect.signature(function).bind(None, None)
    except TypeError:
        raise TypeError(f"{name} must take a context and a payload") from None
    parameters = list(bound.signature.parameters.values())
    asynchronous = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - of an object that can be called
    )
    return Handler(function, not asynchronous, _reader(function, name, parameters))


def _reader(
    function: Function, name: str, parameters: list[inspect.Parameter]
) -> Callable[[msgspec.Raw], Any]:
    if len(parameters) < 2 or parameters[1].annotation is inspect.Parameter.empty:
        return msgspec.json.Decoder(Any).decode
    try:
        wanted = _evaluated(parameters[1].annotation, function)
        return msgspec.json.Decoder(wanted).decode
    except (TypeError, NameError) as error:
        raise TypeError(f"the payload of {name} cannot be read as annotated: {error}") from None


def _evaluated(annotated: Any, function: Function) -> Any:
    """Return an annotation, which may be a text, and no other one of the function's."""
    holder = SimpleNamespace(__annotations__={"payload": annotated})
    names = getattr(inspect.unwrap(function), "__globals__", {})
    return typing.get_type_hints(holder, names, include_extras=True)["payload"]
