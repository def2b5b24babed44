"""A statement: approve, reject, withdraw; drafting.py has the draft. Pure decide and evolve.

Every decision takes the states as of its own position and the evidence, and returns the event's
body or raises. The event records the status after the decision. The audit recomputes that status
from the evidence and compares.
"""

from collections.abc import Set

import msgspec

from ledger import clock
from ledger.domain import acts, places, policy
from ledger.domain.acts import parse_act, verify_act
from ledger.domain.approval import Subject, verify_approval
from ledger.domain.document import Document
from ledger.domain.events import (
    Event,
    LedgerBody,
    PersonBody,
    StatementDrafted,
    StatementRejected,
    StatementSigned,
    StatementWithdrawn,
)
from ledger.domain.passkey import (
    AssertionEvidence,
    RelyingParty,
    confirmation_challenge,
    verify_assertion,
)
from ledger.domain.person import Person, may_sign
from ledger.domain.policy import Policy
from ledger.domain.vocabulary import VOTING_ROLES, Status
from ledger.encoding import b64u_encode, sha256_hex
from ledger.errors import ConflictError, ForbiddenError, MalformedError, RefusedError
from ledger.jose import CompactJws

REASON_CHARS = (10, 2000)


class Statement(msgspec.Struct, frozen=True):
    """A statement as of a version of its stream, with digests in place of the document."""

    id: str
    version: int
    creator: str
    title: str
    sha256: str
    payload_sha256: str
    content_sha256: str
    policy: Policy
    status: Status = "pending"
    approvals: dict[str, frozenset[str]] = {}
    rejections: frozenset[str] = frozenset()

    def status_at(self, now_ms: int) -> Status:
        """Return the status at a time. A pending statement expires without an event."""
        ends = self.policy.expires_at
        late = ends is not None and clock.to_ms(ends) <= now_ms
        return "expired" if late and self.status == "pending" else self.status


class DecisionContext(msgspec.Struct, frozen=True):
    """The inputs of a decision besides the statement: signer, ledger, time and assertion."""

    person: Person
    ledger: str
    party: RelyingParty
    now_ms: int
    assertion: AssertionEvidence | None = None


def evolve(statement: Statement | None, event: Event) -> Statement:
    """Return the statement after the next event of its stream."""
    if isinstance(event.body, StatementDrafted):
        return _drafted(event.body, event.version)
    if statement is None:
        raise AssertionError("a statement's stream must begin with its draft")
    match event.body:
        case StatementSigned() as body:
            return msgspec.structs.replace(
                statement,
                version=event.version,
                status=body.status,
                approvals=statement.approvals | {body.signer: frozenset(body.roles)},
                rejections=statement.rejections - {body.signer},
            )
        case StatementRejected() as body:
            return msgspec.structs.replace(
                statement,
                version=event.version,
                status=body.status,
                rejections=statement.rejections | {body.signer},
            )
        case StatementWithdrawn():
            return msgspec.structs.replace(statement, version=event.version, status="withdrawn")
        case body:
            raise _misplaced(body)


def _misplaced(_: StatementDrafted | LedgerBody | PersonBody) -> AssertionError:
    """Return the error for an event that cannot follow in a statement's stream.

    The argument's type lists all other events: mypy fails if `evolve` forgets one.
    """
    return AssertionError("not an event of a statement's stream")


def _drafted(body: StatementDrafted, version: int) -> Statement:
    raw = body.document.encode()
    document = msgspec.json.decode(raw, type=Document)
    return Statement(
        id=document.statement_id,
        version=version,
        creator=body.creator,
        title=document.title,
        sha256=sha256_hex(raw),
        payload_sha256=sha256_hex(b64u_encode(raw).encode()),
        content_sha256=sha256_hex(document.content.encode()),
        policy=document.policy,
    )


def sign(statement: Statement, jws: CompactJws, decision: DecisionContext) -> StatementSigned:
    """Return the approval of a statement; `jws` comes from `parse_approval`.

    Raises ConflictError `statement_<status>`, `already_approved`; ForbiddenError `not_a_signer`;
    MalformedError and RefusedError as `verify_approval` and `verify_assertion` do.
    """
    person = decision.person
    # 1. The key is in force at this position.
    key = person.active_key(jws.header.kid, now_ms=decision.now_ms)
    # 2. The signature is valid and covers exactly this statement.
    form = verify_approval(
        jws,
        key.jwk,
        Subject(
            ledger=decision.ledger,
            statement_id=statement.id,
            payload_sha256=statement.payload_sha256,
            content_sha256=statement.content_sha256,
        ),
        signer=person.user,
        now_ms=decision.now_ms,
    )
    # 3. The statement accepts approvals; this person may approve and has not done so yet.
    _require_status(statement, decision.now_ms, "pending", "approved")
    creator = statement.creator
    eligible = policy.may_approve(statement.policy, person.user, person.roles, creator=creator)
    if not (eligible and may_sign(person)):
        raise ForbiddenError("not_a_signer", "the policy does not ask for this person")
    if person.user in statement.approvals:
        raise ConflictError("already_approved", "this person has already approved")
    # 4. A fresh passkey assertion, if the policy requires one.
    sign_count = _confirm(statement, jws.text, decision)
    # 5. The resulting status.
    approvals = statement.approvals | {person.user: person.roles}
    return StatementSigned(
        signer=person.user,
        kid=key.kid,
        roles=tuple(sorted(person.roles)),
        form=form,
        status="approved" if places.met(statement.policy, approvals) else "pending",
        jws=jws.text,
        assertion=decision.assertion,
        sign_count=sign_count,
    )


