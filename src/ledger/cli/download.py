"""Download evidence, a bundle or a public log's tiles, within limits of bytes and time."""

import time
from http import HTTPStatus
from urllib.parse import quote, urljoin, urlsplit

from ledger.encoding import parse_json
from ledger.errors import LedgerError, MalformedError, UnavailableError
from ledger.system.http_client import HttpClient, HttpResponse
from ledger.tlog.checkpoint import MAX_NOTE_BYTES, parse_note
from ledger.tlog.merkle import WIDTH
from ledger.tlog.tiles import tiles_of
from ledger.tlog.vkeys import NoteKey, parse_vkey
from ledger.verify.container import CHECKPOINT
from ledger.verify.contents import names_of_tile
from ledger.verify.event_checks import ReportProgress

SILENCE_S = 30  # a server that sends nothing for so long is treated as gone
TOTAL_S = 3600
MAX_KEYS_BYTES = 1024 * 1024
# All of it is held in memory, and a stranger decides how much there is.
MAX_DOWNLOAD_BYTES = 1024**3
KEYS = ".well-known/ledger-keys"
# The characters allowed in a path or query; all others are percent-encoded.
_AS_IT_IS = "/:@!$&'()*+,;=~?%"


def is_address(text: str) -> bool:
    """Tell whether a text is an http or https address."""
    return text.startswith(("https://", "http://"))


def is_log(address: str) -> bool:
    """Tell whether an address is a public log's prefix rather than a file's address."""
    return urlsplit(address).path.endswith("/")


class Download:
    """Download addresses within one limit of bytes and one of time, shared by all of them.

    Other schemes and redirections are refused: the verified bytes come from the given address.
    """

    def __init__(
        self,
        *,
        most_bytes: int = MAX_DOWNLOAD_BYTES,
        total_s: float | None = None,
        progress: ReportProgress,
    ) -> None:
        self._left = most_bytes
        self._until_s = time.monotonic() + (TOTAL_S if total_s is None else total_s)
        self._progress = progress
        self._client: HttpClient | None = None

    def close(self) -> None:
        """Close the connection kept for the next address on the same server."""
        if self._client is not None:
            self._client.close()

    def read(self, address: str, *, most_bytes: int = MAX_DOWNLOAD_BYTES) -> bytes:
        """Return the bytes at an address; raise UnavailableError `download_failed`.

        After 429 it waits as long as the server says, and asks again.
        """
        most = min(most_bytes, self._left)
        answer = self._ask(address, most)
        while answer.status == 429 and 0 < answer.retry_after_s < self._left_s(address):
            time.sleep(answer.retry_after_s)
            answer = self._ask(address, most)
        if not 200 <= answer.status < 300:
            said = f"{answer.status} {_phrase(answer.status)}"
            raise UnavailableError("download_failed", f"{address}: {said}")
        self._left -= len(answer.body)
        return answer.body

    def _ask(self, address: str, most_bytes: int) -> HttpResponse:
        left_s = self._left_s(address)
        try:
            prefix, path = _split(address)
            return self._client_of(prefix).get(path, max_bytes=most_bytes, total_s=left_s)
        except (MalformedError, UnavailableError) as error:
            raise UnavailableError("download_failed", error.detail) from error

    def _left_s(self, address: str) -> float:
        left_s = self._until_s - time.monotonic()
        if left_s <= 0:
            raise UnavailableError("download_failed", f"{address}: the download took too long")
        return left_s

    def _client_of(self, prefix: str) -> HttpClient:
        """Return the client of a server; its connection is reused for each tile."""
        if self._client is None or self._client.url != prefix:
            self.close()
            self._client = HttpClient(
                prefix, max_bytes=self._left, silence_s=SILENCE_S, proxies=True
            )
        return self._client

    # --- public logs -----------------------------------------------------------------------------

    def read_log(self, prefix: str) -> dict[str, bytes]:
        """Download the checkpoint, the tiles and the entries of a log.

        Raises UnavailableError `download_failed`, and what `parse_note` raises.
        """
        files = {CHECKPOINT: self.read(urljoin(prefix, CHECKPOINT), most_bytes=MAX_NOTE_BYTES)}
        size = parse_note(files[CHECKPOINT]).checkpoint.size
        total = 2 * (size // WIDTH + 1)
        # Download one by one: the server states the size, which may be any number.
        for tile in tiles_of(size):
            for name in names_of_tile(*tile):
                files[name] = self.read(urljoin(prefix, name))
                self._progress("tiles", min(len(files), total), total)
        return files

    def announced_keys(self, prefix: str, size: int) -> list[NoteKey]:
        """Return the keys that the log's ledger announces for a size; none if it names none."""
        try:
            raw = self.read(urljoin(urljoin(prefix, ".."), KEYS), most_bytes=MAX_KEYS_BYTES)
            found = parse_json(raw)["logKeys"]
            keys = [(k["vkey"], k["firstSize"], k["lastSize"]) for k in found]
            return [
                parse_vkey(vkey)
                for vkey, first, last in keys
                if first <= size and (last is None or size <= last)
            ]
        except (LedgerError, KeyError, TypeError, AttributeError):
            return []


def _split(address: str) -> tuple[str, str]:
    """Return the server's prefix and the path; raise MalformedError `url_invalid`."""
    try:
        scheme, netloc, path, query, _ = urlsplit(address)
    except ValueError as error:
        raise MalformedError("url_invalid", f"{address!r} is not a valid address") from error
    path = quote(path or "/", safe=_AS_IT_IS)
    return f"{scheme}://{netloc}", path + (f"?{quote(query, safe=_AS_IT_IS)}" if query else "")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "?"
