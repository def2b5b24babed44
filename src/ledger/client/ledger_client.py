"""What a program does as its person: read statements, decide them, wait until they are decided."""

import hashlib
import time
from typing import Any, Self
from urllib.parse import quote

import msgspec

from ledger.client.connection import LedgerConnection
from ledger.client.kept_login import KeptLogin
from ledger.domain.vocabulary import Status
from ledger.encoding import parse_json
from ledger.errors import RefusedError

MAX_PAGES = 500  # the server decides how many there are
_EVERY_S = 2.0
_PENDING = "pending"


class _Named(msgspec.Struct, frozen=True):
    id: str
    name: str


class ListedStatement(msgspec.Struct, frozen=True, rename="camel"):
    """A statement as lists show it: times are RFC 3339, `sha256` is of the document's bytes."""

    id: str
    title: str
    creator: _Named
    status: Status
    approvals: int
    needed: int
    sha256: str
    expires_at: str | None = None


class DecisionReceipt(msgspec.Struct, frozen=True, rename="camel"):
    """Where a decision stands in the log, and the statement's status after it."""

    statement_id: str
    status: Status
    approvals: int
    position: int


class _Page(msgspec.Struct, frozen=True):
    items: list[ListedStatement]
    next: str | None


class LedgerClient:
    """One person at one ledger. Use it in one thread, as a context manager or with `close`.

    Every method raises the `ledger.errors` error of the problem that the ledger answers with, and
    UnavailableError where no answer comes. A decision whose answer is lost can be sent again.
    """

    def __init__(self, login: KeptLogin) -> None:
        """Raise MalformedError `key_file_invalid`."""
        self._ask = LedgerConnection(login)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._ask.close()

    # --- reading ---------------------------------------------------------------------------------

    def inbox(self) -> list[ListedStatement]:
        """Return what waits for this person, the next to close first."""
        return self._all("/api/inbox?limit=200")

    def statements(self, status: str = "") -> list[ListedStatement]:
        """Return the statements that this person may read, the newest first, of one status."""
        chosen = f"&status={quote(status)}" if status else ""
        return self._all(f"/api/statements?limit=200{chosen}")

    def statement(self, statement_id: str) -> ListedStatement:
        """Return one statement as it is now."""
        return self._ask.ask(f"/api/statements/{quote(statement_id, safe='')}", ListedStatement)

    def document(self, statement_id: str) -> bytes:
        """Return the exact bytes that approvals of a statement sign.

        Raises RefusedError `document_differs` if the server sent another statement's document, or
        one of another ledger.
        """
        raw = self._ask.read(f"/api/statements/{quote(statement_id, safe='')}/document")
        said: Any = parse_json(raw, exact_numbers=False)
        about = (said.get("statementId"), said.get("ledger")) if isinstance(said, dict) else None
        if about != (statement_id, self._ask.login.ledger):
            raise RefusedError("document_differs", "the document is of another statement")
        return raw

    def evidence(self, statement_id: str) -> bytes:
        """Return the evidence bundle of a statement, for `ledger verify`."""
        return self._ask.read(f"/api/statements/{quote(statement_id, safe='')}/evidence")

    def wait(self, statement_id: str, *, within_s: float) -> ListedStatement:
        """Return the statement once it is decided, or as it is when the time is over."""
        until_s = time.monotonic() + within_s
        while True:
            found = self.statement(statement_id)
            if found.status != _PENDING or time.monotonic() >= until_s:
                return found
            time.sleep(_EVERY_S)

    # --- deciding --------------------------------------------------------------------------------

    def approve(self, statement_id: str, sha256: str) -> DecisionReceipt:
        """Approve the document with this SHA-256 (lower-case hex), and no other.

        Raises RefusedError `document_differs` before anything is signed.
        """
        document = self.document(statement_id)
        found = hashlib.sha256(document).hexdigest()
        if found != sha256:
            raise RefusedError("document_differs", f"the document's SHA-256 is {found}")
        jwt = self._ask.key.sign(document, typ="JWT", iat=int(time.time()))
        path = f"/api/statements/{quote(statement_id, safe='')}/sign"
        return self._ask.send(path, {"jwt": jwt}, DecisionReceipt)

    def reject(self, statement_id: str, sha256: str, reason: str) -> DecisionReceipt:
        """Reject the document with this SHA-256."""
        about = {"statementId": statement_id, "sha256": sha256, "reason": reason}
        path = f"/api/statements/{quote(statement_id, safe='')}/reject"
        return self._ask.send(path, {"act": self._ask.act("reject", **about)}, DecisionReceipt)

    def _all(self, path: str) -> list[ListedStatement]:
        found, cursor = list[ListedStatement](), ""
        for _ in range(MAX_PAGES):
            page = self._ask.ask(path + cursor, _Page)
            found += page.items
            if page.next is None:
                break
            cursor = f"&cursor={quote(page.next, safe='')}"
        return found
