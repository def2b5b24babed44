"""The files of the server's own TLS, and the context that they make.

They are looked at again for new connections, because certificates are renewed while the server
runs.
"""

import logging
import ssl
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from ledger.errors import MalformedError

CERTIFICATE, KEY = "LEDGER_TLS_CERTIFICATE", "LEDGER_TLS_KEY"
LOOK_EVERY_S = 60.0
_log = logging.getLogger("ledger.tls")


class TlsFiles(msgspec.Struct, frozen=True):
    """PEM files: the certificate with those that lead to its authority, and its private key."""

    certificate: Path
    key: Path

    def versions(self) -> tuple[int, ...]:
        """Return when the files last changed, in nanoseconds; raise OSError."""
        return tuple(each.stat().st_mtime_ns for each in (self.certificate, self.key))

    def context(self) -> ssl.SSLContext:
        """Return the context of a server; raise OSError, ssl.SSLError, ValueError."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # A client could make the server shake hands on one connection without end.
        context.options |= ssl.OP_NO_RENEGOTIATION
        context.set_alpn_protocols(["http/1.1"])
        context.load_cert_chain(self.certificate, self.key, password=_refuse_passphrase)
        return context


def parse_tls(environment: Mapping[str, str], origin: str) -> TlsFiles | None:
    """Return the files, None without TLS; raise MalformedError `setting_invalid`."""
    names = [name for name in (CERTIFICATE, KEY) if environment.get(name)]
    if not names:
        return None
    if len(names) == 1:
        other = KEY if names == [CERTIFICATE] else CERTIFICATE
        raise MalformedError("setting_invalid", f"{names[0]} needs {other}")
    if not origin.startswith("https://"):
        raise MalformedError("setting_invalid", f"{CERTIFICATE} needs a LEDGER_ORIGIN with https")
    return TlsFiles(Path(environment[CERTIFICATE]), Path(environment[KEY]))


class ServerTls:
    """The context for new connections, made anew when the files have changed."""

    def __init__(self, files: TlsFiles) -> None:
        """Read the files; raise MalformedError `setting_invalid`."""
        self._files = files
        try:
            self._versions, self._context = files.versions(), files.context()
        except (OSError, ValueError) as error:
            detail = f"{CERTIFICATE} and {KEY} cannot be used: {_reason(error)}"
            raise MalformedError("setting_invalid", detail) from error
        self._looked_s = time.monotonic()

    def context(self) -> ssl.SSLContext:
        """Return the newest context; files that cannot be used leave the one before in place."""
        if time.monotonic() - self._looked_s > LOOK_EVERY_S:
            self._looked_s = time.monotonic()
            self._renew()
        return self._context

    def _renew(self) -> None:
        try:
            versions = self._files.versions()
            if versions != self._versions:
                self._context = self._files.context()
                self._versions = versions
                _log.info("the server uses the new certificate")
        except (OSError, ValueError) as error:
            _log.warning("the server keeps its certificate: %s", _reason(error))


def _refuse_passphrase() -> str:
    """Refuse a key with a passphrase, which OpenSSL would ask for at the terminal."""
    raise ValueError("the key has a passphrase")


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return f"{error.reason or error}"
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error)
