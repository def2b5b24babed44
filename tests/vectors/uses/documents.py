"""Documents, types and changes that name executors: what an auditor says of the last event."""

from functools import partial
from typing import Any

from ledger import clock
from ledger.domain.events import StatementDrafted, StatementSigned
from tests.support.chronicle import statement_id
from tests.support.document_end import ends_at
from tests.support.type_definitions import POLICY, define, definition, stated
from tests.vectors.uses.tries import ROLE, Executors, Tries

MANY = [f"user:{number:08x}-0000-4000-8000-000000000000" for number in range(257)]
LATER = {"until": "2027-11-21T00:00:00.000Z"}


def drafted(told: Executors, usable: Any, **members: Any) -> None:
    """Append the draft of a document with this member as the last event."""
    said = {"policy": told.by_cal(), "statementId": statement_id(9), "usable": usable} | members
    raw = told.cal.document(**said)
    own = told.cal.user, told.cal.key.kid, told.cal.draft_act(raw)
    kind = None if "type" not in members else members["type"]["name"]
    drafters = () if kind is None else ("role:creator",)
    body = StatementDrafted(
        raw.decode(), *own, ends_at(raw), kind, read_by="everyone", drafters=drafters
    )
    told.add(statement_id(9), body)


def drafted_until(told: Executors, more_ms: int) -> None:
    drafted(told, told.usable(until=clock.to_text(told.time.ms + more_ms)))


def drafted_of_a_type(told: Executors, of_type: Any, own: Any) -> None:
    """Draft a statement of a type that says this of its uses."""
    text = definition(**({} if of_type is None else {"usable": of_type}))
    told.change(told.ada, 3, define(text))
    said = {"content": '{"amount":"100"}', "policy": POLICY, "type": stated(text)}
    drafted(told, own, **said)


def defined(told: Executors, usable: Any) -> None:
    """Draft the change that defines a type with this member."""
    told.draft_unseen(told.ada, define(definition(usable=usable)))


def approved_in_the_individual_form(told: Executors) -> None:
    raw = told.drafts()
    signed = told.approval_of_plain(told.cal, raw, 5)
    members = {name: getattr(signed, name) for name in signed.__struct_fields__}
    own = {"jws": told.cal.individual(raw), "form": "individual"}
    told.add(statement_id(5), StatementSigned(**(members | own)))


DOCUMENTS: Tries = {
    "a document with 256 executors": (
        lambda told: drafted(told, {"by": MANY[:256], "times": 1000}),
        None,
    ),
    "a document with null for its executors": (lambda told: drafted(told, None), None),
    "a document with 257 executors": (
        lambda told: drafted(told, {"by": MANY, "times": 1}),
        "usable_invalid",
    ),
    "a document without an executor": (
        lambda told: drafted(told, {"by": [], "times": 1}),
        "usable_invalid",
    ),
    "a document with an executor twice": (
        lambda told: drafted(told, told.usable(told.ivy, told.ivy)),
        "usable_invalid",
    ),
    "a document with a role that is not there": (
        lambda told: drafted(told, {"by": ["role:lawyer"], "times": 1}),
        "usable_invalid",
    ),
    "a document with auditors as executors": (
        lambda told: drafted(told, {"by": ["role:auditor"], "times": 1}),
        "usable_invalid",
    ),
    "a document that is used 0 times": (
        lambda told: drafted(told, told.usable(times=0)),
        "usable_invalid",
    ),
    "a document that is used 1,001 times": (
        lambda told: drafted(told, told.usable(times=1001)),
        "usable_invalid",
    ),
    "a document that is used once and a half": (
        lambda told: drafted(told, told.usable() | {"times": 1.5}),
        "document_malformed",
    ),
    "a document with another member in usable": (
        lambda told: drafted(told, told.usable() | {"never": True}),
        "document_malformed",
    ),
    "a document whose use ends with its draft": (
        partial(drafted_until, more_ms=0),
        "use_expired",
    ),
    "a document whose use ends at no time": (
        lambda told: drafted(told, told.usable(until="soon")),
        "time_invalid",
    ),
    "a usable document in the individual form": (
        approved_in_the_individual_form,
        "shared_form_required",
    ),
    "a usable change": (
        lambda told: told.draft_unseen(
            told.ada, {"define-role": {"role": "legal"}}, usable=told.usable()
        ),
        "change_invalid",
    ),
    "a statement of a usable type": (partial(drafted_of_a_type, of_type=ROLE, own=ROLE), None),
    "a statement of a usable type with an end": (
        partial(drafted_of_a_type, of_type=ROLE, own=ROLE | LATER),
        None,
    ),
    "a statement of a usable type with more uses": (
        partial(drafted_of_a_type, of_type=ROLE, own=ROLE | {"times": 3}),
        "type_usable_mismatch",
    ),
    "a statement of a usable type that nobody uses": (
        partial(drafted_of_a_type, of_type=ROLE, own=None),
        "type_usable_mismatch",
    ),
    "a usable statement of a type that nobody uses": (
        partial(drafted_of_a_type, of_type=None, own=ROLE),
        "type_usable_mismatch",
    ),
    "a type whose use ends": (lambda told: defined(told, ROLE | LATER), "type_invalid"),
    "a type that is used 0 times": (
        lambda told: defined(told, ROLE | {"times": 0}),
        "usable_invalid",
    ),
    "a type with executors of a role that is not there": (
        lambda told: defined(told, {"by": ["role:lawyer"], "times": 1}),
        "policy_invalid",
    ),
}
