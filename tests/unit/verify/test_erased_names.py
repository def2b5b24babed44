"""Logs and bundles with a name that a change erased: what is verified, and what is refused."""

from functools import cache
from uuid import UUID

import msgspec
import pytest

from ledger.domain.entry import cut, join
from ledger.domain.events import NameErased
from ledger.verify.auditor import AuditError
from ledger.verify.bundle import verify
from ledger.verify.container import Mode
from ledger.verify.report import VerificationReport
from tests.support.chronicle import statement_id
from tests.support.dossier import bundle_of, rebundled
from tests.support.erased import replayed, without_erased
from tests.support.forgery import resealed
from tests.vectors.changes.company import Company, stand
from tests.vectors.changes.erasures import ONE_INVESTOR, erase_name

SIGNED, CHANGE = statement_id(3), statement_id(9)
NOW_MS = 1_800_000_000_000


@cache
def told() -> Company:
    """Ivy approved a statement and left; a change then erased her name, and a namesake came."""
    company = Company()
    company.announce(1)
    raw = company.draft(company.cal, 3, policy=ONE_INVESTOR)
    company.sign(company.ivy, company.ivy.shared(raw), raw)
    company.change(company.ada, 9, stand("deactivate", company.ivy), erase_name(company.ivy))
    return company


def left() -> list[bytes]:
    return without_erased(told().states)


def place(tag: str) -> int:
    """Return the index of the last event of Ivy's stream with this tag."""
    ivy = UUID(told().ivy.user)
    return max(
        n
        for n, each in enumerate(told().events)
        if each.stream == ivy and each.body.TAG.startswith(tag)
    )


def refusal(states: list[bytes]) -> tuple[int, str] | None:
    try:
        replayed(states)
    except AuditError as error:
        return int(str(error.evidence["position"])), getattr(error.__cause__, "code", "")
    return None


def checked(raw: bytes) -> VerificationReport:
    return verify(raw, now_ms=NOW_MS)


def code_of(report: VerificationReport) -> tuple[str, str | None]:
    wanted = [each for each in report.checks if each.outcome not in ("passed", "skipped")]
    found = next((each for each in wanted if each.code != "log_key_not_given"), None)
    return report.verdict, None if found is None else found.code


def test_a_log_is_verified_after_a_name_is_gone_and_the_person_has_a_short_id() -> None:
    states = left()
    assert sum(not cut(state)[1] for state in states) == 1
    ivy = replayed(states).people[UUID(told().ivy.user)]
    assert ivy.name == f"Erased name ({ivy.user[:8]})"
    assert (ivy.standing, ivy.name_erased_by) == ("deactivated", CHANGE)
    assert len(ivy.keys) == 1


@pytest.mark.parametrize("tag", ["user-registered", "passkey-added", "key-attested", "standing"])
def test_nothing_of_a_person_is_erased_but_the_name(tag: str) -> None:
    """A lying operator states that a change erased the end of a key, say, beside the name."""
    states, at, by = left(), place(tag), place("name-erased")
    states[at] = join(cut(told().states[at])[0], b"")
    assert refusal(states) == (at + 1, "body_missing")
    stated = (at + 1, place("user-named") + 1)
    states[by] = resealed(told().states[by], body={"positions": tuple(sorted(stated))})
    # The name is gone before a later event of theirs, whose version shows it.
    code = "version_gap" if tag == "standing" else "event_misplaced"
    assert refusal(states) == (at + 1, code)


def test_a_name_that_no_change_erased_is_missing() -> None:
    states = [*told().states]
    named = next(n for n, each in enumerate(told().events) if each.body.TAG == "user-named.v1")
    states[named] = join(cut(states[named])[0], b"")
    assert refusal(states) == (named + 1, "body_missing")


@pytest.mark.parametrize("name", ["Erased name (00000000)", "ERASED-NAME"])
def test_nobody_alive_is_named_like_an_erased_name(name: str) -> None:
    """A lying operator records it, past the server's own check."""
    states = [*told().states]
    named = next(n for n, each in enumerate(told().events) if each.body.TAG == "user-named.v1")
    states[named] = resealed(states[named], body={"name": name})
    assert refusal(states) == (named + 1, "name_invalid")


def test_the_erasing_event_names_the_position_of_the_name() -> None:
    states, by, named = left(), place("name-erased"), place("user-named")
    for wrong in ((named + 1, named), (named,), ()):
        states[by] = resealed(told().states[by], body={"positions": wrong})
        assert refusal(states) is not None


def test_an_erasure_that_no_change_brought_about_is_refused() -> None:
    states, by = left(), place("name-erased")
    wrong = NameErased(statement_id(77), (place("user-named") + 1,))
    states[by] = resealed(told().states[by], body=msgspec.structs.asdict(wrong))
    assert refusal(states) == (by + 1, "decision_mismatch")


@pytest.mark.parametrize("mode", ["full", "redacted", "statement"])
@pytest.mark.parametrize("shown", [SIGNED, CHANGE])
def test_what_the_person_signed_is_verified_as_before(mode: Mode, shown: str) -> None:
    report = checked(bundle_of(told().states, mode, shown, erases=True))
    assert code_of(report) == ("consistent", None)
    assert report.statements[0].status == "approved"
    if shown == SIGNED:
        names = [each.name for each in report.statements[0].approvers]
        assert names == [f"Erased name ({told().ivy.user[:8]})"]


@pytest.mark.parametrize("mode", ["redacted", "statement"])
def test_an_erased_name_without_the_change_that_erased_it_cannot_be_verified(mode: Mode) -> None:
    raw = bundle_of(told().states, mode, SIGNED, erases=True)
    change = [n for n, each in enumerate(told().events) if str(each.stream) == CHANGE]
    gone: dict[str, bytes | None] = {f"bodies/{n}": None for n in change}
    assert code_of(checked(rebundled(raw, gone))) == ("unverifiable", "change_missing")


@pytest.mark.parametrize("mode", ["full", "redacted", "statement"])
def test_a_withheld_name_is_no_erased_one(mode: Mode) -> None:
    """Without an erasure in the log, a bundle that leaves out a name cannot be verified."""
    states = told().states[: place("standing")]
    raw = bundle_of(states, mode, SIGNED)
    if mode == "full":
        return  # bodies are in packs there; tests/vectors/evidence has that case
    named = place("user-named")
    assert code_of(checked(rebundled(raw, {f"bodies/{named}": None}))) == (
        "unverifiable",
        "body_missing",
    )
