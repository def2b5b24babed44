"""Every command of the parser is in one table, and `verify` there too."""

import argparse
from pathlib import Path

import pytest

from ledger.cli import main as cli
from ledger.cli import service
from ledger.cli.exit_codes import ExitCode
from ledger.client import KeptLogin, keep
from ledger.errors import ConflictError
from ledger.jose import SigningKey
from tests.support.refusals import refused


def commands() -> set[str]:
    """Return the commands that the parser takes."""
    actions = cli.make_parser()._actions
    (found,) = [each for each in actions if isinstance(each, argparse._SubParsersAction)]
    return {*found.choices}


def test_every_command_is_in_exactly_one_table() -> None:
    tables = [*cli._OWN_ERRORS, *cli._WITHOUT_A_LEDGER, *cli._ON_A_LEDGER]
    assert (len(tables), {*tables}) == (len({*tables}), commands())


def test_verify_does_not_start_a_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LEDGER_DATA", str(tmp_path / "data"))
    bundle = tmp_path / "bundle.zip"
    bundle.write_bytes(b"garbage")
    assert cli.main(["verify", str(bundle)]) == ExitCode.INVALID
    assert [*tmp_path.iterdir()] == [bundle]
    capsys.readouterr()


def test_a_login_of_a_person_is_no_service_account(tmp_path: Path) -> None:
    path = tmp_path / "login.json"
    key = SigningKey.generate().to_pem().decode()
    keep(path, KeptLogin("http://localhost:1", "ledger", "user", key))
    chosen = argparse.Namespace(action="end", login=path)
    with refused(ConflictError, "not_a_service"):
        service.run(chosen)
    assert path.exists()
