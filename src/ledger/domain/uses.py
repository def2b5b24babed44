"""Use an approved statement, and report the outcome. Pure.

A use needs a statement that is approved, and that would be so without the decisions in question.
Its act names the document by digest, so a use of another document takes nothing. The nonce makes a
repetition known: a program that got no answer sends it again and gets the first receipt.
"""

import re

from ledger import clock
from ledger.domain import acts, policy, versions
from ledger.domain.confirmed_act import ConfirmedAct
from ledger.domain.counting import counted, steps_of
from ledger.domain.decision_context import DecisionContext
from ledger.domain.decisions import act_about, require_unerased
from ledger.domain.events import OutcomeReported, StatementUsed
from ledger.domain.holdings import AttestedKey, beyond_scope
from ledger.domain.person import Person, may_sign
from ledger.domain.readers import Reader, require_readable
from ledger.domain.standing import require_standing
from ledger.domain.statement import Statement
from ledger.domain.text import require_optional_reason, require_text
from ledger.domain.usable import GENERATIONS, RecordedUse, Usable, next_use
from ledger.errors import (
    ConflictError,
    ForbiddenError,
    MalformedError,
    RefusedError,
)
from ledger.jose import CompactJws, verify_compact

NONCE = re.compile(r"[A-Za-z0-9_-]{22,86}", re.ASCII)  # 16 to 64 bytes in base64url
MAX_REFERENCE_CHARS = 200


def use(statement: Statement, act_text: str, decision: DecisionContext) -> StatementUsed:
    """Return the use of an approved statement; `decision.deciders` has everybody who approved.

    Raises NotFoundError as `require_readable`; MalformedError `nonce_invalid`, `reference_invalid`,
    `text_refused`; ConflictError `use_known`, `statement_<status>`, `not_usable`, `uses_void`,
    `use_expired`, `used_up`, `statement_in_question`; ForbiddenError `person_suspended`,
    `person_deactivated`, `use_not_allowed`; RefusedError as `verify_act` does.
    """
    person = decision.person
    key, act = act_about(statement, act_text, acts.UseStatement, decision)
    _require_grammar(act)
    _require_new(statement, person, act.nonce)
    versions.require_status(statement, decision, "approved")
    usable = _require_usable(statement, decision)
    following = next_use(usable.times, statement.uses)
    if following is None:
        raise ConflictError("used_up", "the statement has been used as often as it allows")
    _require_counted(statement, decision)
    require_standing(person)
    key.require_scope(statement.type_name)
    if not may_use(usable, person):
        raise ForbiddenError("use_not_allowed", "the statement names other executors")
    return StatementUsed(
        signer=person.user,
        kid=key.kid,
        number=following[0],
        generation=following[1],
        nonce=act.nonce,
        act=act_text,
        reference=act.reference,
        seen=decision.seen(statement, statement.approvals),
    )


def require_signed(statement: Statement, jws: CompactJws, person: Person) -> acts.UseStatement:
    """Return the use of this very document that a person signed, now or at an earlier time.

    Who shows one gets the receipt of a use that is recorded. Raises NotFoundError as
    `require_readable`; RefusedError `key_unknown`, `act_mismatch`, and as `verify_compact` does.
    """
    key = key_of(person, jws)
    require_readable(statement.audience, person, jws, key.jwk)
    require_unerased(statement, jws, key.jwk)
    verify_compact(jws, key.jwk)
    act = acts.stated_act(jws, acts.UseStatement)
    if (act.statement_id, act.sha256) != (statement.id, statement.sha256):
        raise RefusedError("act_mismatch", "the act is about another document")
    return act


def key_of(person: Person, jws: CompactJws) -> AttestedKey:
    """Return the key that a person signed with, in force or not.

    Raises RefusedError `key_unknown`.
    """
    key = person.keys.get(jws.header.kid)
    if key is None:
        raise RefusedError("key_unknown", "no such signing key of this person")
    return key


def may_use(usable: Usable, person: Person) -> bool:
    """Tell whether a statement names a person among its executors; an auditor only reads."""
    named = any(policy.covers(each, person.user, person.roles) for each in usable.by)
    return named and may_sign(person)


