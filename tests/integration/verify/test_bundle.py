"""The verifier of evidence: nothing in a bundle gets past it, and nothing in one breaks it."""

import json
import random
from typing import Any, get_args
from uuid import UUID

import pytest

from ledger import clock
from ledger.domain import drafting, entry, events
from ledger.domain.events import Event, Recorded
from ledger.errors import LedgerError
from ledger.verify import container
from ledger.verify.bundle import verify
from ledger.verify.container import MANIFEST, Mode
from ledger.verify.contents import read
from ledger.verify.event_checks import Events
from ledger.verify.exhibits import exhibits
from ledger.verify.report import VerificationReport
from tests.support.chronicle import Chronicle
from tests.support.dossier import (
    APPROVED,
    AT,
    REJECTED,
    bundle_of,
    log_signer,
    rebundled,
    short_story,
)
from tests.support.forgery import sealed
from tests.support.signers import LEDGER
from tests.vectors.evidence.cases import Case, good, made, states
from tests.vectors.evidence.make import reported
from tests.vectors.evidence.table import CASES

NOW_MS = clock.to_ms(AT)


def outcomes(report: VerificationReport) -> dict[str, str]:
    return {check.name: check.outcome for check in report.checks}


def failure(report: VerificationReport) -> tuple[str, str | None, str]:
    found = next(check for check in report.checks if check.outcome == "failed")
    return found.name, found.code, found.says


# --- what follows from a good one --------------------------------------------------------------


def test_a_report_says_who_decided_what_and_how_it_stands() -> None:
    report = reported(good("statement"), "given")
    approved, rejected = report.statements
    assert (approved.id, approved.title) == (APPROVED, "Series A – “preferred”")
    assert (approved.status, [each.name for each in approved.approvers]) == (
        "approved",
        ["Bob", "Alice Ångström"],
    )
    assert [(each.position, each.name, each.decision) for each in approved.decisions] == [
        (11, "Bob", "approval"),
        (12, "Alice Ångström", "approval"),
    ]
    assert (rejected.status, rejected.approvers) == ("rejected", ())
    assert [each.decision for each in rejected.decisions] == ["rejection"]
    assert (report.mode, report.ledger, report.size) == (
        "statement",
        "localhost-8000.ledger/4f9k2m7q",
        16,
    )


def test_only_a_bundle_of_chosen_entries_may_lack_later_ones_and_says_so() -> None:
    said = {mode: reported(good(mode), "given").does_not_prove for mode in ("statement", "full")}
    assert any("left out" in each for each in said["statement"])
    assert not any("left out" in each for each in said["full"])


def test_the_bundle_of_a_log_that_ends_in_the_middle_of_a_story_verifies() -> None:
    for size in range(10, 17):
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


# --- what is left out --------------------------------------------------------------------------


def left_out(raw: bytes, *positions: int) -> bytes:
    """Return a bundle without these events as far as its mode allows."""
    names = ("bodies/{}", "entries/{}", "proofs/{}.tlog-proof")
    files = container.parse(raw)
    gone = {name.format(each - 1) for name in names for each in positions} & files.keys()
    return rebundled(raw, dict.fromkeys(gone))


