"""Files of a ledger that are cut short, empty or garbage: every command says so, with its code."""

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ledger.cli import serve
from ledger.cli.exit_codes import ExitCode
from ledger.cli.main import main
from ledger.data_files import (
    LOG_FILE,
    LOST_VIEWS_FILE,
    SESSIONS_FILE,
    SIGNER_MEMORY_FILE,
    VIEWS_FILE,
)
from ledger.server import build
from ledger.settings import Settings
from tests.support.signers import LEDGER

Damage = Callable[[Path], None]


def garbage(file: Path) -> None:
    file.write_bytes(b"no database at all" * 1000)


def halved(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def emptied(file: Path) -> None:
    file.write_bytes(b"")


@pytest.fixture(autouse=True)
def _the_ledgers_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEDGER_LOG_ORIGIN", LEDGER)
    monkeypatch.setenv("LEDGER_REGISTRATION", "invite")

    def start_and_stop(settings: Settings, _workers: int) -> int:
        application = build(settings).application

        async def run() -> None:
            async with application.lifespan():
                pass

        asyncio.run(run())
        return ExitCode.DONE

    monkeypatch.setattr(serve, "serve", start_and_stop)


@pytest.fixture
def data(ledger: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(ledger, tmp_path / "data"))


COMMANDS = ("audit", "replay", "export --format jsonl", "log keys", "log checkpoint", "serve")


def run(command: str, data: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Return a command's exit code, and everything that it said."""
    code = main([*command.split(), "--data", str(data)])
    said = capsys.readouterr()
    return code, said.out + said.err


@pytest.mark.parametrize("damage", [garbage, halved])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_damaged_log_is_a_verdict_of_every_command(
    data: Path, capsys: pytest.CaptureFixture[str], command: str, damage: Damage
) -> None:
    damage(data / LOG_FILE)
    code, said = run(command, data, capsys)
    assert code == ExitCode.INVALID
    assert "file_malformed" in said
    assert LOG_FILE in said


def test_an_empty_log_is_a_verdict_and_no_second_ledger_is_founded(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for damage in (emptied, Path.unlink):
        damage(data / LOG_FILE)
        code, said = run("serve", data, capsys)
        assert (code, "log_missing" in said) == (ExitCode.INVALID, True)
        assert not (data / LOG_FILE).exists() or (data / LOG_FILE).stat().st_size == 0
    emptied(data / LOG_FILE)
    code, said = run("audit", data, capsys)
    assert (code, "format_unknown" in said) == (ExitCode.INVALID, True)


@pytest.mark.parametrize("damage", [garbage, halved])
def test_a_damaged_memory_of_the_signer_is_named(
    data: Path, capsys: pytest.CaptureFixture[str], damage: Damage
) -> None:
    damage(data / SIGNER_MEMORY_FILE)
    code, said = run("serve", data, capsys)
    assert code == ExitCode.INVALID
    assert "file_malformed" in said
    assert SIGNER_MEMORY_FILE in said
    code, said = run("audit", data, capsys)
    assert code == ExitCode.INVALID
    assert "memory_malformed" in said


@pytest.mark.parametrize("damage", [garbage, halved])
def test_damaged_sessions_are_named_and_an_empty_file_signs_everybody_out(
    data: Path, capsys: pytest.CaptureFixture[str], damage: Damage
) -> None:
    damage(data / SESSIONS_FILE)
    code, said = run("serve", data, capsys)
    assert code == ExitCode.INVALID
    assert SESSIONS_FILE in said
    emptied(data / SESSIONS_FILE)
    assert run("serve", data, capsys)[0] == ExitCode.DONE


@pytest.mark.parametrize("damage", [garbage, halved, emptied])
def test_damaged_read_models_say_nothing_of_the_log_and_are_rebuilt(
    data: Path, capsys: pytest.CaptureFixture[str], damage: Damage
) -> None:
    damage(data / VIEWS_FILE)
    code, said = run("audit", data, capsys)
    assert code == ExitCode.DONE, said
    assert "not compared" in said
    assert run("serve", data, capsys)[0] == ExitCode.DONE
    code, said = run("audit", data, capsys)
    assert (code, "match the log" in said) == (ExitCode.DONE, True), said


@pytest.mark.parametrize("file", ["log-keys.pem", "ledger-key.pem"])
def test_keys_of_garbage_are_refused_in_one_line_and_the_log_is_still_served(
    data: Path, capsys: pytest.CaptureFixture[str], file: str
) -> None:
    garbage(data / file)
    code, said = run("log rotate-keys", data, capsys)
    assert code == ExitCode.USAGE
    assert said.count("\n") == 1
    assert run("serve", data, capsys)[0] == ExitCode.DONE


def test_a_disk_that_is_full_at_the_start_is_an_outage(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Settings, _workers: int) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(serve, "serve", full)
    code, said = run("serve", data, capsys)
    assert (code, said) == (
        ExitCode.UNAVAILABLE,
        "ledger: [Errno 28] No space left on device\n",
    )


def test_events_that_only_the_read_models_have_are_named_and_kept(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(sqlite3.connect(data / VIEWS_FILE)) as db, db:
        db.execute("UPDATE tracking SET position = position + 5")
    code, said = run("audit", data, capsys)
    assert (code, "views_ahead" in said) == (ExitCode.INVALID, True)
    code, _ = run("serve", data, capsys)
    assert (code, (data / LOST_VIEWS_FILE).is_file()) == (ExitCode.DONE, True)
    code, said = run("audit", data, capsys)
    assert (code, LOST_VIEWS_FILE in said) == (ExitCode.DONE, True)
