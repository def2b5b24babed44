"""Versions: which statement a new one may supersede, and what that brings about. Pure.

Its creator supersedes a statement, and so do all who draft its type if the type says so: by another
statement of the type, so that the policy is the type's again. A pending one ends with the draft of
the new version. An approved one stays approved until the new version is: that takes approvals that
meet both policies.
"""

from collections.abc import Callable, Set
from uuid import UUID

from ledger.domain import places, policy
from ledger.domain.charter import Charter
from ledger.domain.decision_context import DecisionContext
from ledger.domain.document import Document
from ledger.domain.events import Effect, StatementSuperseded
from ledger.domain.person import Person
from ledger.domain.places import StepsByPerson
from ledger.domain.policy import Policy, RolesByPerson
from ledger.domain.readers import Reader, unknown_statement
from ledger.domain.statement import Statement, require_bodies
from ledger.domain.statement_types import lets_drafters_supersede
from ledger.domain.vocabulary import Assurance, Status
from ledger.errors import ConflictError, ForbiddenError, MalformedError, RefusedError

# --- drafts --------------------------------------------------------------------------------------


def require_found(
    document: Document, creator: Person, find: Callable[[UUID], Statement | None]
) -> Statement | None:
    """Return the statement that a document supersedes, None if it supersedes none.

    Raises NotFoundError `statement_unknown`, also if this person may not read it; ConflictError
    `statement_erased`; RefusedError
    `superseded_mismatch` if the document copies another digest or policy.
    """
    named = document.supersedes
    if named is None:
        return None
    earlier = find(UUID(named.statement))
    if earlier is None or not earlier.audience.may_read(Reader(creator.user, creator.roles)):
        raise unknown_statement()
    require_bodies(earlier)
    if (named.sha256, named.policy) != (earlier.sha256, earlier.policy):
        detail = "the document copies another digest or policy of the statement that it supersedes"
        raise RefusedError("superseded_mismatch", detail)
    return earlier


def require_supersedable(
    earlier: Statement | None,
    document: Document,
    creator: Person,
    charter: Charter,
    *,
    now_ms: int,
) -> Status | None:
    """Return the status of the statement that this person supersedes, None without one.

    The person may draft the document. Raises ForbiddenError `creator_only`; MalformedError
    `change_invalid` for a change, and `policy_impossible` for an approved one whose policy no
    people could meet any more; ConflictError `statement_superseded`, `version_pending`,
    `version_ended`.
    """
    if earlier is None:
        return None
    stopped = charter.stops(earlier.type, earlier.drafted_at)
    status = earlier.status_at(now_ms, stopped=stopped)
    if status == "superseded":
        raise ConflictError("statement_superseded", "another version has replaced this one")
    _require_replaced(earlier, status)
    by_drafters = lets_drafters_supersede(charter.types, earlier.type, document.type)
    if earlier.creator != creator.user and not by_drafters:
        detail = "only its creator may supersede a statement, unless its type lets all who draft it"
        raise ForbiddenError("creator_only", detail)
    if earlier.items is not None:
        raise MalformedError("change_invalid", "nothing supersedes a change")
    if status == "approved":
        places.require_possible(earlier.policy, creator.user, charter.signing_roles)
    return status


def _require_replaced(earlier: Statement, status: Status) -> None:
    """Refuse a version that was to replace an approved statement, and has not done so.

    The version after it would be approved by its own policy alone, beside that statement.
    """
    if earlier.replaced is None or status == "approved":
        return
    if status == "pending":
        detail = "this version is to replace an approved one: withdraw it, and supersede that one"
        raise ConflictError("version_pending", detail)
    detail = "this version was to replace an approved one, and ended: supersede that one"
    raise ConflictError("version_ended", detail)


def effects(before: Statement | None, after: Statement) -> tuple[Effect, ...]:
    """Return what an event of a version brings about: the end of the statement that it supersedes.

    `before` is the version before the event, None for its draft. A pending statement ends with the
    draft, an approved one with the approval that completes the version.
    """
    if after.supersedes is None:
        return ()
    if before is None:
        ends = after.earlier == "pending"
    else:
        completes = (before.status, after.status) == ("pending", "approved")
        ends = completes and after.replaced is not None
    if not ends:
        return ()
    return (Effect(UUID(after.supersedes.statement), StatementSuperseded(by=after.id)),)


