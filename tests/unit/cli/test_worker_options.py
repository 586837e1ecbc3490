"""Arguments of `mas worker` that cannot be are named before anything is connected."""

import pytest
from click.testing import CliRunner

from aia_mas.interfaces.cli.worker import worker


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--exec", "no-such-program-here"], "no program 'no-such-program-here'"),
        (["--exec", "echo 'open"], "No closing quotation"),
        (["--exec", ""], "no program"),
        (["--exec", "true", "--skills", "a=much"], "'much'"),
        (["--exec", "true", "--skills", "a,=0.5"], "'=0.5'"),
        (["--exec", "true", "--skills", "a=nan"], "0 to 1"),
        (["--exec", "true", "--skills", "a=1.5"], "0 to 1"),
        (["--exec", "true", "--concurrency", "0"], "concurrency"),
        (["--exec", "true", "--timeout", "0"], "timeout"),
        (["--exec", "true", "--token", "x", "--token-file", __file__], "--token-file"),
        (["--exec", "true", "--timeout", "nan"], "no number of seconds"),
        (["--exec", "true", "--url", "ftp://x"], "no address of a server"),
        (["--exec", "true", "--token", "a\nb"], "no token is made of"),
        (["--exec", "true", "--agent-id", ".."], "no id"),
        (["--exec", "true", "--token-file", "/no/such/file"], "token-file"),
    ],
)
def test_arguments_that_cannot_be_are_named(options: list[str], words: str) -> None:
    answer = CliRunner().invoke(worker, ["--agent-id", "x", *options])
    assert answer.exit_code == 2, answer.output
    assert words in answer.output
