"""Commands that work without a server: what they say and how they end."""

import json
from pathlib import Path
from subprocess import CompletedProcess

import pytest

import aia_mas

from .conftest import Run


def assert_one_line(result: CompletedProcess[str], code: int, *words: str) -> None:
    """It failed with this code and told why in one line, without a traceback."""
    assert result.returncode == code, result.stderr
    (line,) = result.stderr.splitlines()
    assert line.startswith("mas: ")
    for word in words:
        assert word in line


def test_version(run: Run) -> None:
    result = run("--version")

    assert (result.returncode, result.stdout) == (0, f"mas {aia_mas.__version__}\n")


def test_help_lists_the_commands(run: Run) -> None:
    result = run("--help")

    assert result.returncode == 0
    for command in (
        "serve", "demo", "worker", "agents", "tasks", "top", "apply", "events",
        "migrate", "doctor", "audit", "projections",
    ):  # fmt: skip
        assert f"\n  {command} " in result.stdout


def test_unknown_command_is_a_matter_of_usage(run: Run) -> None:
    assert run("sreve").returncode == 2


@pytest.mark.parametrize("command", [["migrate"], ["serve"], ["audit", "verify"]])
def test_bad_setting_is_named(run: Run, command: list[str]) -> None:
    assert_one_line(run(*command, MAS_PORT="http"), 2, "MAS_PORT", "65535")
    assert_one_line(run(*command, MAS_PROT="80"), 2, "MAS_PROT", "did you mean MAS_PORT?")


def test_settings_file_of_the_command_line_is_read(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "mas.toml"
    file.write_text("[orchestration]\nmax_agent = 1\n")

    assert_one_line(run("migrate", "--config", str(file)), 2, "orchestration.max_agents")


def test_other_addresses_need_authentication(run: Run, tmp_path: Path) -> None:
    result = run("serve", "--host", "0.0.0.0", "--data-dir", str(tmp_path / "data"))

    assert_one_line(result, 2, "MAS_JWT_SECRET", "0.0.0.0")
    assert not (tmp_path / "data").exists()


def test_traceback_is_shown_on_request_only(run: Run) -> None:
    result = run("migrate", MAS_LOG_LEVEL="debug", MAS_PORT="http")

    assert result.returncode == 2
    assert "Traceback" in result.stderr


def test_migrations_are_applied_once(run: Run, tmp_path: Path) -> None:
    folder = str(tmp_path / "data")

    first = run("migrate", "--data-dir", folder, "--json")
    again = run("migrate", "--data-dir", folder)

    assert "0001_event_log" in json.loads(first.stdout)["applied"]
    assert again.stdout == "nothing to do: the database is up to date\n"


def test_data_directory_that_is_a_file(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("not a folder")

    assert_one_line(run("migrate", "--data-dir", str(file)), 4, str(file))


def test_data_directory_of_another_major_version(run: Run, tmp_path: Path) -> None:
    cluster = tmp_path / "data" / "postgres"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("12\n")

    assert_one_line(run("migrate", "--data-dir", str(tmp_path / "data")), 4, "PostgreSQL 12")


def test_database_that_is_not_there(run: Run) -> None:
    url = "postgresql://mas:s3cret@127.0.0.1:1/mas"

    result = run("migrate", MAS_DATABASE_URL=url)

    assert_one_line(result, 6, "cannot be reached", "127.0.0.1")
    assert "s3cret" not in result.stderr


def test_audit_does_not_make_a_database_to_find_it_whole(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "data"

    assert_one_line(run("audit", "verify", "--data-dir", str(folder)), 4, str(folder))
    assert not folder.exists()


def test_output_that_nobody_reads_is_no_error_worth_a_traceback(run: Run, data_dir: Path) -> None:
    from subprocess import DEVNULL, PIPE, Popen

    from .conftest import MAS, environment

    with Popen(
        [*MAS, "audit", "verify", "--data-dir", str(data_dir)],
        env=environment(),
        stdout=PIPE,
        stderr=PIPE,
        stdin=DEVNULL,
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()


def test_doctor_finds_a_healthy_machine(run: Run, tmp_path: Path) -> None:
    result = run("doctor", "--data-dir", str(tmp_path / "data"), "--port", "0")

    assert result.returncode == 0, result.stdout
    for check in ("configuration", "python", "binaries", "data directory", "disk space", "port"):
        assert f"{check}: " in result.stdout
    assert "FAIL" not in result.stdout
    assert not (tmp_path / "data").exists()


def test_doctor_tells_what_to_put_right(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    result = run(
        "doctor",
        "--data-dir",
        str(file),
        "--json",
        MAS_HOST="0.0.0.0",
        REDIS_HOST="127.0.0.1",
        REDIS_PORT="1",
        AIA_TREASURY_ADDRESS="your_treasury_address",
        MAS_POLICIES="nowhere_to_be_found:policy",
    )

    report = json.loads(result.stdout)
    found = {check["name"]: check for check in report["checks"]}
    assert (result.returncode, report["ok"]) == (1, False)
    assert found["data directory"]["status"] == "fail"
    assert found["port"]["status"] == "fail"
    assert "MAS_JWT_SECRET" in found["port"]["detail"]
    assert found["policies"]["status"] == "fail"
    assert "nowhere_to_be_found" in found["policies"]["detail"]
    assert found["redis"]["status"] == "warn"
    assert found["configuration"]["status"] == "warn"
    assert found["python"]["status"] == "ok"


def test_doctor_goes_on_when_a_setting_is_bad(run: Run, tmp_path: Path) -> None:
    result = run("doctor", "--data-dir", str(tmp_path), "--json", MAS_PROT="1")

    found = {check["name"]: check for check in json.loads(result.stdout)["checks"]}
    assert result.returncode == 1
    assert "MAS_PROT" in found["configuration"]["detail"]
    assert found["data directory"]["status"] == "ok"


def test_doctor_looks_into_the_database_that_was_named(run: Run, tmp_path: Path) -> None:
    url = "postgresql://mas:s3cret@127.0.0.1:1/mas"

    result = run("doctor", "--port", "0", MAS_DATABASE_URL=url)

    assert result.returncode == 1
    assert "FAIL   database: " in result.stdout
    assert "s3cret" not in result.stdout
