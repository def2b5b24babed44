"""A mail server that answers without end, or byte by byte, holds neither memory nor a thread."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from ledger.errors import UnavailableError
from ledger.system import smtp
from ledger.system.smtp import MAX_REPLY_BYTES, SmtpConnection, SmtpServer
from tests.support.certificates import make_certificate, trusting

Talk = Callable[[socket.socket], None]


@contextmanager
def mail_server(talk: Talk) -> Iterator[SmtpServer]:
    """A server on this machine that talks to its first client like this, then closes."""

    def answer() -> None:
        client, _ = listening.accept()
        with client, suppress(OSError):
            client.settimeout(20)
            talk(client)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=answer)
        thread.start()
        yield SmtpServer("127.0.0.1", listening.getsockname()[1], False, True, "", "")
        thread.join()


def without_end(client: socket.socket) -> None:
    client.sendall(b"220 here\r\n")
    client.recv(1_000)
    for _ in range(100_000):  # 800 MB
        client.sendall(b"250-" + b"x" * 8_000 + b"\r\n")


def byte_by_byte(client: socket.socket) -> None:
    for _ in range(400):
        client.sendall(b"2")
        time.sleep(0.05)


@pytest.mark.parametrize("talk", [without_end, byte_by_byte])
def test_a_reply_is_bounded_in_bytes_and_in_time(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "WAIT_S", 1.0)
    began_s = time.monotonic()
    with mail_server(talk) as server, pytest.raises(UnavailableError) as refused:
        SmtpConnection(server)
    assert refused.value.code == "mail_unavailable"
    assert time.monotonic() - began_s < 10


def test_each_reply_has_the_whole_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    half = b"".join(b"250-" + b"x" * 1_000 + b"\r\n" for _ in range(MAX_REPLY_BYTES // 2_000))

    def talk(client: socket.socket) -> None:
        client.sendall(b"220 here\r\n")
        for _ in range(4):
            client.recv(1_000)
            client.sendall(half + b"250 taken\r\n")

    with mail_server(talk) as server:
        connection = SmtpConnection(server)
        for _ in range(2):
            assert connection._smtp.noop()[0] == 250
        connection.close()


def test_what_is_sent_after_a_slow_reply_has_the_whole_time() -> None:
    def talk(client: socket.socket) -> None:
        client.sendall(b"220 here\r\n")
        client.recv(1_000)
        client.sendall(b"250-here\r\n")
        time.sleep(0.1)
        client.sendall(b"250 still here\r\n")
        client.recv(1_000)

    with mail_server(talk) as server:
        connection = SmtpConnection(server)
        assert connection._smtp.sock is not None
        assert connection._smtp.sock.gettimeout() == smtp.WAIT_S
        connection.close()


@pytest.mark.parametrize("is_tls", [True, False])
def test_letters_go_over_tls_from_the_first_byte_and_after_starttls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_tls: bool
) -> None:
    files = make_certificate(tmp_path)
    monkeypatch.setattr(smtp, "trust", lambda: trusting(files))

    def talk(client: socket.socket) -> None:
        if not is_tls:
            client.sendall(b"220 here\r\n")
            client.recv(1_000)
            client.sendall(b"250-here\r\n250 STARTTLS\r\n")
            client.recv(1_000)
            client.sendall(b"220 go\r\n")
        with files.context().wrap_socket(client, server_side=True) as secure:
            if is_tls:
                secure.sendall(b"220 here\r\n")
            for _ in range(3):  # EHLO, NOOP, QUIT
                secure.recv(1_000)
                secure.sendall(b"250 taken\r\n")

    with mail_server(talk) as server:
        secure = server._replace(host="localhost", is_tls=is_tls, may_be_plain=False)
        connection = SmtpConnection(secure)
        assert connection._smtp.noop()[0] == 250
        connection.close()
