"""What a report says in words of a decision and of a restore."""

from ledger.domain.quoting import of_account, quoted
from ledger.domain.vocabulary import LET_IN, OPERATOR
from ledger.verify.report import VerifiedDecision, VerifiedRestoration


def told_actor(name: str, account: str | None) -> str:
    """Return who acted, with the service account that did it for them, None without one."""
    return quoted(name) if account is None else of_account(account, quoted(name))


def told_limits(decision: VerifiedDecision) -> str:
    """Return what a decision's line must add, such as what it did not sign."""
    told = ", policy not signed" if decision.form == "individual" else ""
    told += ", key revoked later" if decision.key_revoked else ""
    told += ", in question" if decision.in_question else ""
    told += f", person {LET_IN}" if decision.admitted_by == OPERATOR else ""
    back = decision.re_enrolled_at
    told += "" if back is None else f", person re-enrolled {back}"
    return told if decision.standing == "active" else f"{told}, person {decision.standing} now"


def told_restoration(restored: VerifiedRestoration) -> str:
    """Return a restore in one sentence, without its reason."""
    match restored.lost:
        case "unknown":
            lost = "what was lost is unknown"
        case None:
            lost = "nothing is known to be lost"
        case size if size == restored.kept + 1:
            lost = f"entry {size:,} was lost"
        case size if size > restored.kept:
            lost = f"entries {restored.kept + 1:,} to {size:,} were lost"
        case size:
            lost = f"another tree of {size:,} entries was signed and lost"
    return (
        f"At position {restored.position:,}, {restored.at}, the ledger was restored from a backup:"
        f" {lost}. The log goes on as {restored.origin}."
    )
