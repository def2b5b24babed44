"""What a program reads as its person: statements, documents, evidence, types; and how it waits.

These methods do no I/O but through a transport: with `async_transport.py` they run under asyncio,
and `ledger_client.py` runs them to their end without.
"""

import secrets
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any, Self, TypeVar
from urllib.parse import quote

import msgspec

from ledger.client.answer_errors import decoded
from ledger.client.answers import (
    ListedAccount,
    ListedStatement,
    ListedType,
    ShownStatement,
    TypeText,
)
from ledger.client.connection import ATTEMPTS, LedgerConnection
from ledger.client.kept_login import KeptLogin
from ledger.client.transport import MAX_ANSWER_BYTES, Transport
from ledger.encoding import b64u_encode, parse_json, sha256_hex
from ledger.errors import NotFoundError, RefusedError, TooManyError, UnavailableError
from ledger.tlog.vkeys import NoteKey, parse_vkey
from ledger.verify import bundle
from ledger.verify.report import VerificationReport
from ledger.verify.requirements import NOTHING, Requirements

INSTALL_ASYNC = "pip install 'approval-ledger[async]'"
MAX_PAGES = 500  # the server decides how many there are
_EVERY_S = 2.0
_PENDING = "pending"
T = TypeVar("T")


class _Page(msgspec.Struct, frozen=True):
    items: list[msgspec.Raw]
    next: str | None


class _Moved(msgspec.Struct, frozen=True):
    position: int


def new_nonce() -> str:
    """Return a random nonce for a use, or for the heads of evidence."""
    return b64u_encode(secrets.token_bytes(32))


