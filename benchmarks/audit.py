"""The cost of a full audit: events per second against raw verification, memory, growth."""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

from benchmarks.report import Bar, Result
from benchmarks.units import verification_us
from ledger import clock
from ledger.audit.result import AuditResult
from ledger.audit.run import AuditRequest, audit
from ledger.commands.log_keys import LedgerActs
from ledger.domain.charter import STREAM
from ledger.domain.events import Body, Event, StatementDrafted, StatementSigned
from ledger.domain.receipts import written_about_statement
from ledger.domain.vocabulary import Status
from ledger.publish.publication import Publication
from ledger.store.engines import audited_log, open_signer_memory, remembered
from ledger.store.log import EventMapper
from ledger.store.ports.log import LogStore, Needs, Write
from tests.support.document_end import ends_at
from tests.support.ledgers import Cast, Process, settled
from tests.support.logs import settings_of
from tests.support.signers import Signer

SIZES = (10_000, 50_000, 200_000)
QUICK_SIZES = (2_000, 10_000)
CONTENT = json.dumps({"amount": 1_000_000, "notes": "as agreed " * 60})
BATCH = 500
TARGET = 0.75


def run(*, quick: bool) -> list[Result]:
    """Audit ledgers of growing size, on one core and on all, each in its own process."""
    result = Result(
        "audit",
        "The full audit: every signature, decision, tile, name and receipt",
        ("events", "processes", "seconds", "CPU µs an event", "of raw verification", "peak MiB"),
    )
    raw_us = verification_us(b"x" * 900)
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
        for size in QUICK_SIZES if quick else SIZES:
            data = Path(name) / f"ledger-{size}"
            grow(data, size)
            for jobs in (1, 2):
                _measure(result, data, size, jobs, raw_us)
    result.notes.append(
        f"Each draft has a 1 KiB document and three approvals. One raw Ed25519 verification of such"
        f" a signature took {raw_us:.1f} µs; aim: {TARGET:.0%} of its rate on each core."
        " Peak memory is the largest process's."
    )
    return [result]


def _measure(result: Result, data: Path, size: int, jobs: int, raw_us: float) -> None:
    command = [sys.executable, "-m", "benchmarks.audit", str(data), str(jobs)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    seconds, cpu_s, peak_mib, signatures = map(float, done.stdout.split())
    ratio = signatures * raw_us / (cpu_s * 1e6)
    row = (f"{size:,}", f"{jobs}", f"{seconds:.2f}", f"{cpu_s / size * 1e6:.1f}")
    result.rows.append((*row, f"{ratio:.0%}", f"{peak_mib:.0f}"))
    result.bars.append(Bar(f"{size:,} events, {jobs} process(es), %", ratio * 100, TARGET * 100))


def grow(data: Path, size: int) -> None:
    """Create a ledger of about `size` events with real signatures, which passes an audit."""
    cast = settled(data)
    process = Process(data, cast.time)
    store, settings = process.store, settings_of(data)
    with (
        closing(open_signer_memory(settings.log_address, settings.signer_memory)) as memory,
        closing(store.tree()) as tree,
    ):
        keys = LedgerActs(process.log, settings, lambda: cast.time.ms).open_log_keys(memory)
        seen = versions(store, cast)
        publication = Publication(tree, memory, keys, lambda: time.time_ns() // 1_000_000)
        while (head := store.head().stored) < size:
            count = min(BATCH, (size - head + 3) // 4)
            store.append([write for _ in range(count) for write in statement(cast, seen)])
            if head % 10_000 < 4 * BATCH:
                publication.catch_up()
        publication.catch_up()
    process.close()


def versions(store: LogStore, cast: Cast) -> dict[str, int]:
    """Return the versions of the streams that decisions name as seen."""
    streams = [STREAM, *(UUID(each.user) for each in cast.everybody)]
    with closing(store.reader()) as reader:
        (facts,) = reader.load([Needs(key=b"", streams=tuple((each, 0) for each in streams))])
    return {str(each): len(facts.events[each]) for each in streams}


def statement(cast: Cast, seen: Mapping[str, int], content: str = CONTENT) -> list[Write]:
    """Return the writes of one statement: a draft and three approvals.

    `seen` are the versions of the ledger's own stream and of the people's.
    """
    raw = cast.alice.document(statementId=str(uuid4()), content=content)
    stream = UUID(json.loads(raw)["statementId"])
    drafted = StatementDrafted(
        raw.decode(),
        cast.alice.user,
        cast.alice.key.kid,
        cast.alice.draft_act(raw),
        ends_at(raw),
        seen={each: seen[each] for each in (str(STREAM), cast.alice.user)},
    )
    writes = [_write(cast, stream, 1, drafted, 0)]
    for number, who in enumerate((cast.alice, cast.bob, cast.carol), start=1):
        cast.time.ms += 340  # so that the signatures in the log have many different times
        new = {} if who is cast.alice else {who.user: seen[who.user]}
        signed = _signed(who, raw, "pending" if number == 1 else "approved", new)
        writes.append(_write(cast, stream, number + 1, signed, number))
    return writes


def _signed(who: Signer, raw: bytes, status: Status, seen: dict[str, int]) -> StatementSigned:
    jws = who.shared(raw)
    iat = who.time.ms // 1000
    return StatementSigned(
        who.user, who.key.kid, (*who.roles,), "shared", iat, status, jws, seen=seen
    )


def _write(cast: Cast, stream: UUID, version: int, body: Body, approvals: int) -> Write:
    event = Event(stream=stream, version=version, at=clock.to_text(cast.time.ms), body=body)
    known = written_about_statement(event, approvals)
    stored = _MAPPER.to_stored_event(event)
    return Write(key=known.key, events=(stored,), answer=known.answers[0])


_MAPPER = EventMapper(None)  # type: ignore[arg-type]  # our mapper transcodes nothing


def main() -> None:
    """Audit one ledger; print seconds, CPU seconds, peak MiB and the number of signatures."""
    data, jobs = Path(sys.argv[1]), int(sys.argv[2])
    request = AuditRequest(
        audited_log(str(data / "log.sqlite")),
        partial(remembered, str(data / "log.sqlite"), data / "signer-memory.sqlite"),
        jobs=jobs,
    )
    begun_s = time.perf_counter()
    found: AuditResult = audit(request, now_ms=time.time_ns() // 1_000_000)
    seconds = time.perf_counter() - begun_s
    assert found.verdict == "verified", found.finding
    own, workers = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    cpu_s = own.ru_utime + own.ru_stime + workers.ru_utime + workers.ru_stime
    print(seconds, cpu_s, max(own.ru_maxrss, workers.ru_maxrss) / 1024, found.counts.signatures)


if __name__ == "__main__":
    main()
