"""Functions that block run in a thread of their own, so that the worker's signs of life go on."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from typing import Any

from aia.client.worker.context import ThreadContext


class Thread:
    """A function at work in a thread.

    A daemon thread: a function that never returns does not keep the program from its end.
    """

    def __init__(
        self, function: Callable[[Any, Any], Any], context: ThreadContext, payload: Any
    ) -> None:
        """Prepare a call of a function with a context and a payload."""
        self._call = (function, context, payload)
        self._context = context
        self._loop = asyncio.get_running_loop()
        self._end: asyncio.Future[Any] = self._loop.create_future()

    async def ended(self) -> Any:
        """Run the function, and return what it returns or raise what it raises.

        A thread cannot be cancelled: when this is, the function is told by its context, and its end
        is waited for all the same, because until then it is at work.
        """
        run = contextvars.copy_context().run
        name = f"task {self._context.task.task_id}"
        threading.Thread(target=run, args=(self._live,), name=name, daemon=True).start()
        cancelled: asyncio.CancelledError | None = None
        while not self._end.done():
            try:
                await asyncio.wait({self._end})
            except asyncio.CancelledError as error:
                cancelled = error
                self._context.cancel()
        if cancelled is not None and self._end.exception() is not None:
            raise cancelled
        return self._end.result()

    def _live(self) -> None:
        function, context, payload = self._call
        try:
            result = function(context, payload)
        except BaseException as error:  # noqa: BLE001 - the thread ends here, it is told elsewhere
            self._tell(self._failed, error)
        else:
            self._tell(self._succeeded, result)

    def _tell(self, how: Callable[[Any], None], what: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(how, what)
        except RuntimeError:
            return  # the loop is closed: the worker has ended without it

    def _succeeded(self, result: Any) -> None:
        self._end.set_result(result)

    def _failed(self, error: BaseException) -> None:
        # A future cannot carry StopIteration, and the other two would end the loop.
        if isinstance(error, StopIteration | KeyboardInterrupt | SystemExit):
            error = RuntimeError(f"the handler raised {type(error).__name__}: {error}")
        self._end.set_exception(error)
