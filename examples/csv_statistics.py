r"""A worker that computes statistics over a CSV: the text itself, or a file in a folder of its own.

Start it beside a server (``make run``) and give it something to do::

    .venv/bin/python examples/csv_statistics.py --folder ./data
    curl -X POST http://localhost:8000/mas/api/v1/agents/tasks/submit \
        -H 'Content-Type: application/json' -d '{"task_type": "csv_statistics",
        "requirements": {"skills": ["statistics"]}, "payload": {"csv": "a,b\n1,x\n2,y\n"}}'

``MAS_URL`` and ``MAS_TOKEN`` say where the server is and who the agent is.
"""

import argparse
import csv
import io
import logging
import math
import statistics
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from aia.client import Fail, ThreadContext, Worker

EVERY = 10_000
"""Rows between two reports."""


@dataclass
class Request:
    """What a task asks for.

    Attributes:
        csv: The text, its first line the names of the columns.
        path: Instead of the text: a file in the worker's folder.
        delimiter: What separates the columns; found out when left out.
        columns: Only these; all when left out.
    """

    csv: str | None = None
    path: str | None = None
    delimiter: str | None = None
    columns: list[str] | None = None


class Column:
    """The values of one column."""

    def __init__(self) -> None:
        """Begin without values."""
        self.numbers: list[float] = []
        self.words: Counter[str] = Counter()
        self.missing = 0

    def take(self, text: str | None) -> None:
        """Take the value of one row."""
        if text is None or not text.strip():
            self.missing += 1
            return
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if math.isfinite(number):
            self.numbers.append(number)
        else:
            self.words[text.strip()] += 1

    def summary(self) -> dict[str, Any]:
        """Return what there is to know about them: numbers, unless there are words among them."""
        count = len(self.numbers) + self.words.total()
        known: dict[str, Any] = {"count": count, "missing": self.missing}
        if self.words or not self.numbers:
            words = self.words + Counter(f"{number:g}" for number in self.numbers)
            return known | {"distinct": len(words), "most_common": words.most_common(3)}
        numbers = sorted(self.numbers)
        return known | {
            "min": numbers[0],
            "max": numbers[-1],
            "mean": statistics.fmean(numbers),
            "median": statistics.median(numbers),
            "stdev": statistics.stdev(numbers) if count > 1 else 0.0,
        }


class Statistician:
    """Computes statistics over CSVs (``folder``: where files may be read from)."""

    def __init__(self, folder: Path) -> None:
        """Read files from a folder only."""
        self.folder = folder.resolve()

    def compute(self, ctx: ThreadContext, payload: Request) -> dict[str, Any]:
        """Do one task. It runs in a thread, so it may take its time."""
        with self.opened(payload) as file:
            try:
                return self.over(ctx, payload, file)
            except (csv.Error, UnicodeDecodeError, TypeError) as error:
                raise Fail("no_csv", f"This is no CSV: {error}") from error

    def over(self, ctx: ThreadContext, payload: Request, file: TextIO) -> dict[str, Any]:
        """Return the statistics of a text."""
        delimiter = payload.delimiter or max(",;\t|", key=file.readline().count)
        file.seek(0)
        rows = csv.DictReader(file, delimiter=delimiter)
        names = list(rows.fieldnames or ())
        unknown = sorted(set(payload.columns or ()) - set(names))
        if not names or unknown:
            raise Fail("no_such_column", f"The columns are {names}, not {unknown}")
        columns = {name: Column() for name in payload.columns or names}
        count = 0
        for row in rows:
            for name, column in columns.items():
                column.take(row[name])
            count += 1
            if count % EVERY == 0:
                ctx.progress(message=f"{count} rows")  # also ends the work on a lost task
        ctx.log(f"{count} rows, {len(columns)} columns")
        return {"rows": count, "columns": {name: columns[name].summary() for name in columns}}

    @contextmanager
    def opened(self, payload: Request) -> Iterator[TextIO]:
        """Open what a task names, if it lies in the folder."""
        if (payload.csv is None) == (payload.path is None):
            raise Fail("invalid_payload", "Give either csv or path")
        if payload.csv is not None:
            yield io.StringIO(payload.csv, newline="")
            return
        path = (self.folder / str(payload.path)).resolve()  # follows links: they may lead out
        if not path.is_relative_to(self.folder) or not path.is_file():
            raise Fail("no_such_file", f"There is no file {payload.path} in the folder")
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield file


def main() -> None:
    """Work until Ctrl-C."""
    parser = argparse.ArgumentParser(description="A worker that computes statistics over CSVs.")
    parser.add_argument("--agent-id", default="csv_statistics_001")
    parser.add_argument("--folder", type=Path, default=Path(), help="where files may be read from")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    worker = Worker(arguments.agent_id, skills={"statistics": 0.9}, concurrency=2)
    worker.task("csv_statistics")(Statistician(arguments.folder).compute)
    worker.run()


if __name__ == "__main__":
    main()
