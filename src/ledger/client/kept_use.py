"""The file of one use: its nonce, kept before the ledger is asked, and how far the use came.

A program that is killed, or gets no answer, reads the file again and asks with the same nonce. The
ledger answers with the first receipt, and nothing is used twice.
"""

from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec

from ledger.client.answers import UseReceipt
from ledger.client.async_reader import new_nonce
from ledger.client.kept_login import MAX_KEPT_BYTES
from ledger.client.ledger_client import LedgerClient
from ledger.encoding import decode
from ledger.errors import ConflictError
from ledger.system import private_files

UseStage = Literal["asked", "used", "done", "reported"]


class KeptUse(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A use of the document with this digest.

    It is `asked` before the ledger is asked, `used` with the ledger's receipt, `done` once the
    program knows that it acted, and `reported` with its outcome.
    """

    ledger: str
    statement: str
    sha256: str
    nonce: str
    reference: str | None = None
    stage: UseStage = "asked"
    receipt: UseReceipt | None = None


def kept_use(path: Path) -> KeptUse:
    """Return the use in a file; raise FileNotFoundError, MalformedError."""
    with path.open("rb") as file:
        raw = file.read(MAX_KEPT_BYTES + 1)
    return decode(raw[:MAX_KEPT_BYTES], KeptUse)


def keep_use(path: Path, use: KeptUse) -> KeptUse:
    """Replace the use in a file, durably, and return it; raise OSError."""
    private_files.replace(path, msgspec.json.format(msgspec.json.encode(use)) + b"\n")
    return use


def use_once(
    client: LedgerClient,
    path: Path,
    statement_id: str,
    sha256: str,
    reference: str | None = None,
    *,
    begun: Path | None = None,
) -> KeptUse:
    """Use a statement by the nonce in a file, which is made if it does not exist.

    With `begun`, the mark of who acts on it, no new nonce is asked for once the mark is there. The
    mark is older than the end of the file that it belongs to: so a program that was slow finds it,
    and spends no further use of a statement that has several.

    Crash points: before the file is there, nothing was asked. After it, the same nonce is asked
    again and gets the first receipt; a receipt in the file is no proof that the ledger gave it.
    Raises ConflictError `use_kept` if the file is of another use or the ledger has another receipt,
    `outcome_known` if the program has acted already, and as `LedgerClient.use` does.
    """
    asked = KeptUse(client.ledger, statement_id, sha256, new_nonce(), reference)
    try:
        private_files.publish(path, msgspec.json.encode(asked))
        if begun is not None and begun.exists():
            _give_up(path)
            raise ConflictError("used_up", f"the use in {path} is over")
    except FileExistsError:
        try:
            found = kept_use(path)
        except FileNotFoundError:  # another program had it, and has ended by now
            raise ConflictError("outcome_known", f"the use in {path} is over") from None
        if _about(found) != _about(asked):
            raise ConflictError("use_kept", f"{path} keeps another use") from None
        if found.stage in ("done", "reported"):
            raise ConflictError("outcome_known", f"the use in {path} is over") from None
        # With the mark, a file without a receipt is that of another program that comes late too.
        if found.receipt is None and begun is not None and begun.exists():
            raise ConflictError("used_up", f"the use in {path} is over") from None
        asked = found
    receipt = client.use(statement_id, sha256, asked.nonce, asked.reference)
    if asked.receipt is not None:
        if asked.receipt != receipt:
            raise ConflictError("use_kept", f"{path} keeps another receipt than the ledger has")
        return asked
    return keep_use(path, msgspec.structs.replace(asked, stage="used", receipt=receipt))


def _give_up(path: Path) -> None:
    """Delete a use that nobody asked for: one with a receipt is of another program, which acts."""
    with suppress(FileNotFoundError):
        if kept_use(path).receipt is None:
            path.unlink()


def _about(use: KeptUse) -> tuple[str | None, ...]:
    return use.ledger, use.statement, use.sha256, use.reference
