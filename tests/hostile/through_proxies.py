"""The proxies' configurations of docs/how-to/proxy serve a ledger and hold back an attack.

`make hostile` runs these: they need nginx and Caddy. Their name keeps them out of `make test`.
"""

import datetime
import json
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ledger.data_files import SECURITY_FILE
from tests.support.actor import Actor
from tests.support.check import check_ledger
from tests.support.server import Server, free_port

CONFIGURATIONS = Path(__file__).parents[2] / "docs/how-to/proxy"
START_S = 10


class Proxied:
    """A ledger with a proxy in front."""

    def __init__(self, port: int, tls: ssl.SSLContext, server: Server, record: Path) -> None:
        self.port = port
        self.origin = f"https://localhost:{port}"
        self.tls = tls
        self.server = server
        self.record = record

    def client(self, source: str = "127.0.0.1") -> httpx.Client:
        transport = httpx.HTTPTransport(verify=self.tls, local_address=source)
        return httpx.Client(base_url=self.origin, transport=transport, timeout=20)

    def send(self, raw: bytes, source: str = "127.0.0.2") -> bytes:
        """Send bytes through TLS and return the first line of the answer."""
        with self.connect(source) as client:
            with suppress(OSError):
                client.sendall(raw)
            with suppress(OSError):
                return client.recv(4_096).partition(b"\r\n")[0]
        return b""

    def connect(self, source: str) -> ssl.SSLSocket:
        plain = socket.create_connection(("127.0.0.1", self.port), 10, (source, 0))
        return self.tls.wrap_socket(plain, server_hostname="localhost")


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def proxied(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxied]:
    directory = tmp_path_factory.mktemp(request.param)
    certificate, key = throw_away_certificate(directory)
    port = free_port()
    server = Server(
        directory / "data", LEDGER_ORIGIN=f"https://localhost:{port}", LEDGER_PROXIES="127.0.0.1"
    )
    server.start()
    written = {"nginx": nginx, "caddy": caddy}[request.param]
    command = written(directory, port, server.port, certificate, key)
    tls = ssl.create_default_context(cafile=str(certificate))
    with (directory / "proxy.log").open("wb") as log:
        proxy = subprocess.Popen(
            command, stdout=log, stderr=log, env={"HOME": str(directory), "PATH": "/usr/bin:/bin"}
        )
    try:
        wait_for_port(port, proxy, directory / "proxy.log")
        yield Proxied(port, tls, server, server.data / SECURITY_FILE)
    finally:
        proxy.terminate()
        proxy.wait(10)
        server.stop()


def nginx(directory: Path, port: int, upstream: int, certificate: Path, key: Path) -> list[str]:
    text = (CONFIGURATIONS / "nginx.conf").read_text()
    text = substituted(
        text,
        {
            "listen 443 ": f"listen 127.0.0.1:{port} ",
            "127.0.0.1:8000": f"127.0.0.1:{upstream}",
            "server_name ledger.example;": "server_name localhost;",
            "/etc/ssl/ledger/certificate.pem": str(certificate),
            "/etc/ssl/ledger/key.pem": str(key),
        },
    )
    file = directory / "nginx.conf"
    file.write_text(f"pid {directory}/nginx.pid;\n{text}")
    options = f"daemon off; error_log {directory}/error.log;"
    return ["/usr/sbin/nginx", "-p", str(directory), "-c", str(file), "-g", options]


def caddy(directory: Path, port: int, upstream: int, certificate: Path, key: Path) -> list[str]:
    text = (CONFIGURATIONS / "Caddyfile").read_text()
    text = substituted(
        text,
        {
            "admin off": "admin off\n\tauto_https disable_redirects\n\tdefault_bind 127.0.0.1",
            "\nledger.example {": f"\nhttps://localhost:{port} {{",
            "127.0.0.1:8000": f"127.0.0.1:{upstream}",
            "# tls ": "tls ",
            "/etc/ssl/ledger/certificate.pem": str(certificate),
            "/etc/ssl/ledger/key.pem": str(key),
        },
    )
    file = directory / "Caddyfile"
    file.write_text(text)
    return ["/usr/bin/caddy", "run", "--adapter", "caddyfile", "--config", str(file)]


def substituted(text: str, changes: dict[str, str]) -> str:
    for found, instead in changes.items():
        assert found in text, found
        text = text.replace(found, instead)
    return text


def throw_away_certificate(directory: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = directory / "certificate.pem", directory / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


def wait_for_port(port: int, proxy: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and proxy.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError(log.read_text())


def test_people_register_draft_approve_and_listen_through_the_proxy(proxied: Proxied) -> None:
    with ExitStack() as clients:
        alice, bob = (
            Actor(clients.enter_context(proxied.client()), name, proxied.origin)
            for name in ("Alice", "Bob")
        )
        alice.register("creator")
        bob.register("investor")
        assert bob.approve(alice.draft()).status_code == 201
        with alice.client.stream("GET", "/api/stream") as stream:
            assert stream.status_code == 200
            assert next(stream.iter_lines())
    check_ledger(proxied.server)


def test_the_ledger_knows_the_clients_address_and_a_client_cannot_choose_it(
    proxied: Proxied,
) -> None:
    with proxied.client("127.0.0.7") as client:
        forged = {"X-Forwarded-For": "203.0.113.7", "X-Request-Id": "chosen"}
        answer = client.post("/api/sessions", json={"act": "a.b.c"}, headers=forged)
        assert answer.status_code in (400, 401)
        assert answer.headers["x-request-id"] != "chosen"
        deadline = time.monotonic() + 5
        found: list[str] = []
        while not found and time.monotonic() < deadline:
            lines = map(json.loads, proxied.record.read_text().splitlines())
            wanted = answer.headers["x-request-id"]
            found = [each["client"] for each in lines if each["request_id"] == wanted]
            time.sleep(0.05)
        assert found == ["127.0.0.7"]


def test_requests_that_say_two_things_do_not_pass(proxied: Proxied) -> None:
    host = f"Host: localhost:{proxied.port}\r\n".encode()
    get, post = b"GET / HTTP/1.1\r\n" + host, b"POST /api/authenticate HTTP/1.1\r\n" + host
    for raw in (
        get + host + b"\r\n",
        post + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        post + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
        post + b"Content-Length: -1\r\n\r\n",
        get + b"x: " + b"a" * 100_000 + b"\r\n\r\n",
        post + b"Content-Length: 99999999\r\n\r\n" + bytes(100),
    ):
        first = proxied.send(raw)
        assert first == b"" or first.split()[1][:1] in (b"4", b"5"), (raw[:80], first)


def test_half_sent_requests_keep_nobody_out(proxied: Proxied) -> None:
    with ExitStack() as held, proxied.client() as member:
        for number in range(200):
            client = proxied.connect(f"127.0.0.{2 + number % 4}")
            held.callback(client.close)
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        for _ in range(5):
            assert member.get("/healthz").json()["status"] == "ok"
