"""Write the pinned requirements anew from pyproject.toml, for every supported Python at once.

    python requirements/pin.py [--upgrade]

The resolver (uv) is installed into a folder that is thrown away. Pins that still fit stay as they
are unless `--upgrade` is given.
"""

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent
OLDEST_PYTHON = "3.11"
HEADER = "# Written by `make pins` from pyproject.toml; holds for Python 3.11 and newer.\n"


def main() -> int:
    """Resolve base first, then dev so that it agrees with base."""
    options = sys.argv[1:]
    with tempfile.TemporaryDirectory() as scratch:
        venv.create(scratch, with_pip=True)
        python = f"{scratch}/bin/python"
        subprocess.run([python, "-m", "pip", "install", "--quiet", "uv"], check=True)
        resolve(python, "base.txt", options)
        resolve(python, "dev.txt", ["--extra", "dev", "--constraint", "base.txt", *options])
    return 0


def resolve(python: str, name: str, options: list[str]) -> None:
    """Write one file of pins, keeping those already in it where they still fit."""
    command = [python, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--no-header"]
    command += ["--python-version", OLDEST_PYTHON, "--annotation-style", "line"]
    command += ["--output-file", name, "../pyproject.toml", *options]
    subprocess.run(command, cwd=REQUIREMENTS, check=True)
    target = REQUIREMENTS / name
    target.write_text(HEADER + target.read_text())


if __name__ == "__main__":
    sys.exit(main())
