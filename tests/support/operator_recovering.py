"""The operator of a process's ledger recovers governance."""

from pathlib import Path

from ledger.commands.operator_recovery import Invited, recover
from ledger.data_files import LEDGER_KEY_FILE
from ledger.keystore.opening import open_signing_key
from tests.support.ledgers import Process
from tests.support.signers import Signer

REASON = "They lost their phones and their codes."


async def recover_from(process: Process, *lost: Signer) -> Invited:
    """Invite people in the place of these."""
    key = open_signing_key(Path(process.store.address).with_name(LEDGER_KEY_FILE))
    return await recover(process.writer, key, [each.user for each in lost], REASON)


async def recover_from_somebody_there(process: Process, who: Signer) -> None:
    """Invite somebody in the place of a person, who cancels it."""
    await cancel_operators(process, who, (await recover_from(process, who)).event.recovery)


async def cancel_operators(process: Process, by: Signer, recovery: str) -> None:
    act = by.act("cancel-operator-invitations", recovery=recovery)
    await process.people.operator_recovery.cancel(act, by.confirm(act))
