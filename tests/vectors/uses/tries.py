"""What people try with uses: each tells a log whose last event an auditor accepts or refuses."""

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from ledger import clock
from ledger.domain.events import OutcomeReported, StatementUsed
from ledger.domain.vocabulary import UseOutcome
from tests.support.chronicle import about, statement_id
from tests.support.signers import Signer
from tests.support.versions import copied
from tests.vectors.changes.company import Company

NONCE, OTHER = "n" * 22, "m" * 22
HOUR_MS = 3_600_000


class Executors(Company):
    """The company, and what each try says of statement 5, which Ivy may use."""

    def by_cal(self) -> dict[str, Any]:
        return {"threshold": 1, "of": [f"user:{self.cal.user}"]}

    def usable(self, *by: Signer, times: int = 1, **more: Any) -> dict[str, Any]:
        named = [f"user:{each.user}" for each in by or (self.ivy,)]
        return {"by": named, "times": times} | more

    def drafts(self, **members: Any) -> bytes:
        found = {"policy": self.by_cal(), "usable": self.usable()} | members
        return self.draft(self.cal, 5, **found)

    def approves(self, **members: Any) -> bytes:
        raw = self.drafts(**members)
        self.sign(self.cal, self.cal.shared(raw), raw)
        return raw

    def used(self, **members: Any) -> bytes:
        """Record a use by Ivy."""
        raw = self.approves(**members)
        self.use_statement(self.ivy, raw, NONCE)
        return raw

    def reported(self, outcome: UseOutcome) -> bytes:
        raw = self.used()
        self.report(self.ivy, raw, (1, 1), outcome, confirmed=False)
        return raw

    def use_unseen(
        self, raw: bytes, who: Signer | None = None, nonce: str = NONCE, **changes: Any
    ) -> None:
        """Append a use as the last event; `changes` are members of the event or of the act."""
        who = who or self.ivy
        said = {name: changes.pop(name) for name in ("sha256", "reference") if name in changes}
        body = StatementUsed(
            signer=who.user,
            kid=who.key.kid,
            number=1,
            generation=1,
            nonce=nonce,
            act=who.act("use", **(about(raw) | {"nonce": nonce} | said)),
            reference=said.get("reference"),
        )
        self.add(statement_id(5), msgspec.structs.replace(body, **changes))

    def report_unseen(
        self, raw: bytes, who: Signer, outcome: UseOutcome, *, confirmed: bool, **changes: Any
    ) -> None:
        """Append the report of an outcome as the last event."""
        place = {name: changes.pop(name, 1) for name in ("number", "generation")}
        members: dict[str, Any] = {**place, "outcome": outcome}
        act = who.act("outcome", **about(raw), **members)
        body = OutcomeReported(
            signer=who.user,
            kid=who.key.kid,
            outcome=outcome,
            frees=confirmed,
            act=act,
            assertion=who.confirm(act) if confirmed else None,
            sign_count=who.passkey.sign_count if confirmed else None,
            **place,
        )
        self.add(statement_id(5), msgspec.structs.replace(body, **changes))


# --- uses ----------------------------------------------------------------------------------------


def used(told: Executors, **changes: Any) -> None:
    """Use the approved statement."""
    told.use_unseen(told.approves(), **changes)


def used_of(told: Executors, usable: Callable[[Executors], Any], **changes: Any) -> None:
    """Use a statement with this member."""
    told.use_unseen(told.approves(usable=usable(told)), **changes)


def used_again(told: Executors, times: int, nonce: str, **changes: Any) -> None:
    """Use a statement that was used once."""
    told.use_unseen(told.used(usable=told.usable(times=times)), nonce=nonce, **changes)


def used_by_a_stranger(told: Executors) -> None:
    told.use_unseen(told.approves(), told.ben)


def used_while_pending(told: Executors) -> None:
    told.use_unseen(told.drafts())


def used_after_a_withdrawal(told: Executors) -> None:
    raw = told.drafts()
    told.withdraw(told.cal, raw)
    told.use_unseen(raw)


def used_after_a_new_version(told: Executors) -> None:
    raw = told.approves()
    newer = told.draft(told.cal, 6, policy=told.by_cal(), supersedes=copied(raw))
    told.sign(told.cal, told.cal.shared(newer), newer)
    told.use_unseen(raw)


def used_later(told: Executors, more_ms: int) -> None:
    """Use a statement just before or at the end of its use."""
    until = clock.to_text(told.time.ms + HOUR_MS)
    raw = told.approves(usable=told.usable(until=until))
    told.time.ms = clock.to_ms(until) + more_ms
    told.use_unseen(raw)


def used_in_question(told: Executors) -> None:
    since = str(told.time)
    raw = told.approves()
    told.declare(told.cal, told.cal.key, kid=told.cal.key.kid, since=since)
    told.use_unseen(raw)


def used_after_a_key_ended(told: Executors, **changes: Any) -> None:
    """Use a statement after something in the stream of who approved it."""
    raw = told.approves()
    told.revoke(told.cal, told.cal.key.kid)
    told.use_unseen(raw, **changes)


def used_once_more(told: Executors, generation: int) -> None:
    """Use a statement again after its use was not done."""
    raw = told.reported("not-done")
    told.report(told.cal, raw, (1, 1), "not-done", confirmed=True)
    told.use_unseen(raw, nonce=OTHER, generation=generation)


# --- outcomes ------------------------------------------------------------------------------------


def reported(told: Executors, outcome: UseOutcome, **changes: Any) -> None:
    told.report_unseen(told.used(), told.ivy, outcome, confirmed=False, **changes)


def reported_after(told: Executors, before: UseOutcome, outcome: UseOutcome) -> None:
    told.report_unseen(told.reported(before), told.ivy, outcome, confirmed=False)


