"""What is large is read beside the event loop, and what is small on it: a thread costs more."""

import asyncio
import threading
from typing import Any

import pytest
from litestar import Litestar, post
from litestar.params import JSONBody
from litestar.testing import AsyncTestClient

from ledger.commands.statements import off_loop
from ledger.commands.writer import LARGE_BYTES
from ledger.http import requests
from ledger.http.passkey_responses import MAX_SMALL_BYTES
from ledger.http.requests import DraftStatement, StrictRequest


@pytest.mark.parametrize(("size", "is_beside"), [(LARGE_BYTES, False), (LARGE_BYTES + 1, True)])
def test_what_is_verified_takes_a_thread_from_its_size_on(size: int, *, is_beside: bool) -> None:
    ran_in = asyncio.run(off_loop(size, threading.current_thread))
    assert (ran_in is not threading.main_thread()) is is_beside


@pytest.mark.parametrize(
    ("size", "is_beside"), [(MAX_SMALL_BYTES, False), (MAX_SMALL_BYTES + 1, True)]
)
def test_a_body_is_decoded_in_a_thread_from_its_size_on(
    size: int, *, is_beside: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran_in: list[threading.Thread] = []

    def noted(decode: Any) -> Any:
        def run(raw: bytes, type_: Any) -> Any:
            ran_in.append(threading.current_thread())
            return decode(raw, type_)

        return run

    for name in ("decode_body", "decode_large_body"):
        monkeypatch.setattr(requests, name, noted(getattr(requests, name)))
    begins, ends = b'{"act":"a.b.c","document":"', b'"}'
    body = begins + b"x" * (size - len(begins) - len(ends)) + ends
    loops: list[threading.Thread] = []

    @post("/")
    async def take(data: JSONBody[DraftStatement]) -> None:
        loops.append(threading.current_thread())

    async def ask() -> int:
        application = Litestar([take], request_class=StrictRequest, openapi_config=None)
        async with AsyncTestClient(application) as client:
            return (await client.post("/", content=body)).status_code

    assert asyncio.run(ask()) == 201
    assert (ran_in[0] is not loops[0]) is is_beside
