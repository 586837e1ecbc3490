"""Write the Python client from the OpenAPI document, and its synchronous half from the other one.

    python .ci/client/generate.py [--check]

`--check` writes nothing, and fails when a file is not what would be written. What is written by
hand is left alone: in `aia/client` all but the folders `types` (beside `base.py` and `live.py`),
`asynchronous/operations` and `synchronous`.
"""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import msgspec
from methods import Method, with_examples
from operation import Operation
from shapes import Shapes

from aia_mas.interfaces.http.app import CONTROLLERS
from aia_mas.interfaces.http.openapi import document
from aia_mas.interfaces.http.openapi_fields import describe
from aia_mas.projections.agent_view import ToldAgent
from aia_mas.projections.economy.proposal_items import ToldProposal
from aia_mas.projections.told_task import ToldTask

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / "aia" / "client"
RUFF = Path(sys.executable).parent / "ruff"
# By its path: the package itself cannot be imported before it is written.
_table = runpy.run_path(str(CLIENT / "operations.py"))
GROUPS, BY_HAND, methods = _table["GROUPS"], _table["BY_HAND"], _table["methods"]
SNAPSHOTS = (ToldTask, ToldAgent, ToldProposal)
"""What the pages of a snapshot list: it stands in the document of the sockets."""
WRITTEN = "# Written by `make client` from the OpenAPI document; changes are lost.\n"
TRANSLATED = "# Written by `make client` from its asynchronous twin; changes are lost.\n"
SPLIT = {"agents", "economy"}
"""Groups whose answers are too much for one module."""
TYPING = {"Any", "Literal"}
ABSTRACT = {"AsyncIterator", "Mapping", "Sequence"}
WRITING = {
    "UNSET", "Amount", "Revisions", "UnsetType", "changed", "conditions", "exact", "given",
    "segment", "stream_segment",
}  # fmt: skip

TO_SYNC = (
    (r"\basync (def|with|for)\b", r"\1"),
    (r"\bawait ", ""),
    (r"\banyio\.sleep\b", "time.sleep"),
    (r"\bimport anyio\n", ""),
    (r"\bAsyncBaseTransport\b", "BaseTransport"),
    (r"\bAsyncIterator\b", "Iterator"),
    (r"\bAsyncGenerator\[(\w+), None\]", r"Generator[\1, None, None]"),
    (r"\bAsyncGenerator\b", "Generator"),
    (r"\bAsync([A-Z]\w*)", r"\1"),
    (r"\basynchronous\b", "synchronous"),
    (r"\b__a(enter|exit|iter|next)__\b", r"__\1__"),
    (r"\ba(close|closing|iter_bytes|read)\b", r"\1"),
    (r"for (\w+) in ([\w.]+):\n +yield \1\n", r"yield from \2\n"),
    (r"\banext\b", "next"),
    (r"\bStopAsyncIteration\b", "StopIteration"),
)
"""What makes a synchronous module of an asynchronous one."""


def main() -> int:
    """Write the files, or compare them."""
    made = document(CONTROLLERS)
    made["components"]["schemas"].update(schemas_of(SNAPSHOTS))
    files = dict(written(json.loads(msgspec.json.encode(made))))
    files = with_examples(files, RUFF)
    by_hand = {
        path.relative_to(CLIENT).as_posix(): path.read_text()
        for path in (CLIENT / "asynchronous").glob("*.py")
    }
    for name, text in [*by_hand.items(), *files.items()]:
        if name.startswith("asynchronous/"):
            files[name.replace("asynchronous/", "synchronous/", 1)] = translated(text)
    files = formatted(files)
    checking = sys.argv[1:] == ["--check"]
    folders = ("types", "asynchronous/operations", "synchronous", "synchronous/operations")
    present = {
        path.relative_to(CLIENT).as_posix()
        for folder in folders
        for path in (CLIENT / folder).glob("*.py")
    } - {"types/base.py", "types/live.py"}
    wrong = sorted(present - files.keys())
    for name, text in files.items():
        path = CLIENT / name
        if not path.exists() or path.read_text() != text:
            wrong.append(name)
            if not checking:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
    if checking and wrong:
        print("not as `make client` writes it:", *wrong, sep="\n  ")
        return 1
    for name in present - files.keys():
        (CLIENT / name).unlink(missing_ok=checking)
    return 0


