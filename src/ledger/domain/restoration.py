"""How a ledger goes on from a backup. Pure.

After a loss the log must not go on under its old origin: its keys signed a larger tree, so a second
one would prove a fork, and no witness could follow. So a restore begins an epoch: another log
origin with keys of its own. The tree itself goes on, and with it every earlier checkpoint. The
ledger's name in documents and challenges stays.
"""

from ledger.domain import ledger_acts
from ledger.domain.acts import parse_act, verify_act
from ledger.domain.charter import Charter
from ledger.domain.events import LedgerRestored
from ledger.domain.ledger_acts import LostTree
from ledger.domain.log_keys import require_new_keys
from ledger.domain.text import REASON_CHARS, require_text
from ledger.encoding import SHA256_HEX
from ledger.errors import ConflictError, MalformedError, RefusedError
from ledger.tlog import checkpoint
from ledger.tlog.vkeys import parse_vkey


def log_origin(ledger: str, epoch: int) -> str:
    """Return the log's origin of an epoch after the first restore."""
    return f"{ledger}/{epoch}"


def restore(charter: Charter, act_text: str, *, now_ms: int) -> LedgerRestored:
    """Return the restore of a ledger from a backup, signed by the ledger's own key.

    The caller compares `kept` with the log. Raises RefusedError as `verify_act` does, and as
    `verify_note` if the old keys did not sign the checkpoint that is named as lost; MalformedError
    `reason_invalid`, `text_refused`; ConflictError `restore_refused` if the epoch does not rise,
    the origin is not that of the epoch or a tree is impossible; and as `require_new_keys`.
    """
    jws = parse_act(act_text)
    act = verify_act(
        jws, charter.key, ledger_acts.RestoreLedger, ledger=charter.ledger, now_ms=now_ms
    )
    least, most = REASON_CHARS
    if not least <= len(act.reason) <= most:
        raise MalformedError("reason_invalid", "a reason must have 10 to 2,000 characters")
    require_text(act.reason, "reason")
    # An epoch whose restore was itself lost is skipped: its origin and keys are spent.
    if act.epoch <= charter.epoch:
        raise ConflictError("restore_refused", "the epoch must be above the last one")
    if act.origin != log_origin(charter.ledger, act.epoch):
        raise ConflictError("restore_refused", "the origin must be the ledger's name and the epoch")
    if act.kept.size < 1 or not SHA256_HEX.fullmatch(act.kept.root):
        raise ConflictError("restore_refused", "a restore keeps a tree of one entry or more")
    require_new_keys(charter, act.vkeys, act.origin)
    if isinstance(act.lost, LostTree):
        _require_signed(charter, act.lost)
    return LedgerRestored(
        epoch=act.epoch,
        kept=act.kept,
        lost=act.lost,
        origin=act.origin,
        vkeys=act.vkeys,
        reason=act.reason,
        act=act_text,
    )


def _require_signed(charter: Charter, lost: LostTree) -> None:
    """Require that the log's keys signed what is named as lost, if its checkpoint is there."""
    if lost.size < 1:
        raise ConflictError("restore_refused", "a lost tree has one entry or more")
    if lost.checkpoint is None:
        return
    keys = [parse_vkey(key.vkey) for key in charter.log_keys if key.last_size is None]
    note = lost.checkpoint.encode()
    signed = checkpoint.verify_note(note, keys, expected_origin=charter.log_origin)
    if signed.checkpoint.size != lost.size:
        raise RefusedError("act_mismatch", "the lost checkpoint has another size")