def confirmed(told: Executors, before: UseOutcome | None, by: str = "cal", **changes: Any) -> None:
    """Confirm that a use was not done."""
    raw = told.used() if before is None else told.reported(before)
    outcome: UseOutcome = changes.pop("outcome", "not-done")
    told.report_unseen(raw, getattr(told, by), outcome, confirmed=True, **changes)


def confirmed_twice(told: Executors) -> None:
    raw = told.reported("not-done")
    told.report(told.cal, raw, (1, 1), "not-done", confirmed=True)
    told.report_unseen(raw, told.cal, "not-done", confirmed=True)


def confirmed_the_second_use(told: Executors) -> None:
    raw = told.reported("not-done")
    told.report(told.cal, raw, (1, 1), "not-done", confirmed=True)
    told.use_statement(told.ivy, raw, OTHER)
    told.report(told.ivy, raw, (1, 2), "not-done", confirmed=False)
    told.report_unseen(raw, told.cal, "not-done", confirmed=True, generation=2)


ROLE = {"by": ["role:investor"], "times": 2}
Tries = dict[str, tuple[Callable[["Executors"], None], str | None]]
TRIES: Tries = {
    "a use": (used, None),
    "a use with a reference": (partial(used, reference="order 17"), None),
    "a use by a holder of a role": (partial(used_of, usable=lambda _: ROLE), None),
    "a second use of two": (partial(used_again, times=2, nonce=OTHER, number=2), None),
    "a use too many": (partial(used_again, times=1, nonce=OTHER), "used_up"),
    "a use too many that says another number": (
        partial(used_again, times=1, nonce=OTHER, number=2),
        "used_up",
    ),
    "a number that is taken": (
        partial(used_again, times=2, nonce=OTHER, number=1),
        "decision_mismatch",
    ),
    "a use with another generation": (partial(used, generation=2), "decision_mismatch"),
    "the same nonce again": (partial(used_again, times=2, nonce=NONCE, number=2), "use_known"),
    "a use by a stranger": (used_by_a_stranger, "use_not_allowed"),
    "a use of a pending statement": (used_while_pending, "statement_pending"),
    "a use of a withdrawn statement": (used_after_a_withdrawal, "statement_withdrawn"),
    "a use of a superseded statement": (used_after_a_new_version, "statement_superseded"),
    "a use just before its end": (partial(used_later, more_ms=-1), None),
    "a use at its end": (partial(used_later, more_ms=0), "use_expired"),
    "a use of what names no executors": (
        partial(used_of, usable=lambda _: None),
        "not_usable",
    ),
    "a use of what is in question": (used_in_question, "statement_in_question"),
    "a use of another document": (partial(used, sha256="0" * 64), "act_mismatch"),
    "a nonce that is too short": (partial(used, nonce="n" * 21), "nonce_invalid"),
    "a nonce with another letter": (partial(used, nonce="é" * 22), "nonce_invalid"),
    "an empty reference": (partial(used, reference=" "), "reference_invalid"),
    "a reference that is too long": (partial(used, reference="r" * 201), "reference_invalid"),
    "a reference with an invisible letter": (partial(used, reference="a\u200bb"), "text_refused"),
    "a use that says another reference": (
        lambda told: told.use_unseen(told.approves(), number=1, nonce=NONCE, kid="another"),
        "decision_mismatch",
    ),
    "a use after the key of an approval ended": (used_after_a_key_ended, None),
    "a use that has not seen who approved": (
        partial(used_after_a_key_ended, seen={"00000000-0000-0000-0000-000000000004": 3}),
        "seen_mismatch",
    ),
    "a use after another was not done": (partial(used_once_more, generation=2), None),
    "a use after another was not done, as the first": (
        partial(used_once_more, generation=1),
        "decision_mismatch",
    ),
    "done": (partial(reported, outcome="done"), None),
    "not done": (partial(reported, outcome="not-done"), None),
    "unknown": (partial(reported, outcome="unknown"), None),
    "done after unknown": (partial(reported_after, before="unknown", outcome="done"), None),
    "unknown twice": (
        partial(reported_after, before="unknown", outcome="unknown"),
        "outcome_known",
    ),
    "not done after done": (
        partial(reported_after, before="done", outcome="not-done"),
        "outcome_known",
    ),
    "an outcome of another use": (partial(reported, outcome="done", number=2), "use_unknown"),
    "a report that says it frees": (
        partial(reported, outcome="not-done", frees=True),
        "decision_mismatch",
    ),
    "a confirmation": (partial(confirmed, before="not-done"), None),
    "a confirmation that says it frees nothing": (
        partial(confirmed, before="not-done", frees=False),
        "decision_mismatch",
    ),
    "a confirmation without a passkey": (
        partial(confirmed, before="not-done", assertion=None, sign_count=None),
        "assertion_required",
    ),
    "a confirmation of nothing": (partial(confirmed, before=None), "outcome_missing"),
    "a confirmation of done": (partial(confirmed, before="done"), "outcome_missing"),
    "a confirmation by the executor": (
        partial(confirmed, before="not-done", by="ivy"),
        "outcome_known",
    ),
    "the executor's own report with a passkey": (
        partial(confirmed, before=None, by="ivy"),
        "assertion_unexpected",
    ),
    "a confirmation by a stranger": (
        partial(confirmed, before="not-done", by="ben"),
        "outcome_not_allowed",
    ),
    "another outcome than the executor's": (
        partial(confirmed, before="not-done", outcome="done"),
        "outcome_not_allowed",
    ),
    "a second confirmation": (confirmed_twice, "use_freed"),
    "a confirmation of the second use": (confirmed_the_second_use, "use_freed"),
}