def written(made: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the files that come from a document: where in the client, and what stands in it."""
    operations = {
        raw["operationId"]: Operation(raw["operationId"], method, path, raw)
        for path, item in made["paths"].items()
        for method, raw in item.items()
    }
    known = methods()
    if operations.keys() != known.keys():
        missing, gone = operations.keys() - known.keys(), known.keys() - operations.keys()
        raise SystemExit(f"aia/client/operations.py: missing {missing or '-'}, gone {gone or '-'}")
    shapes = Shapes(made["components"]["schemas"])
    for name, operation in operations.items():
        if name in BY_HAND:
            continue
        if operation.answer is not None:
            shapes.answer(operation.answer)
        if operation.body is not None:
            body = shapes.schemas[operation.body["$ref"].rpartition("/")[2]]
            for field in body.get("properties", {}).values():
                shapes.send(field)
        for parameter in operation.parameters:
            shapes.send(parameter["schema"])
    titles = {title for classes in GROUPS.values() for title in classes}
    if titles & shapes.schemas.keys():
        raise SystemExit(f"classes that are called like schemas: {titles & shapes.schemas.keys()}")
    homes = dict(homes_of(shapes, operations))
    yield from types(shapes, homes)
    for group, classes in GROUPS.items():
        for title, named in classes.items():
            name = f"asynchronous/operations/{module_of(title)}.py"
            yield name, group_source(group, title, named, operations, shapes)
    name = "asynchronous/operations/__init__.py"
    yield name, f'{WRITTEN}"""The operations of the API, as methods."""\n'


def schemas_of(kinds: Sequence[type[msgspec.Struct]]) -> dict[str, Any]:
    """Return the schemas of Structs that the document does not have."""
    structs: dict[str, type[msgspec.Struct]] = {}

    def walk(kind: Any) -> None:
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            structs[kind.__name__] = kind
            for field in msgspec.structs.fields(kind):
                walk(field.type)
        for option in get_args(kind):
            walk(option)

    for kind in kinds:
        walk(kind)
    template = "#/components/schemas/{name}"
    _, schemas = msgspec.json.schema_components(list(structs.values()), ref_template=template)
    for name, struct in structs.items():
        describe(schemas[name], struct)
    return schemas


def module_of(title: str) -> str:
    """Return the name of the module of a class."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", title).lower()


def homes_of(shapes: Shapes, operations: Mapping[str, Operation]) -> Iterator[tuple[str, str]]:
    """Yield the module of every Struct that is answered: that of who alone uses it."""
    users: dict[str, set[tuple[str, str]]] = {}
    for kind in SNAPSHOTS:
        told = Shapes(shapes.schemas)
        told.answer({"$ref": f"#/components/schemas/{kind.__name__}"})
        for name in told.answered:
            users.setdefault(name, set()).add(("snapshots", "Snapshots"))
    for group, classes in GROUPS.items():
        for title, named in classes.items():
            for operation in named.values():
                answer = operations[operation].answer
                if answer is not None:
                    used = Shapes(shapes.schemas)
                    used.answer(answer)
                    for name in used.answered:
                        users.setdefault(name, set()).add((group, title))
    for name, places in users.items():
        groups = {group for group, _ in places}
        (group, title), *others = places
        if len(groups) > 1:
            yield name, "shared"
        else:
            yield name, module_of(title) if group in SPLIT and not others else group


