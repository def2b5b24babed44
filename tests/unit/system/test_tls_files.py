"""The certificate of a server that speaks HTTPS by itself, as its operator names it."""

import ssl
from pathlib import Path

import pytest

from ledger.errors import MalformedError
from ledger.settings import read_settings
from ledger.system.tls_files import ServerTls, TlsFiles
from tests.support.certificates import make_certificate
from tests.support.refusals import refused

ORIGIN = {"LEDGER_ORIGIN": "https://ledger.example"}
BOTH = {"LEDGER_TLS_CERTIFICATE": "/etc/c.pem", "LEDGER_TLS_KEY": "/etc/k.pem"}


def test_without_files_a_server_speaks_no_tls_and_believes_proxies_of_this_machine() -> None:
    settings = read_settings(ORIGIN | {"LEDGER_TLS_CERTIFICATE": "", "LEDGER_TLS_KEY": ""})
    assert settings.tls is None
    assert [str(each) for each in settings.proxies] == ["127.0.0.0/8", "::1/128"]


def test_with_files_nobody_in_front_is_believed_unless_named() -> None:
    settings = read_settings(ORIGIN | BOTH)
    assert settings.tls == TlsFiles(Path("/etc/c.pem"), Path("/etc/k.pem"))
    assert settings.proxies == ()
    named = read_settings(ORIGIN | BOTH | {"LEDGER_PROXIES": "192.0.2.1"})
    assert len(named.proxies) == 1


@pytest.mark.parametrize(
    "environment",
    [
        ORIGIN | {"LEDGER_TLS_CERTIFICATE": "/etc/c.pem"},
        ORIGIN | {"LEDGER_TLS_KEY": "/etc/k.pem"},
        BOTH,
        BOTH | {"LEDGER_ORIGIN": "http://localhost:8443"},
    ],
)
def test_settings_that_do_not_fit_together_are_refused(environment: dict[str, str]) -> None:
    with refused(MalformedError, "setting_invalid"):
        read_settings(environment)


def test_files_that_cannot_be_used_stop_the_start(tmp_path: Path) -> None:
    (other := tmp_path / "other").mkdir()
    good, another = make_certificate(tmp_path), make_certificate(other)
    for files, reason in (
        (TlsFiles(tmp_path / "none.pem", good.key), "none.pem: No such file or directory$"),
        (TlsFiles(good.certificate, another.key), "KEY_VALUES_MISMATCH"),
        (TlsFiles(good.key, good.key), "PEM lib"),
        (TlsFiles(tmp_path, good.key), "Is a directory"),
    ):
        with pytest.raises(MalformedError, match=f"^setting_invalid: .*{reason}"):
            ServerTls(files)


def test_a_key_with_a_passphrase_is_refused_and_nobody_is_asked_for_it(tmp_path: Path) -> None:
    files = make_certificate(tmp_path, passphrase=b"secret")
    with pytest.raises(MalformedError, match=r"^setting_invalid: .*the key has a passphrase$"):
        ServerTls(files)


def test_a_context_takes_no_old_version_and_no_second_handshake(tmp_path: Path) -> None:
    context = ServerTls(make_certificate(tmp_path)).context()
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.options & ssl.OP_NO_RENEGOTIATION
    assert context.options & ssl.OP_NO_COMPRESSION


def test_a_certificate_that_is_renewed_badly_leaves_the_one_before_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("ledger.system.tls_files.LOOK_EVERY_S", -1.0)
    files = make_certificate(tmp_path)
    tls = ServerTls(files)
    first = tls.context()
    assert tls.context() is first
    files.certificate.unlink()
    assert tls.context() is first
    files.certificate.write_text("no certificate")
    assert tls.context() is first
    assert {each.levelname for each in caplog.records} == {"WARNING"}
    make_certificate(tmp_path)
    assert tls.context() is not first
