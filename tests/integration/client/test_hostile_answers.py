"""The client with and without an event loop, at a server that answers badly: the same bounds."""

import gzip
import threading
import time
from contextlib import suppress
from typing import Any

import anyio._backends._asyncio  # noqa: F401  # else the first request loads it, beyond the limits
import msgspec
import pytest

from ledger.client import KeptLogin, async_transport, transport
from ledger.errors import (
    ConflictError,
    LedgerError,
    MalformedError,
    RefusedError,
    TooManyError,
    UnauthenticatedError,
    UnavailableError,
)
from ledger.jose import SigningKey
from tests.support.bare_server import Talk, dripping, talking
from tests.support.client_kinds import KINDS, ClientKind, either
from tests.support.strangers import Reply, stranger

STATEMENT = "2c3a4b5e-0000-4000-8000-000000000003"
USED = {"statementId": STATEMENT, "position": 7, "number": 1, "generation": 1}
HEAD = b"HTTP/1.1 200 OK\r\nSet-Cookie: session=s\r\n"


def login_at(address: str) -> KeptLogin:
    return KeptLogin(
        address=address,
        ledger="2c3a4b5e-0000-4000-8000-000000000001",
        user="2c3a4b5e-0000-4000-8000-000000000002",
        key=SigningKey.from_seed(bytes(32)).to_pem().decode(),
    )


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> ClientKind:
    found: ClientKind = request.param
    return found


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (transport, async_transport):
        monkeypatch.setattr(module, "MAX_ANSWER_BYTES", 1000)
        monkeypatch.setattr(module, "SILENCE_S", 0.5)
    monkeypatch.setattr(async_transport, "POST_S", 0.5)
    monkeypatch.setattr("ledger.system.http_client.TOTAL_S", 0.5)
    monkeypatch.setattr("ledger.client.connection.PAUSE_S", 0.01)
    monkeypatch.setattr("ledger.client.async_reader._EVERY_S", 0.01)


def refused_by(kind: ClientKind, address: str) -> LedgerError:
    with either(login_at(address), kind) as client, pytest.raises(LedgerError) as refused:
        client.call("inbox")
    return refused.value


ANSWERS: dict[str, Talk] = {
    "drips": dripping(HEAD + b"Content-Length: 900\r\n\r\n"),
    "head without an end": dripping(HEAD + b"X-Long: "),
    "too long": lambda to: to.sendall(HEAD + b"Content-Length: 1001\r\n\r\n" + bytes(1001)),
    "without a length, and too long": lambda to: to.sendall(HEAD + b"\r\n" + bytes(1001)),
    "truncated": lambda to: to.sendall(HEAD + b"Content-Length: 90\r\n\r\nhalf"),
    "no HTTP": lambda to: to.sendall(b"\x00\xff junk\r\n\r\n"),
    "nothing": lambda to: None,
}


@pytest.mark.parametrize("talk", ANSWERS.values(), ids=ANSWERS)
def test_no_answer_holds_the_client_or_fills_its_memory(kind: ClientKind, talk: Talk) -> None:
    began_s = time.monotonic()
    with talking(talk) as address:
        assert refused_by(kind, address).code == "peer_unreachable"
    assert time.monotonic() - began_s < 20


@pytest.mark.parametrize(
    ("reply", "kind_of_error", "code"),
    [
        (Reply(200, b"junk"), UnavailableError, "answer_invalid"),
        (Reply(200, b"\xff"), UnavailableError, "answer_invalid"),
        (Reply(200, b'{"items":{},"next":null}'), UnavailableError, "answer_invalid"),
        (Reply(302), UnavailableError, "answer_invalid"),
        (Reply(200, gzip.compress(bytes(10_000))), UnavailableError, "answer_invalid"),
        (Reply(400, b'{"code":"cursor_invalid"}'), MalformedError, "cursor_invalid"),
        (Reply(409, b"no problem document"), ConflictError, "answer_invalid"),
        (Reply(429, b'{"code":"rate_limited"}'), TooManyError, "rate_limited"),
        (Reply(401, b'{"code":"session_required"}'), UnauthenticatedError, "session_required"),
        (Reply(503, b'{"code":"not_ready"}'), UnavailableError, "not_ready"),
    ],
)
def test_an_answer_is_read_as_the_same_error(
    kind: ClientKind, reply: Reply, kind_of_error: type[LedgerError], code: str
) -> None:
    def script(method: str, _: str, __: bytes) -> Reply:
        return Reply(201, b"{}") if method == "POST" else reply

    with stranger(script) as address:
        refused = refused_by(kind, address)
    assert (type(refused), refused.code) == (kind_of_error, code)


