"""One approved call under way: its use, and the mark that it was begun.

A call is begun at most once. The mark is a file that only one process can make, and that nobody
deletes: a program that was slow must find it, also after another one ended the call. So two
programs with one directory never both run a call, and a program that was killed after the mark does
not run it again. Another approval is another statement, with a mark of its own.
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
        """Tell whether an earlier run of the call is over; then only its mark is left.

        Raises ConflictError `outcome_unknown` if it was begun and nobody knows how it ended.
        """
        if not self._begun.exists():
            return False
        try:
            use = kept_use(self._use)
        except FileNotFoundError:
            # `forget` deletes the document first, so one that is there was not forgotten.
            if self._keeps_document():
                raise self._unknown() from None
            return True
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

        Raises ConflictError `outcome_unknown`, `outcome_known` or `used_up` if it was begun before,
        and as `use_once` does: then the call is forgotten, for it cannot be used.
        """
        if self._begun.exists():  # before the ledger is asked, so that nothing more is used
            raise self._begun_before()
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        digest = sha256_hex(self.document)
        try:
            used = use_once(client, self._use, self.statement, digest, begun=self._begun)
        except ConflictError:
            if not self._begun.exists():  # else these are the files of who began it
                self.forget()
            raise
        try:
            private_files.create(self._begun, b"")
        except FileExistsError:
            raise self._begun_before() from None
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

        Raises ConflictError `call_not_begun`, `outcome_known`, and as `LedgerClient.report`.
        """
        if not self._begun.exists():
            raise ConflictError("call_not_begun", "nothing was begun under this statement here")
        try:
            use = kept_use(self._use)
        except FileNotFoundError:
            raise ConflictError("outcome_known", "the call is over, and was reported") from None
        self._report(client, use, outcome, reason)
        self.forget()

    def forget(self) -> None:
        """Delete the document, without which nothing goes on, and then the use; never the mark."""
        if self._kept is not None and self._keeps_document():
            self._kept.unlink(missing_ok=True)
        self._use.unlink(missing_ok=True)

    def _keeps_document(self) -> bool:
        """Tell whether the document is kept; a later call may have put its own in that place."""
        try:
            return self._kept is not None and self._kept.read_bytes() == self.document
        except FileNotFoundError:
            return False

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

    def _begun_before(self) -> ConflictError:
        """Return why a call with a mark is not begun again."""
        try:
            stage = kept_use(self._use).stage
        except FileNotFoundError:
            return ConflictError("used_up", "the call was begun once, and is over")
        if stage in ("done", "reported"):
            return ConflictError("outcome_known", "the call was begun once, and was done")
        return self._unknown()

    def _unknown(self) -> ConflictError:
        detail = (
            "the call was begun and may have done its work; find out, and report it:"
            f" ledger outcome {self._use} done|not-done|unknown"
        )
        return ConflictError("outcome_unknown", detail)
