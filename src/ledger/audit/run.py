"""The audit from end to end. Each step relies on the ones before it.

1. The head: how many events the log must have.
2. People and the ledger itself, in order: who was known, with which keys, at each position.
3. In worker processes: shares of the statements and of the checkpoints. At the same time, in this
   process: the tree from the leaves, every tile, every root, the unique names.
4. The counts, the signer's memory, the verdict.
"""

import os
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec

from ledger import __version__, clock
from ledger.audit import claims, findings, promise, resume
from ledger.audit.counts import Counts
from ledger.audit.endorsements import EndorsementCheck, TrustedEndorsers
from ledger.audit.findings import Finding
from ledger.audit.promise import ReadMemory
from ledger.audit.result import AuditResult, AuditVerdict, erasures_of, unreadable
from ledger.audit.resume import ResumePoint
from ledger.audit.shares import PeopleAuditor, Share
from ledger.audit.source import AuditedLog, LogSource
from ledger.audit.tree import TreeScan
from ledger.audit.workers import WorkerPool, WorkerTask
from ledger.domain.epochs import Restoration
from ledger.errors import CorruptError
from ledger.tlog.checkpoint import Checkpoint
from ledger.verify.report import verified_restorations

STALE_MS = 60_000
EVENTS_PER_JOB = 10_000  # below this, starting another process takes longer than auditing
SAVE_EVERY_S = 2.0


class AuditRequest(msgspec.Struct, frozen=True):
    """What to audit: a log, the trees that its signer remembers, an expected log key.

    `remembered` reads the signer's memory, as `promise.read` asks it. `trusted` has the trusted
    witnesses and authorities. `jobs` is the number of processes; None chooses it by the size of the
    log. `resume` is the resume file of an earlier run.
    """

    log: LogSource
    remembered: ReadMemory | None = None
    log_key: str | None = None
    trusted: TrustedEndorsers = TrustedEndorsers()
    jobs: int | None = None
    resume: Path | None = None


def audit(
    request: AuditRequest, *, now_ms: int, told: Callable[[int, int], None] = lambda *_: None
) -> AuditResult:
    """Audit a ledger's log; call `told` with the position reached and the newest one.

    Raises NotFoundError `not_founded`, MalformedError `resume_invalid`, UnavailableError
    `audit_interrupted`, `storage_failed`. Errors in the log do not raise: they are in the result.
    """
    try:
        rows = request.log.open()
    except CorruptError as error:
        return unreadable(request.log.name, findings.of_error("file", error), now_ms=now_ms)
    with closing(rows):
        return _Audit(rows, request, now_ms, told).run()


