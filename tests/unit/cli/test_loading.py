"""What a command loads, and how."""

import gc
import subprocess
import sys

import pytest

from aia_mas.interfaces.cli import collection

_LOADED = """
import sys
import aia_mas.interfaces.cli.serve
import aia_mas.interfaces.http.server
import aia_mas.interfaces.bootstrap
print(*sorted(name for name in sys.modules if name in {"aia.client", "aia_mas.interfaces.http"}))
"""


def test_a_node_loads_no_client() -> None:
    """It has no use for one, and would start later."""
    loaded = subprocess.run(
        [sys.executable, "-c", _LOADED], capture_output=True, text=True, check=True
    ).stdout.split()
    assert loaded == ["aia_mas.interfaces.http"]


@pytest.mark.parametrize("on", [True, False])
def test_the_collector_is_as_it_was_once_all_is_loaded(on: bool) -> None:
    was_on = gc.isenabled()
    try:
        (gc.enable if on else gc.disable)()
        with pytest.raises(ImportError), collection.paused():
            assert not gc.isenabled()
            raise ImportError
        assert gc.isenabled() is on
    finally:
        (gc.enable if was_on else gc.disable)()
