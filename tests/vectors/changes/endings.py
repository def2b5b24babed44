"""Changes that declare a compromise or withdraw a statement, and the code that refuses the last."""

from collections.abc import Callable
from typing import Any

from ledger.domain.charter import STREAM
from ledger.domain.events import CompromiseSet, StatementWithdrawnByChange
from tests.support.chronicle import statement_id
from tests.support.signers import Signer
from tests.vectors.changes.company import Company, Item, stand
from tests.vectors.changes.erasures import erase

DAY_MS = 86_400_000
FUTURE = "2026-12-31T00:00:00.000Z"
BEFORE = "2026-11-21T03:04:05.000Z"  # the ledger's first event is later
Try = Callable[[Company], None]


def compromised(who: Signer, since: str, **members: Any) -> Item:
    named = {} if "passkey" in members else {"kid": who.key.kid}
    return {"declare-compromise": {"user": who.user, "since": since} | named | members}


def withdraw(number: int) -> Item:
    return {"withdraw": {"statement": statement_id(number)}}


def _passkey(who: Signer) -> dict[str, str]:
    return {"passkey": who.passkey.id}


def _ivys_key(told: Company, **members: Any) -> Item:
    return compromised(told.ivy, str(told.time), **members)


def _ivys_passkey(told: Company, *also: str) -> Item:
    return compromised(told.ivy, str(told.time), **_passkey(told.ivy), also=list(also))


DRAFTED: dict[str, tuple[str | None, Callable[[Company], list[Item]]]] = {
    "a compromised key": (None, lambda it: [_ivys_key(it)]),
    "a compromised passkey, a person's last": (None, lambda it: [_ivys_passkey(it)]),
    "a compromised passkey, and the key that it attested": (
        None,
        lambda it: [_ivys_passkey(it, f"kid:{it.ivy.key.kid}")],
    ),
    "a compromise of nobody's key": (
        "key_unknown",
        lambda it: [_ivys_key(it, kid=it.cal.key.kid)],
    ),
    "a compromise of nobody's passkey": (
        "passkey_unknown",
        lambda it: [_ivys_key(it, **_passkey(it.cal))],
    ),
    "a compromise of a key and a passkey": (
        "change_invalid",
        lambda it: [_ivys_key(it, kid=it.ivy.key.kid, **_passkey(it.ivy))],
    ),
    "a compromise of nothing": (
        "change_invalid",
        lambda it: [{"declare-compromise": {"user": it.ivy.user, "since": str(it.time)}}],
    ),
    "a compromise at no time": ("time_invalid", lambda it: [compromised(it.ivy, "yesterday")]),
    "a compromise in the future": ("time_invalid", lambda it: [compromised(it.ivy, FUTURE)]),
    "a compromise before the attestation": (
        "compromise_date_refused",
        lambda it: [compromised(it.ivy, BEFORE)],
    ),
    "a compromise twice": ("compromise_known", lambda it: [_ivys_key(it), _ivys_key(it)]),
    "a compromise of a key, and of the passkey that attested it": (
        "compromise_unrelated",
        lambda it: [_ivys_key(it, also=[f"passkey:{it.ivy.passkey.id}"])],
    ),
    "a compromise of a passkey, and of what it did not attest": (
        "compromise_unrelated",
        lambda it: [_ivys_passkey(it, f"passkey:{it.ivy.passkey.id}")],
    ),
    "a compromise of a passkey, and twice of one key": (
        "compromise_unrelated",
        lambda it: [_ivys_passkey(it, *[f"kid:{it.ivy.key.kid}"] * 2)],
    ),
    "a compromise of somebody deactivated": (
        "change_no_effect",
        lambda it: [stand("deactivate", it.ivy), _ivys_key(it)],
    ),
    "a compromise of the only administrators' passkeys": (
        "governance_unmeetable",
        lambda it: [compromised(each, str(it.time), **_passkey(each)) for each in (it.ada, it.ben)],
    ),
    "a withdrawal of no statement": ("statement_unknown", lambda _: [withdraw(77)]),
    "a withdrawal of a person": (
        "statement_unknown",
        lambda it: [{"withdraw": {"statement": it.ivy.user}}],
    ),
    "an erasure of no statement": ("statement_unknown", lambda _: [erase(77)]),
    "an erasure of a person": (
        "statement_unknown",
        lambda it: [{"erase": {"statement": it.ivy.user, "status": "approved"}}],
    ),
    "an erasure with another member": (
        "change_invalid",
        lambda _: [{"erase": erase(3)["erase"] | {"positions": [1]}}],
    ),
    "a withdrawal of an id in capitals": (
        "id_invalid",
        lambda _: [{"withdraw": {"statement": statement_id(0xAB).upper()}}],
    ),
}
# The same with a statement of Cal's that waits.
WITH_A_STATEMENT: dict[str, tuple[str | None, Callable[[Company], list[Item]]]] = {
    "a withdrawal of what its creator can withdraw": ("creator_not_gone", lambda _: [withdraw(3)]),
    "a withdrawal of what its suspended creator may withdraw later": (
        "creator_not_gone",
        lambda it: [stand("suspend", it.cal), withdraw(3)],
    ),
    "a withdrawal of what a deactivated person left": (
        None,
        lambda it: [stand("deactivate", it.cal), withdraw(3)],
    ),
    "an erasure of what is pending": ("not_erasable", lambda _: [erase(3)]),
    "an erasure of what the same change withdraws": (
        "not_erasable",
        lambda it: [stand("deactivate", it.cal), withdraw(3), erase(3)],
    ),
    "a withdrawal twice": (
        "statement_withdrawn",
        lambda it: [stand("deactivate", it.cal), withdraw(3), withdraw(3)],
    ),
}


