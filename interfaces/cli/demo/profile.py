"""What a simulated fleet is like: how many agents, which tasks, how quick, how reliable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from aia_mas.interfaces.cli.bad_files import BadFiles
from aia_mas.interfaces.cli.yaml_documents import BadYaml, read_documents

MOST_AGENTS = 500
MOST_RATE = 500.0


class Bounds(NamedTuple):
    """The shortest and the longest time that something takes, seconds."""

    low: float
    high: float


class TaskType(NamedTuple):
    """One kind of work.

    Attributes:
        name: Its name, and that of the skill it takes.
        share: How much of all tasks it makes up, against the others.
        latency: How long its attempts take.
        failures: The share of its attempts that fail, 0..1.
        priority: Its class.
    """

    name: str
    share: float
    latency: Bounds
    failures: float
    priority: str


class Profile(NamedTuple):
    """A simulated fleet.

    Attributes:
        agents: How many.
        rate: Tasks submitted a second.
        task_types: What they are.
        seed: What chance is drawn from.
    """

    agents: int
    rate: float
    task_types: tuple[TaskType, ...]
    seed: int


class _TypeFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    share: float = 1.0
    latency: str | float | None = None
    failures: float | None = None
    priority: str = "normal"


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    agents: int = 12
    rate: float = 4.0
    latency: str | float = "0.3-2"
    failures: float = 0.05
    seed: int = 1
    task_types: dict[str, _TypeFile | None] = msgspec.field(default_factory=lambda: {**_TYPES})


_TYPES: Mapping[str, _TypeFile] = {
    "data_analysis": _TypeFile(4.0, "0.5-3"),
    "report": _TypeFile(3.0, priority="low"),
    "web_research": _TypeFile(2.0, "1-5"),
    "translation": _TypeFile(2.0, "0.2-1"),
    "code_review": _TypeFile(1.0, "1-4", 0.15, "high"),
}
_PRIORITIES = ("critical", "high", "normal", "low", "maintenance")


def profile_of(source: str | None, content: bytes, given: Mapping[str, Any]) -> Profile:
    """Return a profile.

    Args:
        source: What its file is called; None: there is none.
        content: What stands in it.
        given: What the command line says, which goes first; ``task_types`` are names.

    Raises:
        BadFiles: There is something wrong with the file or with what was given.
    """
    from aia_mas.interfaces.http.bodies import decode
    from aia_mas.interfaces.http.errors import RequestRefused

    where = source or "options"
    value: Any = {}
    document = None
    try:
        for document in read_documents(where, content):
            value = document.value
        if not isinstance(value, dict):
            raise BadYaml(f"{where}: a profile is a mapping")
        merged = {**value, **given}
        if "task_types" in given:
            told = value.get("task_types")
            known = told if isinstance(told, dict) else {}
            merged["task_types"] = {name: known.get(name) for name in given["task_types"]}
        file = decode(msgspec.json.encode(merged), _File)
        profile = _profile(file, given)
    except BadYaml as error:
        raise BadFiles(_CONSEQUENCE, [str(error)]) from None
    except RequestRefused as error:
        mistakes = [
            f"{document.at(document.field((), each.field)) if document else where}: {each.message}"
            for each in error.errors
        ]
        raise BadFiles(_CONSEQUENCE, mistakes or [f"{where}: {error}"]) from None
    except ValueError as error:
        raise BadFiles(_CONSEQUENCE, [f"{where}: {error}"]) from None
    return profile


_CONSEQUENCE = "the demo was not started"


def _profile(file: _File, given: Mapping[str, Any]) -> Profile:
    if not 1 <= file.agents <= MOST_AGENTS:
        raise ValueError(f"agents are between 1 and {MOST_AGENTS}, not {file.agents}")
    if not 0 < file.rate <= MOST_RATE:
        raise ValueError(f"the rate is at most {MOST_RATE:g} tasks a second, not {file.rate:g}")
    if not file.task_types:
        raise ValueError("there are no task types")
    types = []
    for name, own in file.task_types.items():
        said = own or _TypeFile()
        failures, latency = said.failures, said.latency
        if failures is None or "failures" in given:
            failures = file.failures
        if latency is None or "latency" in given:
            latency = file.latency
        if not 0 <= failures <= 1:
            raise ValueError(f"{name}: failures are a share between 0 and 1, not {failures:g}")
        if said.share <= 0:
            raise ValueError(f"{name}: its share must be above 0")
        if said.priority not in _PRIORITIES:
            raise ValueError(f"{name}: priority is one of {', '.join(_PRIORITIES)}")
        types.append(TaskType(name, said.share, bounds_of(latency), failures, said.priority))
    return Profile(file.agents, file.rate, tuple(types), file.seed)


def bounds_of(latency: str | float) -> Bounds:
    """Return the bounds that ``0.5-3`` names, or a single number of seconds.

    Raises:
        ValueError: It names none.
    """
    low, dash, high = str(latency).partition("-")
    try:
        bounds = Bounds(float(low), float(high if dash else low))
    except ValueError:
        bounds = Bounds(1.0, 0.0)
    if not 0 <= bounds.low <= bounds.high <= 3_600:
        raise ValueError(f"a latency is like 0.5-3 (seconds, an hour at most), not {latency!r}")
    return bounds
