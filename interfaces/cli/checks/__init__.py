"""What `mas doctor` looks at, in order."""

from collections.abc import Callable

from aia_mas.application.settings import Settings
from aia_mas.interfaces.cli.checks.finding import Finding
from aia_mas.interfaces.cli.checks.machine import binaries, network, python, user_namespaces
from aia_mas.interfaces.cli.checks.policies import policies
from aia_mas.interfaces.cli.checks.services import database, redis
from aia_mas.interfaces.cli.checks.storage import data_directory, disk_space

CHECKS: tuple[tuple[str, Callable[[Settings], Finding]], ...] = (
    ("python", python),
    ("binaries", binaries),
    ("user namespaces", user_namespaces),
    ("data directory", data_directory),
    ("disk space", disk_space),
    ("database", database),
    ("redis", redis),
    ("port", network),
    ("policies", policies),
)

__all__ = ["CHECKS", "Finding"]
