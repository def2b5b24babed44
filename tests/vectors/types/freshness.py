"""How old what is signed about a statement of a type may be, and what an auditor says of it."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

import msgspec

from ledger import clock
from ledger.domain import decisions, uses
from ledger.domain.charter_values import DEFAULT_MAX_AGE_MS
from ledger.domain.events import StatementDrafted
from tests.support.chronicle import about, statement_id
from tests.support.document_end import ends_at
from tests.support.type_definitions import POLICY, define, definition, retire, stated
from tests.vectors.changes.company import Company
from tests.vectors.types.definitions import proposed
from tests.vectors.types.tries import CONTENT, Tries, define_types, draft_of_type

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
WEEK_MS = 7 * 24 * HOUR_MS
EXECUTORS = {"by": ["role:creator"], "times": 1}
BOTH: dict[str, Any] = {"threshold": 2, "of": ["role:investor", "role:creator"]}
SHORT = definition(freshness=WEEK_MS, maxAge=HOUR_MS)
WEEK, HOUR = definition(freshness=WEEK_MS), definition(freshness=HOUR_MS)
MINUTE, USUAL = definition(freshness=MINUTE_MS), definition()
USABLE = definition(freshness=HOUR_MS, usable=EXECUTORS, policy=BOTH)
NEXT = definition(2, title="Better terms")
NEXT_OF_AN_HOUR = definition(2, title="Better terms", freshness=HOUR_MS)


def _pass(told: Company, age_ms: int) -> None:
    """Let so much time pass since the second of now, which what is signed now states."""
    told.time.ms = told.time.ms // 1000 * 1000 + age_ms


def _approve(told: Company, raw: bytes, age_ms: int, ahead_s: int = 0) -> None:
    """Append an approval that is so old, by a signer whose clock may be ahead."""
    signed = told.approval_of_plain(told.ivy, raw)
    iat = told.time.ms // 1000 + ahead_s
    _pass(told, ahead_s * 1000 + age_ms)
    jws = told.ivy.shared(raw, iat=iat)
    told.add(statement_id(9), msgspec.structs.replace(signed, jws=jws, iat=iat))


def approved(text: str, age_ms: int, told: Company, ahead_s: int = 0) -> None:
    define_types(told, define(text))
    _approve(told, draft_of_type(told, text), age_ms, ahead_s)


def approved_before(before_s: int, told: Company) -> None:
    """Append an approval that states a time before the document's, under a freshness of a week."""
    define_types(told, define(WEEK))
    told.time.ms = told.time.ms // 1000 * 1000
    raw = draft_of_type(told, WEEK)
    created_s = clock.to_ms(json.loads(raw)["createdAt"]) // 1000
    signed = told.approval_of_plain(told.ivy, raw)
    jws = told.ivy.shared(raw, iat=created_s - before_s)
    again = msgspec.structs.replace(signed, jws=jws, iat=created_s - before_s)
    told.add(statement_id(9), again)


def decided_before(kind: str, before_s: int, told: Company) -> None:
    """Append another decision or a use that states a time before the document's."""
    decided(kind, 0, told, before_s)


def approved_after(text: str, item: dict[str, Any], age_ms: int, told: Company) -> None:
    """Approve a statement of this version after a change of its type."""
    define_types(told, define(text))
    raw = draft_of_type(told, text)
    define_types(told, item, number=4)
    _approve(told, raw, age_ms)


def approved_of_the_next(text: str, following: str, age_ms: int, told: Company) -> None:
    define_types(told, define(text))
    define_types(told, define(following, text), number=4)
    _approve(told, draft_of_type(told, following), age_ms)


def approved_without_a_type(told: Company) -> None:
    define_types(told, define(WEEK))
    _approve(told, told.draft(told.cal, 9, policy=POLICY), 5 * MINUTE_MS + 1)


