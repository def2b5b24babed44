"""The verifier of evidence: files in, report out. Pure: no clock, no network, no ledger.

It runs nine checks, and a tenth in mode *statement*; their numbers and order are those of
docs/reference/evidence.md. A check that needs an earlier one is skipped if that one did not pass.
A bundle's own statements about its keys do not prove whose ledger it is: the ninth check compares
them with a key that the caller has from elsewhere. Two more checks run if the caller has a witness
policy, or certificates for time-stamps.
"""

from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

import msgspec

from ledger.domain.entry import entry_hash
from ledger.domain.events import Recorded, claims
from ledger.errors import LedgerError, RefusedError, UnverifiableError
from ledger.tlog.checkpoint import VerifiedCheckpoint
from ledger.tlog.merkle import verify_inclusion
from ledger.tlog.vkeys import NoteKey, parse_vkey
from ledger.verify import container
from ledger.verify.companions import unchecked
from ledger.verify.container import Files
from ledger.verify.contents import Casefile, content, placed, read
from ledger.verify.endorsements import NOBODY, Trust, endorsed, with_proof
from ledger.verify.event_checks import Events, ReportProgress, silent
from ledger.verify.existence import Existence
from ledger.verify.heads import check_heads
from ledger.verify.log_signatures import compare_keys, signed_by
from ledger.verify.readme import limits
from ledger.verify.report import (
    Checks,
    VerificationReport,
    VerifiedHeads,
    VerifiedStatement,
    report,
    verified_restorations,
)
from ledger.verify.requirements import NOTHING, Requirements, decided, newest_at, unproven
from ledger.verify.shown_statements import shown_statements
from ledger.verify.tree import require_kept, verify_tree

Source = bytes | memoryview | Files


def verify(
    source: Source,
    *,
    expected_keys: Sequence[NoteKey] = (),
    trust: Trust = NOBODY,
    required: Requirements = NOTHING,
    now_ms: int,
    progress: ReportProgress = silent,
) -> VerificationReport:
    """Verify a bundle, given as bytes or as its files, and return the report.

    `expected_keys` are the log keys that the caller trusts; `trust` has the trusted witnesses and
    authorities; `required` is what the caller requires beyond the checks; `now_ms` decides whether
    a pending statement has expired. Never raises for what a bundle contains.
    """
    return _Verifier(expected_keys, trust, required, now_ms, progress).report(source)


