"""Evidence from an address: a bundle, or a public log's tiles. Bounded in bytes and in time."""

import time
from collections.abc import Callable
from http import HTTPStatus
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.parse import urljoin, urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from ledger.encoding import parse_json
from ledger.errors import LedgerError, UnavailableError
from ledger.tlog.checkpoint import MAX_NOTE_BYTES, parse_note
from ledger.tlog.merkle import WIDTH
from ledger.tlog.tiles import tiles_of
from ledger.tlog.vkeys import NoteKey, parse_vkey
from ledger.verify.container import CHECKPOINT, MAX_BUNDLE_BYTES
from ledger.verify.contents import names_of_tile
from ledger.verify.event_checks import ReportProgress

SILENCE_S = 30  # a server that says nothing for so long has hung up
TOTAL_S = 3600
MAX_KEYS_BYTES = 1024 * 1024
_CHUNK = 256 * 1024
KEYS = ".well-known/ledger-keys"


def is_address(text: str) -> bool:
    """Tell whether a text is an http or https address."""
    return text.startswith(("https://", "http://"))


def is_log(address: str) -> bool:
    """Tell whether an address is a public log's prefix, and not that of a file."""
    return urlsplit(address).path.endswith("/")


class Download:
    """Reads addresses until a limit of bytes and of time, over all of them, is reached.

    Other schemes and redirections are not followed: what is verified is at the address given.
    """

    def __init__(self, *, most_bytes: int = MAX_BUNDLE_BYTES, progress: ReportProgress) -> None:
        self._left = most_bytes
        self._until = time.monotonic() + TOTAL_S
        self._progress = progress
        self._opener = OpenerDirector()
        for handler in (
            ProxyHandler(),
            HTTPHandler(),
            HTTPSHandler(),
            HTTPErrorProcessor(),
            HTTPDefaultErrorHandler(),
        ):
            self._opener.add_handler(handler)

    def read(self, address: str, *, most_bytes: int = MAX_BUNDLE_BYTES) -> bytes:
        """Return what is at an address; raise UnavailableError `download_failed`."""
        if not is_address(address):
            raise UnavailableError("download_failed", "only http and https are read")
        try:
            request = Request(address, headers={"User-Agent": "ledger"})  # noqa: S310  # a scheme of the two above
            with self._opener.open(request, timeout=SILENCE_S) as answer:
                return self._drain(answer.read, address, most_bytes)
        except HTTPError as error:
            error.close()
            said = f"{error.code} {_phrase(error.code)}"
            raise UnavailableError("download_failed", f"{address}: {said}") from error
        except (OSError, HTTPException, ValueError) as error:
            raise UnavailableError("download_failed", f"{address}: {error}") from error

    def _drain(self, read: Callable[[int], bytes], address: str, most_bytes: int) -> bytes:
        parts: list[bytes] = []
        size, most = 0, min(most_bytes, self._left)
        while chunk := read(_CHUNK):
            parts.append(chunk)
            size += len(chunk)
            if size > most:
                raise UnavailableError("download_failed", f"{address}: over {most:,} bytes")
            if time.monotonic() > self._until:
                raise UnavailableError("download_failed", f"{address}: took over an hour")
        self._left -= size
        return b"".join(parts)

    # --- public logs -----------------------------------------------------------------------------

    def read_log(self, prefix: str) -> dict[str, bytes]:
        """Return the checkpoint, the tiles and the entries of a log.

        Raises UnavailableError `download_failed`, and what `parse_note` raises.
        """
        files = {CHECKPOINT: self.read(urljoin(prefix, CHECKPOINT), most_bytes=MAX_NOTE_BYTES)}
        size = parse_note(files[CHECKPOINT]).checkpoint.size
        total = 2 * (size // WIDTH + 1)
        # One at a time: the size is what the other side says, and may be any number.
        for tile in tiles_of(size):
            for name in names_of_tile(*tile):
                files[name] = self.read(urljoin(prefix, name))
                self._progress("tiles", min(len(files), total), total)
        return files

    def announced_keys(self, prefix: str, size: int) -> list[NoteKey]:
        """Return the keys that the ledger of a log names for a size; none if it names none."""
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


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "?"
