"""What a worker's functions get, and what becomes of what they return and raise."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from aia.client import Context, Fail, Result, ThreadContext, Usage, Worker

from .at_work import API, agent_of, done, events, submit, until, working


class Rows(msgspec.Struct):
    rows: list[int]


@dataclass
class Named:
    name: str
    size: int = 1


@pytest.fixture(scope="module")
def node(start_for_module: Callable[..., Any]) -> Any:
    return start_for_module()


@pytest.fixture(scope="module")
def runs(node: Any) -> Iterator[Callable[..., dict[str, Any]]]:
    """Runs a task of a type to its end, on a worker with all kinds of handlers."""
    worker = Worker("everything", skills=["everything"], url=node.url, concurrency=4)
    let_go = threading.Event()

    @worker.task("coroutine")
    async def coroutine(ctx: Context, payload: Any) -> Any:
        return {"payload": payload, "type": ctx.task.task_type, "attempt": ctx.attempt}

    @worker.task("thread")
    def thread(ctx: ThreadContext, payload: Any) -> Any:
        return {"payload": payload, "thread": threading.current_thread().daemon}

    @worker.task("struct")
    async def struct(ctx: Context, payload: Rows) -> int:
        return sum(payload.rows)

    @worker.task("dataclass")
    def with_dataclass(ctx: ThreadContext, payload: Named) -> Named:
        return Named(payload.name.upper(), payload.size + 1)

    @worker.task("measured")
    async def measured(ctx: Context, payload: Any) -> Result:
        usage = Usage(model="small", tokens_in=7, tokens_out=2, cost=Decimal("0.50"))
        return Result({"ok": True}, quality=0.75, usage=usage)

    @worker.task("gives_up")
    async def gives_up(ctx: Context, payload: bool) -> None:
        raise Fail("no_such_file", "It is not there", retryable=payload)

    @worker.task("breaks")
    def breaks(ctx: ThreadContext, payload: Any) -> None:
        raise ZeroDivisionError("by nought " + "x" * 10_000)

    @worker.task("exits")
    async def exits(ctx: Context, payload: Any) -> None:
        raise SystemExit(3)

    @worker.task("no_json")
    async def no_json(ctx: Context, payload: Any) -> Any:
        return object()

    @worker.task("huge")
    async def huge(ctx: Context, payload: Any) -> str:
        return "x" * 5_000_000

    @worker.task("deep")
    async def deep(ctx: Context, payload: Any) -> Any:
        nested: Any = 1
        for _ in range(100):
            nested = [nested]
        return nested

    @worker.task("tells")
    async def tells(ctx: Context, payload: Any) -> str:
        for number in range(250):
            ctx.log(f"line {number}")
        await ctx.progress(40, "well under way\0", partial={"so": "far"})
        ctx.log("last words\nin two lines")
        return "told"

    @worker.task("tells_nonsense")
    def tells_nonsense(ctx: ThreadContext, payload: Any) -> list[str]:
        said = []
        nonsense: list[dict[str, Any]] = [
            {"percent": 101},
            {"partial": "x" * 70_000},
            {"partial": object()},
        ]
        for told in nonsense:
            with pytest.raises(ValueError, match=r"percent|partial") as error:
                ctx.progress(**told)
            said.append(str(error.value).split()[0])
        return said

    @worker.task("waits")
    def waits(ctx: ThreadContext, payload: Any) -> str:
        ctx.progress(percent=1)
        assert let_go.wait(60)
        return "over"

    def run(task_type: str, payload: Any = None, **more: Any) -> dict[str, Any]:
        more = {"retry": {"max_attempts": 1}, **more}
        return done(node, submit(node, "everything", task_type, payload=payload, **more))

    run.let_go = let_go  # type: ignore[attr-defined]
    with working(worker):
        yield run


def test_functions_of_both_kinds_do_tasks(runs: Any) -> None:
    task = runs("coroutine", {"x": [1, 2]})
    assert (task["status"], task["result"]) == (
        "completed",
        {"payload": {"x": [1, 2]}, "type": "coroutine", "attempt": 1},
    )
    task = runs("thread", "text")
    assert (task["status"], task["result"]) == ("completed", {"payload": "text", "thread": True})


def test_payloads_come_as_annotated(runs: Any) -> None:
    assert runs("struct", {"rows": [1, 2, 3]})["result"] == 6
    assert runs("dataclass", {"name": "ada"})["result"] == {"name": "ADA", "size": 2}


@pytest.mark.parametrize("payload", [None, [], {"rows": ["one"]}, {"row": [1]}])
def test_a_payload_that_does_not_fit_is_no_use_to_try_again(runs: Any, payload: Any) -> None:
    task = runs("struct", payload, retry={"max_attempts": 3})
    assert task["status"] == "failed"
    assert (task["error"]["code"], task["error"]["retryable"]) == ("invalid_payload", False)


def test_quality_and_usage_go_with_a_result(runs: Any) -> None:
    task = runs("measured")
    assert (task["result"], task["quality"]) == ({"ok": True}, 0.75)
    assert task["usage"] == {"model": "small", "tokens_in": 7, "tokens_out": 2, "cost": "0.5"}


@pytest.mark.parametrize(("retryable", "status"), [(True, "dead"), (False, "failed")])
def test_a_handler_may_give_up(runs: Any, retryable: bool, status: str) -> None:
    task = runs("gives_up", retryable)
    assert task["status"] == status
    assert (task["error"]["code"], task["error"]["message"], task["error"]["retryable"]) == (
        "no_such_file",
        "It is not there",
        retryable,
    )


def test_an_exception_is_told_by_name_and_message_and_may_be_tried_again(runs: Any) -> None:
    error = runs("breaks")["error"]
    assert (error["code"], error["retryable"]) == ("ZeroDivisionError", True)
    assert error["message"].startswith("by nought x")
    assert len(error["message"]) <= 2_000
    assert "Traceback" not in error["message"]
    assert "test_handlers" not in error["message"]


def test_a_handler_that_exits_does_not_end_the_worker(runs: Any) -> None:
    assert runs("exits")["error"]["code"] == "SystemExit"
    assert runs("coroutine")["status"] == "completed"


@pytest.mark.parametrize(
    ("task_type", "code"),
    [
        ("no_json", "unserializable_result"),
        ("huge", "result_too_large"),
        ("deep", "invalid_value"),
        ("unheard_of", "no_handler"),
    ],
)
def test_what_cannot_be_delivered_fails_and_says_why(runs: Any, task_type: str, code: str) -> None:
    task = runs(task_type)
    assert task["status"] == "failed"
    assert (task["error"]["code"], task["error"]["retryable"]) == (code, False)
    assert task["error"]["message"]


def test_progress_and_log_stand_with_the_task_before_it_ends(node: Any, runs: Any) -> None:
    task = runs("tells")
    assert task["progress"]["percent"] == 40
    assert task["progress"]["message"] == "well under way\ufffd"
    assert task["progress"]["partial"] == {"so": "far"}
    told = events(node, task["task_id"])
    # 252 lines, at most a hundred with each report.
    assert told.count("task.progressed") == 3
    assert told[-1] == "task.completed"
    assert task["progress"]["log"][-2:] == ["last words", "in two lines"]


def test_progress_that_would_be_refused_is_refused_at_once(runs: Any) -> None:
    assert runs("tells_nonsense")["result"] == ["percent", "partial", "partial"]


def test_a_worker_has_as_many_tasks_at_once_as_it_says(node: Any, runs: Any) -> None:
    ids = [submit(node, "everything", "waits") for _ in range(6)]
    for task_id in ids[:4]:
        until(node, task_id, "running")
    agent = agent_of(node, "everything")
    assert (agent["active_tasks"], agent["max_concurrent_tasks"]) == (4, 4)
    assert sorted(agent["specializations"])[:2] == ["breaks", "coroutine"]
    runs.let_go.set()
    assert {done(node, task_id)["status"] for task_id in ids} == {"completed"}


def test_one_handler_takes_what_no_other_does(node: Any, unique: str) -> None:
    worker = Worker(unique, skills={unique: 0.5}, url=node.url)

    @worker.default
    async def whatever(ctx: Context, payload: Any) -> str:
        return f"a {ctx.task.task_type}"

    with working(worker):
        assert done(node, submit(node, unique, "surprise"))["result"] == "a surprise"


def test_a_question_waits_for_its_answer(node: Any, unique: str) -> None:
    worker = Worker(unique, skills=[unique], url=node.url, concurrency=2)

    @worker.task("async")
    async def asks(ctx: Context, payload: Any) -> list[Any]:
        first = await ctx.ask("Which column?", choices=["a", "b"])
        return [first, await ctx.ask("How many?", schema={"type": "integer"})]

    @worker.task("thread")
    def asks_too(ctx: ThreadContext, payload: Any) -> Any:
        return ctx.ask("And you?")

    with working(worker):
        task_id, other = submit(node, unique, "async"), submit(node, unique, "thread")
        for task, answer in ((task_id, "b"), (other, {"x": None}), (task_id, 7)):
            until(node, task, "input_required")
            given = node.client.post(f"{API}/agents/tasks/{task}/input", json={"answer": answer})
            assert given.status_code == 200, given.text
        assert done(node, task_id)["result"] == ["b", 7]
        assert done(node, other)["result"] == {"x": None}


def test_a_question_that_cannot_be_asked_fails_the_attempt(node: Any, unique: str) -> None:
    worker = Worker(unique, skills=[unique], url=node.url)

    @worker.task("work")
    async def asks(ctx: Context, payload: Any) -> Any:
        return await ctx.ask("What?", schema={"type": "no type"})

    with working(worker):
        error = done(node, submit(node, unique))["error"]
    assert (error["code"], error["retryable"]) == ("invalid_schema", False)