@pytest.mark.parametrize("status", [200, 400])
def test_an_answer_that_is_nested_without_an_end_is_no_answer(
    kind: ClientKind, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (transport, async_transport):
        monkeypatch.setattr(module, "MAX_ANSWER_BYTES", 100_000)
    nested = Reply(status, b'{"more":' + b"[" * 40_000 + b"]" * 40_000 + b"}")
    with stranger(lambda method, *_: Reply(201, b"{}") if method == "POST" else nested) as address:
        assert refused_by(kind, address).code == "answer_invalid"


def test_pages_without_an_end_end(kind: ClientKind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.client.async_reader.MAX_PAGES", 5)
    page = b'{"items":[],"next":"more"}'
    with stranger(lambda *_: Reply(200, page)) as address, either(login_at(address), kind) as one:
        assert one.call("inbox") == []


def test_pages_that_are_large_together_end(
    kind: ClientKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.client.async_reader.MAX_ANSWER_BYTES", 2000)
    page = b'{"items":[],"next":"' + b"x" * 900 + b'"}'
    with stranger(lambda *_: Reply(200, page)) as address:
        assert refused_by(kind, address).code == "answer_invalid"


def test_a_cookie_that_is_no_ascii_breaks_nothing(kind: ClientKind) -> None:
    def script(*_: object) -> Reply:
        return Reply(200, b'{"items":[],"next":null}', cookie="session=\xe9")

    with (
        stranger(script) as address,
        either(login_at(address), kind) as client,
        suppress(UnavailableError),
    ):
        assert client.call("inbox") == []


def test_a_proxy_never_gets_what_is_for_this_machine(
    kind: ClientKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def overhears(_: str, path: str, __: bytes) -> Reply:
        asked.append(path)
        return Reply(503)

    for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    page = b'{"items":[],"next":null}'
    with stranger(overhears) as proxy, stranger(lambda *_: Reply(200, page)) as address:
        monkeypatch.setenv("http_proxy", proxy)
        with either(login_at(address), kind) as client:
            assert client.call("inbox") == []
    assert asked == []


# --- what is sent again --------------------------------------------------------------------------


def test_an_act_whose_answer_is_lost_is_sent_again_with_the_same_bytes(kind: ClientKind) -> None:
    sent: list[bytes] = []

    def script(_: str, __: str, body: bytes) -> Reply:
        sent.append(body)
        return (
            Reply(503, b'{"code":"outcome_unknown"}')
            if len(sent) < 3
            else Reply(201, msgspec.json.encode(USED))
        )

    with stranger(script) as address, either(login_at(address), kind) as client:
        assert client.call("use", STATEMENT, "0" * 64, "nonce").position == 7
    assert len(sent) == 3
    assert len(set(sent)) == 1


def test_a_use_of_another_statement_is_no_answer(kind: ClientKind) -> None:
    other = USED | {"statementId": "2c3a4b5e-0000-4000-8000-000000000009"}
    with (
        stranger(lambda *_: Reply(201, msgspec.json.encode(other))) as address,
        either(login_at(address), kind) as client,
        pytest.raises(RefusedError, match="document_differs"),
    ):
        client.call("use", STATEMENT, "0" * 64, "nonce")


def test_a_refusal_is_not_sent_again(kind: ClientKind) -> None:
    sent: list[bytes] = []

    def script(_: str, __: str, body: bytes) -> Reply:
        sent.append(body)
        return Reply(409, b'{"code":"used_up"}')

    with (
        stranger(script) as address,
        either(login_at(address), kind) as client,
        pytest.raises(ConflictError, match="used_up"),
    ):
        client.call("use", STATEMENT, "0" * 64, "nonce")
    assert len(sent) == 1


# --- the stream ----------------------------------------------------------------------------------


def streamed(*bodies: bytes) -> Talk:
    """Answer each request with the next of these bodies, the last one again and again."""
    left = list(bodies)

    def talk(to: Any) -> None:
        body = left.pop(0) if len(left) > 1 else left[0]
        to.sendall(HEAD + b"Content-Type: text/event-stream\r\n\r\n" + body)

    return talk


def told(position: int) -> bytes:
    return f'event: position\r\ndata: {{"position":{position}}}\r\nid: {position}\r\n\r\n'.encode()


def test_a_stream_that_ends_is_opened_again(kind: ClientKind) -> None:
    # The first request signs in.
    bodies = (b"", b": live\n\n" + told(4) + told(4), told(4) + told(6)[:9], told(2))
    with talking(streamed(*bodies)) as address, either(login_at(address), kind) as client:
        assert client.positions(2) == [4, 2]  # a restored ledger goes back


@pytest.mark.parametrize(
    "body",
    [
        b"data: " + b"x" * 70_000,
        b"data: junk\n\n",
        b'data: {"position":"4"}\n\n',
        b": nothing but comments\n\n",
        b"",
    ],
)
def test_a_stream_that_tells_nothing_is_given_up(kind: ClientKind, body: bytes) -> None:
    with (
        talking(streamed(b"", body)) as address,
        either(login_at(address), kind) as client,
        pytest.raises(UnavailableError),
    ):
        client.positions(1)


def test_a_stream_that_is_refused_says_why(kind: ClientKind) -> None:
    def script(method: str, _: str, __: bytes) -> Reply:
        return Reply(201, b"{}") if method == "POST" else Reply(429, b'{"code":"too_many_streams"}')

    with (
        stranger(script) as address,
        either(login_at(address), kind) as client,
        pytest.raises(TooManyError, match="too_many_streams"),
    ):
        client.positions(1)


def test_a_stream_whose_head_has_no_end_is_given_up(kind: ClientKind) -> None:
    sign_in = [HEAD + b"Content-Length: 2\r\nConnection: close\r\n\r\n{}"]
    drip = dripping(HEAD + b"X-Long: ")

    def talk(to: Any) -> None:
        to.sendall(sign_in.pop()) if sign_in else drip(to)

    with talking(talk) as address, either(login_at(address), kind) as client:
        began_s = time.monotonic()
        with pytest.raises(UnavailableError):
            client.positions(1)
        assert time.monotonic() - began_s < 15


def test_a_stream_that_falls_silent_ends(kind: ClientKind) -> None:
    over = threading.Event()
    sign_in = [HEAD + b"Content-Length: 2\r\nConnection: close\r\n\r\n{}"]

    def talk(to: Any) -> None:
        if sign_in:
            to.sendall(sign_in.pop())
        else:
            to.sendall(HEAD + b"\r\n")
            over.wait(9)

    with talking(talk) as address, either(login_at(address), kind) as client:
        began_s = time.monotonic()
        with pytest.raises(UnavailableError):
            client.positions(1)
        assert time.monotonic() - began_s < 8
        over.set()
