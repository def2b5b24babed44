from pathlib import Path

import pytest

from ledger.cli.exit_codes import ExitCode
from ledger.cli.main import main
from ledger.cli.shown_text import shown_line, shown_text


def test_no_control_sequence_reaches_the_terminal() -> None:
    assert shown_text("\x1b[2JPaid\u202e") == "⟨U+001B⟩[2JPaid⟨U+202E⟩"


def test_a_line_stays_one_line() -> None:
    assert shown_line("Terms\nStatus: approved\t") == "Terms⟨U+2028⟩Status: approved⟨U+2028⟩"
    assert shown_text("one\ntwo") == "one\ntwo"


def test_an_error_reaches_the_terminal_without_control_sequences(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It can quote another server, or the name of a file."""
    assert main(["list", "--login", str(tmp_path / "\x1b[2Jlogin.json")]) == ExitCode.USAGE
    told = capsys.readouterr().err
    assert "login_missing" in told
    assert "\x1b" not in told
