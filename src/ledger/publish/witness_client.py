"""One witness, asked for its cosignatures: the client's half of C2SP tlog-witness.

Only lines that verify under the configured key are kept. What a witness says without a signature
(a size, a refusal) is a reason to look, never evidence.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256

from ledger.errors import ConflictError, LedgerError, RefusedError, UnavailableError
from ledger.store.sqlite.tree import Published
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

MAX_ASKED = 3  # the size that we believe, the one that we are told, and one race
_REFUSALS = {
    400: "it finds the request malformed",
    403: "it does not know the keys that sign this log",
    404: "it does not watch this log",
}

Prove = Callable[[int], Sequence[bytes]]  # from an older size to that of the checkpoint


class WitnessClient:
    """A witness of the policy that has an address; for one thread at a time."""

    def __init__(self, witness: Witness, url: str, *, known: int = 0) -> None:
        """Take the size that it is believed to know; raise MalformedError `url_invalid`."""
        self.witness = witness
        self._client = HttpClient(url, max_bytes=MAX_NOTE_BYTES)
        self._known = known

    def close(self) -> None:
        """Give the connection up; a request under way is cut off."""
        self._client.close()

    def cosign(self, published: Published, origin: str, prove: Prove) -> bytes:
        """Return the witness's line under a checkpoint, verified.

        Raises UnavailableError `peer_unreachable`, ConflictError `witness_ahead` if it knows a
        larger size, RefusedError `witness_sees_fork` if it finds that the tree does not continue
        what it knows, `witness_refuses` for all else.
        """
        point = Checkpoint(origin, published.size, published.root)
        for _ in range(MAX_ASKED):
            if self._known > published.size:
                size = self._known
                detail = f"it cosigned size {size} of this log, which has {published.size}"
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
        raise UnavailableError("contended", "others submit to this witness at the same time")

    def latest(self, origin: str) -> bytes:
        """Return the last checkpoint that the witness cosigned, nothing verified.

        Raises UnavailableError `peer_unreachable`, RefusedError `witness_refuses` if it shows none.
        """
        answer = self._client.get(f"/{sha256(origin.encode()).hexdigest()}/checkpoint")
        if answer.status != 200:
            raise self._refused("it does not show what it cosigned")
        return answer.body

    def _line(self, point: Checkpoint, raw: bytes) -> bytes:
        try:
            lines = verify_lines(point, parse_lines(raw), [self.witness.key])
        except LedgerError as error:
            raise self._refused(f"its answer does not verify: {error.detail}") from error
        for _, line, time in lines:
            if time:  # without a time it does not say that this is the largest tree it has seen
                return line.line().encode()
        raise self._refused("its answer has no signature of the key that is configured")

    def _told(self, answer: HttpResponse) -> int:
        try:
            if answer.media_type != SIZE_TYPE or not answer.body.endswith(b"\n"):
                raise self._refused("409 without a size")
            return parse_number(answer.body[:-1].decode("ascii", "replace"), "witness_refuses")
        except LedgerError as error:
            raise self._refused("409 without a size") from error

    def _refusal(self, answer: HttpResponse) -> LedgerError:
        if answer.status == 422:
            detail = f"it knows another history of the first {self._known} entries"
            return RefusedError("witness_sees_fork", detail, size=self._known)
        if answer.status in _REFUSALS:
            return self._refused(_REFUSALS[answer.status])
        return UnavailableError("peer_unreachable", f"it answers {answer.status}")

    @staticmethod
    def _refused(detail: str) -> RefusedError:
        return RefusedError("witness_refuses", detail)