# --- decisions -----------------------------------------------------------------------------------


def require_status(statement: Statement, decision: DecisionContext, *allowed: Status) -> None:
    """Raise ConflictError `statement_<status>` unless a statement has an allowed status.

    A version that is to replace an approved statement ends when another version replaces that one.
    """
    status = statement.status_at(decision.now_ms, stopped=decision.stops(statement))
    if status == "pending" and is_outrun(statement, decision.earlier):
        status = "superseded"
    if status not in allowed:
        raise ConflictError(f"statement_{status}", f"the statement is {status}")


def is_outrun(statement: Statement, earlier: Statement | None) -> bool:
    """Tell whether another version replaced the approved statement that this one is to replace."""
    waits = statement.replaced is not None and statement.status == "pending"
    return waits and earlier is not None and earlier.status == "superseded"


def assurance(statement: Statement) -> Assurance:
    """Return what each decision must show: a passkey's assertion if either policy asks for it."""
    return "passkey" if any(each.assurance == "passkey" for each in _policies(statement)) else "key"


def may_approve(statement: Statement, person: Person) -> bool:
    """Tell whether this person's approval can count for either policy."""
    return any(
        policy.may_approve(each, person.user, person.roles, creator=statement.creator)
        for each in _policies(statement)
    )


def _policies(statement: Statement) -> tuple[Policy, ...]:
    own, replaced = statement.policy, statement.replaced
    return (own,) if replaced is None else (own, replaced)


def meets(statement: Statement, approvals: RolesByPerson, steps: StepsByPerson) -> bool:
    """Tell whether approvals meet the policy, and that of the approved statement it replaces."""
    replaced = statement.replaced
    own = places.met(statement.policy, for_own(statement, approvals, steps), steps)
    return own and (
        replaced is None or places.met(replaced, for_replaced(replaced, statement, approvals))
    )


def lowers_replaced(statement: Statement, approvals: RolesByPerson, person: Person) -> bool:
    """Tell whether this person's approval lowers what the replaced policy lacks."""
    replaced, mine = statement.replaced, {person.user: person.roles}
    return replaced is not None and places.lowers(
        replaced.root,
        for_replaced(replaced, statement, approvals),
        for_replaced(replaced, statement, mine),
    )


def can_be_met(
    statement: Statement,
    open_roles: Set[str],
    *,
    approvals: RolesByPerson,
    steps: StepsByPerson,
    without: Set[str],
) -> bool:
    """Tell whether people could ever meet both policies, without those who rejected."""
    creator, replaced = statement.creator, statement.replaced
    own = for_own(statement, approvals, steps)
    elsewhere = approvals.keys() - own.keys()
    excluded = places.excluded(statement.policy, creator)
    if not places.possible(
        statement.policy,
        open_roles,
        approvals=own,
        steps=steps,
        without=without | elsewhere | excluded,
    ):
        return False
    return replaced is None or places.possible(
        replaced,
        open_roles,
        approvals=for_replaced(replaced, statement, approvals),
        without=without | places.excluded(replaced, creator),
    )


def for_own(statement: Statement, approvals: RolesByPerson, steps: StepsByPerson) -> RolesByPerson:
    """Return the approvals that count for the statement's own policy.

    Two count for the replaced policy alone: that of a creator who may not sign the new version, and
    in a policy with steps one that fills no step.
    """
    if statement.replaced is None:
        return approvals
    without = places.excluded(statement.policy, statement.creator)
    ordered = bool(statement.policy.ordered)
    return {
        user: roles
        for user, roles in approvals.items()
        if user not in without and (user in steps or not ordered)
    }


def for_replaced(replaced: Policy, statement: Statement, approvals: RolesByPerson) -> RolesByPerson:
    """Return the approvals that count for the policy of the statement that is replaced."""
    without = places.excluded(replaced, statement.creator)
    return {user: roles for user, roles in approvals.items() if user not in without}
