"""`ledger restore`: put a ledger back from a backup, and record what was lost."""

import argparse
import sys

from ledger.cli.exit_codes import ExitCode
from ledger.data_files import VIEWS_FILE
from ledger.errors import ConflictError
from ledger.http.security_record import record_command
from ledger.recovery import staging
from ledger.recovery.erased_later import require_none
from ledger.recovery.memories import Given
from ledger.recovery.restore import RestorePlan, RestoreRequest, carry_out, finish, prepare
from ledger.settings import Settings
from ledger.system.directory_lock import replacing
from projections.views_ahead import position_of


def run(settings: Settings, chosen: argparse.Namespace) -> int:
    """Restore the ledger of these settings; return the exit code.

    Raises what `prepare` and `carry_out` raise.
    """
    request = RestoreRequest(
        backup=chosen.backup,
        reason=chosen.reason,
        given=Given(
            checkpoints=tuple(chosen.checkpoint),
            published=chosen.published,
            views=position_of(settings.data / VIEWS_FILE),
        ),
        passphrase=chosen.keys,
        erased_by=tuple(chosen.erased_by),
    )
    with replacing(settings.data):
        if staging.is_ready(settings.data):
            aside = finish(settings, _silent)
            print("The restore that was interrupted is finished; nothing else was done.")
        else:
            plan = prepare(settings, request, _silent)
            _tell(plan)
            _tell_returning(plan)
            require_none(plan.returning, brings_back=chosen.bring_back)
            _confirm(plan, chosen.confirm)
            aside = carry_out(settings, request, plan, _silent)
            record_command(settings.security_log, "ledger_restore")
            print("The ledger is restored. Start its server.")
            if plan.origin is not None:
                print(_AFTER_A_LOSS)
    if aside is not None:
        print(f"The files that were replaced are in {aside}.")
    return ExitCode.DONE


_AFTER_A_LOSS = """\
People sign nothing before they reaffirm their keys with a passkey, administrators first.
What waited has ended; invitations, codes and links are void. The page on restores has the order."""


def _silent(_: str) -> None:
    """Pass each crash point in silence."""


def _tell(plan: RestorePlan) -> None:
    """Print what is known, and what follows."""
    print(f"The backup has {plan.kept.size:,} entries of {plan.ledger}; it passes the audit.")
    for tree in plan.known:
        print(f"- {tree.source} knows {tree.size:,} entries")
    for reason in plan.silent:
        print(f"- no answer: {reason}")
    if plan.origin is None:
        print("Nothing that anybody knows was lost. The log goes on as it was.")
        return
    if plan.lost is None:
        print("What was signed after the backup is unknown.")
    elif plan.lost.size > plan.kept.size:
        print(f"Lost: entries {plan.kept.size + 1:,} to {plan.lost.size:,}.")
    else:
        print(f"{plan.lost.source} knows another history of the first {plan.lost.size:,} entries.")
    print(f"The log goes on under the new origin {plan.origin}, with new log keys.")
    print("The log says so for ever. Receipts of lost entries stay their holders' proof.")


def _tell_returning(plan: RestorePlan) -> None:
    """Print what was erased or held after the backup, and from which entry on nobody knows."""
    newer = plan.returning
    for each in newer.erased:
        what = "the statement" if each.kind == "statement" else "the name of the person"
        print(
            f"ERASED AFTER THE BACKUP: {what} {each.id} ({each.bodies} bodies), by the change"
            f" {each.change} at position {each.position:,} of {each.source}."
        )
    for change in newer.again:
        print(f"The change {change} is recorded again, as people signed it, and erases again.")
    for change, why in newer.refused.items():
        print(f"NOT ERASED AGAIN: the change {change} cannot be recorded: {why}")
    for hold in newer.held:
        what = "the statement" if hold.kind == "statement" else "the name of the person"
        print(
            f"HELD AFTER THE BACKUP: {what} {hold.id}, by the change {hold.change} at position"
            f" {hold.position:,} of {hold.source}. The hold is lost: place it again."
        )
    for reason in newer.silent:
        print(f"- not read for erasures: {reason}")
    if plan.origin is None:
        return
    if newer.read and not newer.erased:
        print(f"Up to entry {newer.size:,} nothing was erased that the backup has.")
    if plan.lost is None or newer.size < plan.lost.size:
        after = f"entry {newer.size:,}" if newer.read else "the backup"
        print(f"NOT KNOWN: whether something was erased after {after}, which would be readable")
        print("again. Name a newer copy of the log with --erased-by if there is one anywhere.")


def _confirm(plan: RestorePlan, given: str | None) -> None:
    """Require the ledger's name before a new origin; raise ConflictError `not_confirmed`."""
    if plan.origin is None:
        return
    typed = given
    if typed is None and sys.stdin.isatty():
        typed = input("Type the ledger's name to go on: ").strip()
    if typed != plan.ledger:
        detail = f"nothing was changed; give --confirm {plan.ledger} to go on"
        raise ConflictError("not_confirmed", detail)
