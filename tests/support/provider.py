"""An organisation's provider on this machine: it signs in everybody who asks."""

import hashlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.support.directory import TOKEN
from tests.support.mailboxes import until
from tests.support.server import free_port


@contextmanager
def settings_with_provider(directory: Path) -> Iterator[dict[str, str]]:
    """Run a provider; give the settings of a ledger that has it, and a directory's token."""
    port = free_port()
    secret = directory / "secret"
    secret.write_text("a secret of the client\n")
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        try:
            assert until(lambda: _is_open(port))
            yield {
                "LEDGER_REGISTRATION": "open",
                "LEDGER_OIDC_ISSUER": f"http://127.0.0.1:{port}",
                "LEDGER_OIDC_CLIENT_ID": "ledger",
                "LEDGER_OIDC_CLIENT_SECRET_FILE": str(secret),
                "LEDGER_OIDC_PRIVATE_HOSTS": "127.0.0.1",
                "LEDGER_SCIM_TOKEN_SHA256": hashlib.sha256(TOKEN.encode()).hexdigest(),
            }
        finally:
            run.terminate()


def _is_open(port: int) -> bool:
    with closing(socket.socket()) as sock:
        sock.settimeout(1)
        return sock.connect_ex(("127.0.0.1", port)) == 0
