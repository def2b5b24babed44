"""Every error that the ledger raises on purpose, one type per thing a caller can do about it.

LedgerError
├── MalformedError      the bytes are not what they claim to be: mend the request      (400)
├── UnauthenticatedError  nobody, or nobody we know: sign in                            (401)
├── ForbiddenError      known, but not allowed to do this                              (403)
├── NotFoundError       there is no such thing                                         (404)
├── ConflictError       it was possible once, or is taken: look at the present state   (409)
├── TooLargeError       more bytes than the limit                                      (413)
├── UnsupportedMediaTypeError  not application/json                                    (415)
├── RefusedError        well-formed evidence that does not prove what it has to        (422)
├── UnverifiableError   evidence that lacks something needed: neither proved nor disproved
├── TooManyError        too often: wait                                                (429)
├── UnavailableError    not now: try again later                                       (503)
├── CorruptError        stored bytes do not agree with themselves: stop and audit
└── StaleError          somebody else appended first: load and decide again (never leaves the shell)

`code` is stable snake_case and API; docs/reference/errors.md lists every one.
The HTTP status is chosen in `ledger.http` alone; the numbers above only help the reader.
"""


class LedgerError(Exception):
    """Base of all deliberate errors; `evidence` holds kids, positions and names, never secrets."""

    def __init__(self, code: str, detail: str, **evidence: str | int | list[str]) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.evidence = evidence


class MalformedError(LedgerError):
    """Bytes that cannot be parsed into what they should be."""


class UnauthenticatedError(LedgerError):
    """The request needs a signed-in person."""


class ForbiddenError(LedgerError):
    """The person or key is known and may not do this."""


class NotFoundError(LedgerError):
    """The named thing does not exist."""


class ConflictError(LedgerError):
    """The present state rules the command out."""


class TooLargeError(LedgerError):
    """More bytes than the limit allows."""


class UnsupportedMediaTypeError(LedgerError):
    """The body is not declared as application/json."""


class RefusedError(LedgerError):
    """Evidence that is well-formed and does not prove what it has to prove."""


class UnverifiableError(LedgerError):
    """Something that is needed is missing, or not known to this verifier: no verdict either way."""


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
    """A stream or a membership moved between the decision and the commit."""
