"""Logs and bundles whose bodies a change erased: what is verified still, and what is missing."""

from functools import cache
from uuid import UUID

import pytest

from ledger.domain import erasure
from ledger.domain.entry import cut, join
from ledger.domain.events import BodiesErased, Effect, RoleGranted
from ledger.domain.vocabulary import Status
from ledger.errors import CorruptError
from ledger.verify.auditor import AuditError
from ledger.verify.bundle import verify
from ledger.verify.container import Mode
from ledger.verify.report import VerificationReport
from tests.support.chronicle import statement_id
from tests.support.dossier import bundle_of, rebundled
from tests.support.erased import replayed, without_erased
from tests.support.refusals import refused
from tests.support.versions import copied
from tests.vectors.changes.company import Company, stand
from tests.vectors.changes.erasures import ONE_INVESTOR, erase

FIRST, SECOND, CHANGE = (statement_id(number) for number in (3, 5, 9))
NOW_MS = 1_800_000_000_000
LEFT = 4


@cache
def replaced(*erased: int) -> Company:
    """A statement that a version replaced; a change then erased these of the two."""
    told = Company()
    told.announce(1)
    first = told.draft(told.cal, 3, policy=ONE_INVESTOR)
    told.sign(told.ivy, told.ivy.shared(first), first)
    new = told.draft(told.cal, 5, supersedes=copied(first), policy=ONE_INVESTOR)
    told.sign(told.ivy, told.ivy.shared(new), new)
    told.change(
        told.ada, 9, *(erase(each, "superseded" if each == 3 else "approved") for each in erased)
    )
    return told


@cache
def granted_by_what_is_erased() -> Company:
    """A log in which the operator added a role, as if by a statement that a change then erased."""
    told = Company()
    told.announce(1)
    raw = told.draft(told.cal, 3, policy=ONE_INVESTOR)
    told.sign(told.ivy, told.ivy.shared(raw), raw)
    body = RoleGranted(FIRST, "administrator")
    told.auditor.due = (Effect(UUID(told.ivy.user), body),)  # as if something had brought it about
    told.tell(told.ivy.user, body)
    told.change(told.ada, 9, erase(3))
    return told


def refusal(states: list[bytes]) -> tuple[int, str] | None:
    """Return where and why an auditor of the whole log refuses these states."""
    try:
        replayed(states)
    except AuditError as error:
        return int(str(error.evidence["position"])), getattr(error.__cause__, "code", "")
    return None


def checked(raw: bytes) -> VerificationReport:
    return verify(raw, now_ms=NOW_MS)


def code_of(report: VerificationReport) -> tuple[str, str | None]:
    """Return the verdict and the code of the first check that did not pass, but the key's."""
    wanted = [each for each in report.checks if each.outcome not in ("passed", "skipped")]
    found = next((each for each in wanted if each.code != "log_key_not_given"), None)
    return report.verdict, None if found is None else found.code


@pytest.mark.parametrize("erased", [(3,), (5,), (3, 5), (5, 3)])
def test_a_log_is_verified_after_the_bodies_of_a_statement_are_gone(
    erased: tuple[int, ...],
) -> None:
    states = without_erased(replaced(*erased).states)
    assert sum(not cut(state)[1] for state in states) == sum(
        LEFT - 1 if each == 3 else 2 for each in erased
    )
    auditor = replayed(states)
    gone = {str(stream) for stream, each in auditor.statements.items() if each.is_erased}
    assert gone == {statement_id(each) for each in erased}


def test_a_body_that_no_change_erased_is_missing() -> None:
    told = replaced(3)
    states = without_erased(told.states)
    draft = next(n for n, each in enumerate(told.events) if str(each.stream) == SECOND)
    states[draft] = join(cut(states[draft])[0], b"")
    assert refusal(states) == (draft + 1, "body_missing")


def test_a_body_is_missing_if_the_event_of_its_erasure_is_gone() -> None:
    told = replaced(3)
    states = without_erased(told.states)[:-1]
    draft = next(n for n, each in enumerate(told.events) if str(each.stream) == FIRST)
    assert refusal(states) == (draft + 1, "body_missing")


def test_the_entry_of_an_erased_event_is_compared_with_its_place_in_the_stream() -> None:
    told = replaced(3)
    states = without_erased(told.states)
    draft = next(n for n, each in enumerate(told.events) if str(each.stream) == FIRST)
    raw, _ = cut(states[draft])
    states[draft] = join(raw.replace(b'"seq":1,', b'"seq":2,'), b"")
    assert refusal(states) == (draft + 1, "event_misplaced")


