"""What a decision on a statement has seen: the versions of the other streams that it read. Pure.

It depends on the signer's stream, the ledger's own, those of everybody whose earlier decision it
counts, and that of the statement that a new version supersedes. Its event names the last version of
each before its own position, where that is not the version that the statement's earlier events
name. So nobody can leave an event out of evidence that the decision depends on, such as the end of
a key or of a role just before: the audit and every verifier recompute these versions from what they
are given, and compare.
"""

from collections.abc import Iterable, Mapping

from ledger.domain.charter import STREAM
from ledger.domain.events import StatementRecord
from ledger.domain.person import Person
from ledger.domain.statement import Statement
from ledger.errors import CorruptError

_CHARTER = str(STREAM)


def seen(
    before: Mapping[str, int],
    charter_version: int,
    people: Iterable[Person],
    earlier: Statement | None = None,
) -> dict[str, int]:
    """Return what the event of a decision names; `before` is what the earlier events name.

    `earlier` is the statement that a draft supersedes, or that a version is to replace.
    """
    read = {_CHARTER: charter_version} | {each.user: each.version for each in people}
    if earlier is not None:
        read[earlier.id] = earlier.version
    new = [each for each in read.items() if before.get(each[0]) != each[1]]
    return dict(sorted(new))


def require_seen(body: StatementRecord, expected: StatementRecord) -> None:
    """Raise CorruptError `seen_mismatch` if an event names other versions than it has to."""
    named, needed = [*body.seen.items()], [*expected.seen.items()]
    if named != needed:
        differing = [stream for stream, _ in {*named} ^ {*needed}]
        told = [
            f"version {body.seen.get(each)} of the stream {each}, not {expected.seen.get(each)}"
            for each in sorted({*differing})
        ]
        detail = f"the decision saw {told[0]}" if told else "the streams are not in their order"
        raise CorruptError("seen_mismatch", detail)
