"""A real server that speaks HTTPS itself."""

from pathlib import Path

from tests.support.certificates import make_certificate, trusting
from tests.support.server import Server


class SecureServer(Server):
    """A server with a certificate of its own, in which anybody may register."""

    host = "localhost"

    def __init__(self, data: Path, **settings: str) -> None:
        files = make_certificate(data.parent, self.host)
        super().__init__(
            data,
            LEDGER_TLS_CERTIFICATE=str(files.certificate),
            LEDGER_TLS_KEY=str(files.key),
            LEDGER_REGISTRATION="open",
            **settings,
        )
        self.origin = f"https://{self.host}:{self.port}"
        self.trusted = trusting(files)

    @property
    def address(self) -> str:
        return self.origin
