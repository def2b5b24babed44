"""The operator recovers governance that can no longer act: `ledger recover`. Pure decisions.

A log does not show who lost their devices, so the operator states it. Then the operator invites as
many people as governance lacks without them. The invitations wait like every recovery, and
everybody with a place in governance can cancel them: a person who can is not lost. They admit
nobody once governance can act without those people.
"""

from collections.abc import Sequence, Set
from uuid import UUID

from ledger import clock
from ledger.domain import acts, key_material, ledger_acts, places, policy
from ledger.domain.acts import parse_act, verify_act
from ledger.domain.changes.governable import counting
from ledger.domain.changes.sources import Sources
from ledger.domain.charter import Charter
from ledger.domain.confirmed_act import ConfirmedAct
from ledger.domain.document import parse_uuid
from ledger.domain.events import OperatorInvitationsCancelled, OperatorInvited
from ledger.domain.governance import require_place
from ledger.domain.invitations import Invitation, is_of
from ledger.domain.person import Person
from ledger.domain.policy import Node, RolesByPerson
from ledger.domain.standing import require_standing
from ledger.domain.text import require_reason
from ledger.errors import ConflictError, NotFoundError

OPEN_MS = 7 * clock.DAY_MS  # how long the links work


def invite(act_text: str, sources: Sources, *, now_ms: int) -> OperatorInvited:
    """Return the operator's invitations to governance, signed by the ledger's own key.

    Raises RefusedError as `verify_act` does; MalformedError `reason_invalid`, `text_refused`,
    `id_invalid`, `jwk_invalid`; ConflictError `recovery_waiting`, `invitation_known`, and as
    `_require_as_lacking`.
    """
    rules = sources.charter
    act = verify_act(
        parse_act(act_text),
        rules.key,
        ledger_acts.RecoverGovernance,
        ledger=rules.ledger,
        now_ms=now_ms,
    )
    require_reason(act.reason)
    known = rules.invitations.values()
    if any(not each.cancelled and each.recovery and each.recovery.waits(now_ms) for each in known):
        raise ConflictError("recovery_waiting", "an earlier recovery waits: its links work later")
    _require_new(act, known_ids={each.id for each in known} | _recoveries(rules))
    _require_as_lacking(act, sources, now_ms)
    active_ms = rules.recovered_ms(now_ms)
    return OperatorInvited(
        recovery=act.recovery,
        lost=act.lost,
        invitations=act.invitations,
        active_from=clock.to_text(active_ms),
        expires_at=clock.to_text(active_ms + OPEN_MS),
        reason=act.reason,
        act=act_text,
    )


def _recoveries(rules: Charter) -> set[str]:
    return {each.recovery.id for each in rules.invitations.values() if each.recovery is not None}


def _require_new(act: ledger_acts.RecoverGovernance, known_ids: Set[str]) -> None:
    ids = [act.recovery, *(each.id for each in act.invitations)]
    for each in (*ids, *act.lost):
        parse_uuid(each)
    for link in act.invitations:
        key_material.require_prime_order(link.key)
    if len({*ids}) != len(ids) or not known_ids.isdisjoint(ids):
        raise ConflictError("invitation_known", "each invitation and recovery has an id of its own")


def _require_as_lacking(act: ledger_acts.RecoverGovernance, sources: Sources, now_ms: int) -> None:
    """Require as many invitations as governance lacks, with roles that let it act again.

    Evidence that leaves out people leaves it to evidence of the whole log. Raises ConflictError
    `governance_can_act`, `governance_names_people`, `lost_not_counting`, `invitations_mismatch`.
    """
    acting = _acting(sources, now_ms)
    if acting is None:
        return
    if list(act.lost) != sorted({*act.lost} & acting.keys()):
        detail = "`lost` names people who count in governance and could act, each once, in order"
        raise ConflictError("lost_not_counting", detail)
    left = {user: roles for user, roles in acting.items() if user not in act.lost}
    rules = sources.charter.governance
    expected = len(roles_lacking(rules, left))
    invited = {f"invited {each.id}": {each.role} for each in act.invitations}
    if len(invited) != expected or not places.met(rules, {**left, **invited}):
        detail = f"governance lacks {expected}: invite as many, with roles that it names"
        raise ConflictError("invitations_mismatch", detail)


