"""The uses that evidence shows, in words. Pure."""

from ledger.verify.report import VerifiedStatement


def told_uses(shown: VerifiedStatement) -> list[str]:
    """Return the uses that the evidence has, one sentence each; none for what nobody uses."""
    if shown.usable is None:
        return []
    taken = sum(not each.freed for each in shown.uses)
    until = "" if shown.usable.until is None else f" until {shown.usable.until}"
    told = [f"used      {taken} of {shown.usable.times:,} times{until}, as this evidence shows"]
    for each in shown.uses:
        what = f"use {each.number} by {each.name}"
        what += "" if each.reference is None else f", {each.reference}"
        became = "not done, confirmed" if each.freed else each.outcome or "no outcome reported"
        told.append(f"{each.position:>6}  {each.at}  {what}: {became}")
    return told