def change_approved(told: Company) -> None:
    """Approve a change six minutes after the signature: no type of the ledger's own is older."""
    define_types(told, define(WEEK))
    raw = told.begin(told.ada, {"define-role": {"role": "legal"}})
    signed = told.approval_of(told.ada, raw)
    _pass(told, 6 * MINUTE_MS)
    told.add(statement_id(9), signed)


def drafted(
    text: str, age_ms: int, told: Company, wait_ms: int = DEFAULT_MAX_AGE_MS, **members: Any
) -> None:
    define_types(told, define(text))
    found = {"content": CONTENT, "policy": POLICY, "type": stated(text)} | members
    told.time.ms = told.time.ms // 1000 * 1000 + 1000
    raw = told.cal.document(statementId=statement_id(9), **found)
    own = told.cal.user, told.cal.key.kid, told.cal.draft_act(raw)
    body = StatementDrafted(
        raw.decode(), *own, ends_at(raw, wait_ms), "terms", "everyone", drafters=("role:creator",)
    )
    _pass(told, age_ms)
    told.add(statement_id(9), body)


def drafted_before(before_s: int, told: Company) -> None:
    """Draft a document under a freshness of a week that states a time after its own signature."""
    later_ms = told.time.ms // 1000 * 1000 + 10_000 + before_s * 1000
    drafted(WEEK, before_s * 1000, told, createdAt=clock.to_text(later_ms))


def drafted_late(age_ms: int, told: Company) -> None:
    """Draft a statement that waits for an hour, so long after it was signed."""
    drafted(SHORT, age_ms, told, HOUR_MS)


def decided(kind: str, age_ms: int, told: Company, before_s: int | None = None) -> None:
    """Append another decision or a use, so long after it was signed.

    With `before_s`, it states a time so many seconds before the document's.
    """
    define_types(told, define(USABLE))
    raw = draft_of_type(told, USABLE, usable=EXECUTORS, policy=BOTH)
    approvers = {"retract": [told.ivy], "use": [told.ivy, told.cal], "report": [told.ivy, told.cal]}
    for each in approvers.get(kind, []):
        told.sign(each, each.shared(raw), raw)
    if kind == "report":
        told.use_statement(told.cal, raw, "m" * 22)
    who = told.ivy if kind in ("reject", "retract") else told.cal
    name, members = _ACTS[kind]
    act = who.act(name, **about(raw), **members)
    subject = told.auditor.statements[UUID(statement_id(9))]
    decide: Callable[..., Any] = getattr(uses if name in ("use", "outcome") else decisions, kind)
    body = decide(subject, act, told._decision(who))  # as the chronicle decides
    if before_s is not None:
        iat = clock.to_ms(json.loads(raw)["createdAt"]) // 1000 - before_s
        stated_ = {"iat": iat} if "iat" in body.__struct_fields__ else {}
        act = who.act(name, **about(raw), **members, iat=iat)
        body = msgspec.structs.replace(body, act=act, **stated_)
    _pass(told, age_ms)
    told.add(statement_id(9), body)


_ACTS: dict[str, tuple[str, dict[str, Any]]] = {
    "reject": ("reject", {"reason": "The amount is too low."}),
    "retract": ("retract", {"reason": "Approved by mistake."}),
    "withdraw": ("withdraw", {"reason": "Replaced."}),
    "use": ("use", {"nonce": "n" * 22}),
    "report": ("outcome", {"number": 1, "generation": 1, "outcome": "done"}),
}


def _ill(freshness: Any) -> Callable[[Company], None]:
    return lambda told: proposed(told, define(definition(freshness=freshness)))


def _decisions() -> Tries:
    """Return each other thing that is signed about a statement, an hour old and older."""
    found: Tries = {}
    for kind, (name, _) in _ACTS.items():
        found[f"{name} of an hour ago under a freshness of an hour"] = (
            partial(decided, kind, HOUR_MS),
            None,
        )
        found[f"{name} of more than an hour ago under a freshness of an hour"] = (
            partial(decided, kind, HOUR_MS + 1),
            "iat_stale",
        )
        found[f"{name} of over ten minutes before the document"] = (
            partial(decided_before, kind, 602),
            "iat_stale",
        )
    return found


