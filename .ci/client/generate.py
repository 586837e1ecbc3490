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
from methods import Method
from operation import Operation
from shapes import Shapes
from type_modules import ABSTRACT, TYPING, WRITTEN, homes_of, module_of, request_homes_of, types

from aia_mas.interfaces.http.app import CONTROLLERS
from aia_mas.interfaces.http.openapi import document
from aia_mas.interfaces.http.openapi_fields import describe
from aia_mas.projections.agent_view import ToldAgent
from aia_mas.projections.economy.budget_items import ToldBudget
from aia_mas.projections.economy.proposal_items import ToldProposal
from aia_mas.projections.told_task import ToldTask
from examples import with_examples

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / "aia" / "client"
RUFF = Path(sys.executable).parent / "ruff"
# By its path: the package itself cannot be imported before it is written.
_table = runpy.run_path(str(CLIENT / "operations.py"))
GROUPS, BY_HAND, methods = _table["GROUPS"], _table["BY_HAND"], _table["methods"]
SNAPSHOTS = (ToldTask, ToldAgent, ToldProposal, ToldBudget)
"""What the pages of a snapshot list: it stands in the document of the sockets."""
TRANSLATED = "# Written by `make client` from its asynchronous twin; changes are lost.\n"
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
        for schema in operation.sent(shapes.schemas):
            shapes.send(schema)
    titles = {title for classes in GROUPS.values() for title in classes}
    if titles & shapes.schemas.keys():
        raise SystemExit(f"classes that are called like schemas: {titles & shapes.schemas.keys()}")
    told = [kind.__name__ for kind in SNAPSHOTS]
    homes = dict(homes_of(shapes, operations, GROUPS, told))
    yield from types(shapes, homes, dict(request_homes_of(shapes, operations, GROUPS)))
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