class _Verifier:
    """The checks of one bundle; later checks use the results of earlier ones."""

    def __init__(
        self,
        expected: Sequence[NoteKey],
        trust: Trust,
        required: Requirements,
        now_ms: int,
        progress: ReportProgress,
    ) -> None:
        self._expected = expected
        self._trust = trust
        self._required = required
        self._witnessed: str | None = None  # the time of the earliest cosignature that counts
        self._now_ms = now_ms
        self._progress = progress
        self._claimed: frozenset[str] = frozenset()

    def report(self, source: Source) -> VerificationReport:
        """Run the checks and return the report."""
        checks = Checks()
        case = checks.make("readable", lambda _: _readable(source), True)  # 1
        events = checks.make("content", self._content, case)  # 2
        decided = (
            checks.make("signatures", _signatures, events),  # 3
            checks.make("attestations", _attestations, events),  # 4
            checks.make("keys", _keys, events),  # 5
        )
        shown = checks.make("policy", self._policy, None if None in decided else events)  # 6
        checks.make("entries", lambda of: self._entries(of, events), case)  # 7
        every = self._trust.all_keys
        signed = checks.make("checkpoint", lambda e: _checkpoint(e, all_keys=every), events)  # 8
        checks.make("ledger", lambda found: compare_keys(found, self._expected), signed)  # 9
        heads = None
        others: tuple[Existence, ...] = ()
        if case is not None and case.mode == "statement":
            heads = checks.make("heads", _heads, events)  # 10
        if case is not None:
            files = case.note, case.stamp
            others = endorsed(checks, files, signed, self._trust, self._claimed)
            self._witnessed = next((e.at for e in others if e.source == "cosignature"), None)
        mode = None if case is None else case.mode
        tree = None if case is None else case.checkpoint
        decided_on = None if shown is None or events is None else events.charter
        restored = verified_restorations(decided_on)
        made = report(checks, mode, tree, shown or (), limits(mode), restored)
        newest = None if case is None else newest_at(case.envelopes)
        passed = {each.name for each in checks.made if each.outcome == "passed"}
        beside = () if case is None else unchecked(case.companions, passed)
        made = with_proof(made, signed, others, newest)
        made = msgspec.structs.replace(made, heads=heads, companions=beside)
        return self._require(made, events)

    def _require(self, made: VerificationReport, events: Events | None) -> VerificationReport:
        """Return the report with what the caller requires; nothing is met if a check is not."""
        if events is None or made.verdict in ("invalid", "unverifiable"):
            found = unproven(self._required)
        else:
            found = decided(self._required, events, made, self._witnessed, now_ms=self._now_ms)
        return msgspec.structs.replace(made, requirements=found)

    def _content(self, case: Casefile) -> tuple[str, Events]:
        recorded = content(case)
        says = (
            f"{_number(len(recorded), 'event')}, matching their entries; the other files match too."
        )
        events = Events(case, recorded, progress=self._progress)
        self._claimed = _claimed(recorded)
        return says, events

    def _policy(self, events: Events) -> tuple[str, tuple[VerifiedStatement, ...]]:
        auditor = events.decided()
        shown = shown_statements(auditor, events, events.case.statements, self._now_ms)
        stand = ", ".join(
            f"{each.status} ({_number(len(each.approvers), 'approval')})" for each in shown
        )
        return f"Every decision follows from its evidence: {stand}.", shown

    def _entries(self, case: Casefile, events: Events | None) -> tuple[str, bool]:
        if case.mode != "statement":
            verify_tree(case.entries, case.tiles, case.checkpoint.root, self._progress)
            require_kept(case.entries, () if events is None else events.recorded)
        self._proofs(case)
        size, count = case.checkpoint.size, len(case.entries)
        return f"{_number(count, 'entry')} of {size:,} at the right place in the tree.", True

    def _proofs(self, case: Casefile) -> None:
        """Verify every inclusion proof; raise if a required one is missing."""
        statements = {UUID(each) for each in case.statements}
        missing: LedgerError | None = None
        for index, raw in case.entries.items():
            proof = case.proofs.get(index)
            if proof is None:
                proved = case.mode == "statement" or case.envelopes[index].stream in statements
                if proved and missing is None:
                    detail = f"the proof of entry {index} is missing"
                    missing = UnverifiableError("proof_missing", detail, position=index + 1)
                continue
            try:
                if (proof.index, proof.note) != (index, case.note):
                    raise RefusedError(
                        "proof_mismatch", "the proof is of another entry or checkpoint"
                    )
                tree = case.checkpoint
                verify_inclusion(entry_hash(raw), index, tree.size, proof.hashes, tree.root)
            except LedgerError as error:
                raise placed(error, index + 1) from error
        if missing is not None:
            raise missing


def _readable(source: Source) -> tuple[str, Casefile]:
    if isinstance(source, bytes | memoryview):
        source = container.parse(source)
    container.check_files(source)
    case = read(source)
    return f"{_number(len(source), 'file')}, all as listed in the manifest.", case


def _claimed(recorded: Sequence[Recorded]) -> frozenset[str]:
    """Return the names that the events claim; a malformed event is the other checks' finding."""
    names: set[str] = set()
    for each in recorded:
        with suppress(LedgerError):
            names.update(claims(each.event))
    return frozenset(names)


def _signatures(events: Events) -> tuple[str, bool]:
    return (
        f"{_number(events.signatures(), 'signature')} verified with the keys that they name.",
        True,
    )


def _attestations(events: Events) -> tuple[str, bool]:
    return (
        f"{_number(events.attestations(), 'passkey or key')} verified with their evidence.",
        True,
    )


def _keys(events: Events) -> tuple[str, bool]:
    return (
        f"{_number(events.keys(), 'key')}, each in force and used by its owner wherever it signed.",
        True,
    )


def _checkpoint(events: Events, *, all_keys: bool) -> tuple[str, VerifiedCheckpoint]:
    case, charter = events.case, events.charter
    announced = [key.vkey for key in charter.log_keys if key.signs(case.checkpoint.size)]
    origin = charter.origin_of(case.checkpoint.size)
    keys = [parse_vkey(vkey) for vkey in announced]
    return signed_by(case.note, keys, origin, announced=keys, all_keys=all_keys)


def _heads(events: Events) -> tuple[str, VerifiedHeads]:
    case = events.case
    shown = {str(each.stream): each.seq for each in case.envelopes.values()}  # the last one counts
    heads = check_heads(case.heads, case.checkpoint, shown, events.charter)
    streams = _number(len(shown), "stream")
    says = f"Every event of {streams} is there, signed by the ledger's heads key at {heads.at}."
    return says, heads


# --- words -------------------------------------------------------------------------------------


def _number(count: int, word: str) -> str:
    plural = {"entry": "entries", "passkey or key": "passkeys and keys"}.get(word, f"{word}s")
    return f"{count:,} {word if count == 1 else plural}"
