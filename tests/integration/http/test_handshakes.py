"""HTTPS without a proxy: handshakes are bounded like everything else, and then it is HTTP."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import msgspec
import pytest

from ledger.http.admission import Admission
from ledger.http.connection import Connection
from ledger.http.secure_transport import PIECE_BYTES
from ledger.system.tls_files import ServerTls, TlsFiles
from tests.integration.http.test_connection import GET, HOST, LAST, LIMITS, post
from tests.support.certificates import make_certificate, trusting
from tests.support.guarded import Guarded, guarded, received, statuses


@pytest.fixture
def files(tmp_path: Path) -> TlsFiles:
    return make_certificate(tmp_path)


@pytest.fixture
def server(files: TlsFiles) -> Iterator[Guarded]:
    with guarded(Admission(LIMITS), ServerTls(files)) as running:
        yield running


def secure(server: Guarded, files: TlsFiles, source: str = "127.0.0.1") -> ssl.SSLSocket:
    return trusting(files).wrap_socket(server.connect(source), server_hostname="localhost")


def ask(server: Guarded, files: TlsFiles, *parts: bytes) -> bytes:
    with secure(server, files) as client:
        for part in parts:
            client.sendall(part)
        return received(client)


def wait_for_connections(server: Guarded, count: int, seconds: float = 5) -> None:
    give_up = time.monotonic() + seconds
    while server.admission.connections != count:
        assert time.monotonic() < give_up, server.admission.connections
        time.sleep(0.01)


def test_requests_are_answered_and_the_scheme_is_https(server: Guarded, files: TlsFiles) -> None:
    with secure(server, files) as client:
        assert client.version() == "TLSv1.3"
        client.sendall(GET + post(5) + b"hello" + LAST)
        assert statuses(received(client)) == [200, 200, 200]
    wait_for_connections(server, 0)


def test_a_refusal_arrives_before_the_connection_closes(server: Guarded, files: TlsFiles) -> None:
    assert statuses(ask(server, files, GET[:-2] + b"a: b\r\n" * 100)) == [431]
    assert statuses(ask(server, files, post(1_000_000), b"a" * 400_000)) == [413]
    wait_for_connections(server, 0)


def test_a_long_body_and_a_long_answer_arrive_whole(server: Guarded, files: TlsFiles) -> None:
    answer = ask(server, files, post(90_000), b"a" * 90_000, LAST)
    assert statuses(answer) == [200, 200]
    assert answer.partition(b"\r\n\r\n")[2].startswith(b"90000HTTP")
    with secure(server, files) as client:
        client.sendall(b"GET /large HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
        found = b""
        while part := client.recv(16_384):
            found += part
            time.sleep(0.02)  # so that the server has closed long before
    assert len(found.partition(b"\r\n\r\n")[2]) == 1_000_000


def test_records_of_one_byte_are_decrypted_in_pieces(
    server: Guarded, files: TlsFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """250 kB of them, on each of 120 connections, kept a member waiting for 1.4 seconds."""
    parsed: list[int] = []
    receive = Connection.data_received

    def counted(connection: Connection, data: bytes) -> None:
        parsed.append(len(data))
        receive(connection, data)

    monkeypatch.setattr(Connection, "data_received", counted)
    with secure(server, files) as client:
        for each in post(5_000) + b"a" * 5_000 + LAST:
            client.sendall(bytes([each]))
        assert statuses(received(client)) == [200, 200]
    assert max(parsed) < PIECE_BYTES / 20


def test_a_request_that_comes_with_the_handshakes_last_message_is_answered(
    server: Guarded, files: TlsFiles
) -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusting(files).wrap_bio(incoming, outgoing, server_hostname="localhost")
    with server.connect() as wire:
        with suppress(ssl.SSLWantReadError):
            client.do_handshake()
        wire.sendall(outgoing.read())
        while True:
            incoming.write(wire.recv(65_536))
            with suppress(ssl.SSLWantReadError):
                client.do_handshake()
                break
        client.write(LAST)
        wire.sendall(outgoing.read())
        found = b""
        while part := wire.recv(65_536):
            incoming.write(part)
            with suppress(ssl.SSLWantReadError, ssl.SSLZeroReturnError):
                while more := client.read():
                    found += more
        assert statuses(found) == [200]


def test_a_handshake_that_is_never_finished_ends_in_time(server: Guarded) -> None:
    with ExitStack() as opened:
        silent, slow = (opened.enter_context(server.connect()) for _ in range(2))
        wait_for_connections(server, 2)
        began = time.monotonic()
        with suppress(OSError):
            for byte in b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40):
                slow.sendall(bytes([byte]))
                time.sleep(0.1)
        assert received(silent) == received(slow) == b""
        assert time.monotonic() - began < LIMITS.head_s + 3
    wait_for_connections(server, 0)


def test_neither_few_addresses_nor_many_that_never_finish_keep_others_out(
    server: Guarded, files: TlsFiles
) -> None:
    with ExitStack() as opened:
        for number in range(16):
            opened.enter_context(server.connect(f"127.0.{number % 2}.{2 + number // 2}"))
        wait_for_connections(server, 16)
        with secure(server, files, "127.0.0.9") as another:
            another.sendall(LAST)
            assert statuses(received(another)) == [200]
    with ExitStack() as opened:
        for _ in range(8):
            opened.enter_context(server.connect())
        wait_for_connections(server, 8)
        with server.connect() as ninth:
            assert received(ninth) == b""
        assert server.admission.connections == 8


@pytest.mark.parametrize(
    "raw", [GET, b"\x00" * 1_000, b"\x16\x03\x01\xff\xff" + b"a" * 70_000, b"\x80\x2e\x01\x00\x02"]
)
def test_what_is_no_handshake_ends_the_connection(
    raw: bytes, server: Guarded, files: TlsFiles, caplog: pytest.LogCaptureFixture
) -> None:
    with server.connect() as client:
        with suppress(OSError):  # the server may have ended it already
            client.sendall(raw)
            client.shutdown(socket.SHUT_WR)
        assert b"HTTP" not in received(client)
    wait_for_connections(server, 0)
    assert statuses(ask(server, files, LAST)) == [200]
    assert not caplog.records


def test_clients_that_hang_up_in_their_handshake_leave_nothing(
    server: Guarded, files: TlsFiles, caplog: pytest.LogCaptureFixture
) -> None:
    for kept in range(0, 300, 20):
        outgoing = ssl.MemoryBIO()
        client = trusting(files).wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
        with suppress(ssl.SSLWantReadError):
            client.do_handshake()
        with server.connect() as wire:
            wire.sendall(outgoing.read()[: kept or None])
    with secure(server, files):
        pass  # after the handshake, before a request
    wait_for_connections(server, 0)
    assert not caplog.records


def test_a_client_that_stops_reading_is_let_go(server: Guarded, files: TlsFiles) -> None:
    with secure(server, files) as client:
        client.sendall(b"GET /endless HTTP/1.1\r\n" + HOST + b"\r\n")
        wait_for_connections(server, 1)
        wait_for_connections(server, 0, 8)


def test_who_says_the_end_before_the_answer_holds_nothing(files: TlsFiles) -> None:
    """Two seconds each, in which a full server could not close it: members were let go instead."""
    limits = msgspec.structs.replace(LIMITS, linger_s=20)
    with guarded(Admission(limits), ServerTls(files)) as server:
        for _ in range(3):
            client = secure(server, files)
            client.sendall(b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n")
            wait_for_connections(server, 1)
            socket.socket.shutdown(client, socket.SHUT_WR)
            wait_for_connections(server, 0, 3)
            client.close()


def test_old_versions_are_refused(server: Guarded, files: TlsFiles) -> None:
    context = trusting(files)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSVersion"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with server.connect() as wire, pytest.raises(ssl.SSLError):
        context.wrap_socket(wire, server_hostname="localhost")


def test_a_renewed_certificate_is_used_and_one_that_cannot_be_is_not(
    server: Guarded, files: TlsFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.system.tls_files.LOOK_EVERY_S", -1.0)

    def shown() -> object:
        with secure(server, files) as client:
            return client.getpeercert()["serialNumber"]  # type: ignore[index]  # it was verified

    first = shown()
    good = make_certificate(files.certificate.parent)
    second = shown()
    assert second != first
    kept = good.certificate.read_bytes()
    good.certificate.write_text("no certificate")
    with server.connect() as wire:
        trusted = ssl.create_default_context(cadata=kept.decode())
        with trusted.wrap_socket(wire, server_hostname="localhost") as client:
            client.sendall(b"GET /a HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
            assert statuses(received(client)) == [200]


def test_a_server_stops_at_once_beside_open_handshakes(files: TlsFiles) -> None:
    with ExitStack() as opened:
        with guarded(Admission(LIMITS), ServerTls(files)) as running:
            for _ in range(3):
                opened.enter_context(running.connect())
            wait_for_connections(running, 3)
            began = time.monotonic()
        assert time.monotonic() - began < LIMITS.head_s


def test_a_server_stops_at_once_beside_clients_that_take_its_word(files: TlsFiles) -> None:
    with guarded(Admission(LIMITS), ServerTls(files)) as running:
        kept = secure(running, files)
        kept.sendall(GET)
        assert statuses(kept.recv(4_096)) == [200]

        def leave() -> None:
            received(kept)
            kept.close()

        leaving = threading.Thread(target=leave)
        leaving.start()
        began = time.monotonic()
    assert time.monotonic() - began < LIMITS.linger_s
    leaving.join()
