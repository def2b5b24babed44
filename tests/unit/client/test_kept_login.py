from pathlib import Path

import pytest

from ledger.client import KeptLogin, keep, kept
from ledger.client.kept_login import require_safe
from ledger.errors import MalformedError, NotFoundError
from ledger.jose import SigningKey

LOGIN = KeptLogin(
    address="https://ledger.example",
    ledger="2c3a4b5e-0000-4000-8000-000000000001",
    user="2c3a4b5e-0000-4000-8000-000000000002",
    key=SigningKey.from_seed(bytes(32)).to_pem().decode(),
)


def test_a_login_is_kept_for_its_owner_alone_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "new" / "login.json"
    keep(path, LOGIN)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert kept(path) == LOGIN
    assert kept(path).signing_key().kid == SigningKey.from_seed(bytes(32)).kid


def test_without_a_login_the_error_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="ledger login"):
        kept(tmp_path / "login.json")


@pytest.mark.parametrize(
    "junk", [b"", b"{}", b"[]", b"\xff", b"{" * 20_000, b'{"address":"https://a","more":1}']
)
def test_a_damaged_login_is_refused_with_a_code(tmp_path: Path, junk: bytes) -> None:
    path = tmp_path / "login.json"
    path.write_bytes(junk)
    with pytest.raises(MalformedError):
        kept(path)


@pytest.mark.parametrize(
    "address",
    [
        "ledger.example",
        "ftp://ledger.example",
        "http://ledger.example",  # anybody on the way reads the session
        "http://localhost.example",
        "https://",
        "https://ledger.example/path",
        "https://[",
    ],
)
def test_an_address_that_would_not_keep_the_session_secret_is_refused(address: str) -> None:
    with pytest.raises(MalformedError, match="url_invalid"):
        require_safe(address)


@pytest.mark.parametrize("address", ["https://ledger.example/", "http://localhost:8000"])
def test_https_and_this_machine_are_taken(address: str) -> None:
    assert require_safe(address) == address.rstrip("/")
