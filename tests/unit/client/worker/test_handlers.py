"""Functions are taken as handlers when they can be ones, and payloads as they are annotated."""

import functools
from dataclasses import dataclass
from typing import Any, TypedDict

import msgspec
import pytest

from aia.client import Context, Fail, Worker
from aia.client.worker.handlers import Handlers, handler_of


class Row(TypedDict):
    name: str


@dataclass
class Page:
    text: str
    number: int = 1


async def plain(ctx, payload):  # type: ignore[no-untyped-def]
    return payload


async def rows(ctx: Context, payload: list[Row]) -> None: ...


def page(ctx: Any, payload: Page, *, depth: int = 1) -> None: ...


class Callable:
    async def __call__(self, ctx: Context, payload: int) -> int:
        return payload

    def method(self, ctx: Context, payload: int) -> int:
        return payload


def read(function: Any, text: bytes) -> Any:
    return handler_of(function).payload(msgspec.Raw(text))


def test_payloads_are_read_as_annotated() -> None:
    assert read(plain, b'{"a": [1, null]}') == {"a": [1, None]}
    assert read(rows, b'[{"name": "x"}]') == [{"name": "x"}]
    assert read(page, b'{"text": "t"}') == Page("t")
    assert read(Callable(), b"7") == 7
    assert read(functools.partial(page, depth=2), b'{"text": "t", "number": 2}') == Page("t", 2)


@pytest.mark.parametrize("text", [b"{}", b'[{"name": 1}]', b"null"])
def test_what_does_not_fit_is_no_payload(text: bytes) -> None:
    with pytest.raises(Fail) as failed:
        read(rows, text)
    assert (failed.value.code, failed.value.retryable) == ("invalid_payload", False)
    assert failed.value.message


def test_only_what_is_no_coroutine_function_gets_a_thread() -> None:
    threaded = [handler_of(function).threaded for function in (plain, page, Callable())]
    assert threaded == [False, True, False]
    assert handler_of(Callable().method).threaded
    assert handler_of(functools.partial(plain)).threaded is False


def none(ctx: Any) -> None: ...


def three(ctx: Any, payload: Any, more: Any) -> None: ...


def unreadable(ctx: Any, payload: dict[str, int] | dict[str, str]) -> None: ...


def unknown(ctx: Any, payload: "Nothing") -> None: ...  # type: ignore[name-defined]  # noqa: F821


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (none, "none must take a context and a payload"),
        (three, "three must take"),
        (unreadable, "unreadable"),
        (unknown, "Nothing"),
    ],
)
def test_what_can_be_no_handler_is_refused_at_once(function: Any, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        handler_of(function)


def test_each_type_has_one_handler() -> None:
    handlers = Handlers()
    handlers.add("a", plain)
    with pytest.raises(ValueError, match="a has a handler already"):
        handlers.add("a", page)
    with pytest.raises(Fail) as failed:
        handlers.find("b")
    assert (failed.value.code, failed.value.retryable) == ("no_handler", False)
    handlers.add_default(page)
    with pytest.raises(ValueError, match="default"):
        handlers.add_default(plain)
    assert (handlers.find("a").function, handlers.find("b").function) == (plain, page)
    assert handlers.types == ("a",)


@pytest.mark.parametrize(
    "arguments",
    [{"agent_id": ""}, {"agent_id": "a", "concurrency": 0}, {"agent_id": ".."}],
)
def test_a_worker_that_cannot_be_is_refused_at_once(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each says what it is about
        Worker(**arguments)


def test_a_decorator_names_types() -> None:
    with pytest.raises(ValueError, match="types"):
        Worker("a").task()