def types(shapes: Shapes, homes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the modules of what is sent and answered."""
    modules: dict[str, list[str]] = {}
    for name in shapes.schemas:
        if name in homes and "properties" in shapes.schemas[name]:
            modules.setdefault(homes[name], []).append(name)
    exported: dict[str, list[str]] = {
        "base": ["Answer", "Done", "Received"],
        "live": (
            "AgentSnapshot AgentUpdate EconomicUpdate Fact MetricsUpdate ProposalSnapshot"
            " ProposalUpdate TaskSnapshot TaskUpdate Topic Update"
        ).split(),
        "requests": [],
    }
    for module, names in modules.items():
        sources = [shapes.struct(name, sent=False) for name in ordered(names, shapes)]
        words = module.replace("_", " ")
        where = "in several places" if module == "shared" else f"about {words}"
        head = f'"""What is answered {where}."""'
        text = with_imports(head, sources, homes, module)
        yield f"types/{module}.py", text
        exported[module] = names
    words = [f"{name}: TypeAlias = {choice}" for name, choice in shapes.enumerations()]
    sent = [name for name in shapes.schemas if name in shapes.sent]
    structs = [name for name in sent if "properties" in shapes.schemas[name]]
    sources = ["\n".join(words)]
    sources += [shapes.struct(name, sent=True) for name in ordered(structs, shapes)]
    text = with_imports('"""What requests are made of."""', sources, {}, "requests")
    yield "types/requests.py", text
    exported["requests"] = [*structs, *(name for name, _ in shapes.enumerations())]
    lines = [
        f"from aia.client.types.{module} import {', '.join(sorted(names))}"
        for module, names in sorted(exported.items())
        if names
    ]
    every = ", ".join(f'"{name}"' for name in sorted({n for ns in exported.values() for n in ns}))
    text = f'"""What is sent and answered."""\n\n{chr(10).join(lines)}\n\n__all__ = [{every}]\n'
    yield "types/__init__.py", WRITTEN + text


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


def group_source(
    group: str,
    title: str,
    named: Mapping[str, str],
    operations: Mapping[str, Operation],
    shapes: Shapes,
) -> str:
    """Return the module of a class of operations."""
    texts = []
    for name, operation in named.items():
        method = Method(name, operations[operation], shapes)
        method.group = group
        texts.append(method.source())
    body = "\n".join(texts)
    used = set(re.findall(r"\b[A-Za-z_]\w*\b", re.sub(r'"""(?:.|\n)*?"""', "", body)))
    known = {"Done"} | (shapes.answered | shapes.sent)
    what = re.sub(r"(?<!^)(?=[A-Z])", " ", title).lower()
    lines = [f'"""Operations of the API: {what}."""', "", "from __future__ import annotations", ""]
    if used & ABSTRACT:
        lines.append(f"from collections.abc import {', '.join(sorted(used & ABSTRACT))}")
    if "datetime" in used:
        lines.append("from datetime import datetime")
    if used & TYPING:
        lines.append(f"from typing import {', '.join(sorted(used & TYPING))}")
    lines += ["", "from aia.client.asynchronous.group import AsyncGroup"]
    if used & known:
        lines.append(f"from aia.client.types import {', '.join(sorted(used & known))}")
    if used & WRITING:
        lines.append(f"from aia.client.writing import {', '.join(sorted(used & WRITING))}")
    lines += ["", "", f"class Async{title}(AsyncGroup):", f'    """Methods of `client.{group}`."""']
    return WRITTEN + "\n".join(lines) + f"\n\n{body}"


def translated(text: str) -> str:
    """Return the synchronous twin of an asynchronous module."""
    text = text.removeprefix(WRITTEN)
    for pattern, replacement in TO_SYNC:
        text = re.sub(pattern, replacement, text)
    return TRANSLATED + text


def formatted(files: Mapping[str, str]) -> dict[str, str]:
    """Return files as ruff formats them, with what they import and no more."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        config = ["--quiet", "--no-cache", "--config", str(ROOT / "pyproject.toml"), folder]
        fix = ["check", "--select", "I,F401", "--fix-only"]
        for command in (fix, ["format"]):
            subprocess.run([str(RUFF), *command, *config], check=True)
        return {name: Path(folder, name).read_text() for name in files}


if __name__ == "__main__":
    sys.exit(main())
