"""The README keeps its word: its walk works as it stands there, its tables are complete."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from aia_mas.application.settings_catalogue import CATALOGUE
from aia_mas.interfaces.cli.exit_codes import Exit

from .conftest import PATIENCE, Server

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = ("docs/connect-an-agent.md", "docs/messages.md")
"""What it sends a new user to, with commands to be pasted as well."""


def test_walk_of_the_readme(start: Callable[..., Server], data_dir: Path, tmp_path: Path) -> None:
    server = start(data_dir)
    base = server.url.removesuffix("/mas/api/v1")
    pages = [README, *((ROOT / page).read_text(encoding="utf-8") for page in PAGES)]
    blocks = re.findall(r"```bash\n(.*?)```", "\n".join(pages), re.DOTALL)
    script = "\n".join(["set -e", *blocks]).replace("http://localhost:8000", base)

    answer = subprocess.run(
        ["sh", "-c", script.replace("curl ", "curl --fail-with-body -sS ")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )

    assert answer.returncode == 0, answer.stdout + answer.stderr
    said = answer.stdout
    places = [
        said.index(words)
        for words in (
            '"agent_id":"data_analyst_001","status":"active"',
            '"status":"assigned"',
            '"status":"running"',
            '"status":"completed"',
            '"by_type":{"data_analysis"',
            '"topic":"task.completed.v1"',
            '"to_agent":"data_analyst_001"',
            '"agent_id":"data_analyst_001","status":"acknowledged"',
            '"to_agent":"writer"',
            '"acknowledged":1,"refused":0',
        )
    ]
    assert places == sorted(places)


def test_every_setting_stands_in_the_readme() -> None:
    for setting in CATALOGUE:
        assert f"`{setting.key}`" in README, setting.key
        assert not setting.variable or f"`{setting.variable}`" in README, setting.variable


def test_readme_names_no_setting_that_there_is_not() -> None:
    known = {setting.variable for setting in CATALOGUE} | {"MAS_CONFIG_FILE"}

    assert set(re.findall(r"`(MAS_[A-Z_]+)`", README)) <= known


def test_every_exit_code_stands_in_the_readme() -> None:
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}

    assert told == {0, *Exit}


def test_files_that_the_readme_points_to_are_there() -> None:
    root = Path(__file__).parents[3]
    named = re.findall(r"`([a-z_]+/[a-z0-9_/]*(?:\.py|\.sql)?)`", README)

    assert named
    assert [path for path in named if not (root / path).exists()] == []
