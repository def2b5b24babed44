"""A statement in a real log, the change that erases it, and an attacker at the log's file."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from ledger.audit import run
from ledger.audit.result import AuditResult
from ledger.audit.run import AuditRequest
from ledger.commands.writer import Answer
from ledger.store.engines import audited_log
from tests.support.ledgers import Cast, Process
from tests.support.states import without_triggers

ONE: dict[str, Any] = {"threshold": 1, "of": ["role:investor"]}
SECRET = "Ilse Bergström-Čapek of 12 Elm Street"


def name_of(raw: bytes) -> str:
    return str(json.loads(raw)["statementId"])


def erase(raw: bytes, status: str = "approved") -> dict[str, Any]:
    return {"erase": {"statement": name_of(raw), "status": status}}


async def approved(process: Process, cast: Cast, **members: Any) -> bytes:
    said = {"policy": ONE, "content": json.dumps({"tenant": SECRET}), "title": SECRET}
    raw = await process.draft(cast.alice, **(said | members))
    await process.commands.sign(name_of(raw), cast.bob.shared(raw), None)
    return raw


async def erased(process: Process, cast: Cast, raw: bytes) -> Answer:
    return await process.change(cast.dave, erase(raw))


def report_of(process: Process, jobs: int = 1) -> AuditResult:
    source = audited_log(process.store.address)
    return run.audit(AuditRequest(source, jobs=jobs), now_ms=process.time.ms)


def tampered(process: Process, script: str) -> tuple[str, int | None, str] | None:
    """Return what the audit finds after an attacker's SQL past the triggers."""
    with closing(sqlite3.connect(process.store.address)) as raw, without_triggers(raw):
        raw.executescript(script)
    finding = report_of(process).finding
    return None if finding is None else (finding.part, finding.position, finding.code)


def files_of(process: Process) -> bytes:
    found = Path(process.store.address).parent.glob("*")
    return b"".join(each.read_bytes() for each in found if each.is_file())


def words_of(text: str) -> list[bytes]:
    return [text.encode(), json.dumps(text).encode(), b"Elm Street"]
