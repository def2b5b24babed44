"""A ledger that contains everything an audit checks, and attacks on it."""

import asyncio
import atexit
import hashlib
import json
import random
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ledger import clock
from ledger.audit.endorsements import TrustedEndorsers
from ledger.audit.findings import Finding
from ledger.audit.result import AuditResult
from ledger.audit.run import AuditRequest, audit
from ledger.commands.log_keys import LedgerActs
from ledger.publish.publication import Publication
from ledger.store.engines import audited_log, open_signer_memory, remembered
from ledger.store.log import Log
from ledger.store.ports.endorsements import Stamp
from ledger.store.sqlite.store import SqliteLog
from ledger.store.sqlite.tree import SqliteTree
from ledger.timestamp.verify import parse_certificates, request, verify_stamp
from ledger.tlog import vkeys
from ledger.tlog.checkpoint import parse_note, sign_lines
from projections.follower import rebuild
from tests.support.authenticator import Passkey
from tests.support.authority import Authority
from tests.support.commanders import KINDS, Commanders, Step
from tests.support.ledgers import Cast, Process, settled
from tests.support.logs import settings_of
from tests.support.states import without_triggers
from tests.support.versions import copied

NOW_MS = 1_795_230_245_678 + 3_600_000
WITNESSES = [vkeys.generate(f"w{n}.example.com", cosigner=True)[0] for n in range(2)]
SIZE = 301
FIRST_ERASED = SIZE - 6  # what `_erase` appends begins there
LOG, MEMORY, VIEWS = "log.sqlite", "signer-memory.sqlite", "views.sqlite"