def test_a_rejection_is_not_decided_without_everybody_who_could_have_approved() -> None:
    told = Chronicle()
    told.found()
    told.announce(1)
    people = told.signer(1, "creator"), told.signer(2, "investor"), told.signer(3, "investor")
    for name, who in zip(("Alice", "Bob", "Carol"), people, strict=True):
        told.register(who, name)
    alice, bob, _ = people
    told.draft(alice, 2)  # nothing to do with it
    terms = told.draft(alice, 1)
    told.reject(bob, terms)
    told.register(told.signer(4, "investor"), "Dave")  # too late to approve
    whole = bundle_of(told.states, "redacted", APPROVED)
    assert "bodies/11" not in container.parse(whole)
    assert reported(whole, "given").verdict == "verified"
    assert reported(left_out(whole, 15, 16, 17), "given").verdict == "verified"
    report = reported(left_out(whole, 9, 10, 11), "given")
    assert report.verdict == "unverifiable"
    policy = next(each for each in report.checks if each.name == "policy")
    assert (policy.outcome, policy.code, policy.position) == ("unverifiable", "body_missing", 14)


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
    told.draft(alice, 1)
    told.draft(alice, 2, supersedes=APPROVED)
    whole = bundle_of(told.states, "statement", REJECTED)
    assert reported(whole, "given").verdict == "verified"
    policy = next(
        each for each in reported(left_out(whole, 6), "given").checks if each.name == "policy"
    )
    assert (policy.outcome, policy.code, policy.position) == (
        "unverifiable",
        "statement_unknown",
        7,
    )


def test_in_the_whole_log_a_superseded_statement_that_is_not_there_never_was() -> None:
    told = Chronicle()
    told.found()
    told.announce(1)
    alice = told.signer(1, "creator")
    told.register(alice, "Alice")
    raw = alice.document(statementId=APPROVED, supersedes=REJECTED)
    creator = told.auditor.people[UUID(alice.user)]
    body, _ = drafting.draft(raw, alice.draft_act(raw), creator, ledger=LEDGER, now_ms=told.time.ms)
    event = Event(stream=UUID(APPROVED), version=1, at=str(told.time), body=body)
    forged = bundle_of([*told.states, sealed(event)], "full", APPROVED)
    policy = next(each for each in reported(forged, "given").checks if each.name == "policy")
    assert (policy.outcome, policy.code, policy.position) == ("failed", "statement_unknown", 6)


# --- the files themselves ----------------------------------------------------------------------


def test_a_changed_byte_is_told_by_the_name_of_its_file() -> None:
    raw = good("statement")
    files = container.parse(raw)
    chance = random.Random(1)
    for name, held in files.items():
        for _ in range(3):
            place, bit = chance.randrange(len(held)), 1 << chance.randrange(8)
            changed = held[:place] + bytes([held[place] ^ bit]) + held[place + 1 :]
            whole = raw.replace(held, changed, 1) if len(held) > 99 else raw
            if whole != raw:
                check, code, says = failure(verify(whole, now_ms=NOW_MS))
                assert (check, code) == ("readable", "bundle_malformed")
            # The same of a directory, where no container notices.
            check, code, says = failure(verify(files | {name: changed}, now_ms=NOW_MS))
            assert check == "readable"
            assert code in ("file_changed", "manifest_malformed", "file_missing", "file_unlisted")
            assert name in says or name == MANIFEST


def test_a_changed_byte_anywhere_in_the_container_is_refused_as_unreadable() -> None:
    raw = good("redacted")
    names = container.parse(raw)
    chance = random.Random(2)
    told = tried = 0
    for place in [*range(0, len(raw), 7), *range(len(raw) - 60, len(raw))]:
        bit = 1 << chance.randrange(8)
        changed = raw[:place] + bytes([raw[place] ^ bit]) + raw[place + 1 :]
        report = verify(changed, now_ms=NOW_MS)
        check, code, says = failure(report)
        assert (check, report.verdict) == ("readable", "invalid")
        assert code in ("bundle_malformed", "bundle_name_invalid")
        # Only a name itself that was changed is told by what it is now.
        told += any(name in says for name in names) or "the end" in says
        tried += 1
        assert {*outcomes(report).values()} == {"failed", "skipped"}
    assert told > 0.9 * tried


@pytest.mark.parametrize("mode", get_args(Mode))
def test_no_file_can_be_changed_or_left_out_by_who_only_rewrites_the_manifest(mode: Mode) -> None:
    raw = good(mode)
    chance = random.Random(3)
    for name, held in container.parse(raw).items():
        if name in (MANIFEST, "README.txt"):  # one is made again, one is only words
            continue
        place = chance.randrange(len(held))
        changed = held[:place] + bytes([held[place] ^ 1 << chance.randrange(8)]) + held[place + 1 :]
        for content in (changed, held + b"\n", held[:-1], b"", None):
            report = reported(rebundled(raw, {name: content}), "given")
            # What is left out may be missing for a reason; what is other than it was is wrong.
            erased = content is None and name.startswith(("bodies/", "proofs/"))
            assert report.verdict == ("unverifiable" if erased else "invalid"), name


