"""The page of governance: who approves changes, the charter's values, how both were set before."""

import sqlite3
from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec
from litestar import get
from litestar.response import Redirect, Template

from ledger import clock
from ledger.domain import policy
from ledger.domain.charter_values import CharterValues
from ledger.domain.policy import Node
from ledger.domain.quoting import quoted
from ledger.http.requests import AnyRequest
from ledger.pages.administration import can_change, frame
from ledger.pages.governors import (
    GoverningPerson,
    governing,
    placed,
    strength,
    who_could_govern,
    with_passkeys,
)
from ledger.pages.policy_texts import hints, listed, node_phrase
from ledger.pages.web import FromWeb, page, to_sign_in
from ledger.pages.words import homes_phrase, values_phrase, wait
from projections import rules, timeline, users
from projections.rules import RulesInForce

_SHOWN = 10  # of how a rule was set
_NAMED = 200  # people whom the form offers


class Place(NamedTuple):
    """A member of the governance policy, and who fills its places; `role` is None for a person."""

    role: str | None
    people: list[GoverningPerson]


class Setting(NamedTuple):
    """How a rule was set: in words, when, and by which change (None: by the founding)."""

    words: str
    at: str
    change: str | None


@get("/governance", sync_to_thread=True)
def governance(request: AnyRequest, web: FromWeb) -> Template | Redirect:
    """Show everybody who approves changes; those who may, draft other rules in the browser."""
    me = web.session_user(request)
    if me is None:
        return to_sign_in(request)
    with web.models.views() as (db, at):
        now = web.models.now()
        in_force = rules.in_force(db, at=at)
        roles = rules.roles(db, at=at)
        known = who_could_govern(db, web.models.log, roles, in_force.governance, at=at, now=now)
        context = frame(db, me, in_force, at=at)
        settings = {
            "governance_set": _settings(db, "governance", at=at),
            "values_set": _settings(db, "values", at=at),
        }
        names = _names(db, [in_force.governance], at=at)
        held_ms = rules.recovery_wait_ms(db, at=at, now=now)
        others = []
        if can_change(me, in_force):
            known_ids = {each.person.id for each in known}
            found = users.page(db, at=at, now=now, limit=_NAMED).items
            rest = [each for each in found if each.id not in known_ids]
            others = with_passkeys(db, web.models.log, rest, at=at, now=now)
    lacking = strength(in_force.governance, known)
    return page(
        "governance",
        web,
        me=me,
        position=at,
        hints=hints(in_force.governance, names),
        places=_places(in_force, known),
        missing=lacking.missing,
        needed=listed([quoted(each) for each in lacking.needed], "or"),
        threshold=in_force.governance.threshold,
        asked=policy.members(in_force.governance),
        values=in_force.values,
        age=wait(in_force.values.max_age),
        homes=homes_phrase(in_force.values.allowed_homes),
        **_waits(in_force, held_ms),
        governing=governing(roles),
        known=known,
        others=others,
        **context,
        **settings,
    )


def _waits(in_force: RulesInForce, now_ms: int) -> dict[str, object]:
    """Return how long recoveries wait, and those that begin now if that is longer."""
    ours_ms = in_force.values.recovery_wait_ms
    return {
        "recovery_wait": wait(now_ms),
        "recovery_rule": wait(ours_ms),
        "recovery_days": ours_ms / clock.DAY_MS,
        "recovery_held": now_ms > ours_ms,
    }


def _places(in_force: RulesInForce, known: Sequence[GoverningPerson]) -> list[Place]:
    """Return the members of the policy, roles first, each with the people who fill its places."""
    members = sorted(policy.members(in_force.governance))
    return [
        Place(
            each.removeprefix("role:") if each.startswith("role:") else None,
            [governor for governor in known if placed(governor, each)],
        )
        for each in members
    ]


def _settings(
    db: sqlite3.Connection, kind: Literal["governance", "values"], *, at: int
) -> list[Setting]:
    """Return how a rule was set, the newest first."""
    found = rules.history(db, kind, at=at, limit=_SHOWN)
    if kind == "values":
        sets = [msgspec.json.decode(each.value, type=CharterValues) for each in found]
        words = [values_phrase(each) for each in sets]
    else:
        nodes = [msgspec.json.decode(each.value, type=Node) for each in found]
        names = _names(db, nodes, at=at)
        words = [node_phrase(each, names) for each in nodes]
    times = [timeline.time_of(db, each.position) for each in found]
    return [
        Setting(said, time, each.change)
        for said, time, each in zip(words, times, found, strict=True)
    ]


def _names(db: sqlite3.Connection, nodes: Sequence[Node], *, at: int) -> dict[str, str]:
    members = {each for node in nodes for each in policy.members(node)}
    named = sorted(each.removeprefix("user:") for each in members if each.startswith("user:"))
    return users.names(db, named, at=at)