class AsyncLedgerReader:
    """One person at one ledger, who reads. Use it in one event loop, with `async with` or `close`.

    Every method raises the `ledger.errors` error of the problem that the ledger answers with, and
    UnavailableError where no answer comes.
    """

    def __init__(self, login: KeptLogin, transport: Transport | None = None) -> None:
        """Take the transport of asyncio, unless another one is given.

        Raises MalformedError `key_file_invalid`, ModuleNotFoundError without the extra `async`.
        """
        self._ask = LedgerConnection(login, transport or _asyncio_transport(login.address))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._ask.transport.close()

    @property
    def user(self) -> str:
        """The id of the person for whom this client acts."""
        return self._ask.login.user

    @property
    def ledger(self) -> str:
        """The id of the ledger."""
        return self._ask.login.ledger

    # --- reading ---------------------------------------------------------------------------------

    async def inbox(self) -> list[ListedStatement]:
        """Return what waits for this person, the next to close first."""
        return await self._all("/api/inbox?limit=200", ListedStatement)

    async def service_accounts(self) -> list[ListedAccount]:
        """Return everybody's service accounts, ended ones too, the newest first."""
        return await self._all("/api/service-accounts?limit=200", ListedAccount)

    async def statements(self, status: str = "") -> list[ListedStatement]:
        """Return the statements that this person may read, the newest first, of one status."""
        chosen = f"&status={quote(status)}" if status else ""
        return await self._all(f"/api/statements?limit=200{chosen}", ListedStatement)

    async def statement(self, statement_id: str) -> ShownStatement:
        """Return one statement as it is now."""
        return await self._ask.ask(path_of(statement_id), ShownStatement)

    async def has(self, statement_id: str) -> bool:
        """Tell whether the ledger has a statement that this person may read."""
        try:
            await self.statement(statement_id)
        except NotFoundError:
            return False
        return True

    async def document(self, statement_id: str) -> bytes:
        """Return the exact bytes that approvals of a statement sign.

        Raises RefusedError `document_differs` if the server sent another statement's document, or
        one of another ledger.
        """
        raw = await self._ask.read(path_of(statement_id, "/document"))
        said: Any = parse_json(raw, exact_numbers=False)
        about = (said.get("statementId"), said.get("ledger")) if isinstance(said, dict) else None
        if about != (statement_id, self.ledger):
            raise RefusedError("document_differs", "the document is of another statement")
        return raw

    async def evidence(self, statement_id: str, nonce: str | None = None) -> bytes:
        """Return the evidence bundle of a statement; its heads carry the nonce."""
        asked = "" if nonce is None else f"?nonce={quote(nonce, safe='')}"
        return await self._ask.read(path_of(statement_id, f"/evidence{asked}"))

    async def verified(
        self,
        statement_id: str,
        required: Requirements = NOTHING,
        log_keys: Sequence[NoteKey] = (),
    ) -> tuple[bytes, VerificationReport]:
        """Return the evidence of a statement as of now, and what verification finds of it.

        The verdict is `verified` only under these log keys, or those that were kept at the sign-in.
        The heads carry a new nonce, so the ledger answers with no older evidence.

        Raises RefusedError `evidence_differs` for evidence of another statement, or of an earlier
        time.
        """
        nonce = new_nonce()
        raw = await self.evidence(statement_id, nonce)
        keys = log_keys or [parse_vkey(each) for each in self._ask.login.log_keys]
        asked = msgspec.structs.replace(required, nonce=nonce)
        now_ms = time.time_ns() // 1_000_000
        verify = partial(bundle.verify, expected_keys=keys, required=asked, now_ms=now_ms)
        found = await self._ask.transport.apart(lambda: verify(raw))
        if found.verdict not in ("invalid", "unverifiable"):
            if any(each.id != statement_id for each in found.statements):
                raise RefusedError("evidence_differs", "the evidence is of another statement")
            if found.heads is None or found.heads.nonce != nonce:
                raise RefusedError("evidence_differs", "the evidence is of an earlier time")
        return raw, found

    async def types(self) -> list[ListedType]:
        """Return the types of which statements can be drafted."""
        found = await self._all("/api/types?limit=200", ListedType)
        return [each for each in found if each.is_in_force]

    async def definition(self, name: str) -> str:
        """Return the newest definition of a type, as its digest covers it.

        Raises NotFoundError `type_unknown`, RefusedError `type_differs` if it has another digest.
        """
        listed = next((each for each in await self.types() if each.name == name), None)
        if listed is None:
            raise NotFoundError("type_unknown", f"there is no type {name!r} in force")
        return await self.definition_of(listed.sha256)

    async def definition_of(self, digest: str) -> str:
        """Return the definition with this SHA-256, in hex.

        Raises NotFoundError `type_unknown`, RefusedError `type_differs` if it has another digest.
        """
        found = await self._ask.ask(f"/api/types/{quote(digest, safe='')}", TypeText)
        if sha256_hex(found.definition.encode()) != digest:
            raise RefusedError("type_differs", "the definition has another digest")
        return found.definition

    # --- waiting ---------------------------------------------------------------------------------

    async def wait(self, statement_id: str, *, within_s: float) -> ShownStatement:
        """Return the statement once it is decided, or as it is when the time is over.

        A server that does not answer meanwhile is asked again.
        """
        return await self._until(statement_id, lambda found: found.status != _PENDING, within_s)

    async def wait_used(
        self, statement_id: str, *, within_s: float, settled: bool = False
    ) -> ShownStatement:
        """Return the statement once it was used, or as it is when the time is over.

        With `settled` wait until the outcome of every use is known. One that nobody can use any
        more is returned at once.
        """

        def is_over(found: ShownStatement) -> bool:
            used = bool(found.uses) and (not settled or all(e.is_settled for e in found.uses))
            open_ = found.status in ("pending", "approved") and found.usable is not None
            return used or (not found.uses and not open_)

        return await self._until(statement_id, is_over, within_s)

    async def positions(self) -> AsyncGenerator[int, None]:
        """Yield the newest position of the log at once, and again whenever it changes.

        A change says that something happened, and not what: read what you follow. A stream that
        ends is opened again; UnavailableError comes if three in a row told nothing.
        """
        newest, silent = None, 0
        while silent < ATTEMPTS:
            silent += 1
            try:
                async with aclosing(self._ask.lines("/api/stream")) as lines:
                    async for line in lines:
                        if not line.startswith(b"data:"):
                            continue
                        position = decoded(line.removeprefix(b"data:"), _Moved).position
                        silent = 0
                        if position != newest:
                            newest = position
                            yield position
            except UnavailableError:
                if silent == ATTEMPTS:
                    raise
            await self._ask.transport.pause(_EVERY_S)
        raise UnavailableError("peer_unreachable", "the ledger ends every stream at once")

    async def _until(
        self, statement_id: str, is_over: Callable[[ShownStatement], bool], within_s: float
    ) -> ShownStatement:
        until_s = time.monotonic() + within_s
        while True:
            pause_s = _EVERY_S
            try:
                found = await self.statement(statement_id)
            except (TooManyError, UnavailableError) as error:  # a quota, or a server that restarts
                if isinstance(error, TooManyError):
                    pause_s = max(pause_s, error.retry_after_s)
                if not time.monotonic() + pause_s < until_s:  # NaN too
                    raise
            else:
                left_s = until_s - time.monotonic()
                if is_over(found) or not left_s > 0:
                    return found
                pause_s = min(pause_s, left_s)
            await self._ask.transport.pause(pause_s)

    async def _all(self, path: str, kind: type[T]) -> list[T]:
        """Return a list's items; all its pages together have at most MAX_ANSWER_BYTES."""
        found, cursor, left = list[T](), "", MAX_ANSWER_BYTES
        for _ in range(MAX_PAGES):
            raw = await self._ask.read(path + cursor)
            left -= len(raw)
            if left < 0:
                raise UnavailableError("answer_invalid", "the pages of the list are too large")
            page = decoded(raw, _Page)
            found += [decoded(each, kind) for each in page.items]
            if page.next is None:
                break
            cursor = f"&cursor={quote(page.next, safe='')}"
        return found


def _asyncio_transport(address: str) -> Transport:
    try:
        from ledger.client.async_transport import AsyncTransport
    except ModuleNotFoundError as error:
        detail = f"an asynchronous client needs one more package: {INSTALL_ASYNC}"
        raise ModuleNotFoundError(detail, name=error.name) from error
    return AsyncTransport(address)


def path_of(statement_id: str, below: str = "") -> str:
    """Return the address of a statement, or of something below it."""
    return f"/api/statements/{quote(statement_id, safe='')}{below}"
