"""Bring the virtual environment up to date with the pinned requirements and this project.

Started by `make`, with any Python 3.11 or newer and nothing but the standard library:

    python requirements/install.py [--venv .venv] [--exactly] base|dev

When nothing changed it returns at once. An installation that was interrupted, or whose folder or
Python has moved, is made again from scratch. Two of them at once wait for each other.
"""

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent
ROOT = REQUIREMENTS.parent
STATE_FILE = "aia-mas.json"
ORIGIN = "import sys; print(sys.version_info[:2], sys.base_prefix)"  # what `origin` answers


class InstallError(Exception):
    """Something that a person has to put right; the message says what."""


def main() -> int:
    """Read the command line, install what is missing, and return the exit code."""
    parser = argparse.ArgumentParser(description="Create or update the virtual environment.")
    parser.add_argument("--venv", default=".venv", help="folder of the environment")
    parser.add_argument("--exactly", action="store_true", help="with this Python and no other")
    parser.add_argument("kind", choices=["base", "dev"], help="to run it, or to work on it")
    arguments = parser.parse_args()
    wanted = f"{sys.version_info[:2]} {sys.base_prefix}" if arguments.exactly else None
    try:
        ensure(ROOT / arguments.venv, arguments.kind, wanted)
    except InstallError as error:
        print(f"error: {error}", file=sys.stderr)
    except OSError as error:
        print(f"error: {error.filename or ROOT}: {error.strerror or error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("interrupted; the next run starts the installation anew", file=sys.stderr)
        return 130
    else:
        return 0
    return 1


def ensure(venv: Path, kind: str, wanted: str | None) -> None:
    """Return when `venv` holds the requirements of `kind`, installing them if needed.

    Args:
        venv: Folder of the environment.
        kind: "base" or "dev".
        wanted: The only Python it may be made of, as `origin` names it; None for any.
    """
    if is_current(venv, kind, wanted):
        return
    if not os.access(ROOT, os.W_OK):
        raise InstallError(f"cannot write to {ROOT}; give yourself the permission, or use a copy")
    with exclusive(ROOT / ".venv.lock"):
        # Asked again: another run may have done it while this one waited.
        if not is_current(venv, kind, wanted):
            install(venv, kind, wanted)


def is_current(venv: Path, kind: str, wanted: str | None) -> bool:
    """Tell whether the last installation was completed with today's requirements, here."""
    state = read_state(venv)
    return (
        state.get(kind) == fingerprint(kind)
        and is_sound(venv, state, wanted)
        and (ROOT / ".links" / "aia_mas").exists()
    )


def is_sound(venv: Path, state: dict[str, object], wanted: str | None) -> bool:
    """Tell whether the environment was finished, is where it was made, and starts its Python."""
    python = origin(venv)
    return (
        python is not None
        and wanted in {None, python}
        and state.get("place") == str(venv)
        and state.get("origin") == python
    )


def install(venv: Path, kind: str, wanted: str | None) -> None:
    """Create the environment if there is no sound one, then install into it."""
    state = read_state(venv)
    if not state and origin(venv):
        raise InstallError(
            f"{venv} is an environment of your own: remove it, or name another (make VENV=...)"
        )
    reusable = is_sound(venv, state, wanted)
    if state and not reusable:
        shutil.rmtree(venv)
    # First of all the note that this is unfinished: a kill at any later point is then noticed.
    venv.mkdir(exist_ok=True)
    write_state(venv, {"place": str(venv), "origin": None})
    if reusable:
        print(f"Updating {venv.name} ...", flush=True)
    else:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        print(f"Creating {venv.name} with Python {version}; it takes a minute ...", flush=True)
        run([sys.executable, "-m", "venv", str(venv)], "could not create the environment")
    pip_install(venv, ["-r", str(REQUIREMENTS / "build.txt"), "-r", str(lock_file(kind))])
    # Without isolation: the build uses the pinned setuptools and asks no package index.
    pip_install(venv, ["--no-deps", "--no-build-isolation", "--editable", str(ROOT)])
    link_for_type_checkers()
    done = {name: fingerprint(name) for name in {"base", kind}}
    write_state(venv, {"place": str(venv), "origin": origin(venv), **done})


def pip_install(venv: Path, arguments: list[str]) -> None:
    """Run the environment's own pip."""
    command = [str(venv / "bin" / "python"), "-m", "pip", "--quiet", "--quiet", "--no-input"]
    command += ["--disable-pip-version-check", "install", "--no-warn-script-location", *arguments]
    run(command, "pip could not install it, see above; a package index must be reachable once")


def run(command: list[str], failure: str) -> None:
    """Run `command`, its output going where ours goes.

    Raises:
        InstallError: It did not exit with 0.
    """
    # A user's settings that send packages elsewhere must not reach the environment's pip.
    misleading = {"PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PYTHONHOME", "__PYVENV_LAUNCHER__"}
    environment = {name: value for name, value in os.environ.items() if name not in misleading}
    # Open files pass on, the lock among them: killing us alone must not free it while pip works.
    if subprocess.run(command, env=environment, close_fds=False, check=False).returncode != 0:
        raise InstallError(failure)


def link_for_type_checkers() -> None:
    """Keep .links/aia_mas and .links/aia: type checkers do not follow an editable install."""
    links = ROOT / ".links"
    links.mkdir(exist_ok=True)
    for name, target in (("aia_mas", ".."), ("aia", "../aia")):
        with contextlib.suppress(FileExistsError):
            (links / name).symlink_to(target)


def lock_file(kind: str) -> Path:
    """Name the file of pinned requirements; dev's holds all of base's too."""
    return REQUIREMENTS / f"{kind}.txt"


def fingerprint(kind: str) -> str:
    """Hash all that decides what an installation of `kind` holds."""
    digest = hashlib.sha256()
    for path in (Path(__file__), REQUIREMENTS / "build.txt", lock_file(kind)):
        digest.update(path.read_bytes())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    decisive = [project["build-system"], project["project"], project["tool"]["setuptools"]]
    digest.update(json.dumps(decisive, sort_keys=True).encode())
    return digest.hexdigest()


def origin(venv: Path) -> str | None:
    """Name the Python behind the environment, or None when it does not start."""
    command = [str(venv / "bin" / "python"), "-I", "-c", ORIGIN]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()


def read_state(venv: Path) -> dict[str, object]:
    """Read what the last installation left; empty when there was none or it is unreadable."""
    try:
        state = json.loads((venv / STATE_FILE).read_text())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except ValueError:
        state = None
    return state if isinstance(state, dict) and state else {"origin": None}


def write_state(venv: Path, state: dict[str, object]) -> None:
    """Replace the note of the last installation in one step."""
    draft = venv / f"{STATE_FILE}.new"
    draft.write_text(json.dumps(state, indent=1))
    draft.replace(venv / STATE_FILE)


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock file; the system lets go of it when this process and its pip have ended."""
    with path.open("w") as lock:
        os.set_inheritable(lock.fileno(), True)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another installation to finish ...", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.exit(main())
