"""The verifier's report: checks, a verdict, statements. Python and JavaScript have the same one."""

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, TypeVar, get_args

import msgspec

from ledger.domain.charter import Charter
from ledger.domain.document import DocumentType
from ledger.domain.ledger_acts import LostTree
from ledger.domain.usable import Usable
from ledger.domain.vocabulary import (
    AdmittedBy,
    DecisionKind,
    Form,
    PersonStanding,
    Status,
    UseOutcome,
)
from ledger.encoding import b64_encode
from ledger.errors import LedgerError, UnverifiableError
from ledger.tlog.checkpoint import Checkpoint
from ledger.verify.companions import Companion
from ledger.verify.container import EvidenceMode
from ledger.verify.existence import Existence

CheckOutcome = Literal["passed", "failed", "skipped", "unverifiable"]
Verdict = Literal["verified", "consistent", "in_question", "invalid", "unverifiable"]
# The checks of a bundle in their order. `ledger` needs a key from the caller. `heads` runs in mode
# *statement* only. `witnesses`, `time` and `restores` run only if the caller gives a policy,
# certificates or a later bundle.
CheckName = Literal[
    "readable",
    "content",
    "signatures",
    "attestations",
    "keys",
    "policy",
    "entries",
    "checkpoint",
    "ledger",
    "heads",
    "witnesses",
    "time",
    "restores",
]
# What a caller can require of a bundle, beyond the checks.
RequirementName = Literal["require", "type", "digest", "newer-than", "used"]
# The kind of evidence: a mode of a bundle, a public log, or a receipt.
A = TypeVar("A")
T = TypeVar("T")
# What the others establish is the bundle's own, or was asked for; all is needed for a verdict.
NEEDED = frozenset[CheckName](get_args(CheckName)) - {"ledger"}


class Check(msgspec.Struct, frozen=True):
    """One check: its outcome in a sentence; after a failure also its code and position."""

    name: CheckName
    outcome: CheckOutcome
    says: str
    code: str | None = None
    position: int | None = None


class VerifiedPerson(msgspec.Struct, frozen=True):
    """A person, with the name that they registered."""

    user: str
    name: str


class VerifiedDecision(msgspec.Struct, frozen=True, rename="camel"):
    """One decision on a statement; `at` is a time of the ledger's clock.

    An approval in the individual form signs the content and not the policy. A decision is in
    question if what it was made with was compromised by then. `key_revoked` says whether its key
    was revoked at any time that the evidence shows. `re_enrolled_at` is when a change last gave its
    person a new passkey in place of everything older, before the decision or after it. `standing`
    is the person's at the end of the evidence: a decision stays when its person may decide no more.
    `admitted_by` is `"operator"` for somebody whom no change invited but `ledger recover`.
    """

    position: int
    at: str
    user: str
    name: str
    decision: DecisionKind
    kid: str
    form: Form | None
    in_question: bool
    key_revoked: bool
    re_enrolled_at: str | None
    standing: PersonStanding
    admitted_by: AdmittedBy | None


class VerifiedUse(msgspec.Struct, frozen=True):
    """One use of a statement, and what was reported of it.

    `generation` is 2 if an earlier use of the same number was not done. A use is reconciled once
    its outcome is `done` or `not-done`. `freed` tells that another participant confirmed that it
    was not done: it counts no longer. `account` is the name of the person's service account that
    used it, None without one.
    """

    position: int
    at: str
    user: str
    name: str
    number: int
    generation: int
    reference: str | None
    outcome: UseOutcome | None
    freed: bool
    account: str | None = None


class VerifiedStatement(msgspec.Struct, frozen=True, rename="camel"):
    """A statement, recomputed from its events.

    `type` is None for an untyped statement. It is in question if it is approved, and would not be
    without the approvals in question. `sha256` is that of the document, in hex; `policy` is what
    the document requires, in words.
    `supersedes` and `superseded_by` are the ids of the versions before and after it. `usable` is
    who may use it, None for nobody, and `uses` are those that the evidence has; `uses_void` tells
    that the ledger lost entries after its draft, so that nobody uses it any more.
    `creator_account` is the name of the creator's service account that drafted it, None without.
    """

    id: str
    title: str
    status: Status
    type: DocumentType | None
    in_question: bool
    sha256: str
    creator: VerifiedPerson
    drafted_at: str
    policy: str
    approvers: tuple[VerifiedPerson, ...]
    decisions: tuple[VerifiedDecision, ...]
    supersedes: str | None = None
    superseded_by: str | None = None
    usable: Usable | None = None
    uses: tuple[VerifiedUse, ...] = ()
    uses_void: bool = False
    creator_account: str | None = None


