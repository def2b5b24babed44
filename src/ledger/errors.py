"""Every error that the ledger raises on purpose, one type per thing a caller can do about it.

LedgerError
├── MalformedError      the bytes cannot be parsed: correct the request                (400)
├── UnauthenticatedError  no session, or an unknown person: sign in                     (401)
├── ForbiddenError      the person or key is known, but not allowed to do this         (403)
├── NotFoundError       the named thing does not exist                                 (404)
├── ConflictError       the current state rules it out: reload the state               (409)
├── TooLargeError       more bytes than the limit                                      (413)
├── UnsupportedMediaTypeError  not application/json                                    (415)
├── RefusedError        well-formed evidence that does not prove what it must          (422)
├── UnverifiableError   evidence is missing: neither proved nor disproved
├── TooManyError        too many requests: wait                                        (429)
├── UnavailableError    temporarily unavailable: retry later                           (503)
├── CorruptError        stored bytes contradict each other: stop and audit
└── StaleError          another append came first: `ledger.commands` loads and decides again

`code` is stable snake_case and part of the API; docs/reference/errors.md lists every code.
Only `ledger.http` chooses HTTP statuses; the numbers above are for orientation.
"""


class LedgerError(Exception):
    """The base of all deliberate errors; `evidence` has kids, positions, names, never secrets."""

    def __init__(self, code: str, detail: str, **evidence: str | int | list[str]) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.evidence = evidence


class MalformedError(LedgerError):
    """The bytes cannot be parsed as the expected type."""


class UnauthenticatedError(LedgerError):
    """The request needs a signed-in person."""


class ForbiddenError(LedgerError):
    """The person or key is known, but not allowed to do this."""


class NotFoundError(LedgerError):
    """The named thing does not exist."""


class ConflictError(LedgerError):
    """The current state rules the command out."""


class TooLargeError(LedgerError):
    """There are more bytes than the limit allows."""


class UnsupportedMediaTypeError(LedgerError):
    """The body is not declared as application/json."""


class RefusedError(LedgerError):
    """The evidence is well-formed, but does not prove what it must prove."""


class UnverifiableError(LedgerError):
    """Evidence is missing, or unknown to this verifier: neither proved nor disproved."""


class TooManyError(LedgerError):
    """A limit on requests or event streams is reached; 0 says that no time to wait is known."""

    def __init__(self, code: str, detail: str, *, retry_after_s: int = 0) -> None:
        super().__init__(code, detail)
        self.retry_after_s = retry_after_s


class UnavailableError(LedgerError):
    """The server cannot answer now; the same request may succeed later."""


class CorruptError(LedgerError):
    """Stored bytes contradict each other."""


class StaleError(LedgerError):
    """A stream or a role's membership changed between the decision and the commit."""
