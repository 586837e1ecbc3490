r"""A worker around a graph: what has ``invoke(state)`` or ``ainvoke(state)``, or is a function.

A compiled LangGraph graph is such a thing. Name yours: its tasks come with the state as payload,
and go back with the final state as result::

    .venv/bin/python examples/graph_agent.py --graph my_package.my_module:graph

Without ``--graph`` it runs a small one of its own, which needs no other package::

    .venv/bin/python examples/graph_agent.py
    curl -X POST http://localhost:8000/mas/api/v1/agents/tasks/submit \
        -H 'Content-Type: application/json' -d '{"task_type": "graph",
        "requirements": {"skills": ["graph"]}, "payload": {"number": 6}}'
"""

import argparse
import asyncio
import importlib
import inspect
import logging
from collections.abc import Callable
from typing import Any

from aia.client import Context, Fail, Worker

State = dict[str, Any]
Node = Callable[[State], State]
END = ""


class Graph:
    """A few functions, and which one follows which: ``invoke`` walks from the first to the end.

    As in a graph of LangGraph, each returns what changes of the state.
    """

    def __init__(self, start: str) -> None:
        """Begin at a node."""
        self.start = start
        self.nodes: dict[str, Node] = {}
        self.following: dict[str, Callable[[State], str]] = {}

    def add(self, name: str, node: Node, following: Callable[[State], str]) -> None:
        """Add a node, and what tells the next one by the state."""
        self.nodes[name] = node
        self.following[name] = following

    def invoke(self, state: State) -> State:
        """Walk until the end, and return the state there."""
        name = self.start
        while name != END:
            state = {**state, **self.nodes[name](state), "path": [*state.get("path", []), name]}
            name = self.following[name](state)
        return state


def collatz() -> Graph:
    """Return a graph with a loop and a branch: halve what is even, else treble it and add one."""
    graph = Graph("look")
    graph.add("look", _look, lambda state: END if state["number"] == 1 else state["kind"])
    graph.add("even", lambda state: {"number": state["number"] // 2}, lambda _: "look")
    graph.add("odd", lambda state: {"number": state["number"] * 3 + 1}, lambda _: "look")
    return graph


def _look(state: State) -> State:
    number = state.get("number")
    if not isinstance(number, int) or number < 1:
        raise Fail("invalid_payload", "number is a whole number of 1 or more")
    return {"kind": "odd" if number % 2 else "even"}


def handler_of(graph: Any) -> Callable[[Context, State], Any]:
    """Return a handler that runs a graph, whatever of the three it is."""
    ainvoke = getattr(graph, "ainvoke", None)
    invoke = getattr(graph, "invoke", graph)

    async def run(ctx: Context, payload: State) -> Any:
        await ctx.progress(0, "walking")
        if ainvoke is not None:
            return await ainvoke(payload)
        if inspect.iscoroutinefunction(invoke):
            return await invoke(payload)
        return await asyncio.to_thread(invoke, payload)  # it may block

    return run


def loaded(name: str) -> Any:
    """Import a graph by ``module:name``."""
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute or "graph")


def main() -> None:
    """Work until Ctrl-C."""
    parser = argparse.ArgumentParser(description="A worker around a graph.")
    parser.add_argument("--agent-id", default="graph_001")
    parser.add_argument("--graph", help="module:name of a graph to run instead of the small one")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    graph = loaded(arguments.graph) if arguments.graph else collatz()
    worker = Worker(arguments.agent_id, skills={"graph": 0.8}, concurrency=4)
    worker.task("graph")(handler_of(graph))
    worker.run()


if __name__ == "__main__":
    main()
