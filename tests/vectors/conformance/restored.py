"""Bundles of a ledger that was restored from a backup, and lost entries with that or did not."""

import hashlib
from collections.abc import Callable
from functools import partial
from unittest.mock import patch

from ledger.domain.charter import STREAM
from ledger.domain.events import encode
from ledger.domain.ledger_acts import KeptTree
from ledger.domain.restoration import log_origin
from ledger.tlog.vkeys import NoteSigner
from ledger.verify.container import Mode
from tests.support.changes import invite
from tests.support.chronicle import statement_id
from tests.support.dossier import bundle_of, log_signer
from tests.support.fixed_keys import fixed_log_signers
from tests.support.signers import LEDGER
from tests.vectors.changes.company import OTHER_INVITATION, SOON
from tests.vectors.losses.aftermath import LINK, Aftermath
from tests.vectors.losses.late import LATE
from tests.vectors.losses.late_steps import ada_erases, final
from tests.vectors.losses.lost_part import MINUTE_MS, Lost
from tests.vectors.losses.people import Step
from tests.vectors.losses.statements import STATEMENTS, cal, is_approved_anew, pends, tries
from tests.vectors.restores.make import restored

# Who signs the trees since the restore; its ML-DSA-44 line is long, so there is none.
NEXT, _ = fixed_log_signers(3, log_origin(LEDGER, 1))
SECOND, _ = fixed_log_signers(3, log_origin(LEDGER, 2))


def after(
    step: Callable[[Aftermath], None],
    mode: Mode = "statement",
    number: int = 5,
    signer: NoteSigner = NEXT,
) -> bytes:
    """Return the bundle of a company's statement after these steps."""
    told = Aftermath()
    step(told)
    # What no auditor has seen yet is only among the events.
    unseen = enumerate(told.events[len(told.states) :], start=len(told.states) + 1)
    last = [encode(e, salt=hashlib.sha256(b"salt %d" % n).digest()) for n, e in unseen]
    return bundle_of([*told.states, *last], mode, statement_id(number), signer=signer)


def told(name: str, mode: Mode = "statement", number: int = 5) -> bytes:
    """Return the bundle of a case of tests/vectors/losses."""
    return after((STATEMENTS | LATE)[name][0], mode, number)


def nothing(it: Aftermath) -> None:
    """Let nobody act."""


def late(name: str) -> bytes:
    """Return the whole log of a case of late acts, in the bundle of the change that erases."""
    return told(f"late: {name}", "full", 9)


def late_without(check: str, *, before: Step = nothing, between: Step = nothing) -> bytes:
    """Record an erasure late by code without one check; others act before and after the restore."""

    def erases(it: Aftermath) -> None:
        lost = Lost(it, (final,), ada_erases)
        before(it)
        lost.ms = max(lost.ms, it.time.ms)
        lost.restored()
        between(it)
        with patch(check):
            lost.tell(lost.acts)
            (effect,) = it.auditor.due
            it.tell(effect.stream, effect.body)

    return after(erases, "full", 9)


def late_sooner() -> bytes:
    """Record late what was signed six minutes before the newest event that was kept."""

    def somebody_acts(it: Aftermath) -> None:
        it.time.ms += 6 * MINUTE_MS
        it.change(it.ada, 8, invite(LINK, "investor", SOON, invitation=OTHER_INVITATION))

    return late_without("ledger.domain.late_acts.require_late", before=somebody_acts)


def late_between() -> bytes:
    """Let somebody act between the restore and the late acts."""
    check = "ledger.verify.late_order.LateOrder.require_place"
    return late_without(check, between=Aftermath.reaffirms)


def unaffirmed() -> bytes:
    """Let Ivy approve after a loss with a key from before it, which she has not reaffirmed."""

    def drafts(it: Aftermath) -> None:
        it.raw = it.draft(it.cal, 5, policy={"threshold": 1, "of": [f"user:{it.ivy.user}"]})

    def approves(it: Aftermath) -> None:
        other = Aftermath()  # where the same approval is right
        tries(Aftermath.lose, cal, drafts, last=Aftermath.reaffirms)(other)
        it.add_later(statement_id(5), other.approval_of_plain(other.ivy, other.raw, 5))

    return after(tries(Aftermath.lose, cal, drafts, last=approves))


def by_the_old_key() -> bytes:
    """Sign the tree after a restore as if there had been none."""

    def announces(it: Aftermath) -> None:
        it.announce(1)

    loses_nothing = partial(Aftermath.lose, lost=None)
    return after(
        tries(announces, loses_nothing, last=is_approved_anew), "full", signer=log_signer(1)
    )


def another_kept() -> bytes:
    """Restore with the root of a tree that is not that of the entries before."""

    def restores(it: Aftermath) -> None:
        kept = KeptTree(len(it.states), "00" * 32)
        it.add(STREAM, restored(it, kept=kept, vkeys=(NEXT.key.vkey,)))

    return after(tries(pends, last=restores), "full")


def another_origin() -> bytes:
    """Restore into the origin of the second epoch, in the first one."""

    def restores(it: Aftermath) -> None:
        body = restored(it, origin=SECOND.key.name, vkeys=(SECOND.key.vkey,))
        it.add(STREAM, body)

    return after(tries(pends, last=restores), "full", signer=SECOND)
