"""What a program requires of an approval, and whether evidence shows it.

The document's policy alone proves nothing, because a program that drafts it chooses it. A policy
that the program's own key could meet is refused.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from ledger.client.ledger_client import LedgerClient
from ledger.domain.document import Document, parse_document
from ledger.domain.policy import Policy
from ledger.encoding import jcs, sha256_hex
from ledger.errors import MalformedError, RefusedError
from ledger.verify.report import VerificationReport
from ledger.verify.requirements import RequiredType, Requirements, parse_required


class ApprovalRules(msgspec.Struct, frozen=True, kw_only=True):
    """What a program requires of an approval: exactly one of a policy and a type, by its name.

    `policy` is JSON, as members. `version` is that of the type, None for any. `within_s` is how
    long a call waits for the decision.
    """

    policy: Mapping[str, Any] | None = None
    type: str | None = None
    version: int | None = None
    within_s: float = 3600.0

    def required(self, digest: str) -> Requirements:
        """Return what evidence must show; raise MalformedError `policy_missing`.

        Raises `type_invalid` for a version without a type; `policy_invalid` for a veto or an end:
        evidence does not show that they were met.
        """
        if (self.policy is None) == (self.type is None):
            raise MalformedError("policy_missing", "require either a policy or a type")
        if self.type is None and self.version is not None:
            raise MalformedError("type_invalid", "a version is that of a type")
        return Requirements(
            policy=None if self.policy is None else parse_required(jcs(self.policy)),
            type=None if self.type is None else RequiredType(self.type, self.version),
            digest=digest,
        )


def require_others(rules: Policy) -> None:
    """Require a policy that a program's own key cannot meet; raise RefusedError `policy_own`.

    Its person may draft and approve by the same key, unless the policy asks for a passkey or leaves
    the creator out.
    """
    if rules.assurance != "passkey" and rules.creator_may_sign:
        detail = 'the policy needs "assurance":"passkey" or "creatorMaySign":false'
        raise RefusedError("policy_own", f"the program's own key could meet it: {detail}")


class ProvenDocument(msgspec.Struct, frozen=True):
    """A document that is approved as required, and the evidence that shows it."""

    document: Document
    bundle: bytes
    report: VerificationReport


def verify_approval(client: LedgerClient, rules: ApprovalRules, raw: bytes) -> ProvenDocument:
    """Return a document of which evidence as of now shows that it is approved as required.

    The program drafted it itself, so that a policy that leaves the creator out leaves it out.
    Raises RefusedError `approval_unproven`, `policy_own`; as `LedgerClient.verified` does.
    """
    document = parse_document(raw)
    if str(document.creator) != client.user:
        raise RefusedError("approval_unproven", "another person than the program's drafted it")
    required = rules.required(sha256_hex(raw))
    for asked in (document.policy, required.policy):
        if asked is not None:
            require_others(asked)
    bundle, report = client.verified(document.statement_id, required)
    if report.verdict != "verified":
        failed = next((f": {each.says}" for each in report.checks if each.outcome != "passed"), "")
        raise RefusedError("approval_unproven", f"the evidence is {report.verdict}{failed}")
    unmet = [each.says for each in report.requirements if not each.met]
    if unmet or [each.status for each in report.statements] != ["approved"]:
        says = unmet[0] if unmet else "The statement is not approved."
        raise RefusedError("approval_unproven", says)
    _require_no_own_key(client, document.policy, report)
    return ProvenDocument(document, bundle, report)


def _require_no_own_key(client: LedgerClient, asked: Policy, report: VerificationReport) -> None:
    """Refuse an approval by the program's own person, unless a passkey was needed for it."""
    people = [person.user for each in report.statements for person in each.approvers]
    if client.user in people and asked.assurance != "passkey":
        raise RefusedError("policy_own", "the program's own key is among the approvals")
