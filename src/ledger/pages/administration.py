"""What the pages of administration share: who may see them, and the governance policy in words."""

import sqlite3
from typing import Any

from ledger.domain import governance, policy
from ledger.domain.vocabulary import ADMINISTRATOR
from ledger.errors import ForbiddenError
from ledger.pages.change_words import governors
from ledger.pages.policy_texts import node_phrase
from projections import users
from projections.rules import Role, RulesInForce
from projections.users import User


def can_change(me: User, in_force: RulesInForce) -> bool:
    """Tell whether the person fills a place of governance, or is an administrator."""
    return ADMINISTRATOR in me.roles or governs(me, in_force)


def governs(person: User, in_force: RulesInForce) -> bool:
    """Tell whether the person fills a place of governance."""
    members, roles = policy.members(in_force.governance), frozenset(person.roles)
    return any(policy.covers(each, person.id, roles) for each in members)


def require_administration(me: User, in_force: RulesInForce) -> None:
    """Raise ForbiddenError `governance_only` unless the person can administer something."""
    if not can_change(me, in_force):
        raise ForbiddenError("governance_only", "this page is for people who administer the ledger")


def frame(db: sqlite3.Connection, me: User, in_force: RulesInForce, *, at: int) -> dict[str, Any]:
    """Return what every page of administration shows around its own part."""
    names = users.names(db, sorted(governors(in_force)), at=at)
    return {
        "governance": node_phrase(in_force.governance, names),
        "administers": ADMINISTRATOR in me.roles,
    }


def by_grant_only(roles: list[Role], in_force: RulesInForce) -> list[str]:
    """Return the open roles that no invitation gives: a grant that states a passkey does."""
    open_ = [each.name for each in roles if not each.is_closed]
    return [each for each in open_ if governance.needs_grant(each, in_force.governance)]
