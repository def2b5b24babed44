"""Where decisions about statements are made."""

import asyncio
import threading

import pytest

from ledger.commands.statements import off_loop
from ledger.commands.writer import LARGE_BYTES
from ledger.errors import MalformedError
from tests.support.refusals import refused


async def thread_of(size: int) -> int:
    return await off_loop(size, threading.get_ident)


@pytest.mark.parametrize(("size", "is_here"), [(0, True), (65_536, True), (65_537, False)])
def test_what_reads_a_large_document_runs_in_a_thread(size: int, is_here: bool) -> None:
    assert LARGE_BYTES == 65_536
    assert (asyncio.run(thread_of(size)) == threading.get_ident()) is is_here


def test_a_refusal_in_a_thread_is_the_same_refusal() -> None:
    def refuse() -> None:
        raise MalformedError("json_invalid", "not JSON")

    with refused(MalformedError, "json_invalid"):
        asyncio.run(off_loop(70_000, refuse))
