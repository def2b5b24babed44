"""Approvals without HTTP and read models: verified, decided and committed in this process."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path

import uvloop

from benchmarks.served import Served
from ledger.commands.ledger_clock import LedgerClock
from ledger.commands.statements import StatementCommands
from ledger.commands.writer import Writer
from ledger.data_files import LOG_FILE, SESSIONS_FILE
from ledger.store.async_log import AsyncLog
from ledger.store.async_state import AsyncState
from ledger.store.sqlite.operations import SqliteState
from ledger.store.sqlite.store import SqliteLog
from ledger.system.wall_clock import WallClock


def approve(data: Path, served: Served, statements: int, clients: int) -> float:
    """Return the CPU time of one approval in µs, on the data of a stopped server."""
    store = SqliteLog(data / LOG_FILE)
    operations = SqliteState(data / SESSIONS_FILE)
    state = AsyncState(operations)
    commits = AsyncLog(store, lambda _: None)
    clock = LedgerClock(WallClock(), store.head())
    try:
        commands = StatementCommands(Writer(commits, clock), state)
        return uvloop.run(_approve(commands, served, statements, clients))
    finally:
        commits.close()
        state.close()
        operations.close()
        store.close()


async def _approve(
    commands: StatementCommands, served: Served, statements: int, clients: int
) -> float:
    documents = served.documents(statements)
    for document in documents:
        await commands.draft(document, served.people[0].draft_body(document)["act"])
    approvals = [
        (json.loads(document)["statementId"], person.approval(document))
        for person in served.people
        for document in documents
    ]
    waiting = iter(approvals)
    begun_s = time.process_time()
    await asyncio.gather(*(_sign(commands, waiting) for _ in range(clients)))
    return (time.process_time() - begun_s) / len(approvals) * 1e6


async def _sign(commands: StatementCommands, waiting: Iterator[tuple[str, str]]) -> None:
    for statement, approval in waiting:
        await commands.sign(statement, approval, None)