@pytest.mark.parametrize(
    ("status", "successor", "tags"),
    [
        ("approved", None, ["statement-drafted.v1", "statement-rejected.v1"]),
        ("rejected", None, ["statement-drafted.v1", "statement-signed.v1"]),
        ("withdrawn", None, ["statement-drafted.v1", "statement-signed.v1"]),
        ("expired", None, ["statement-drafted.v1", "statement-withdrawn.v1"]),
        ("superseded", SECOND, ["statement-drafted.v1", "statement-signed.v1"]),
        ("pending", None, ["statement-drafted.v1"]),
        ("approved", None, ["statement-signed.v1"]),
        ("approved", SECOND, ["statement-drafted.v1", "statement-signed.v1"]),
        ("superseded", None, ["statement-drafted.v1", "statement-superseded.v1"]),
        ("approved", None, []),
    ],
)
def test_an_erasure_states_what_the_types_of_the_entries_can_lead_to(
    status: Status, successor: str | None, tags: list[str]
) -> None:
    body = BodiesErased(CHANGE, tuple(range(1, len(tags) + 1)), status, successor)
    with refused(CorruptError, "erasure_mismatch"):
        erasure.require_possible(body, tuple(tags))


@pytest.mark.parametrize("mode", ["full", "redacted", "statement"])
@pytest.mark.parametrize("erased", [(3,), (5,), (3, 5)])
def test_the_bundle_of_the_change_shows_that_it_erased_the_bodies(
    mode: Mode, erased: tuple[int, ...]
) -> None:
    raw = bundle_of(replaced(*erased).states, mode, CHANGE, erases=True)
    assert code_of(checked(raw)) == ("consistent", None)


@pytest.mark.parametrize("mode", ["full", "redacted", "statement"])
def test_a_version_is_verified_after_the_statement_that_it_replaced_is_erased(mode: Mode) -> None:
    report = checked(bundle_of(replaced(3).states, mode, SECOND, erases=True))
    assert code_of(report) == ("consistent", None)
    (shown,) = report.statements
    assert (shown.status, shown.supersedes) == ("approved", FIRST)


@pytest.mark.parametrize("mode", ["redacted", "statement"])
def test_erased_bodies_without_the_change_that_erased_them_cannot_be_verified(mode: Mode) -> None:
    told = replaced(3)
    raw = bundle_of(told.states, mode, SECOND, erases=True)
    change = [n for n, each in enumerate(told.events) if str(each.stream) == CHANGE]
    gone: dict[str, bytes | None] = {f"bodies/{n}": None for n in change}
    assert code_of(checked(rebundled(raw, gone))) == ("unverifiable", "change_missing")


@pytest.mark.parametrize("mode", ["full", "redacted", "statement"])
def test_no_bundle_shows_a_statement_that_its_own_events_say_was_erased(mode: Mode) -> None:
    raw = bundle_of(replaced(3).states, mode, FIRST)  # its bodies were kept
    assert code_of(checked(raw)) == ("invalid", "statement_erased")


def test_other_statements_are_verified_as_before() -> None:
    told = Company()
    told.announce(1)
    raw = told.draft(told.cal, 3, policy=ONE_INVESTOR)
    told.withdraw(told.cal, raw)
    kept = told.draft(told.cal, 5, policy=ONE_INVESTOR)
    told.sign(told.ivy, told.ivy.shared(kept), kept)
    told.change(told.ada, 9, erase(3, "withdrawn"))
    told.change(told.ada, 10, stand("suspend", told.ben))
    assert isinstance(
        next(e.body for e in told.events if str(e.stream) == FIRST and e.version == 3), BodiesErased
    )
    modes: tuple[Mode, ...] = ("full", "redacted", "statement")
    for mode in modes:
        report = checked(bundle_of(told.states, mode, SECOND, erases=True))
        assert code_of(report) == ("consistent", None)
        assert report.statements[0].status == "approved"


def test_no_effect_rests_on_a_statement_that_is_erased_later() -> None:
    """Only a change has such effects, and no change can be erased."""
    told = granted_by_what_is_erased()
    granted = next(n for n, each in enumerate(told.events, 1) if isinstance(each.body, RoleGranted))
    assert refusal(without_erased(told.states)) == (granted, "effect_unexpected")
