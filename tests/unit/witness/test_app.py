"""The witness's server before its state: turns of addresses, and what is no submission."""

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, cast

import pytest

from ledger.system.client_address import parse_networks
from ledger.witness.app import EACH, MAX_BODY_BYTES, WitnessServer
from ledger.witness.state import WitnessState

PROXY = "192.0.2.1"
LATEST = f"/{'a' * 64}/checkpoint"


class SlowWitness:
    """A witness that is at work until it is let go, except for a submission of `quick`."""

    def __init__(self) -> None:
        self.at_work = self.most = self.done = 0
        self.begun = threading.Semaphore(0)
        self.go = threading.Event()
        self._lock = threading.Lock()

    def add(self, raw: bytes, *, now_s: int) -> bytes:
        assert now_s > 0
        with self._lock:
            self.done += 1
            if raw == b"quick":
                return b"line\n"
            self.at_work += 1
            self.most = max(self.most, self.at_work)
        self.begun.release()
        assert self.go.wait(10)
        with self._lock:
            self.at_work -= 1
        return b"line\n"

    def latest(self, _origin_sha256: str) -> bytes:
        return b"note\n"


class Asked:
    """One request to a witness's server, and what it answers."""

    def __init__(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        address: str = "203.0.113.7",
        query: bytes = b"",
        headers: tuple[tuple[bytes, bytes], ...] = (),
        hangs_up: bool = False,
    ) -> None:
        self.scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query,
            "headers": [(b"content-length", b"%d" % len(body)), *headers],
            "client": (address, 1),
        }
        message = {"type": "http.request", "body": body, "more_body": hangs_up}
        self._messages = [{"type": "http.disconnect"}, message]
        self.sent: list[Any] = []

    async def answer(self, server: WitnessServer) -> int:
        await server(self.scope, self._receive, self._send)
        return cast(int, self.sent[0]["status"]) if self.sent else 0

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.sent[0]["headers"])

    @property
    def code(self) -> str:
        return cast(str, json.loads(self.sent[1]["body"])["code"])

    async def _receive(self) -> Any:
        return self._messages.pop()

    async def _send(self, message: Any) -> None:
        self.sent.append(message)


def in_a_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    @wraps(test)
    def run(*given: Any, **named: Any) -> None:
        asyncio.run(test(*given, **named))

    return run


def served(witness: SlowWitness) -> WitnessServer:
    return WitnessServer(cast(WitnessState, witness), parse_networks(PROXY))


def submission(body: bytes, **given: Any) -> Asked:
    return Asked("POST", "/add-checkpoint", body, **given)


@pytest.mark.parametrize(
    ("stranger", "log"),
    [
        ({"address": "198.51.100.1"}, {"address": "203.0.113.7"}),
        ({"address": "2001:db8:1::1"}, {"address": "2001:db8:2::1"}),
        (
            {"address": PROXY, "headers": ((b"x-forwarded-for", b"198.51.100.1"),)},
            {"address": PROXY, "headers": ((b"x-forwarded-for", b"203.0.113.7"),)},
        ),
    ],
)
@in_a_loop
async def test_submissions_of_one_address_keep_no_log_waiting(
    stranger: dict[str, Any], log: dict[str, Any]
) -> None:
    witness = SlowWitness()
    server = served(witness)
    flood = [asyncio.ensure_future(submission(b"x", **stranger).answer(server)) for _ in range(50)]
    try:
        for _ in range(EACH):
            await asyncio.to_thread(witness.begun.acquire)
        async with asyncio.timeout(5):
            assert await submission(b"quick", **log).answer(server) == 200
            assert await Asked("GET", LATEST, **stranger).answer(server) == 200
        assert witness.done == EACH + 1
    finally:
        witness.go.set()
    assert await asyncio.gather(*flood) == [200] * 50
    assert witness.most == EACH


@in_a_loop
async def test_a_client_that_hangs_up_in_its_body_costs_nothing_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    witness = SlowWitness()
    assert await submission(b"old 1", hangs_up=True).answer(served(witness)) == 0
    assert (witness.done, caplog.text) == (0, "")


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        (submission(b"x", query=b"a=1"), 400, "query_unknown"),
        (submission(b"x", headers=((b"content-encoding", b"gzip"),)), 415, "coding_unsupported"),
        (submission(b"x" * (MAX_BODY_BYTES + 1)), 413, "request_too_large"),
        (Asked("OPTIONS", "/add-checkpoint"), 405, "method_not_allowed"),
        (Asked("DELETE", LATEST), 405, "method_not_allowed"),
        (Asked("GET", "/add-checkpoint/"), 404, "not_found"),
        (Asked("GET", f"/{'A' * 64}/checkpoint"), 404, "not_found"),
        (Asked("GET", f"/{LATEST}"), 404, "not_found"),
    ],
)
@in_a_loop
async def test_what_is_no_submission_is_refused_before_the_witness_sees_it(
    asked: Asked, status: int, code: str
) -> None:
    witness = SlowWitness()
    assert (await asked.answer(served(witness)), asked.code) == (status, code)
    assert witness.done == 0
    assert asked.headers[b"cache-control"] == b"no-store"
    assert asked.headers[b"x-content-type-options"] == b"nosniff"
    assert len(asked.headers[b"x-request-id"]) == 32
    if status == 405:
        assert asked.headers[b"allow"] in (b"POST", b"GET, HEAD")


@in_a_loop
async def test_what_a_proxy_does_not_tell_is_not_believed() -> None:
    witness = SlowWitness()
    server = served(witness)
    flood = [
        asyncio.ensure_future(
            submission(b"x", headers=((b"x-forwarded-for", b"10.0.0.%d" % each),)).answer(server)
        )
        for each in range(20)
    ]
    try:
        for _ in range(EACH):
            await asyncio.to_thread(witness.begun.acquire)
        assert await submission(b"quick", address="198.51.100.9").answer(server) == 200
    finally:
        witness.go.set()
    await asyncio.gather(*flood)
    assert witness.most == EACH
