"""What the sockets may answer stands in the documentation, all of it."""

import re
from pathlib import Path

from aia_mas.interfaces.realtime import CloseCode
from aia_mas.interfaces.realtime.messages import ErrorCode

TEXT = (Path(__file__).parents[3] / "docs" / "realtime.md").read_text(encoding="utf-8")


def test_every_close_code() -> None:
    rows = {int(code) for code in re.findall(r"^\| (\d{4}) \|", TEXT, re.MULTILINE)}
    assert rows >= set(map(int, CloseCode))
    assert rows - set(map(int, CloseCode)) == {1002, 1007}  # from the server below


def test_every_code_of_an_error() -> None:
    assert [code for code in ErrorCode if f"`{code.value}`" not in TEXT] == []
