"""What `make client` writes is what stands in the repository, and types of programs hold."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_written_files_are_as_they_would_be_written_now() -> None:
    command = [sys.executable, ".ci/client/generate.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
