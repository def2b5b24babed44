import json
from pathlib import Path

import msgspec
import pytest

from ledger.cli.exit_codes import ExitCode
from ledger.cli.main import main
from ledger.cli.shown_text import shown_json, shown_line, shown_text


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


def test_json_has_the_same_values_and_no_control_sequence() -> None:
    said = {"a": "\x9b2J\x7f\u202e\u2028 é 日本\n", "b": "\U000e0041\U0001f600"}
    shown = shown_json(msgspec.json.format(msgspec.json.encode(said)))
    assert json.loads(shown) == said
    assert shown.replace("\n", "").isprintable()
    assert '"\\u009b2J\\u007f\\u202e\\u2028 é 日本\\n"' in shown
    assert "\\udb40\\udc41\U0001f600" in shown
