"""The command of the README that runs the product, in a fresh copy whose path holds spaces."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[3]
SOURCES = {
    *("aia", "application", "domain", "interfaces", "migrations", "projections", "requirements"),
}
PATIENCE = 240.0  # seconds; an installation may have to fetch everything
# What pip says without a network. A version that does not exist is not among it: that is a failure.
OFFLINE = ("Temporary failure in name resolution", "Failed to establish a new connection")


def environment() -> dict[str, str]:
    """Return the plainest of locales, and nothing of the environment that runs the tests."""
    kept = {"PATH", "HOME", "TMPDIR", "SSL_CERT_FILE"}
    kept |= {name for name in os.environ if name.startswith("PIP_")}
    return {name: os.environ[name] for name in kept if name in os.environ} | {"LC_ALL": "C"}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what belongs to the project, with what `make` installs into it."""
    place = tmp_path_factory.mktemp("a folder") / "with spaces"
    place.mkdir()
    for name in sorted(ROOT.iterdir()):
        if name.name in SOURCES and name.is_dir():
            shutil.copytree(
                name, place / name.name, ignore=shutil.ignore_patterns("__pycache__", "tests")
            )
        elif name.is_file() and not name.name.startswith(".coverage"):
            shutil.copy2(name, place / name.name)
    made = subprocess.run(
        ["make", "base"],
        cwd=place,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    if "CI" not in os.environ and any(sign in made.stdout + made.stderr for sign in OFFLINE):
        pytest.skip("there is no network to install from; what is installed works without one")
    assert made.returncode == 0, made.stdout + made.stderr
    return place


@contextmanager
def running(place: Path, output: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run `make run` until left; yields it and the URL that it printed."""
    with output.open("wb") as file:
        process = subprocess.Popen(
            ["make", "run", "ARGS=--port 0"],
            cwd=place,
            env=environment(),
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 120
        while "Health" not in (told := output.read_text()):
            assert process.poll() is None, told
            assert time.monotonic() < deadline, told
            time.sleep(0.05)
        yield process, told.partition("Health")[2].split()[0]
    finally:
        if process.poll() is None:
            # As the terminal does with Ctrl-C.
            os.killpg(process.pid, signal.SIGINT)
            process.wait(30)


def test_it_installs_starts_and_ends_in_order_twice(copy: Path, tmp_path: Path) -> None:
    for number in range(2):
        output = tmp_path / f"output{number}"
        with running(copy, output) as (process, health):
            assert httpx.get(health, timeout=60).json()["status"] == "ok"
            api = health.removesuffix("/mas/health") + "/mas/api/v1"
            registered = httpx.post(
                f"{api}/agents/register", json={"agent_id": f"a{number}"}, timeout=60
            )
            assert registered.status_code == 201
            os.killpg(process.pid, signal.SIGINT)
            process.wait(30)
        told = output.read_text()
        assert "Traceback" not in told
        assert "Creating" not in told, "everything was installed already"
    assert (copy / ".mas").is_dir()


def test_a_taken_port_is_told(copy: Path, tmp_path: Path) -> None:
    with running(copy, tmp_path / "output") as (_, health):
        port = health.rpartition(":")[2].partition("/")[0]
        second = subprocess.run(
            ["make", "run", f"ARGS=--port {port}"],
            cwd=copy,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert second.returncode != 0
    assert port in second.stderr and "Traceback" not in second.stderr


def test_make_alone_explains_itself(copy: Path) -> None:
    told = subprocess.run(
        ["make"], cwd=copy, env=environment(), capture_output=True, text=True, check=True
    ).stdout
    for target in ("run", "test", "test-long", "doctor", "bench"):
        assert f"  {target} " in told