def reject(statement: Statement, act_text: str, decision: DecisionContext) -> StatementRejected:
    """Return the rejection of a statement.

    Raises ConflictError `statement_<status>`, `already_approved`, `already_rejected`;
    ForbiddenError `not_a_signer`; MalformedError `reason_invalid`; RefusedError as `verify_act`
    and `verify_assertion` do.
    """
    person = decision.person
    jws = parse_act(act_text)
    key = person.active_key(jws.header.kid, now_ms=decision.now_ms)
    act = verify_act(jws, key.jwk, acts.Reject, ledger=decision.ledger, now_ms=decision.now_ms)
    _require_subject(statement, act)
    least, most = REASON_CHARS
    if not least <= len(act.reason.strip()) <= len(act.reason) <= most:
        raise MalformedError("reason_invalid", "a reason must have 10 to 2,000 characters")
    _require_status(statement, decision.now_ms, "pending")
    vetoes = policy.may_veto(statement.policy, person.user, person.roles)
    creator = statement.creator
    approves = policy.may_approve(statement.policy, person.user, person.roles, creator=creator)
    if not (vetoes or approves) or not may_sign(person):
        raise ForbiddenError("not_a_signer", "the policy does not ask for this person")
    if person.user in statement.approvals:
        raise ConflictError("already_approved", "this person has already approved")
    if person.user in statement.rejections:
        raise ConflictError("already_rejected", "this person has already rejected")
    sign_count = _confirm(statement, act_text, decision)
    refused = statement.rejections | {person.user}
    ends = vetoes or not _is_possible(statement, refused)
    return StatementRejected(
        signer=person.user,
        kid=key.kid,
        roles=tuple(sorted(person.roles)),
        reason=act.reason,
        status="rejected" if ends else "pending",
        act=act_text,
        assertion=decision.assertion,
        sign_count=sign_count,
    )


def withdraw(statement: Statement, act_text: str, decision: DecisionContext) -> StatementWithdrawn:
    """Return the withdrawal of a pending statement by its creator.

    Raises ConflictError `statement_<status>`; ForbiddenError `creator_only`; MalformedError
    `reason_invalid`; RefusedError as `verify_act` does.
    """
    person = decision.person
    jws = parse_act(act_text)
    key = person.active_key(jws.header.kid, now_ms=decision.now_ms)
    act = verify_act(jws, key.jwk, acts.Withdraw, ledger=decision.ledger, now_ms=decision.now_ms)
    _require_subject(statement, act)
    if act.reason is not None and len(act.reason) > REASON_CHARS[1]:
        raise MalformedError("reason_invalid", "a reason must have at most 2,000 characters")
    if person.user != statement.creator:
        raise ForbiddenError("creator_only", "only its creator may withdraw a statement")
    _require_status(statement, decision.now_ms, "pending")
    return StatementWithdrawn(signer=person.user, kid=key.kid, act=act_text, reason=act.reason)


def _is_possible(statement: Statement, refused: Set[str]) -> bool:
    """Tell whether people could still meet the policy without those who rejected.

    They need not be there today: who is away never makes a statement rejected.
    """
    without = refused | places.excluded(statement.policy, statement.creator)
    given = statement.approvals
    return places.possible(statement.policy, VOTING_ROLES, approvals=given, without=without)


def _require_subject(statement: Statement, act: acts.Reject | acts.Withdraw) -> None:
    if (act.statement_id, act.sha256) != (statement.id, statement.sha256):
        raise RefusedError("act_mismatch", "the act names another statement")


def _require_status(statement: Statement, now_ms: int, *allowed: Status) -> None:
    status = statement.status_at(now_ms)
    if status not in allowed:
        raise ConflictError(f"statement_{status}", f"the statement is {status}")


def _confirm(statement: Statement, jws_text: str, decision: DecisionContext) -> int | None:
    """Verify the assertion that assurance `passkey` requires; return its sign count, else None."""
    evidence = decision.assertion
    if statement.policy.assurance == "key":
        if evidence is not None:
            raise MalformedError(
                "assertion_unexpected", "this policy does not use passkey assertions"
            )
        return None
    if evidence is None:
        raise RefusedError(
            "assertion_required", "this policy requires a passkey assertion with each decision"
        )
    passkey = decision.person.active_passkey(evidence.credential_id)
    return verify_assertion(
        evidence,
        challenge=confirmation_challenge(
            jws=jws_text, ledger=decision.ledger, document_sha256=statement.sha256
        ),
        public_key=passkey.public_key,
        sign_count=passkey.sign_count,
        party=decision.party,
    )