def _require_grammar(act: acts.UseStatement) -> None:
    if not NONCE.fullmatch(act.nonce):
        raise MalformedError("nonce_invalid", "a nonce is 16 to 64 random bytes in base64url")
    if act.reference is not None:
        if not 1 <= len(act.reference.strip()) <= len(act.reference) <= MAX_REFERENCE_CHARS:
            detail = f"a reference has 1 to {MAX_REFERENCE_CHARS} characters"
            raise MalformedError("reference_invalid", detail)
        require_text(act.reference, "reference")


def _require_new(statement: Statement, person: Person, nonce: str) -> None:
    if any((each.user, each.nonce) == (person.user, nonce) for each in statement.uses):
        raise ConflictError("use_known", "this person has used the statement with this nonce")


def _require_usable(statement: Statement, decision: DecisionContext) -> Usable:
    usable = statement.usable
    if usable is None:
        raise ConflictError("not_usable", "the statement names no executors")
    if decision.precedes_loss(statement):  # which uses it had may be lost
        raise ConflictError("uses_void", "the ledger lost entries: the uses left are void")
    if usable.until is not None and clock.to_ms(usable.until) <= decision.now_ms:
        raise ConflictError("use_expired", "the statement could be used until an earlier time")
    return usable


def _require_counted(statement: Statement, decision: DecisionContext) -> None:
    """Require that the approvals meet the policy without those in question."""
    approvals = counted(statement.approvals, decision.deciders)
    if not versions.meets(statement, approvals, steps_of(statement.approvals)):
        detail = "without the approvals in question the statement would not be approved"
        raise ConflictError("statement_in_question", detail)


# --- outcomes ------------------------------------------------------------------------------------


def report(statement: Statement, act_text: str, decision: DecisionContext) -> OutcomeReported:
    """Return the outcome of a use, as its executor reports it or another participant confirms it.

    The executor says `done`, `not-done` or `unknown`; another report can follow `unknown` only.
    Another participant confirms `not-done` with a passkey, which frees the number of the use once.

    Raises NotFoundError as `require_readable`; MalformedError `reason_invalid`, `text_refused`,
    `assertion_unexpected`; ConflictError `use_unknown`, `outcome_known`, `outcome_missing`,
    `use_freed`; ForbiddenError `person_suspended`, `person_deactivated`, `outcome_not_allowed`;
    RefusedError as `verify_act` and `confirmed_by` do.
    """
    person = decision.person
    key, act = act_about(statement, act_text, acts.ReportOutcome, decision)
    require_optional_reason(act.reason)
    found = statement.find_use(act.number, act.generation)
    if found is None:
        raise ConflictError("use_unknown", "there is no such use of the statement")
    is_own = person.user == found.user
    _require_open(found, act, is_own=is_own)
    require_standing(person)
    key.require_scope(statement.type_name)
    if not is_own:
        if key.service is not None:  # a person confirms, with their own key
            raise beyond_scope()
        _require_confirmer(statement, person, act)
    assertion, sign_count = decision.assertion, None
    if is_own and assertion is not None:
        raise MalformedError("assertion_unexpected", "the report of one's own use needs no passkey")
    if not is_own:
        asked = ConfirmedAct(act_text, assertion, decision.ledger, decision.party, decision.now_ms)
        assertion, sign_count = asked.confirmed_by(person)
    return OutcomeReported(
        signer=person.user,
        kid=key.kid,
        number=act.number,
        generation=act.generation,
        outcome=act.outcome,
        frees=not is_own,
        act=act_text,
        reason=act.reason,
        assertion=assertion,
        sign_count=sign_count,
        seen=decision.seen(statement, ()),
    )


def _require_open(found: RecordedUse, act: acts.ReportOutcome, *, is_own: bool) -> None:
    """Require that there is still something to say of a use, by its executor or by another one."""
    if is_own:
        if found.is_settled or found.outcome == act.outcome:
            raise ConflictError("outcome_known", "the outcome of this use is already reported")
        return
    if found.outcome != "not-done":
        raise ConflictError("outcome_missing", "its executor has not reported this use as not done")
    if found.freed or found.generation == GENERATIONS:
        raise ConflictError("use_freed", "the number of a use is freed once only")


def _require_confirmer(statement: Statement, person: Person, act: acts.ReportOutcome) -> None:
    reader = Reader(person.user, person.roles)
    takes_part = statement.audience.has_participant(reader) and may_sign(person)
    if act.outcome != "not-done" or not takes_part:
        detail = "others who take part confirm that a use was not done, and nothing else"
        raise ForbiddenError("outcome_not_allowed", detail)