class _Audit:
    def __init__(
        self,
        rows: AuditedLog,
        request: AuditRequest,
        now_ms: int,
        told: Callable[[int, int], None],
    ) -> None:
        self._request = request
        self._now_ms = now_ms
        self._hear = told
        self._begun_s = time.perf_counter()
        self._saved_s = 0.0
        self._rows = rows
        self._people = PeopleAuditor(self._rows)
        self._endorsements = EndorsementCheck(self._rows, request.trusted)
        self._before: ResumePoint | None = None
        if request.resume is not None:
            resume.require_writable(request.resume)
            self._before = resume.load(request.resume)
        self._scan: TreeScan | None = None
        self._promised: tuple[Checkpoint, ...] = ()
        self._has_memory = False
        self._found: list[Finding] = []
        self._notes: list[str] = []
        self._counts = Counts()
        self._size = self._claims = self._jobs = self._trusted = 0

    def run(self) -> AuditResult:
        try:
            self._audit()
        except CorruptError as error:
            self._found.append(findings.of_error("file", error))
        return self._report()

    # --- steps ---------------------------------------------------------------------------------

    def _audit(self) -> None:
        rows = self._rows
        rows.require_format()
        with WorkerPool(self._request.log, self._reached) as crew:
            with rows.snapshot():
                self._size, wrong = claims.read_head(rows)
                self._note(wrong)
                self._note(self._people.run(self._size))
                epochs = [each.epoch for each in self._restorations()]
                self._note(claims.compare_epoch(rows, max(epochs, default=0)))
                wrong_names, further = claims.compare_names(rows, self._people, self._size)
                self._found += wrong_names
                receipts = rows.receipt_count()
                self._promised = self._read_promise()
                self._note(self._endorsements.run(self._people.claims))
                self._notes += self._endorsements.notes()
                wanted = {each.size for each in (*self._promised, self._before) if each}
                wanted |= {each.kept.size for each in self._restorations()}
                self._scan = TreeScan(rows, self._size, frozenset(wanted))
                if self._before is not None:  # trusted only after its root was compared
                    self._note(self._scan.run())
                    self._trusted = self._agreed(self._before)
                crew.start(self._tasks())
                if self._before is None:
                    self._note(self._scan.run())
            # While the workers run. A damaged index could hide rows from this audit too.
            self._note(rows.engine_finding())
            shares = crew.join()
        self._note(shares.finding)
        self._note(self._scan.backwards)  # last: an event with a wrong entry can have any time
        self._counts = shares.counts
        self._claims = claims.count_names(self._people, shares, further)
        self._counts.add(self._people.counts)
        if not self._found:
            self._found += claims.compare_further(further, shares)
        if not self._found:
            self._note(claims.compare_receipts(rows, self._size, receipts, self._counts.receipts))
        self._compare_promise(self._scan)
        self._compare_restorations(self._scan)
        if not self._found:
            self._save(self._size)

    def _tasks(self) -> list[WorkerTask]:
        charter = self._people.charter
        if charter is None:
            return []
        bad = findings.first([each for each in self._found if each.position is not None])
        size = self._size if bad is None or bad.position is None else bad.position - 1
        most = max(1, min(os.cpu_count() or 1, size // EVENTS_PER_JOB))
        self._jobs = self._request.jobs or most
        history, address = tuple(self._people.history), self._request.log.address
        shares = [Share(part, self._jobs, size, self._trusted) for part in range(self._jobs)]
        return [WorkerTask(address, share, history, charter) for share in shares]

    def _note(self, finding: Finding | None) -> None:
        if finding is not None:
            self._found.append(finding)

    def _restorations(self) -> tuple[Restoration, ...]:
        charter = self._people.charter
        return () if charter is None else charter.restorations

    def _compare_restorations(self, scan: TreeScan) -> None:
        for each in self._restorations():
            root = scan.roots.get(each.kept.size)
            if root is not None and root.hex() != each.kept.root:
                detail = "the restore keeps another tree than the entries before it"
                self._note(Finding("event", each.position, "root_mismatch", detail, root.hex()))

    # --- the signer's memory --------------------------------------------------------------------

    def _read_promise(self) -> tuple[Checkpoint, ...]:
        found = promise.read(self._request.remembered, self._people.charter)
        self._note(found.finding)
        self._notes += found.notes
        self._has_memory = found.is_read
        return found.promised

    def _compare_promise(self, scan: TreeScan) -> None:
        for promised in self._promised:
            self._note(promise.compare(promised, self._size, scan))
        if self._has_memory:
            self._notes += promise.notes(self._promised, scan)

    # --- going on ------------------------------------------------------------------------------

    def _agreed(self, before: ResumePoint) -> int:
        """Return the position up to which the earlier run applies, 0 if it does not apply."""
        charter, scan = self._people.charter, self._scan
        same = (
            charter is not None
            and scan is not None
            and before.ledger == charter.ledger
            and before.tool == __version__
            and scan.roots.get(before.size, b"").hex() == before.root
        )
        if not same:
            note = "The earlier run was of another log, file or version, so this run started anew."
            self._notes.append(note)
            return 0
        self._notes.append(
            f"An earlier run recomputed the decisions up to position {before.size:,}. This run"
            " trusts its file for them, but checked their entries, bodies and columns again."
        )
        return before.size

    def _reached(self, position: int) -> None:
        self._hear(position, self._size)
        now_s = time.monotonic()
        if now_s - self._saved_s > SAVE_EVERY_S:
            self._saved_s = now_s
            self._save(position)

    def _save(self, reached: int) -> None:
        """Save the highest position up to which all decisions match and whose root is known."""
        path, charter, scan = self._request.resume, self._people.charter, self._scan
        if path is None or charter is None or scan is None:
            return
        roots = scan.roots | ({self._size: scan.root} if reached == self._size else {})
        size = max((size for size in [*roots] if size <= reached), default=0)
        if size > self._trusted:
            resume.save(path, ResumePoint(charter.ledger, size, roots[size].hex()))

    # --- the end -------------------------------------------------------------------------------

    def _report(self) -> AuditResult:
        scan, charter, finding = self._scan, self._people.charter, findings.first(self._found)
        if finding is not None and finding.position is not None:
            finding = msgspec.structs.replace(finding, entry=self._entry(finding.position))
        newest = 0 if scan is None else scan.newest
        return AuditResult(
            verdict=self._verdict(finding, newest),
            finding=finding,
            file=self._request.log.name,
            ledger=None if charter is None else charter.ledger,
            size=self._size,
            root="" if scan is None else scan.root.hex(),
            newest=newest,
            checkpoints=0 if scan is None else scan.checkpoints,
            tiles=0 if scan is None else scan.tiles,
            people=self._people.number,
            claims=self._claims,
            counts=self._counts,
            log_keys=[] if charter is None else [key.vkey for key in charter.log_keys],
            restorations=list(verified_restorations(charter)),
            erasures=erasures_of(self._people.erased),
            trusted=self._trusted,
            notes=self._notes,
            at=clock.to_text(self._now_ms),
            seconds=time.perf_counter() - self._begun_s,
            jobs=self._jobs,
            tool=__version__,
        )

    def _entry(self, position: int) -> str | None:
        try:
            with closing(self._request.log.open()) as rows:
                return findings.entry_text(rows.entry(position))
        except CorruptError:
            return None

    def _verdict(self, finding: Finding | None, newest: int) -> AuditVerdict:
        if finding is not None:
            return "invalid"
        if not newest:
            self._notes.append(promise.NO_CHECKPOINT)
            return "unverifiable"
        if not self._is_expected_key(newest):
            return "unverifiable"
        if newest < self._size and self._now_ms - self._time_of(newest + 1) > STALE_MS:
            self._notes.append(f"The entries after position {newest:,} have no checkpoint yet.")
            return "stale"
        return "verified"

    def _time_of(self, position: int) -> int:
        entry = self._entry(position)
        return clock.to_ms(msgspec.json.decode(entry or '{"at":""}')["at"])

    def _is_expected_key(self, newest: int) -> bool:
        """Tell whether the auditor's key signs, or signed, checkpoints of this log."""
        charter, vkey = self._people.charter, self._request.log_key
        if vkey is None:
            self._notes.append(
                "The checkpoints are signed by the keys that the log itself announces. Give"
                " --log-key to compare them with a key that you know from elsewhere."
            )
            return True
        known = [] if charter is None else [key for key in charter.log_keys if key.vkey == vkey]
        if any(key.first_size <= newest for key in known):
            return True
        self._notes.append("The key that you gave did not sign any checkpoint of this log.")
        return False
