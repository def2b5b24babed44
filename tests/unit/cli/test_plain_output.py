"""Nothing that a command writes for people controls a terminal."""

import argparse
import ast
import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from ledger import jose
from ledger.__main__ import main
from ledger.cli import plain_output as module
from ledger.cli.exit_codes import ExitCode
from ledger.cli.main import make_parser
from ledger.cli.plain_output import PlainStream, draw, plain_output, print_error
from ledger.cli.progress_line import ProgressLine

COMMANDS = Path(module.__file__).parent
ESCAPES = "\x1b[2J\x9b31m\r\x07"


class Terminal(io.StringIO):
    """What a person sees."""

    def isatty(self) -> bool:
        return True


@contextmanager
def at_a_terminal() -> Iterator[Terminal]:
    """Both outputs; pytest takes them back after each fixture."""
    seen = Terminal()
    with redirect_stdout(seen), redirect_stderr(seen):
        yield seen


def is_plain(text: str) -> bool:
    return text.replace("\n", "").replace("\t", "").isprintable()


def test_line_breaks_stay_and_control_characters_do_not() -> None:
    seen = io.StringIO()
    PlainStream(seen).write(f"a\tb\n{ESCAPES}é\u202e")
    assert seen.getvalue() == "a\tb\n\ufffd[2J\ufffd31m\ufffd\ufffdé\ufffd"


def test_an_error_is_one_line() -> None:
    with at_a_terminal() as terminal:
        print_error("line\nverified\x1b[2J", "jws")
        assert terminal.getvalue() == "ledger jws: line\ufffdverified\ufffd[2J\n"


def test_what_libraries_and_the_log_write_is_plain_too() -> None:
    with at_a_terminal() as terminal:
        with plain_output():
            handler = logging.StreamHandler()
            handler.emit(logging.LogRecord("a", 1, "", 1, f"from a peer: {ESCAPES}", None, None))
            with pytest.raises(SystemExit):
                argparse.ArgumentParser("ledger").parse_args([ESCAPES])
            print(ESCAPES)
        assert terminal.getvalue().count("[2J") == 3
        assert is_plain(terminal.getvalue())


def test_progress_is_drawn_all_the_same() -> None:
    with at_a_terminal() as terminal:
        with plain_output():
            line = ProgressLine()
            line("Reading", 2_000, 4_000)
            line.end()
            draw("\x1b[K")
        assert terminal.getvalue() == "\r\x1b[KReading: 50 % of 4,000\r\x1b[K\x1b[K"


def test_programs_get_every_byte(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with plain_output():
        print(ESCAPES)
    assert capsys.readouterr().out == f"{ESCAPES}\n"


def test_errors_of_jws_about_a_file_are_plain(tmp_path: Path) -> None:
    with at_a_terminal() as terminal:
        key = tmp_path / "key.json"
        key.write_text(json.dumps(jose.generate("EdDSA").to_jwk()))
        name = tmp_path / f"{ESCAPES.replace('/', '')}\nledger jws: verified"
        for given in (["inspect", str(name)], ["sign", "--key", str(key), "--header", ESCAPES]):
            assert main(["jws", *given]) == ExitCode.USAGE
        told = terminal.getvalue()
        assert told.count("\n") == 2
        assert is_plain(told)


def test_names_and_headers_from_files_are_plain(tmp_path: Path) -> None:
    with at_a_terminal() as terminal:
        signer = jose.generate("EdDSA")
        paths = {each: tmp_path / each for each in ("jws", "keys", "names")}
        jws = jose.sign_multi(b"paid", [jose.Sign(signer, {}, {"note": ESCAPES})])
        paths["jws"].write_text(json.dumps(jws))
        paths["keys"].write_text(json.dumps(signer.to_public_jwk()))
        paths["names"].write_text(json.dumps({signer.public.thumbprint: f"Ann{ESCAPES}"}))
        keys = ["--keys", str(paths["keys"]), "--identities", str(paths["names"])]
        assert main(["jws", "verify", str(paths["jws"]), *keys]) == ExitCode.DONE
        assert main(["jws", "verify", "--json", str(paths["jws"]), *keys]) == ExitCode.DONE
        assert main(["jws", "inspect", "--json", str(paths["jws"])]) == ExitCode.DONE
        told = terminal.getvalue()
        assert "Ann\ufffd" in told
        assert is_plain(told)
        *_, line = told.splitlines()
        assert json.loads(line)["signatures"][0]["header"] == {"note": ESCAPES}


def test_help_has_no_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    with at_a_terminal() as terminal:
        monkeypatch.setenv("FORCE_COLOR", "1")
        with plain_output():
            make_parser().print_help()
        assert "\ufffd" not in terminal.getvalue()


def test_commands_write_errors_by_these_functions_only() -> None:
    """`print(…, file=sys.stderr)` would put an error on as many lines as a file's name has."""
    allowed = {"plain_output.py", "login.py", "jws_verify.py"}  # their own words, and the report
    for path in COMMANDS.glob("*.py"):
        if path.name in allowed:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            to_error = isinstance(node, ast.keyword) and ast.unparse(node.value) == "sys.stderr"
            written = isinstance(node, ast.Attribute) and ast.unparse(node) == "sys.stderr.write"
            assert not to_error, f"{path.name}: use print_error or print_note"
            assert not written, f"{path.name}: use draw"
