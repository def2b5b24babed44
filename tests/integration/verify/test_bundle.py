"""The verifier of evidence: what follows from a good bundle, and what may not be left out."""

import json
from uuid import UUID

import pytest

from ledger import clock
from ledger.domain.events import Event
from ledger.verify import container
from ledger.verify.bundle import verify
from ledger.verify.event_checks import Events
from tests.support.chronicle import Chronicle
from tests.support.dossier import (
    APPROVED,
    REJECTED,
    bundle_of,
    rebundled,
    short_story,
)
from tests.support.forgery import sealed
from tests.support.versions import copied, version_of_nothing
from tests.vectors.evidence.cases import Case, good, made, states
from tests.vectors.evidence.make import reported
from tests.vectors.evidence.table import CASES


def test_a_report_says_who_decided_what_and_how_it_stands() -> None:
    report = reported(good("statement"), "given")
    approved, rejected = report.statements
    assert (approved.id, approved.title) == (APPROVED, "Series A – “preferred”")
    assert (approved.status, [each.name for each in approved.approvers]) == (
        "approved",
        ["Bob", "Alice Ångström"],
    )
    assert [(each.position, each.name, each.decision) for each in approved.decisions] == [
        (13, "Bob", "approval"),
        (14, "Alice Ångström", "approval"),
    ]
    assert (rejected.status, rejected.approvers) == ("rejected", ())
    assert [each.decision for each in rejected.decisions] == ["rejection"]
    assert (report.mode, report.ledger, report.size) == (
        "statement",
        "localhost-8000.ledger/4f9k2m7q",
        18,
    )


def test_only_a_bundle_of_chosen_entries_may_lack_later_ones_and_says_so() -> None:
    said = {mode: reported(good(mode), "given").does_not_prove for mode in ("statement", "full")}
    assert any("left out" in each for each in said["statement"])
    assert not any("left out" in each for each in said["full"])


def test_the_bundle_of_a_log_that_ends_in_the_middle_of_a_story_verifies() -> None:
    for size in range(12, 19):
        for mode in ("statement", "redacted", "full"):
            raw = bundle_of(states()[:size], mode, APPROVED)
            assert reported(raw, "given").verdict == "verified"


def test_a_pending_statement_has_expired_by_the_verifiers_clock() -> None:
    told = short_story()
    alice = told.signer(1, "creator")
    alice.passkey = told.signer(1).passkey
    ends = clock.to_text(told.time.ms + 1000)
    raw = told.draft(alice, 9, policy={"threshold": 1, "of": ["role:creator"], "expiresAt": ends})
    made_of = bundle_of(told.states, "statement", json.loads(raw)["statementId"])
    for now_ms, status in ((clock.to_ms(ends) - 1, "pending"), (clock.to_ms(ends), "expired")):
        (shown,) = verify(made_of, now_ms=now_ms).statements
        assert shown.status == status


def test_a_page_in_the_bundle_changes_nothing() -> None:
    raw = bundle_of(states(), "statement", page=b"<!doctype html>")
    assert container.parse(raw)["verify.html"] == b"<!doctype html>"
    assert reported(raw, "given").verdict == "verified"


def left_out(raw: bytes, *positions: int) -> bytes:
    """Return a bundle without these events as far as its mode allows."""
    names = ("bodies/{}", "entries/{}", "proofs/{}.tlog-proof")
    files = container.parse(raw)
    gone = {name.format(each - 1) for name in names for each in positions} & files.keys()
    return rebundled(raw, dict.fromkeys(gone))


def test_a_rejection_is_decided_without_the_people_who_did_not_decide() -> None:
    told = Chronicle()
    told.found()
    told.announce(1)
    people = told.signer(1, "creator"), told.signer(2, "investor"), told.signer(3, "investor")
    for name, who in zip(("Alice", "Bob", "Carol"), people, strict=True):
        told.register(who, name)
    alice, bob, _ = people
    told.reject(bob, told.draft(alice, 1))
    whole = bundle_of(told.states, "redacted", APPROVED)
    assert not {"bodies/10", "bodies/11", "bodies/12"} & container.parse(whole).keys()  # Carol
    assert reported(whole, "given").verdict == "verified"


def test_the_first_thing_that_is_missing_is_told() -> None:
    raw = rebundled(good("statement"), {f"proofs/{n}.tlog-proof": None for n in (4, 9)})
    entries = next(each for each in reported(raw, "given").checks if each.name == "entries")
    assert (entries.code, entries.position) == ("proof_missing", 5)


def test_a_statement_is_not_decided_without_the_one_that_it_supersedes() -> None:
    told = Chronicle()
    told.found()
    told.announce(1)
    alice = told.signer(1, "creator")
    told.register(alice, "Alice")
    earlier = told.draft(alice, 1)
    told.withdraw(alice, earlier)
    told.draft(alice, 2, supersedes=copied(earlier))
    whole = bundle_of(told.states, "statement", REJECTED)
    assert reported(whole, "given").verdict == "verified"
    without = left_out(left_out(whole, 7), 8)
    policy = next(each for each in reported(without, "given").checks if each.name == "policy")
    assert (policy.outcome, policy.code, policy.position) == (
        "unverifiable",
        "statement_missing",
        9,
    )


def test_in_the_whole_log_a_superseded_statement_that_is_not_there_never_was() -> None:
    told = Chronicle()
    told.found()
    told.announce(1)
    alice = told.signer(1, "creator")
    told.register(alice, "Alice")
    creator = told.auditor.people[UUID(alice.user)]
    body = version_of_nothing(alice, creator, told.time.ms, statementId=APPROVED)
    event = Event(stream=UUID(APPROVED), version=1, at=str(told.time), body=body)
    forged = bundle_of([*told.states, sealed(event)], "full", APPROVED)
    policy = next(each for each in reported(forged, "given").checks if each.name == "policy")
    assert (policy.outcome, policy.code, policy.position) == ("failed", "statement_unknown", 7)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_checks_apart_find_what_the_auditor_finds(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the auditor agrees, signatures, attestations and keys are not looked at again."""
    expected = reported(made(case), case.key)
    monkeypatch.setattr(Events, "is_sound", False)
    assert reported(made(case), case.key) == expected