class VerifiedRestoration(msgspec.Struct, frozen=True):
    """A restore from a backup, which every later verdict names.

    `kept` is the size of the tree that went on. `lost` is the size of the largest tree that was
    signed before, "unknown", or None if nothing is known to be lost.
    """

    position: int
    at: str
    epoch: int
    origin: str
    kept: int
    lost: int | Literal["unknown"] | None
    reason: str


class VerifiedHeads(msgspec.Struct, frozen=True):
    """When the heads of a bundle were signed, by the ledger's clock, and for which nonce."""

    at: str
    nonce: str | None


class VerifiedRequirement(msgspec.Struct, frozen=True):
    """Whether the evidence meets one requirement of the caller's, by the name of its option.

    `undecided` tells that only newer evidence could show whether it is met.
    """

    name: RequirementName
    met: bool
    says: str
    undecided: bool = False


class VerificationReport(msgspec.Struct, frozen=True, rename="camel"):
    """The result of verification; `root` is base64, `heads` None unless their check passed.

    `as_of` is the time of the newest entry that the evidence has, by the ledger's clock.
    `companions` are files that no check rests on. `log_keys` are the vkeys whose lines of the
    checkpoint verified, and `existence` tells by when it existed; None if it did not verify.
    """

    verdict: Verdict
    mode: EvidenceMode | None
    ledger: str | None
    size: int | None
    root: str | None
    as_of: str | None
    checks: tuple[Check, ...]
    statements: tuple[VerifiedStatement, ...]
    restorations: tuple[VerifiedRestoration, ...]
    does_not_prove: tuple[str, ...]
    requirements: tuple[VerifiedRequirement, ...] = ()
    heads: VerifiedHeads | None = None
    companions: tuple[Companion, ...] = ()
    log_keys: tuple[str, ...] = ()
    existence: Existence | None = None


def verdict(checks: Sequence[Check], statements: Sequence[VerifiedStatement] = ()) -> Verdict:
    """Return the verdict over all checks, and the statements that they show."""
    if any(check.outcome == "failed" for check in checks):
        return "invalid"
    left_open = {check.name for check in checks if check.outcome != "passed"}
    if not NEEDED.isdisjoint(left_open):
        return "unverifiable"
    if any(each.in_question for each in statements):
        return "in_question"
    return "consistent" if "ledger" in left_open else "verified"


class Checks:
    """Runs checks and keeps their results, in order, after those that were made before."""

    def __init__(self, made: Iterable[Check] = ()) -> None:
        self.made: list[Check] = [*made]

    def make(
        self, name: CheckName, check: Callable[[A], tuple[str, T]], needs: A | None
    ) -> T | None:
        """Run one check and keep its outcome; return its value, None unless it passed."""
        if needs is None:
            self.made.append(Check(name, "skipped", "An earlier check did not pass."))
            return None
        try:
            says, found = check(needs)
        except UnverifiableError as error:
            self.made.append(_refused(name, "unverifiable", error))
            return None
        except LedgerError as error:
            self.made.append(_refused(name, "failed", error))
            return None
        self.made.append(Check(name, "passed", says))
        return found


def _refused(name: CheckName, outcome: CheckOutcome, error: LedgerError) -> Check:
    position = error.evidence.get("position")
    says = f"{error.detail[:1].upper()}{error.detail[1:]}."
    return Check(name, outcome, says, error.code, position if isinstance(position, int) else None)


def verified_restorations(charter: Charter | None) -> tuple[VerifiedRestoration, ...]:
    """Return the restores of a ledger as a report shows them."""
    return tuple(
        VerifiedRestoration(
            position=each.position,
            at=each.at,
            epoch=each.epoch,
            origin=each.origin,
            kept=each.kept.size,
            lost=each.lost.size if isinstance(each.lost, LostTree) else each.lost,
            reason=each.reason,
        )
        for each in (() if charter is None else charter.restorations)
    )


def report(
    checks: Checks,
    mode: EvidenceMode | None,
    tree: Checkpoint | None,
    statements: Sequence[VerifiedStatement],
    limits: Iterable[str],
    restorations: tuple[VerifiedRestoration, ...] = (),
) -> VerificationReport:
    """Return the report with the verdict over these checks, without a time and requirements."""
    return VerificationReport(
        verdict=verdict(checks.made, statements),
        mode=mode,
        ledger=None if tree is None else tree.origin,
        size=None if tree is None else tree.size,
        root=None if tree is None else b64_encode(tree.root),
        as_of=None,
        checks=tuple(checks.made),
        statements=tuple(statements),
        restorations=restorations,
        does_not_prove=tuple(limits),
    )