@pytest.mark.parametrize("length", [0, 1, 22, 100, 1000, 40_000])
def test_garbage_is_unreadable(length: int) -> None:
    raw = random.Random(length).randbytes(length)
    for each in (raw, good("full")[:length], b"!" + raw + good("full"), b"PK\5\6" + raw):
        report = verify(each, now_ms=NOW_MS)
        assert report.verdict == "invalid"
        assert (report.mode, report.ledger, report.size, report.root) == (None, None, None, None)
        assert report.statements == ()


# --- one way to look, whichever way it goes ----------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_checks_apart_find_what_the_auditor_finds(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the auditor agrees, signatures, attestations and keys are not looked at again."""
    expected = reported(made(case), case.key)
    monkeypatch.setattr(Events, "is_sound", False)
    assert reported(made(case), case.key) == expected


# --- hostile events ----------------------------------------------------------------------------

_JUNK: tuple[Any, ...] = (
    None, "", "x", "A" * 43, "....", "a.b.c", "é\u0000", -1, 0, 2**60, True, [], {}, ["x"],
    "00000000-0000-0000-0000-000000000001", "2026-11-21T03:04:05.678Z", "eyJhbGciOiJub25lIn0.e30.",
)  # fmt: skip


def mangled(value: Any, chance: random.Random) -> Any:
    """Return the value with one part of it, somewhere, being something else."""
    if isinstance(value, dict) and value and chance.random() < 0.9:
        name = chance.choice([*value])
        if chance.random() < 0.1:
            return {key: each for key, each in value.items() if key != name}
        return value | {name: mangled(value[name], chance)}
    if isinstance(value, str) and value and chance.random() < 0.5:
        place = chance.randrange(len(value))
        return value[:place] + chance.choice('Aa0.{}"-é') + value[place + 1 :]
    return chance.choice(_JUNK)


def hostile(chance: random.Random) -> bytes:
    """Return a bundle with one event rewritten, its commitment and all that follows made right."""
    files = container.parse(good("statement"))
    index = chance.choice([int(name[7:]) for name in files if name.startswith("bodies/")])
    body = json.dumps(mangled(json.loads(files[f"bodies/{index}"][32:]), chance)).encode()
    old = entry.parse_entry(files[f"entries/{index}"])
    tag = old.type if chance.random() < 0.9 else json.loads(files["entries/10"])["type"]
    stream = old.stream if chance.random() < 0.95 else UUID(int=0)
    sealed = entry.seal(at=old.at, seq=old.seq, stream=stream, tag=tag, body=body, salt=bytes(32))
    raw, salt, body = entry.split(sealed)
    changed = rebundled(
        good("statement"), {f"entries/{index}": raw, f"bodies/{index}": salt + body}
    )
    try:
        case = read(container.parse(changed))
        told = [Recorded(i + 1, events.decode(case.state(i))) for i in case.bodies]
    except LedgerError:
        return changed
    fresh: dict[str, bytes | None] = dict.fromkeys(case.exhibits)
    return rebundled(changed, fresh | exhibits(told, case.statements))


@pytest.mark.parametrize("seed", range(120))
def test_an_event_that_says_something_else_is_refused_and_breaks_nothing(seed: int) -> None:
    raw = hostile(random.Random(seed))
    report = verify(raw, expected_keys=[log_signer().key], now_ms=NOW_MS)
    # No proof leads from another entry to the root, whatever the events come to.
    assert report.verdict == "invalid"
    assert outcomes(report)["entries"] in ("failed", "skipped")
