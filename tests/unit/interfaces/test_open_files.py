"""The bound of open files is the highest that the system allows."""

import resource

from aia_mas.interfaces.open_files import raise_bound


def test_the_bound_is_raised() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    low = min(256, before[1])
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (low, before[1]))
        assert raise_bound() == before[1]
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (before[1], before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