def _acting(sources: Sources, now_ms: int) -> RolesByPerson | None:
    """Return who counts in governance and can act; None if the evidence leaves out people."""
    rules = sources.charter
    governors = sources.governors(rules.governance)
    if governors is None:
        return None
    return counting(rules, sources.people(sorted(governors)), now_ms=now_ms)


def roles_to_invite(sources: Sources, lost: Sequence[str], *, now_ms: int) -> tuple[str, ...]:
    """Return the roles of the people to invite, if these ones can no longer act.

    Raises as `roles_lacking`; if governance can act, the detail names who counts in it.
    """
    acting, rules = _acting(sources, now_ms) or {}, sources.charter.governance
    left = {user: roles for user, roles in acting.items() if user not in lost}
    if places.met(rules, left):
        names = ", ".join(sorted(each.name for each in sources.people([*map(UUID, left)])))
        detail = f"these people can act, and governance needs nobody else: {names}"
        raise ConflictError("governance_can_act", detail)
    return roles_lacking(rules, left)


def roles_lacking(rules: Node, acting: RolesByPerson) -> tuple[str, ...]:
    """Return the roles of the people whom governance lacks, as few as can be.

    Raises ConflictError `governance_can_act` if it lacks nobody; `governance_names_people` if only
    people whom it names could fill its places.
    """
    if places.met(rules, acting):
        raise ConflictError("governance_can_act", "governance can act: make a change instead")
    roles = frozenset(policy.roles_named(rules))
    most = sum(each.threshold for each in policy.nodes(rules))
    anybody = {f"anybody {number}": roles for number in range(most)}
    found: list[str] = []
    while True:
        invited = {f"invited {number}": {role} for number, role in enumerate(found)}
        left = places.missing(rules, {**acting, **invited}, anybody)
        if left is None:
            detail = "governance names people whom nobody can replace by an invitation"
            raise ConflictError("governance_names_people", detail)
        if left.people == 0:
            return tuple(found)
        found.append(min(each[5:] for each in left.helping if each.startswith("role:")))


def require_needed(invitation: Invitation | None, sources: Sources, *, now_ms: int) -> None:
    """Require that governance lacks somebody still, for an invitation of the operator.

    Those whom the operator stated as lost do not count. Raises ConflictError `governance_can_act`.
    """
    if invitation is None or invitation.recovery is None:
        return
    acting, lost = _acting(sources, now_ms), invitation.recovery.lost
    if acting is None:
        return
    left = {user: roles for user, roles in acting.items() if user not in lost}
    if places.met(sources.charter.governance, left):
        detail = "governance can act again: ask for an invitation by a change"
        raise ConflictError("governance_can_act", detail)


def cancel(
    by: Person, asked: ConfirmedAct, rules: Charter, used: Sequence[str] = ()
) -> OperatorInvitationsCancelled:
    """Return the end of the operator's invitations; a passkey of somebody who governs confirms it.

    `used` are invitations that somebody has used. Raises NotFoundError `recovery_unknown`;
    ConflictError `recovery_ended` if none is open; ForbiddenError as `require_standing` and
    `require_place`; RefusedError as `verify_act` and `confirmed_by` do.
    """
    key = by.active_key(parse_act(asked.text).header.kid, now_ms=asked.now_ms)
    act = verify_act(
        parse_act(asked.text),
        key.jwk,
        acts.CancelOperatorInvitations,
        ledger=asked.ledger,
        now_ms=asked.now_ms,
    )
    found = of_recovery(rules, act.recovery)
    if not any(_is_open(each, asked.now_ms) for each in found if each.id not in used):
        raise ConflictError("recovery_ended", "this recovery is complete, or was cancelled")
    require_standing(by)
    require_place(rules.in_force(by), rules.governance)
    assertion, sign_count = asked.confirmed_by(by)
    return OperatorInvitationsCancelled(
        recovery=act.recovery,
        by=by.user,
        kid=key.kid,
        act=asked.text,
        assertion=assertion,
        sign_count=sign_count,
    )


def of_recovery(rules: Charter, recovery: str) -> list[Invitation]:
    """Return the invitations of a recovery; raise NotFoundError `recovery_unknown`."""
    found = [each for each in rules.invitations.values() if is_of(each, recovery)]
    if not found:
        raise NotFoundError("recovery_unknown", "the operator began no such recovery")
    return found


def _is_open(invitation: Invitation, now_ms: int) -> bool:
    ends = invitation.expires_at
    return not invitation.cancelled and (ends is None or now_ms < clock.to_ms(ends))
