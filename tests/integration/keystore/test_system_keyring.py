"""Keys of programs in the system's keyring, here one that keeps its entries in a file."""

import argparse
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import keyring
import msgspec
import pytest
from keyring.backends.fail import Keyring as NoKeyring
from keyring.backends.null import Keyring as SwitchedOff
from keyrings.alt.file import PlaintextKeyring

from ledger.cli import login
from ledger.cli.exit_codes import ExitCode
from ledger.cli.main import main
from ledger.client import LedgerClient, forget, keep, kept
from ledger.client.login import begin
from ledger.errors import ConflictError, LedgerError, NotFoundError, UnavailableError
from ledger.jose import SigningKey
from ledger.keystore.system_keyring import SERVICE, forget_key, keep_key, kept_key
from tests.integration.conftest import Join
from tests.support.clients import login_of
from tests.support.server import Server

KEY = SigningKey.from_seed(bytes(32))


@pytest.fixture
def ring(tmp_path: Path) -> Iterator[Any]:
    """A keyring in a file, in place of the system's."""
    before = keyring.get_keyring()
    ring: Any = PlaintextKeyring()
    ring.file_path = str(tmp_path / "keyring.cfg")
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(before)


def entries(ring: Any) -> list[str]:
    """Return the names of the entries, which the file has in base64."""
    found = ConfigParser()
    found.read(ring.file_path)
    return [name for section in found.sections() for name in found.options(section)]


def test_a_key_is_kept_found_by_its_kid_and_forgotten(ring: Any) -> None:
    place = keep_key(KEY)
    assert len(entries(ring)) == 1
    assert place == f"keyring:{KEY.kid}"
    assert kept_key(place).to_pem() == KEY.to_pem()
    forget_key(place)
    forget_key(place)  # it is gone already
    assert ring.get_password(SERVICE, KEY.kid) is None
    with pytest.raises(NotFoundError, match="signer_key_missing"):
        kept_key(place)


def test_another_key_under_a_kid_is_not_taken(ring: Any) -> None:
    ring.set_password(SERVICE, KEY.kid, SigningKey.generate().to_pem().decode())
    with pytest.raises(NotFoundError, match="signer_key_missing"):
        kept_key(f"keyring:{KEY.kid}")
    ring.set_password(SERVICE, KEY.kid, "junk")
    with pytest.raises(LedgerError, match="key_file_invalid"):
        kept_key(f"keyring:{KEY.kid}")


@pytest.mark.usefixtures("ring")
@pytest.mark.parametrize(
    "place", ["keyring:", "keyring:junk", f"keyring:{'a' * 42}\n", "keyring:é"]
)
def test_a_place_without_a_kid_is_refused(place: str) -> None:
    for use in (kept_key, forget_key):
        with pytest.raises(LedgerError, match="key_place_invalid"):
            use(place)


@pytest.mark.usefixtures("ring")
@pytest.mark.parametrize("broken", [NoKeyring, SwitchedOff])
def test_a_keyring_that_keeps_nothing_gets_no_key(broken: Any) -> None:
    keyring.set_keyring(broken())
    with pytest.raises(UnavailableError, match="signer_unavailable"):
        keep_key(KEY)


def test_an_error_of_a_keyring_of_its_own_kind_is_told(
    ring: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: str) -> None:
        raise ValueError("the session bus is gone")

    monkeypatch.setattr(ring, "get_password", fail)
    with pytest.raises(UnavailableError, match="the session bus is gone"):
        kept_key(f"keyring:{KEY.kid}")


def test_without_the_package_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ConflictError, match=r"approval-ledger\[keyring\]"):
        keep_key(KEY)


# --- logins --------------------------------------------------------------------------------------


def test_a_login_names_its_key_and_no_file_has_it(
    server: Server, join: Join, ring: Any, tmp_path: Path
) -> None:
    robot = join("Robot")
    begun = robot.client.post("/api/jwt-keys/options", json={}).json()
    made, answer = begin(server.origin, f"{robot.user}.{begun['nonce']}", "keyring")
    path = tmp_path / "login.json"
    keep(path, made)
    key = kept(path).signing_key()
    assert made.key == f"keyring:{key.kid}"
    assert answer.startswith(f"{key.jwk.x}.")
    assert "PRIVATE" not in path.read_text()
    forget(made)
    with pytest.raises(NotFoundError, match="signer_key_missing"):
        LedgerClient(made)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), UnavailableError("peer_unreachable", "")])
def test_a_login_that_is_given_up_leaves_neither_key_nor_file(
    server: Server,
    ring: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
) -> None:
    def fail(*_: object, **__: object) -> bool:
        raise error

    monkeypatch.setattr("ledger.cli.login.attested", fail)
    path = tmp_path / "login.json"
    chosen = argparse.Namespace(
        address=server.origin, request="user.nonce", key="keyring", login=path, replace=False
    )
    with pytest.raises(type(error)):
        login.run(chosen)
    assert entries(ring) == []
    assert [each.name for each in tmp_path.glob("login*")] == []


def test_a_key_in_the_keyring_serves_no_second_login(server: Server, ring: Any) -> None:
    place = keep_key(KEY)
    with pytest.raises(LedgerError, match="key_place_invalid"):
        begin(server.origin, "user.nonce", place)
    assert kept_key(place).kid == KEY.kid


def test_a_replaced_key_that_stays_is_told_and_the_new_login_is_kept(
    server: Server,
    ring: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: str) -> None:
        raise ValueError("it is locked")

    path = tmp_path / "login.json"
    command = ["login", server.origin, "user.nonce", "--key", "keyring", "--login", str(path)]
    monkeypatch.setattr("ledger.cli.login.attested", lambda *_, **__: True)
    monkeypatch.setattr(LedgerClient, "inbox", lambda _: [])
    assert main(command) == ExitCode.DONE
    earlier = kept(path)
    monkeypatch.setattr(ring, "delete_password", fail)
    assert main([*command, "--replace"]) == ExitCode.DONE
    assert kept(path).key != earlier.key
    assert "stays in the keyring" in capsys.readouterr().err


def test_a_login_that_is_not_confirmed_or_is_replaced_leaves_no_key(
    server: Server,
    join: Join,
    ring: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("ledger.cli.login.WITHIN_S", 0)
    robot = join("Robot")
    path = tmp_path / "login.json"
    command = ["login", server.origin, f"{robot.user}.nonce", "--key", "keyring"]
    command += ["--login", str(path)]
    assert main(command) == ExitCode.UNMET
    assert entries(ring) == []
    earlier = msgspec.structs.replace(login_of(robot, server, KEY), key=keep_key(KEY))
    keep(path, earlier)
    monkeypatch.setattr("ledger.cli.login.attested", lambda *_, **__: True)
    monkeypatch.setattr(LedgerClient, "inbox", lambda _: [])  # nobody attested the new key
    assert main([*command, "--replace"]) == ExitCode.DONE
    with pytest.raises(NotFoundError, match="signer_key_missing"):
        earlier.signing_key()
    assert capsys.readouterr().out.splitlines()[-1].startswith(kept(path).signing_key().jwk.x)
