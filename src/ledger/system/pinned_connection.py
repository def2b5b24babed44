"""An HTTP connection to an IP address that was chosen before, for the name of a host."""

import http.client
import socket
import ssl
from functools import cache


@cache
def trust() -> ssl.SSLContext:
    """Return what verifies certificates; reading the system's takes 25 ms."""
    return ssl.create_default_context()


class PinnedConnection(http.client.HTTPConnection):
    """A connection to an IP address that was checked before, on behalf of a host's name."""

    def __init__(
        self, scheme: str, host: str, port: int | None, address: str, *, timeout_s: float
    ) -> None:
        is_secure = scheme == "https"
        super().__init__(host, port or (443 if is_secure else 80), timeout=timeout_s)
        self._address = address
        self._is_secure = is_secure
        self._limit_s = timeout_s
        # The Host header names the port unless it is the scheme's own.
        self.default_port = 443 if is_secure else 80

    def connect(self) -> None:
        """Connect, and verify the certificate of the host's name."""
        sock = socket.create_connection((self._address, self.port), self._limit_s)
        if not self._is_secure:
            self.sock = sock
            return
        try:
            self.sock = trust().wrap_socket(sock, server_hostname=self.host)
        except BaseException:
            sock.close()
            raise
