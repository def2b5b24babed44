"""The uses that evidence shows: in words, and what a caller requires of them. Pure.

A caller can require that a statement was never used, that a use is left, or that every use is
reconciled. A later use or report could change each of the three. So a bundle of mode *statement*
shows them only with new heads, one of another mode only if its age is required too; otherwise they
cannot be told.
"""

from collections.abc import Sequence
from typing import Literal

from ledger import clock
from ledger.verify.report import VerifiedRequirement, VerifiedStatement, VerifiedUse
from ledger.verify.report_words import told_actor

RequiredUse = Literal["never", "left", "reconciled"]
_MET: dict[RequiredUse, str] = {
    "never": "Nobody has used it.",
    "left": "A use is left.",
    "reconciled": "It was used, and the outcome of every use is known.",
}


def decide_used(
    required: RequiredUse, shown: Sequence[VerifiedStatement], stale: str | None, *, now_ms: int
) -> VerifiedRequirement:
    """Return whether the uses of each statement are as required.

    `stale` says why later uses may exist that the evidence does not show, None if none can.
    """
    for each in shown:
        why_not = _unmet(required, each, now_ms)
        if why_not is not None:
            says = f"The statement {each.id}: {why_not}"
            return VerifiedRequirement("used", met=False, says=says)
    if stale is not None:
        return VerifiedRequirement("used", met=False, says=stale, undecided=True)
    return VerifiedRequirement("used", met=True, says=_MET[required])


def _unmet(required: RequiredUse, shown: VerifiedStatement, now_ms: int) -> str | None:
    """Return in which way a statement's uses are not as required, as far as they are shown."""
    match required:
        case "never":
            return None if not shown.uses else f"it was used by {_user(shown.uses[0])}."
        case "left":
            return _none_left(shown, now_ms)
        case "reconciled":
            open_ = [each.number for each in shown.uses if each.outcome not in ("done", "not-done")]
            if not shown.uses:
                return "nobody has used it."
            return f"the outcome of use {open_[0]} is not known." if open_ else None


def _none_left(shown: VerifiedStatement, now_ms: int) -> str | None:
    usable = shown.usable
    if usable is None:
        return "it names no executors."
    if shown.uses_void:
        return "the ledger lost entries, and the uses that were left are void."
    if usable.until is not None and clock.to_ms(usable.until) <= now_ms:
        return f"it could be used until {usable.until}."
    if sum(not each.freed for each in shown.uses) >= usable.times:
        return "no use is left."
    return None


def _user(use: VerifiedUse) -> str:
    return told_actor(use.name, use.account)


def told_uses(shown: VerifiedStatement) -> list[str]:
    """Return the uses that the evidence has, one sentence each; none for what nobody uses."""
    if shown.usable is None:
        return []
    taken = sum(not each.freed for each in shown.uses)
    until = "" if shown.usable.until is None else f" until {shown.usable.until}"
    until += "; what was left is void since a loss" if shown.uses_void else ""
    told = [f"used      {taken} of {shown.usable.times:,} times{until}, as this evidence shows"]
    for each in shown.uses:
        what = f"use {each.number} by {_user(each)}"
        what += "" if each.reference is None else f", {each.reference}"
        became = "not done, confirmed" if each.freed else each.outcome or "no outcome reported"
        told.append(f"{each.position:>6}  {each.at}  {what}: {became}")
    return told