def _asked(asked: Callable[[Company], list[Item]], code: str | None, *, waits: bool) -> Try:
    def told_so(told: Company) -> None:
        if waits:
            told.draft(told.cal, 3)
        if code is None:
            told.change(told.ada, 9, *asked(told))
        else:
            told.draft_unseen(told.ada, *asked(told))

    return told_so


def withdrawn_after_its_approval(told: Company) -> None:
    raw = told.draft(told.cal, 3, policy={"threshold": 1, "of": ["role:investor"]})
    told.sign(told.ivy, told.ivy.shared(raw), raw)
    told.draft_unseen(told.ada, stand("deactivate", told.cal), withdraw(3))


def withdrawn_after_it_expired(told: Company) -> None:
    ends = "2026-11-22T03:04:05.678Z"
    told.draft(told.cal, 3, policy={"threshold": 1, "of": ["role:investor"], "expiresAt": ends})
    told.time.ms += 2 * DAY_MS
    told.draft_unseen(told.ada, stand("deactivate", told.cal), withdraw(3))


def declared_months_later(told: Company) -> None:
    since = str(told.time)
    told.time.ms += 90 * DAY_MS
    told.change(told.ada, 9, compromised(told.ivy, since))


def approved_with_a_compromised_key(told: Company) -> None:
    raw = told.draft(told.cal, 3, policy={"threshold": 1, "of": ["role:investor"]})
    signed = told.approval_of_plain(told.ivy, raw, 3)
    told.change(told.ada, 9, _ivys_key(told))
    told.add(statement_id(3), signed)


def approved_by_two_of_whom_one_is_in_question(told: Company) -> None:
    """Two of three approve, and the log says that this is enough."""
    rules = {"threshold": 2, "of": ["role:investor", "role:creator"]}
    raw = told.draft(told.cal, 3, policy=rules)
    since = str(told.time)
    told.sign(told.ivy, told.ivy.shared(raw), raw)
    signed = told.approval_of_plain(told.cal, raw, 3)
    assert signed.status == "approved"
    told.change(told.ada, 9, compromised(told.ivy, since))
    told.add(statement_id(3), signed)


def withdrawn_by_no_change(told: Company) -> None:
    told.draft(told.cal, 3)
    told.change(told.ada, 4, stand("deactivate", told.cal))
    told.add(statement_id(3), StatementWithdrawnByChange(statement_id(4)))


def another_statement_withdrawn(told: Company) -> None:
    told.draft(told.cal, 3)
    told.draft(told.cal, 5)
    told.change(told.ada, 4, stand("deactivate", told.cal))
    raw = told.begin(told.ada, withdraw(3))
    told.tell(statement_id(9), told.approval_of(told.ada, raw))
    told.add(statement_id(5), StatementWithdrawnByChange(statement_id(9)))


def declared_with_another_date(told: Company) -> None:
    since = str(told.time)
    raw = told.begin(told.ada, compromised(told.ivy, since))
    later = str(told.time)
    told.tell(statement_id(9), told.approval_of(told.ada, raw))
    reference = f"kid:{told.ivy.key.kid}"
    told.add(told.ivy.user, CompromiseSet(statement_id(9), reference, later, ()))


def withdrawn_in_the_ledgers_stream(told: Company) -> None:
    told.draft(told.cal, 3)
    told.change(told.ada, 4, stand("deactivate", told.cal))
    raw = told.begin(told.ada, withdraw(3))
    told.tell(statement_id(9), told.approval_of(told.ada, raw))
    told.add(STREAM, StatementWithdrawnByChange(statement_id(9)))


ENDINGS: dict[str, tuple[Try, str | None]] = {
    **{name: (_asked(asked, code, waits=False), code) for name, (code, asked) in DRAFTED.items()},
    **{
        name: (_asked(asked, code, waits=True), code)
        for name, (code, asked) in WITH_A_STATEMENT.items()
    },
    "a withdrawal of what is approved": (withdrawn_after_its_approval, "statement_approved"),
    "a withdrawal of what has expired": (withdrawn_after_it_expired, "statement_expired"),
    "a compromise of 90 days ago": (declared_months_later, None),
    "an approval with a key that a change declared compromised": (
        approved_with_a_compromised_key,
        "key_revoked",
    ),
    "an approval that counts one that a change put in question": (
        approved_by_two_of_whom_one_is_in_question,
        "decision_mismatch",
    ),
    "a withdrawal by no change": (withdrawn_by_no_change, "effect_unexpected"),
    "a withdrawal of another statement": (another_statement_withdrawn, "effect_unexpected"),
    "a withdrawal in the ledger's stream": (withdrawn_in_the_ledgers_stream, "effect_unexpected"),
    "a compromise at another time": (declared_with_another_date, "decision_mismatch"),
}
