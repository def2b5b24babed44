"""Acceptance: a person takes a place of governance, with a passkey. Pure.

A policy that counted people who never come could be met by nobody. So a person counts in governance
only after they accepted its policy, once for each holding of a role. They accept the policy in
force, or the one that a pending change sets: then the change can complete. `admission` has who
accepts it with their registration.
"""

from collections.abc import Callable

from ledger import clock
from ledger.domain import acts, governance
from ledger.domain.acts import parse_act, verify_act
from ledger.domain.changes.items import SetGovernance
from ledger.domain.charter import Charter
from ledger.domain.confirmed_act import ConfirmedAct
from ledger.domain.document import parse_uuid
from ledger.domain.events import GovernanceAccepted
from ledger.domain.person import Person
from ledger.domain.policy import Node
from ledger.domain.standing import require_standing
from ledger.domain.statement import Statement, require_status
from ledger.errors import ConflictError, RefusedError

# Returns the change with an id; None if the evidence leaves it out.
FindChange = Callable[[str], Statement | None]


def accept(
    owner: Person, asked: ConfirmedAct, rules: Charter, find: FindChange
) -> GovernanceAccepted:
    """Return the acceptance of a governance policy; a passkey confirms it.

    Raises RefusedError as `verify_act` and `confirmed_by` do, `out_of_order` for an act that was
    signed before a role of theirs ended; ConflictError `governance_changed` for a policy that is
    not in force, and that the pending change does not set;
    `statement_<status>` for a change that no longer waits; `governance_accepted` if the person
    counts already; ForbiddenError as `require_standing` and `require_place`; and as `find` does.
    """
    now_ms = asked.now_ms
    jws = parse_act(asked.text)
    key = owner.active_key(jws.header.kid, now_ms=now_ms)
    act = verify_act(jws, key.jwk, acts.AcceptGovernance, ledger=asked.ledger, now_ms=now_ms)
    _require_of_this_holding(act, owner)
    policy = _policy(act, rules, find, now_ms)
    require_standing(owner)
    if policy is not None:
        me = rules.in_force(owner)
        governance.require_place(me, policy)
        if not governance.awaits(me, policy):
            raise ConflictError("governance_accepted", "you have accepted this policy already")
    assertion, sign_count = asked.confirmed_by(owner)
    return GovernanceAccepted(
        policy_sha256=act.policy_sha256,
        change=act.change,
        kid=key.kid,
        act=asked.text,
        assertion=assertion,
        sign_count=sign_count,
    )


def _require_of_this_holding(act: acts.AcceptGovernance, owner: Person) -> None:
    """Require an act that was signed after the person's last role ended.

    An act that was signed and held back could else be brought after the role is granted anew.
    """
    ended = owner.role_ended_at
    if ended is not None and act.iat * 1000 <= clock.to_ms(ended):
        detail = "a role of this person ended after they signed this: sign it again"
        raise RefusedError("out_of_order", detail)


def _policy(
    act: acts.AcceptGovernance, rules: Charter, find: FindChange, now_ms: int
) -> Node | None:
    """Return the policy that is accepted; None if the evidence leaves out the change that sets it.

    Of a change that sets governance twice only the last policy comes into force.
    """
    stated: Node | None = None
    if act.change is None:
        stated = rules.governance
    else:
        parse_uuid(act.change)
        change = find(act.change)
        if change is None:
            return None
        stopped = rules.stops(change.type, change.drafted_at)
        require_status(change, now_ms, "pending", stopped=stopped)
        for item in change.items or ():
            stated = item.policy if isinstance(item, SetGovernance) else stated
    if stated is None or act.policy_sha256 != governance.policy_digest(stated):
        detail = "this governance policy is not in force, and no pending change sets it"
        raise ConflictError("governance_changed", detail)
    return stated
