"""The signer's state as the auditor reads it: the last tree that the log's keys promised to sign.

The state is never older than a published checkpoint, and it is not in the log's file.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec

from ledger.audit.findings import Finding
from ledger.audit.logfile import open_read_only
from ledger.audit.tree import TreeScan
from ledger.domain.charter import Charter
from ledger.errors import LedgerError
from ledger.tlog.checkpoint import Checkpoint, parse_text

MISSING = (
    "The signer's state is missing. From the log's file alone, this audit cannot detect that the"
    " newest entries were removed together with their checkpoints."
)


class FoundPromise(msgspec.Struct, frozen=True):
    """The promised tree, None if there is none; a finding if the file cannot be read; notes."""

    promised: Checkpoint | None = None
    finding: Finding | None = None
    notes: tuple[str, ...] = ()


def read(path: Path | None, charter: Charter | None) -> FoundPromise:
    """Return what the signer's state has for a log's origin now.

    The finding is `log_rolled_back` if a later epoch was begun than the log has.
    """
    if path is None or not path.is_file():
        return FoundPromise(notes=(MISSING,))
    try:
        with closing(open_read_only(path)) as db:
            rows = db.execute("SELECT epoch, origin, text FROM signed ORDER BY epoch").fetchall()
        if charter is None or not rows:
            return FoundPromise()
        begun = int(rows[-1][0])
        if begun > charter.epoch:
            detail = f"the epoch {begun} was begun, but the log has the epoch {charter.epoch}"
            wrong = Finding("signer's state", None, "log_rolled_back", detail)
            return FoundPromise(finding=wrong)
        ours = [text for _, name, text in rows if name == charter.log_origin]
        return FoundPromise(next((parse_text(str(text)) for text in ours), None))
    except (sqlite3.Error, LedgerError, TypeError, ValueError) as error:
        detail = f"{path}: {error}"
        return FoundPromise(finding=Finding("signer's state", None, "state_malformed", detail))


def compare(promised: Checkpoint, size: int, scan: TreeScan) -> Finding | None:
    """Return a finding unless a log of `size` entries contains the promised tree."""
    if promised.size > size:
        detail = f"a tree of {promised.size} entries was signed, but the log has {size}"
        return Finding("signer's state", size + 1, "log_rolled_back", detail)
    if scan.roots.get(promised.size, promised.root) != promised.root:
        detail = "a different tree of this size was signed"
        expected = scan.roots[promised.size].hex()
        return Finding("signer's state", promised.size, "log_forked", detail, expected)
    return None


def notes(promised: Checkpoint, scan: TreeScan) -> list[str]:
    """Return what an auditor should know about a promise that fits the log."""
    is_older = promised.size < scan.newest
    return ["The signer's state is older than the newest checkpoint."] if is_older else []
