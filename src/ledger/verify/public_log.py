"""The verifier of a public log: every tile, every entry, and the checkpoint over them. Pure.

A public log has no bodies, so no decision is recomputed. The checks prove that the log is complete,
in canonical form, and signed by its keys.
"""

from collections.abc import Sequence

from ledger.tlog import checkpoint
from ledger.tlog.checkpoint import Checkpoint, VerifiedCheckpoint
from ledger.tlog.vkeys import NoteKey
from ledger.verify.container import CHECKPOINT, STAMP, Files
from ledger.verify.contents import envelopes, read_tiles, unbundled
from ledger.verify.endorsements import NOBODY, Trust, endorsed, with_proof
from ledger.verify.event_checks import ReportProgress, silent
from ledger.verify.log_signatures import compare_keys, signed_by
from ledger.verify.readme import limits
from ledger.verify.report import Checks, VerificationReport, report
from ledger.verify.requirements import newest_at
from ledger.verify.tree import verify_tree

Parts = tuple[Checkpoint, dict[int, bytes], dict[tuple[int, int], bytes], str | None]


def verify_log(
    files: Files,
    *,
    expected_keys: Sequence[NoteKey] = (),
    announced_keys: Sequence[NoteKey] = (),
    trust: Trust = NOBODY,
    progress: ReportProgress = silent,
) -> VerificationReport:
    """Verify a log's `checkpoint`, tiles and entries, and return the report.

    The caller trusts `expected_keys` and `trust`; the ledger itself announces `announced_keys`.
    """
    checks = Checks()
    parts = checks.make("readable", lambda _: _readable(files), True)
    checks.make("entries", lambda found: _entries(found, progress), parts)
    keys = expected_keys, announced_keys
    every = trust.all_keys
    signed = checks.make(
        "checkpoint", lambda found: _signed(files, found, keys, all_keys=every), parts
    )
    checks.make("ledger", lambda found: compare_keys(found, expected_keys), signed)
    others = endorsed(checks, (files[CHECKPOINT], files.get(STAMP)), signed, trust)
    tree = None if parts is None else parts[0]
    newest = None if parts is None else parts[3]
    made = report(checks, "log", tree, (), limits("log"))
    return with_proof(made, signed, others, newest)


def _readable(files: Files) -> tuple[str, Parts]:
    tree = checkpoint.parse_note(files[CHECKPOINT]).checkpoint
    tiles, bundles = read_tiles(files, tree.size)
    entries = unbundled(bundles)
    parsed = envelopes(entries, tree.size)
    newest = newest_at(parsed)
    return f"{len(files):,} files, all entries in canonical form.", (tree, entries, tiles, newest)


def _entries(parts: Parts, progress: ReportProgress) -> tuple[str, bool]:
    tree, entries, tiles, _ = parts
    verify_tree(entries, tiles, tree.root, progress)
    return f"All {tree.size:,} entries lead to the root.", True


def _signed(
    files: Files, parts: Parts, keys: tuple[Sequence[NoteKey], Sequence[NoteKey]], *, all_keys: bool
) -> tuple[str, VerifiedCheckpoint]:
    tree = parts[0]
    # The name of a log's key is the log's origin.
    expected, announced = ([key for key in each if key.name == tree.origin] for each in keys)
    return signed_by(
        files[CHECKPOINT],
        [*expected, *announced],
        tree.origin,
        announced=announced or expected,
        all_keys=all_keys,
    )
