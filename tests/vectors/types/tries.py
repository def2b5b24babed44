"""Types, told and forged: what an auditor says of the last event."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from ledger.clock import to_ms, to_text
from ledger.domain.events import StatementDrafted, StatementRejected
from tests.support.changes import set_charter, values
from tests.support.chronicle import about, statement_id
from tests.support.document_end import ends_at
from tests.support.signers import Signer
from tests.support.type_definitions import POLICY, define, definition, retire, stated
from tests.vectors.changes.company import Company

HOUR_MS = 3_600_000
FIRST, SECOND = definition(), definition(2, title="Better terms")
THIRD = definition(3)
CONTENT = '{"amount":"100"}'
Tries = dict[str, tuple[Callable[[Company], None], str | None]]


def define_types(told: Company, *items: dict[str, Any], number: int = 3) -> None:
    told.change(told.ada, number, *(items or [define(FIRST)]))


def draft_of_type(told: Company, text: str = FIRST, number: int = 9, **members: Any) -> bytes:
    """Record the draft of a statement of a type."""
    found = {"content": CONTENT, "policy": POLICY, "type": stated(text)} | members
    return told.draft(told.cal, number, **found)


def draft_unseen(told: Company, who: Signer | None = None, **members: Any) -> None:
    """Append the draft of a statement of a type as the last event."""
    who = who or told.cal
    said, ends = members.pop("said", "terms"), members.pop("ends", None)
    drafters = members.pop("drafters", ("role:creator",))
    found = {"content": CONTENT, "policy": POLICY, "type": stated(FIRST)} | members
    raw = who.document(statementId=statement_id(9), **found)
    body = StatementDrafted(
        raw.decode(),
        who.user,
        who.key.kid,
        who.draft_act(raw),
        ends or ends_at(raw),
        said,
        "everyone",
        drafters=drafters,
    )
    told.add(statement_id(9), body)


def drafted(told: Company, **members: Any) -> None:
    define_types(told)
    draft_unseen(told, **members)


def drafted_by(name: str, told: Company) -> None:
    define_types(told)
    draft_unseen(told, getattr(told, name))


def drafted_by_somebody_named(told: Company) -> None:
    """Draft as an investor whom the type names, and who is no creator."""
    text = definition(drafters=[f"user:{told.ivy.user}"])
    define_types(told, define(text))
    draft_unseen(told, told.ivy, type=stated(text), drafters=(f"user:{told.ivy.user}",))


def drafted_of(text: str, told: Company, **members: Any) -> None:
    """Define a type, and draft a statement of it."""
    define_types(told, define(text))
    draft_unseen(told, type=stated(text), **members)


def drafted_to_end(after_ms: int, told: Company) -> None:
    """Draft a statement of a type that gives an hour, with an end of its own."""
    ends = to_text(told.time.ms + after_ms)
    drafted_of(definition(maxAge=HOUR_MS), told, policy=POLICY | {"expiresAt": ends})


def drafted_untyped(told: Company) -> None:
    define_types(told, set_charter(values("open", untyped=False), values("open")))
    raw = told.cal.document(statementId=statement_id(9), policy=POLICY)
    act = told.cal.draft_act(raw)
    own = told.cal.user, told.cal.key.kid, act
    body = StatementDrafted(raw.decode(), *own, ends_at(raw), read_by="everyone")
    told.add(statement_id(9), body)


def drafted_where_a_type_is_required(told: Company) -> None:
    define_types(told, define(FIRST), set_charter(values("open", untyped=False), values("open")))
    draft_unseen(told)


def drafted_of_the_version_before(told: Company) -> None:
    define_types(told)
    define_types(told, define(SECOND, FIRST), number=4)
    draft_unseen(told)


def drafted_after_the_type_retired(told: Company) -> None:
    define_types(told)
    define_types(told, retire(FIRST), number=4)
    draft_unseen(told)


def approved_after(told: Company, *items: dict[str, Any]) -> None:
    """Approve a pending statement after a change of its type."""
    define_types(told)
    raw = draft_of_type(told)
    signed = told.approval_of_plain(told.ivy, raw)
    told.change(told.ada, 4, *items)
    told.add_later(statement_id(9), signed)


def approved_of_the_new_version(told: Company) -> None:
    define_types(told)
    define_types(told, define(SECOND, FIRST, "stop"), number=4)
    raw = draft_of_type(told, SECOND)
    told.add(statement_id(9), told.approval_of_plain(told.ivy, raw))


def approved_two_versions_later(told: Company) -> None:
    define_types(told)
    raw = draft_of_type(told)
    signed = told.approval_of_plain(told.ivy, raw)
    define_types(told, define(SECOND, FIRST, "continue"), number=4)
    define_types(told, define(THIRD, SECOND, "stop"), number=5)
    told.add_later(statement_id(9), signed)


def approved_again_after_a_stop(told: Company) -> None:
    """Add an approval to an approved statement whose type stopped what was pending."""
    text = definition(policy={"threshold": 1, "of": ["role:investor", "role:creator"]})
    define_types(told, define(text))
    raw = draft_of_type(told, text, policy=json.loads(text)["policy"])
    told.sign(told.ivy, told.ivy.shared(raw), raw)
    signed = told.approval_of_plain(told.cal, raw)
    told.change(told.ada, 4, retire(text, "stop"))
    told.add_later(statement_id(9), signed)


def rejected_after_a_stop(told: Company) -> None:
    define_types(told)
    raw = draft_of_type(told)
    told.change(told.ada, 4, retire(FIRST, "stop"))
    act = told.ivy.act("reject", **about(raw), reason="The amount is too low.")
    body = StatementRejected(
        signer=told.ivy.user,
        kid=told.ivy.key.kid,
        roles=("investor",),
        reason="The amount is too low.",
        iat=told.time.ms // 1000,
        status="rejected",
        act=act,
    )
    told.add(statement_id(9), body)


def in_the_individual_form(told: Company) -> None:
    define_types(told)
    raw = draft_of_type(told)
    signed = told.approval_of_plain(told.ivy, raw)
    told.add(statement_id(9), type(signed)(**_members(signed, told.ivy.individual(raw))))


def _members(signed: Any, jws: str) -> dict[str, Any]:
    found = {name: getattr(signed, name) for name in signed.__struct_fields__}
    return found | {"jws": jws, "form": "individual"}


def ended(more_ms: int, told: Company) -> None:
    """Approve just before or at the end that the type gives a statement."""
    text = definition(maxAge=HOUR_MS)
    define_types(told, define(text))
    raw = draft_of_type(told, text)
    told.time.ms = to_ms(json.loads(raw)["createdAt"]) + HOUR_MS - 1
    signed = told.approval_of_plain(told.ivy, raw)
    told.time.ms += more_ms
    told.add_later(statement_id(9), signed)


def withdrawn_after_a_stop(told: Company) -> None:
    """Withdraw, by a change, a statement of somebody gone that its type stopped."""
    define_types(told)
    draft_of_type(told, number=5)
    told.change(told.ada, 4, retire(FIRST, "stop"), {"deactivate": {"user": told.cal.user}})
    told.draft_unseen(told.ada, {"withdraw": {"statement": statement_id(5)}})


_OF_TWO = POLICY | {"threshold": 2}

TRIES: Tries = {
    "a draft of a type": (drafted, None),
    "a draft that leaves out who drafts its type": (
        partial(drafted, drafters=()),
        "decision_mismatch",
    ),
    "a draft that names another drafter": (
        partial(drafted, drafters=("role:creator", "role:investor")),
        "decision_mismatch",
    ),
    "a draft with an end of its own": (
        partial(drafted, policy=POLICY | {"expiresAt": "2026-12-01T00:00:00.000Z"}),
        None,
    ),
    "a draft under another policy": (partial(drafted, policy=_OF_TWO), "type_policy_mismatch"),
    "a draft under a policy with a veto": (
        partial(drafted, policy=POLICY | {"veto": ["role:creator"]}),
        "type_policy_mismatch",
    ),
    "a draft that states what its policy says anyway": (
        partial(drafted, policy=POLICY | {"creatorMaySign": True, "assurance": "key", "veto": []}),
        None,
    ),
    "content that the schema refuses": (partial(drafted, content="{}"), "schema_unmet"),
    "content with another member": (
        partial(drafted, content='{"amount":"1","fee":"2"}'),
        "schema_unmet",
    ),
    "content at a bound with a fraction": (
        partial(drafted, content='{"amount":"1","seats":9}'),
        None,
    ),
    "content above a bound with a fraction": (
        partial(drafted, content='{"amount":"1","seats":10}'),
        "schema_unmet",
    ),
    "a draft without the digest": (
        partial(drafted, type={"name": "terms", "version": 1}),
        "type_unknown",
    ),
    "a draft with another digest": (
        partial(drafted, type=stated(FIRST) | {"sha256": "0" * 64}),
        "type_outdated",
    ),
    "a draft with a digest in capitals": (
        partial(drafted, type=stated(FIRST) | {"sha256": stated(FIRST)["sha256"].upper()}),
        "document_malformed",
    ),
    "a draft of a version to come": (
        partial(drafted, type=stated(FIRST) | {"version": 2}),
        "type_outdated",
    ),
    "a draft of the version before": (drafted_of_the_version_before, "type_outdated"),
    "a draft with an end within the longest wait of its type": (
        partial(drafted_to_end, HOUR_MS),
        None,
    ),
    "a draft with an end after the longest wait of its type": (
        partial(drafted_to_end, 2 * HOUR_MS),
        "expires_too_late",
    ),
    "a draft of a retired type": (drafted_after_the_type_retired, "type_retired"),
    "a draft of an unknown type": (
        partial(drafted, type=stated(FIRST) | {"name": "offer"}, said="offer"),
        "type_unknown",
    ),
    "a draft of a reserved name": (
        partial(drafted, type=stated(FIRST) | {"name": "ledger/change"}, said="ledger/change"),
        "type_unknown",
    ),
    "a draft said to be of no type": (partial(drafted, said=None), "decision_mismatch"),
    "a draft said to end later": (
        partial(drafted, ends="2028-01-01T00:00:00.000Z"),
        "decision_mismatch",
    ),
    "a draft by somebody of another role": (partial(drafted_by, "ivy"), "drafter_only"),
    "a draft by somebody named": (drafted_by_somebody_named, None),
    "an untyped draft where a type is required": (drafted_untyped, "type_required"),
    "a draft of a type where one is required": (drafted_where_a_type_is_required, None),
    "an approval after a version that continues": (
        lambda told: approved_after(told, define(SECOND, FIRST, "continue")),
        None,
    ),
    "an approval after a version that stops": (
        lambda told: approved_after(told, define(SECOND, FIRST, "stop")),
        "statement_expired",
    ),
    "an approval after an end that continues": (
        lambda told: approved_after(told, retire(FIRST, "continue")),
        None,
    ),
    "an approval after an end that stops": (
        lambda told: approved_after(told, retire(FIRST, "stop")),
        "statement_expired",
    ),
    "an approval of the version that stopped others": (approved_of_the_new_version, None),
    "an approval two versions later": (approved_two_versions_later, "statement_expired"),
    "a further approval after a stop": (approved_again_after_a_stop, None),
    "a rejection after a stop": (rejected_after_a_stop, "statement_expired"),
    "a withdrawal by a change after a stop": (withdrawn_after_a_stop, "statement_expired"),
    "an approval in the individual form": (in_the_individual_form, "shared_form_required"),
    "an approval before the end that the type gives": (partial(ended, 0), None),
    "an approval at the end that the type gives": (partial(ended, 1), "statement_expired"),
}
