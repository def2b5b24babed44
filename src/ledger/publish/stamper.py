"""Time-stamp checkpoints: at most one an interval, and only a new checkpoint.

The stamp covers the text of the checkpoint as served, cosignatures included. That text is stored
with the stamp, and later lines are appended after it. A stamp is verified with the operator's
trusted certificates before it is stored.
"""

import secrets
from collections.abc import Callable

from ledger import clock
from ledger.errors import MalformedError, RefusedError, UnavailableError
from ledger.publish.served import ServedCheckpoint
from ledger.settings import Settings
from ledger.store.ports.endorsements import EndorsementTables, Stamp
from ledger.store.ports.tree import Published, TreeTables
from ledger.system.http_client import HttpClient
from ledger.system.worker import Backoff, Worker
from ledger.timestamp import verify
from ledger.timestamp.response import MAX_STAMP_BYTES
from ledger.timestamp.verify import REQUEST_TYPE, RESPONSE_TYPE, Certificates

POLL_S = 5.0
FIRST_RETRY_S, LAST_RETRY_S = 5.0, 300.0
STOP_S = 1.0
SETTLE_MS = 10_000  # time for cosignatures to arrive


class Authority:
    """A client of a time-stamp authority over HTTP (RFC 3161 section 3.4)."""

    def __init__(self, url: str, certificates: Certificates) -> None:
        """Raise MalformedError `url_invalid`."""
        self._client = HttpClient(url, max_bytes=MAX_STAMP_BYTES)
        self._certificates = certificates

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def stamp(self, published: Published, note: bytes, *, now_ms: int) -> Stamp:
        """Request a time-stamp of a checkpoint's text, and return it verified.

        Raises UnavailableError `peer_unreachable`; what `verify_stamp` raises; RefusedError
        `stamp_refused` if the answer is for another request or its time is not now.
        """
        nonce = secrets.randbits(63)
        answer = self._client.post("", verify.request(note, nonce=nonce), REQUEST_TYPE)
        if answer.status != 200 or answer.media_type != RESPONSE_TYPE:
            detail = f"the authority answered {answer.status} {answer.media_type}"
            raise UnavailableError("peer_unreachable", detail)
        found = verify.verify_stamp(answer.body, note, self._certificates)
        time_ms = round(found.time.timestamp() * 1000)
        if found.nonce != nonce or not clock.is_fresh(time_ms, now_ms=now_ms):
            raise RefusedError("stamp_refused", "the answer is old, or a clock is wrong")
        return Stamp(published.size, note, answer.body, clock.to_text(time_ms))


class Stamper:
    """Requests time-stamps of one log's checkpoints, in a background thread."""

    def __init__(
        self,
        authority: Authority | None,
        tree: TreeTables,
        endorsements: EndorsementTables,
        quorum: ServedCheckpoint,
        *,
        interval_s: float,
        now_ms: Callable[[], int],
    ) -> None:
        self._authority = authority
        self._interval_s = interval_s
        self._tree = tree
        self._endorsements = endorsements
        self._quorum = quorum
        self._now_ms = now_ms
        backoff = Backoff(min(FIRST_RETRY_S, interval_s), min(LAST_RETRY_S, interval_s))
        # Retry an answer that does not verify: the authority's fault may be temporary.
        passing = (UnavailableError, RefusedError, MalformedError)
        self._worker = Worker("stamper", self._turn, backoff=backoff, passing=passing)

    @property
    def failures(self) -> int:
        """How many attempts have failed since the start."""
        return self._worker.failures

    def warnings(self) -> list[str]:
        """Return why no recent time-stamp exists, if one should."""
        trouble = self._worker.trouble
        return [] if trouble is None else [f"time-stamps: {trouble}"]

    def start(self) -> None:
        """Start the thread, if there is an authority."""
        if self._authority is not None:
            self._worker.start()

    def stop(self) -> None:
        """Stop soon: a running request is cut off and nothing of it is stored."""
        self._worker.stop(0)
        if self._authority is not None:
            self._authority.close()
        self._worker.stop(STOP_S)

    def _turn(self) -> None:
        if not self._worker.rest(min(POLL_S, self._interval_s)):
            self._step()

    def _step(self) -> None:
        """Request a time-stamp if one is due."""
        last, now_ms = self._endorsements.last_stamp(), self._now_ms()
        if self._authority is None:
            return
        if last is not None and now_ms - clock.to_ms(last.time) < self._interval_s * 1000:
            return
        published = self._settled(now_ms)
        if published is None:
            return
        note = self._endorsements.note(published)
        if last is not None and (last.size, last.note) == (published.size, note):
            return
        stamp = self._authority.stamp(published, note, now_ms=now_ms)
        if not self._worker.is_stopping:
            self._endorsements.stamp(stamp)

    def _settled(self, now_ms: int) -> Published | None:
        """Return the newest checkpoint that is old enough to have its cosignatures."""
        newest = self._quorum.served(self._tree)
        if newest is None or not self._quorum.policy.witnesses:
            return newest
        older = self._tree.latest(before=clock.to_text(now_ms - SETTLE_MS))
        return older if older is None or older.size < newest.size else newest


def open_authority(settings: Settings) -> Authority | None:
    """Return the authority of the settings; None if none is set.

    Raises MalformedError `setting_invalid` without certificates, `url_invalid`,
    `certificates_malformed`; OSError if the file cannot be read.
    """
    if settings.tsa_url is None:
        return None
    if settings.tsa_certificates is None:
        detail = (
            "LEDGER_TSA_URL needs LEDGER_TSA_CERTIFICATES, the file of its trusted certificates"
        )
        raise MalformedError("setting_invalid", detail)
    pem = settings.tsa_certificates.read_bytes()
    return Authority(settings.tsa_url, verify.parse_certificates(pem))
