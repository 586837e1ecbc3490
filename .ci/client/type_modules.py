"""The modules of what is sent and answered: which Struct stands where, and their sources."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping

from operation import Operation
from shapes import Shapes

Groups = Mapping[str, Mapping[str, Mapping[str, str]]]
"""Group of the client -> class -> method -> operation."""

WRITTEN = "# Written by `make client` from the OpenAPI document; changes are lost.\n"
SPLIT = {"agents", "economy", "messages", "metrics"}
"""Groups whose answers are too much for one module."""
ECONOMIC = {"economy", "budgets", "incentives", "governance"}
WORK = {"agents", "tasks"}
BULK = {"AgentSupervision", "TaskBulkCare"}
"""Classes with orders about many agents or tasks at once."""
TYPING = {"Any", "Literal"}
ABSTRACT = {"AsyncIterator", "Mapping", "Sequence"}


def module_of(title: str) -> str:
    """Return the name of the module of a class."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", title).lower()


def homes_of(
    shapes: Shapes, operations: Mapping[str, Operation], groups: Groups, told: Iterable[str]
) -> Iterator[tuple[str, str]]:
    """Yield the module of every Struct that is answered: that of who alone uses it.

    Args:
        shapes: All schemas.
        operations: By their ids.
        groups: Which class has which operation.
        told: What live streams list.
    """
    users: dict[str, set[tuple[str, str]]] = {}
    for kind in told:
        listed = Shapes(shapes.schemas)
        listed.answer({"$ref": f"#/components/schemas/{kind}"})
        for name in listed.answered:
            users.setdefault(name, set()).add(("snapshots", "Snapshots"))
    for group, title, operation in _each(operations, groups):
        if operation.answer is not None:
            used = Shapes(shapes.schemas)
            used.answer(operation.answer)
            for name in used.answered:
                users.setdefault(name, set()).add((group, title))
    for name, places in users.items():
        # Live streams list what can be read as well; what they alone tell is theirs.
        places = {place for place in places if place[0] != "snapshots"} or places
        of = {group for group, _ in places}
        (group, title), *others = places
        if {title for _, title in places} == BULK:
            yield name, "bulk_orders"
        elif len(of) > 1:
            names = {"economy_shared": ECONOMIC, "work": WORK}
            yield name, next((home for home, some in names.items() if of <= some), "shared")
        else:
            yield name, module_of(title) if group in SPLIT and not others else group


def request_homes_of(
    shapes: Shapes, operations: Mapping[str, Operation], groups: Groups
) -> Iterator[tuple[str, str]]:
    """Yield the module of every Struct that is sent: that of the group which alone sends it."""
    users: dict[str, set[str]] = {}
    for group, _, operation in _each(operations, groups):
        used = Shapes(shapes.schemas)
        for schema in operation.sent(shapes.schemas):
            used.send(schema)
        for name in used.sent:
            users.setdefault(name, set()).add(group)
    for name, of in users.items():
        yield name, f"{next(iter(of))}_requests" if len(of) == 1 else "requests"


def _each(
    operations: Mapping[str, Operation], groups: Groups
) -> Iterator[tuple[str, str, Operation]]:
    for group, classes in groups.items():
        for title, named in classes.items():
            for operation in named.values():
                yield group, title, operations[operation]


def types(
    shapes: Shapes, homes: Mapping[str, str], requests: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Yield the modules of what is sent and answered (``requests``: the homes of what is sent)."""
    exported: dict[str, list[str]] = {
        "base": ["Answer", "Done", "Received"],
        "live": (
            "AgentSnapshot AgentUpdate BudgetSnapshot BudgetUpdate DeliveryUpdate"
            " EconomicUpdate Fact MessageUpdate MetricsUpdate ProposalSnapshot ProposalUpdate"
            " TaskSnapshot TaskUpdate Topic Update"
        ).split(),
        "requests": [name for name, _ in shapes.enumerations()],
    }
    for module, names in _by_module(shapes, homes, homes).items():
        sources = [shapes.struct(name, sent=False) for name in ordered(names, shapes)]
        words = module.replace("_", " ")
        where = "in several places" if module == "shared" else f"about {words}"
        head = f'"""What is answered {where}."""'
        yield f"types/{module}.py", with_imports(head, sources, homes, module)
        exported[module] = names
    every = dict(requests) | {name: "requests" for name, _ in shapes.enumerations()}
    for module, names in ({"requests": []} | _by_module(shapes, requests, shapes.sent)).items():
        sources = [shapes.struct(name, sent=True) for name in ordered(names, shapes)]
        if module == "requests":
            words = [f"{name}: TypeAlias = {choice}" for name, choice in shapes.enumerations()]
            sources.insert(0, "\n".join(words))
        of = module.removesuffix("requests").replace("_", " ").strip()
        head = f'"""What requests {f"about {of} " if of else ""}are made of."""'
        yield f"types/{module}.py", with_imports(head, sources, every, module)
        exported.setdefault(module, []).extend(names)
    lines = [
        f"from aia.client.types.{module} import {', '.join(f'{n} as {n}' for n in sorted(names))}"
        for module, names in sorted(exported.items())
        if names
    ]
    text = f'"""What is sent and answered."""\n\n{chr(10).join(lines)}\n'
    yield "types/__init__.py", WRITTEN + text


def _by_module(
    shapes: Shapes, homes: Mapping[str, str], wanted: Container[str]
) -> dict[str, list[str]]:
    modules: dict[str, list[str]] = {}
    for name in shapes.schemas:
        if name in homes and name in wanted and "properties" in shapes.schemas[name]:
            modules.setdefault(homes[name], []).append(name)
    return modules


def ordered(names: list[str], shapes: Shapes) -> list[str]:
    """Return names so that what is used stands before its users, as far as that goes."""
    result: list[str] = []

    def place(name: str) -> None:
        if name in result or name not in names:
            return
        found = Shapes(shapes.schemas)
        found.send({"anyOf": list(shapes.schemas[name].get("properties", {}).values())})
        for other in shapes.schemas:
            if other in found.sent and other != name:
                place(other)
        result.append(name)

    for name in names:
        place(name)
    return result


def with_imports(head: str, sources: list[str], homes: Mapping[str, str], module: str) -> str:
    """Return a module of Structs."""
    body = "\n\n".join(sources)
    used = set(re.findall(r"\b[A-Za-z_]\w*\b", re.sub(r'"""(?:.|\n)*?"""', "", body)))
    lines = [head, "", "from __future__ import annotations", ""]
    if used & {"Mapping", "Sequence"}:
        lines.append(f"from collections.abc import {', '.join(sorted(used & ABSTRACT))}")
    if "datetime" in used:
        lines.append("from datetime import datetime")
    names = used & {*TYPING, "TypeAlias"}
    if names:
        lines.append(f"from typing import {', '.join(sorted(names))}")
    lines += ["", "import msgspec", ""]
    if "Answer" in used:
        lines.append("from aia.client.types.base import Answer")
    for name in sorted(used & homes.keys()):
        if homes[name] != module:
            lines.append(f"from aia.client.types.{homes[name]} import {name}")
    if "Amount" in used:
        lines.append("from aia.client.writing import Amount, exact")
    return WRITTEN + "\n".join(lines) + f"\n\n{body}\n"
