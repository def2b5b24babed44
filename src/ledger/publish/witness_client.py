"""Request cosignatures from one witness: the client side of C2SP tlog-witness.

Only lines that verify under the configured key are kept. Unsigned statements of a witness, such as
a size or a refusal, are reasons to investigate, never evidence.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256

from ledger.errors import ConflictError, LedgerError, RefusedError, UnavailableError
from ledger.store.ports.tree import Published
from ledger.system.http_client import HttpClient, HttpResponse
from ledger.tlog.checkpoint import (
    MAX_NOTE_BYTES,
    Checkpoint,
    parse_lines,
    parse_number,
    verify_lines,
)
from ledger.tlog.submission import SIZE_TYPE, SUBMIT, Submission
from ledger.tlog.witness_policy import Witness

MAX_ASKED = 3  # once with the assumed size, once with the size it reports, once after a race
_REFUSALS = {
    400: "the witness rejected the request as malformed",
    403: "the witness does not know the keys that sign this log",
    404: "the witness does not watch this log",
}

Prove = Callable[[int], Sequence[bytes]]  # from an older size to the checkpoint's size


class WitnessClient:
    """A client of one witness that has an address; for one thread at a time."""

    def __init__(self, witness: Witness, url: str, *, known: int = 0) -> None:
        """Set the size the witness is assumed to know; raise MalformedError `url_invalid`."""
        self.witness = witness
        self._client = HttpClient(url, max_bytes=MAX_NOTE_BYTES)
        self._known = known

    def close(self) -> None:
        """Close the connection; a running request is cut off."""
        self._client.close()

    def cosign(self, published: Published, origin: str, prove: Prove) -> bytes:
        """Return the witness's verified cosignature line for a checkpoint.

        Raises UnavailableError `peer_unreachable`; ConflictError `witness_ahead` if it knows a
        larger size; RefusedError `witness_sees_fork` if it reports that the tree does not extend
        the one it knows, `witness_refuses` for any other refusal.
        """
        point = Checkpoint(origin, published.size, published.root)
        for _ in range(MAX_ASKED):
            if self._known > published.size:
                size = self._known
                detail = f"the witness cosigned size {size}; this log has size {published.size}"
                raise ConflictError("witness_ahead", detail, size=size)
            proof = tuple(prove(self._known)) if self._known else ()
            submission = Submission(self._known, proof, published.note)
            answer = self._client.post(f"/{SUBMIT}", submission.to_bytes(), "text/plain")
            if answer.status == 200:
                line = self._line(point, answer.body)
                self._known = published.size
                return line
            if answer.status != 409:
                raise self._refusal(answer)
            self._known = self._told(answer)
        raise UnavailableError(
            "contended", "another process submits to this witness at the same time"
        )

    def latest(self, origin: str) -> bytes:
        """Return the last checkpoint that the witness cosigned, unverified.

        Raises UnavailableError `peer_unreachable`, RefusedError `witness_refuses` if it returns
        none.
        """
        answer = self._client.get(f"/{sha256(origin.encode()).hexdigest()}/checkpoint")
        if answer.status != 200:
            raise self._refused("the witness does not return its last checkpoint")
        return answer.body

    def _line(self, point: Checkpoint, raw: bytes) -> bytes:
        try:
            lines = verify_lines(point, parse_lines(raw), [self.witness.key])
        except LedgerError as error:
            raise self._refused(f"the witness's answer does not verify: {error.detail}") from error
        for _, line, time in lines:
            if time:  # a cosignature without a time does not state that the tree is its largest
                return line.line().encode()
        raise self._refused("the witness's answer has no signature by the configured key")

    def _told(self, answer: HttpResponse) -> int:
        try:
            if answer.media_type != SIZE_TYPE or not answer.body.endswith(b"\n"):
                raise self._refused("409 without a size")
            return parse_number(answer.body[:-1].decode("ascii", "replace"), "witness_refuses")
        except LedgerError as error:
            raise self._refused("409 without a size") from error

    def _refusal(self, answer: HttpResponse) -> LedgerError:
        if answer.status == 422:
            detail = f"the witness knows another history of the first {self._known} entries"
            return RefusedError("witness_sees_fork", detail, size=self._known)
        if answer.status in _REFUSALS:
            return self._refused(_REFUSALS[answer.status])
        return UnavailableError("peer_unreachable", f"the witness answered {answer.status}")

    @staticmethod
    def _refused(detail: str) -> RefusedError:
        return RefusedError("witness_refuses", detail)
