"""The heads of a bundle: how many events each of its streams has in the checkpoint's tree. Pure.

The ledger's heads key signs them when a bundle of mode *statement* is made. Such a bundle has some
streams of the log, and nothing in the tree says where a stream ends. With its heads, nobody who
makes or passes on the bundle can leave out a later event: a revocation, a withdrawal, a use.
Bundles of the other modes have every entry of the log, which says the same.
"""

from collections.abc import Mapping

from ledger import clock
from ledger.domain.acts import parse_act, stated_act
from ledger.domain.charter import Charter
from ledger.domain.document import parse_uuid
from ledger.domain.ledger_acts import MAX_HEADS, Heads
from ledger.encoding import b64_encode
from ledger.errors import RefusedError, UnverifiableError
from ledger.jose import verify_compact
from ledger.tlog.checkpoint import Checkpoint
from ledger.verify.report import VerificationReport, VerifiedHeads

MAX_IAT = 253_402_300_799  # the last second of the year 9999
# What a nonce of one's own is made of.
NONCE = r"[A-Za-z0-9_-]{16,128}"


def check_heads(
    jwt: bytes | None, tree: Checkpoint, shown: Mapping[str, int], charter: Charter
) -> VerifiedHeads:
    """Compare the heads of a bundle with its streams; return when they were signed.

    `tree` is the checkpoint's, and `shown` has the number of events of each stream in the bundle.
    Raises UnverifiableError `heads_missing`; MalformedError and RefusedError as `parse_act` and
    `verify_compact`; MalformedError `id_invalid`; RefusedError `act_mismatch`, `ledger_mismatch`,
    `events_left_out`, `heads_mismatch` for heads of another tree or of other streams.
    """
    said = _verified(jwt, charter)
    if (said.root, said.size) != (b64_encode(tree.root), tree.size):
        raise RefusedError("heads_mismatch", "the heads are of another tree than the checkpoint's")
    for stream in said.heads:
        parse_uuid(stream)
    for stream in sorted(shown.keys() | said.heads.keys()):
        _compare(stream, said.heads.get(stream, 0), shown.get(stream, 0))
    return VerifiedHeads(at=clock.to_text(said.iat * 1000), nonce=said.nonce)


def _verified(jwt: bytes | None, charter: Charter) -> Heads:
    if jwt is None:
        detail = "the file heads.jwt is not there, so later events may have been left out"
        raise UnverifiableError("heads_missing", detail)
    jws = parse_act(jwt.decode("latin-1"))
    verify_compact(jws, charter.heads)
    said = stated_act(jws, Heads)
    if said.ledger != charter.ledger:
        raise RefusedError("ledger_mismatch", "the heads are of another ledger")
    if not 0 <= said.iat <= MAX_IAT:
        raise RefusedError("act_mismatch", "iat is not a time")
    if len(said.heads) > MAX_HEADS:
        raise RefusedError("heads_mismatch", f"heads name at most {MAX_HEADS:,} streams")
    return said


def _compare(stream: str, named: int, shown: int) -> None:
    if shown < named:
        detail = f"the stream {stream} has {named} events, and {shown} of them are here"
        raise RefusedError("events_left_out", detail)
    if shown != named or named < 1:
        detail = f"the heads name {named} events of the stream {stream}, and {shown} are here"
        raise RefusedError("heads_mismatch", detail)


def why_stale(report: VerificationReport, nonce: str | None, *, now_ms: int) -> str | None:
    """Return why later events may exist that the evidence does not show; None if it is new.

    New are heads that carry the caller's own nonce, or were signed at most 300 seconds ago. Bundles
    of the other modes have every entry of the log up to their checkpoint, and no heads: none of
    them carries a nonce.
    """
    if report.mode != "statement":
        says = f"A bundle of mode {report.mode} has no heads, so it does not carry your nonce."
        return None if nonce is None else says
    if report.heads is None:
        return "The bundle has no heads."
    if nonce is not None and report.heads.nonce == nonce:
        return None
    if clock.is_fresh(clock.to_ms(report.heads.at), now_ms=now_ms):
        return None
    told = "" if nonce is None else " and do not carry your nonce"
    return f"The heads were signed at {report.heads.at}, not within 300 seconds of now{told}."
