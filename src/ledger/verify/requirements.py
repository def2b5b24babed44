"""What a caller requires of a bundle beyond the checks: by which policy, which document, how new.

A requirement is about every statement of the bundle. It is decided from what the checks proved, so
none is met before they pass. Pure.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from ledger.domain import places, policy
from ledger.domain.counting import in_question
from ledger.domain.document import DocumentType
from ledger.domain.entry import Entry
from ledger.domain.events import StatementSigned
from ledger.domain.policy import Policy
from ledger.domain.policy_words import policy_sentence
from ledger.domain.quoting import quoted
from ledger.errors import MalformedError
from ledger.verify.auditor import Auditor
from ledger.verify.event_checks import Events
from ledger.verify.heads import why_stale
from ledger.verify.report import (
    RequirementName,
    VerificationReport,
    VerifiedRequirement,
    VerifiedStatement,
)
from ledger.verify.used import RequiredUse, decide_used


class RequiredType(msgspec.Struct, frozen=True):
    """A type by its name; of any version if that is None."""

    name: str
    version: int | None = None

    def covers(self, stated: DocumentType) -> bool:
        """Tell whether a statement that states this type is of the required one."""
        return stated.name == self.name and self.version in (None, stated.version)

    def __str__(self) -> str:
        return self.name if self.version is None else f"{self.name}, version {self.version}"


class Requirements(msgspec.Struct, frozen=True):
    """The caller's requirements; None asks for nothing.

    `policy` is a policy that the approvals must meet, `digest` the SHA-256 (hex) of the document,
    `newer_than` a position or a time, and `nonce` what the caller had put into the heads. `used` is
    what must hold of the uses.
    Approvals in the individual form, whose signers did not sign the statement's policy, count only
    with `accept_individual`. `type` is the type that the statements must be of.
    """

    policy: Policy | None = None
    digest: str | None = None
    newer_than: int | str | None = None
    accept_individual: bool = False
    nonce: str | None = None
    type: RequiredType | None = None
    used: RequiredUse | None = None


NOTHING = Requirements()


def newest_at(envelopes: Mapping[int, Entry]) -> str | None:
    """Return the time of the newest of these entries, None without one."""
    return envelopes[max(envelopes)].at if envelopes else None


def parse_required(raw: bytes) -> Policy:
    """Return a policy that approvals can be required to meet.

    It has no veto and no end: approvals meet neither. Raises MalformedError as `policy.parse`, and
    `policy_invalid` for these.
    """
    required = policy.parse(raw)
    if required.veto or required.expires_at is not None:
        raise MalformedError(
            "policy_invalid", "a required policy has no veto and no expiresAt: approvals meet none"
        )
    return required


def unproven(required: Requirements) -> tuple[VerifiedRequirement, ...]:
    """Return the requirements of a caller whose evidence did not pass the checks."""
    says = "Not decided: an earlier check did not pass."
    asked: dict[RequirementName, object] = {
        "require": required.policy,
        "type": required.type,
        "digest": required.digest,
        "newer-than": required.newer_than,
        "used": required.used,
    }
    return tuple(
        VerifiedRequirement(name, met=False, says=says)
        for name, value in asked.items()
        if value is not None
    )


def decided(
    required: Requirements,
    events: Events,
    report: VerificationReport,
    witnessed: str | None,
    *,
    now_ms: int,
) -> tuple[VerifiedRequirement, ...]:
    """Return whether a bundle that passed the checks meets each requirement.

    `witnessed` is the time of the earliest cosignature that counts, None without one.
    """
    found = []
    if required.policy is not None:
        found.append(_policy(required.policy, required, events.decided(), events))
    if required.type is not None:
        found.append(_type(required.type, report.statements))
    if required.digest is not None:
        found.append(_digest(required.digest, report.statements))
    stale = why_stale(report, required.nonce, now_ms=now_ms)
    if required.newer_than is not None:
        found.append(_newer(required.newer_than, report, witnessed, stale))
    if required.used is not None:
        stale = stale or _no_age(required, report)
        found.append(decide_used(required.used, report.statements, stale, now_ms=now_ms))
    return tuple(found)


def _no_age(required: Requirements, report: VerificationReport) -> str | None:
    """Return why a bundle with every entry may lack later uses, None if its age is required.

    Who passes on a bundle chooses it, and an old one shows no later use.
    """
    if report.mode == "statement" or required.newer_than is not None:
        return None
    return (
        f"A bundle of mode {report.mode} shows the uses up to its checkpoint: require its age with"
        " --newer-than, or take a bundle of mode statement."
    )


def _policy(
    rules: Policy, required: Requirements, auditor: Auditor, events: Events
) -> VerifiedRequirement:
    names = {str(user): person.name for user, person in auditor.people.items()}
    for statement in events.case.statements:
        approvals, left_out = _counting(rules, required, auditor, events, statement)
        if not places.met(rules.root, approvals):
            who = ", ".join(quoted(names[user]) for user in approvals) or "nobody"
            says = f"You require: {policy_sentence(rules, names)} Approved by {who}."
            if left_out:
                others = ", ".join(f"{quoted(names[user])} ({why})" for user, why in left_out)
                says += f" Not counted: {others}."
            return VerifiedRequirement("require", met=False, says=says)
    says = f"The approvals meet what you require: {policy_sentence(rules, names)}"
    return VerifiedRequirement("require", met=True, says=says)


def _counting(
    rules: Policy, required: Requirements, auditor: Auditor, events: Events, statement: str
) -> tuple[dict[str, frozenset[str]], list[tuple[str, str]]]:
    """Return who approved, with the roles of that position, and who does not count and why."""
    subject = auditor.statements[UUID(statement)]
    forms = {
        body.signer: body.form
        for _, _, body in events.decisions(statement)
        if isinstance(body, StatementSigned)
    }
    counting, left_out = {}, []
    for user, approval in subject.approvals.items():
        if in_question(auditor.people[UUID(user)], approval):
            left_out.append((user, "in question"))
        elif forms[user] == "individual" and not required.accept_individual:
            left_out.append((user, "policy not signed"))
        elif rules.assurance == "passkey" and approval.credential_id is None:
            left_out.append((user, "no passkey"))
        elif user == subject.creator and not rules.creator_may_sign:
            left_out.append((user, "the creator"))
        else:
            counting[user] = approval.roles
    return counting, left_out


def _type(required: RequiredType, shown: Sequence[VerifiedStatement]) -> VerifiedRequirement:
    """Compare names and versions: these two have one definition for ever in a ledger."""
    for each in shown:
        found = each.type
        if found is None or not required.covers(found):
            of = "no type" if found is None else f"the type {found.named}"
            says = f"You require the type {required}: the statement {each.id} is of {of}."
            return VerifiedRequirement("type", met=False, says=says)
    return VerifiedRequirement("type", met=True, says=f"It is of the type {required}.")


def _digest(digest: str, shown: Sequence[VerifiedStatement]) -> VerifiedRequirement:
    other = next((each for each in shown if each.sha256 != digest), None)
    if other is None:
        return VerifiedRequirement("digest", met=True, says="It is the document that you require.")
    says = f"Another document: the statement {other.id} is of the document {other.sha256}."
    return VerifiedRequirement("digest", met=False, says=says)


def _newer(
    than: int | str, report: VerificationReport, witnessed: str | None, stale: str | None
) -> VerifiedRequirement:
    """Compare with the checkpoint's size, or with the newest time that the evidence shows.

    A witness cosigns the newest checkpoint that it knows, so a cosignature shows how new it is. A
    time-stamp does not: anybody can have an old checkpoint stamped today. `stale` says why later
    events may exist.
    """
    if stale is not None:
        return VerifiedRequirement("newer-than", met=False, says=stale, undecided=True)
    if isinstance(than, int):
        met = report.size is not None and report.size >= than
        says = f"The checkpoint has {report.size:,} entries"
    else:
        heads = "" if report.heads is None else report.heads.at
        newest = max(report.as_of or "", witnessed or "", heads)  # times sort as their texts do
        met = newest >= than
        says = f"The newest entry, cosignature or heads that count are of {newest}"
    says = f"{says}; you require {than}."
    return VerifiedRequirement("newer-than", met=met, says=says, undecided=not met)
