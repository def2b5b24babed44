"""One approved call under way: its use, and the mark that it was begun.

A call is begun at most once. The mark is a file that only one process can make, so two programs
with one directory never both run a call, and a program that was killed after the mark does not run
it again.
"""

from contextlib import suppress
from pathlib import Path

import msgspec

from ledger.client.kept_use import KeptUse, keep_use, kept_use, use_once
from ledger.client.ledger_client import LedgerClient
from ledger.domain.document import parse_document
from ledger.domain.vocabulary import UseOutcome
from ledger.encoding import sha256_hex
from ledger.errors import ConflictError, LedgerError
from ledger.system import private_files


class ApprovedCall:
    """The call of a document; `kept` is the file that keeps the document, if one does."""

    def __init__(self, directory: Path, document: bytes, kept: Path | None = None) -> None:
        """Raise MalformedError as `parse_document` does."""
        self.document = document
        self.statement = parse_document(document).statement_id
        self._directory = directory
        self._kept = kept
        self._use = directory / f"{self.statement}.use.json"
        self._begun = directory / f"{self.statement}.begun"

    def settle(self, client: LedgerClient) -> bool:
        """Tell whether an earlier run of the call is over; then its files are gone.

        Raises ConflictError `outcome_unknown` if it was begun and nobody knows how it ended.
        """
        if not self._begun.exists():
            return False
        try:
            use = kept_use(self._use)
        except FileNotFoundError:
            raise self._unknown() from None
        match use.stage:
            case "done":
                self._report(client, use, "done")
            case "reported":
                pass
            case _:
                raise self._unknown()
        self.forget()
        return True

    def begin(self, client: LedgerClient) -> KeptUse:
        """Use the approval once, and mark the call as begun.

        Raises ConflictError `outcome_unknown` if another process began it, and as
        `LedgerClient.use` does: then the call is forgotten, for it cannot be used.
        """
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            used = use_once(client, self._use, self.statement, sha256_hex(self.document))
        except ConflictError:
            self.forget()
            raise
        try:
            private_files.create(self._begun, b"")
        except FileExistsError:
            raise self._unknown() from None
        return used

    def end(self, client: LedgerClient, outcome: UseOutcome) -> None:
        """Report the outcome, and forget the call.

        If the ledger does not take the report of a call that was done, the next run reports it.
        """
        use = kept_use(self._use)
        if outcome == "done":
            use = keep_use(self._use, msgspec.structs.replace(use, stage="done"))
        with suppress(LedgerError):
            self._report(client, use, outcome)
            self.forget()

    def report(self, client: LedgerClient, outcome: UseOutcome, reason: str | None) -> None:
        """Report the outcome of a call that was begun, and forget the call.

        Raises ConflictError `call_not_begun`, and as `LedgerClient.report`.
        """
        if not self._begun.exists():
            raise ConflictError("call_not_begun", "nothing was begun under this statement here")
        self._report(client, kept_use(self._use), outcome, reason)
        self.forget()

    def forget(self) -> None:
        """Delete the files of the call: the document first, for without it nothing goes on."""
        for path in (self._kept, self._use, self._begun):
            if path is not None:
                path.unlink(missing_ok=True)

    def _report(
        self,
        client: LedgerClient,
        use: KeptUse,
        outcome: UseOutcome,
        reason: str | None = None,
    ) -> None:
        if use.receipt is not None:
            try:
                client.report(use.receipt, use.sha256, outcome, reason)
            except ConflictError as error:
                if error.code != "outcome_known":
                    raise
        keep_use(self._use, msgspec.structs.replace(use, stage="reported"))

    def _unknown(self) -> ConflictError:
        detail = (
            "the call was begun and may have done its work; find out, and report it:"
            f" ledger outcome {self._use} done|not-done|unknown"
        )
        return ConflictError("outcome_unknown", detail)