def eventful(directory: Path, *, size: int = SIZE) -> Path:
    """Create a ledger of `size` events with several checkpoints and read models."""
    cast = settled(directory)
    process = Process(directory, cast.time)
    settings = settings_of(directory)
    with (
        closing(open_signer_memory(settings.log_address, settings.signer_memory)) as memory,
        closing(process.store.tree()) as tree,
    ):
        keys = LedgerActs(process.log, settings, lambda: cast.time.ms).open_log_keys(memory)
        publication = Publication(tree, memory, keys, lambda: time.time_ns() // 1_000_000)
        for steps in (10, 20, 200):
            asyncio.run(_happen(cast, process, steps))
            publication.catch_up()
            if steps < 200:
                _endorse(process, tree, keys.origin)
        asyncio.run(_end_well(cast, process))
        while process.store.head().stored < size - 7:
            asyncio.run(process.draft(cast.alice))
        asyncio.run(_erase(cast, process))
        publication.catch_up()
    process.close()
    with closing(Log(SqliteLog(directory / LOG))) as log:
        rebuild(directory / VIEWS, log)
    return directory


def _endorse(process: Process, tree: SqliteTree, origin: str) -> None:
    """Have two witnesses cosign the newest checkpoint, with a time-stamp in between."""
    published = tree.latest()
    assert published is not None
    point = parse_note(published.note).checkpoint
    assert point.origin == origin
    with closing(process.store.endorsements()) as endorsements:
        for number, witness in enumerate(WITNESSES):
            line = sign_lines(point, [witness], now_s=NOW_MS // 1000)
            endorsements.cosign(published.size, witness.key, line)
            if number == 0:
                note = endorsements.note(published)
                token = authority().stamp(request(note, nonce=1))
                found = verify_stamp(token, note, trusted().authorities)
                time = clock.to_text(round(found.time.timestamp() * 1000))
                endorsements.stamp(Stamp(published.size, note, token, time))


@cache
def authority() -> Authority:
    """Return a time-stamp authority that lives as long as the test run."""
    directory = TemporaryDirectory()
    atexit.register(directory.cleanup)
    return Authority(Path(directory.name) / "tsa")


def trusted() -> TrustedEndorsers:
    """Return the witnesses and authorities that an auditor of these ledgers trusts."""
    keys = tuple(witness.key for witness in WITNESSES)
    return TrustedEndorsers(keys, parse_certificates(authority().pem))


async def _happen(cast: Cast, process: Process, steps: int) -> None:
    drawn = random.Random(steps)
    commanders = Commanders(cast, [process])
    for number in range(steps):
        kind = "draft" if number < 4 else drawn.choice(KINDS)
        step = Step(kind, *(drawn.randrange(8) for _ in range(5)))
        await commanders.do(step)
    await _give_passkey(cast, process)


async def _give_passkey(cast: Cast, process: Process) -> None:
    """Give Dave, whose keys are never revoked here, a second passkey."""
    passkey = Passkey()
    await process.add_passkey(cast.dave, passkey)
    await process.remove_passkey(cast.dave, passkey.id)


async def _erase(cast: Cast, process: Process) -> None:
    """Approve a statement and erase it: seven events, whose first four have no body then."""
    raw = await process.draft(cast.alice)
    statement_id = json.loads(raw)["statementId"]
    for who in (cast.alice, cast.bob, cast.carol):
        await process.commands.sign(statement_id, who.shared(raw), None)
    await process.change(cast.dave, {"erase": {"statement": statement_id, "status": "approved"}})


async def _end_well(cast: Cast, process: Process) -> None:
    """Add a statement of each status, and new versions of some."""
    approved, rejected, withdrawn = [await process.draft(cast.alice) for _ in range(3)]
    ids = [json.loads(raw)["statementId"] for raw in (approved, rejected, withdrawn)]
    for who in (cast.alice, cast.bob):
        await process.commands.sign(ids[0], who.shared(approved), None)
    newer = await process.draft(cast.alice, supersedes=copied(approved))
    for who in (cast.alice, cast.bob):
        await process.commands.sign(json.loads(newer)["statementId"], who.shared(newer), None)
    for _ in range(4):  # so that some of them are in another share than what they supersede
        pending = await process.draft(cast.alice)
        await process.draft(cast.alice, supersedes=copied(pending))
    act = cast.alice.act("withdraw", **_about(withdrawn))
    await process.commands.withdraw(ids[2], act)
    ends = {"threshold": 9, "of": ["role:investor"], "expiresAt": "2026-12-21T00:00:00.000Z"}
    await process.draft(cast.alice, policy=ends)
    vetoed = await process.draft(cast.alice, policy=_VETO, supersedes=copied(rejected))
    act = cast.bob.act("reject", **_about(vetoed), reason="The amount is too low.")
    await process.commands.reject(json.loads(vetoed)["statementId"], act, None)


_VETO = {"threshold": 1, "of": ["role:creator"], "veto": ["role:investor"]}


def _about(raw: bytes) -> dict[str, Any]:
    digest = hashlib.sha256(raw).hexdigest()
    return {"statementId": json.loads(raw)["statementId"], "sha256": digest}


def audited(directory: Path, *, memory: bool = True, **more: Any) -> AuditResult:
    """Audit a ledger's directory without its read models."""
    signed = partial(remembered, str(directory / LOG), directory / MEMORY) if memory else None
    given = {"trusted": trusted(), **more}
    return audit(AuditRequest(audited_log(str(directory / LOG)), signed, **given), now_ms=NOW_MS)


def finding_of(directory: Path, **more: Any) -> Finding:
    """Return the finding of an audit, which must have one."""
    finding = audited(directory, **more).finding
    assert finding is not None, "the audit found nothing"
    return finding


def edit(directory: Path, script: str) -> None:
    """Run SQL on a ledger's log without the protecting triggers."""
    with closing(sqlite3.connect(directory / LOG)) as db, without_triggers(db):
        db.executescript(script)


@contextmanager
def attacking(directory: Path, copy: Path) -> Iterator[sqlite3.Connection]:
    """Copy a ledger and open the copy's log without triggers or checks, as an attacker does."""
    shutil.copytree(directory, copy)
    with closing(sqlite3.connect(copy / LOG, isolation_level=None)) as db, without_triggers(db):
        db.execute("PRAGMA ignore_check_constraints=ON")
        yield db