FRESHNESS: Tries = {
    "an approval of a week ago under a freshness of a week": (
        partial(approved, WEEK, WEEK_MS),
        None,
    ),
    "an approval of more than a week ago under a freshness of a week": (
        partial(approved, WEEK, WEEK_MS + 1),
        "iat_stale",
    ),
    "an approval of five minutes ago under no freshness": (
        partial(approved, USUAL, 5 * MINUTE_MS),
        None,
    ),
    "an approval of more than five minutes ago under no freshness": (
        partial(approved, USUAL, 5 * MINUTE_MS + 1),
        "iat_stale",
    ),
    "an approval of more than a minute ago under a freshness of a minute": (
        partial(approved, MINUTE, MINUTE_MS + 1),
        "iat_stale",
    ),
    "an approval five minutes ahead under a freshness of a week": (
        partial(approved, WEEK, -5 * MINUTE_MS, ahead_s=301),
        None,
    ),
    "an approval more than five minutes ahead under a freshness of a week": (
        partial(approved, WEEK, -5 * MINUTE_MS - 1, ahead_s=302),
        "iat_stale",
    ),
    "an approval of ten minutes before the document under a freshness of a week": (
        partial(approved_before, 600),
        None,
    ),
    "an approval of over ten minutes before the document under a freshness of a week": (
        partial(approved_before, 602),
        "iat_stale",
    ),
    "a draft signed over ten minutes before the time of its document": (
        partial(drafted_before, 602),
        "iat_stale",
    ),
    "an approval of an hour ago after a version of five minutes": (
        partial(approved_after, HOUR, define(NEXT, HOUR), HOUR_MS),
        None,
    ),
    "an approval of an hour ago after a version of an hour": (
        partial(approved_after, USUAL, define(NEXT_OF_AN_HOUR, USUAL), HOUR_MS),
        "iat_stale",
    ),
    "an approval of an hour ago after the end of its type": (
        partial(approved_after, HOUR, retire(HOUR), HOUR_MS),
        None,
    ),
    "an approval of an hour ago under the second version": (
        partial(approved_of_the_next, USUAL, NEXT_OF_AN_HOUR, HOUR_MS),
        None,
    ),
    "an approval of an hour ago under a second version of five minutes": (
        partial(approved_of_the_next, HOUR, NEXT, HOUR_MS),
        "iat_stale",
    ),
    "an approval of more than five minutes ago without a type": (
        approved_without_a_type,
        "iat_stale",
    ),
    "an approval of a change of six minutes ago": (change_approved, "iat_stale"),
    "a draft of an hour ago under a freshness of an hour": (partial(drafted, HOUR, HOUR_MS), None),
    "a draft of more than an hour ago under a freshness of an hour": (
        partial(drafted, HOUR, HOUR_MS + 1),
        "iat_stale",
    ),
    "a document that is older than the freshness": (
        partial(drafted, HOUR, 0, createdAt="2026-11-21T02:00:00.000Z"),
        "document_time_stale",
    ),
    "a draft of almost an hour ago that waits for an hour": (
        partial(drafted_late, HOUR_MS - 1001),
        None,
    ),
    "a draft of an hour ago that waits for an hour": (
        partial(drafted_late, HOUR_MS),
        "statement_expired",
    ),
    **_decisions(),
    "a type with a freshness of no time": (_ill(0), "type_invalid"),
    "a type with a freshness of less than a minute": (_ill(MINUTE_MS - 1), "type_invalid"),
    "a type with a freshness of a minute and a half": (_ill(MINUTE_MS * 3 // 2), "type_invalid"),
    "a type with a freshness of more than a week": (_ill(WEEK_MS + MINUTE_MS), "type_invalid"),
    "a type with a freshness in words": (_ill("a week"), "type_invalid"),
    "a type with a freshness of half a millisecond more": (_ill(MINUTE_MS + 0.5), "type_invalid"),
}
