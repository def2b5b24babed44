"""Heads of a bundle: nobody leaves out a later event of a stream, and old heads are not new."""

import json
from functools import cache
from typing import Any

import msgspec
import pytest

from ledger import clock
from ledger.cli.verify import exit_code
from ledger.encoding import b64_decode
from ledger.errors import LedgerError
from ledger.jose import SigningKey, parse_jwk
from ledger.tlog.checkpoint import Checkpoint
from ledger.verify import container
from ledger.verify.bundle import verify
from ledger.verify.container import HEADS
from ledger.verify.heads import check_heads
from ledger.verify.report import VerificationReport, VerifiedHeads
from ledger.verify.requirements import NOTHING, Requirements
from tests.support.dossier import AT, bundle_of, log_signer, rebundled, short_story
from tests.support.heads import AT_S, HEADS_KEY, NEXT_HEADS_KEY, signs_heads
from tests.support.left_out import story, whole, without
from tests.support.signers import CHARTER
from tests.vectors.heads.make import PATH

FOUND: dict[str, Any] = json.loads(PATH.read_text("utf-8"))
NONCE = "my-own-nonce-0001"
NEW = Requirements(newer_than=1)


@pytest.mark.parametrize("case", FOUND["cases"], ids=lambda case: str(case["name"]))
def test_each_case_is_decided_as_the_vector_file_says(case: dict[str, Any]) -> None:
    tree = Checkpoint(FOUND["ledger"], FOUND["tree"]["size"], b64_decode(FOUND["tree"]["root"]))
    jwk = parse_jwk(FOUND["heads"])
    charter = msgspec.structs.replace(CHARTER, ledger=FOUND["ledger"], heads=jwk)
    jwt = None if case["jwt"] is None else case["jwt"].encode("latin-1")
    if case["code"] is None:
        check_heads(jwt, tree, case["shown"], charter)
        return
    with pytest.raises(LedgerError) as refused:
        check_heads(jwt, tree, case["shown"], charter)
    assert refused.value.code == case["code"]


def reported(
    raw: bytes, required: Requirements = NOTHING, *, later_s: int = 0
) -> VerificationReport:
    now_ms = (AT_S + later_s) * 1000
    return verify(raw, expected_keys=(log_signer().key,), required=required, now_ms=now_ms)


def last(report: VerificationReport) -> tuple[str, str, str | None]:
    found = report.checks[-1]
    return found.name, found.outcome, found.code


def test_a_bundle_without_a_later_event_of_a_stream_is_refused() -> None:
    assert last(reported(whole())) == ("heads", "passed", None)
    report = reported(without([18]))
    assert last(report) == ("heads", "failed", "events_left_out")
    assert report.verdict == "invalid"


def test_heads_for_the_shorter_stream_have_another_tree() -> None:
    kept = container.parse(bundle_of(story()[:-1], "statement"))[HEADS]
    cut = container.parse(without([18]))
    report = reported(rebundled(container.write(cut), {HEADS: kept}))
    assert last(report) == ("heads", "failed", "heads_mismatch")


def test_a_statement_bundle_without_heads_cannot_be_verified() -> None:
    report = reported(rebundled(whole(), {HEADS: None}))
    assert last(report) == ("heads", "unverifiable", "heads_missing")
    assert (report.verdict, exit_code(report), report.heads) == ("unverifiable", 3, None)


@cache
def replaced() -> tuple[bytes, ...]:
    """Return the log of `story`, in which another heads key follows."""
    told = short_story()
    told.replace_heads_key(NEXT_HEADS_KEY.jwk)
    return tuple(told.states)


def test_the_heads_key_in_force_at_the_checkpoint_signs_heads_and_no_other() -> None:
    before, after = replaced()[:-1], replaced()
    assert last(reported(bundle_of(before, "statement"))) == ("heads", "passed", None)
    assert last(reported(bundle_of(after, "statement"))) == ("heads", "passed", None)
    for states, key in ((after, HEADS_KEY), (before, NEXT_HEADS_KEY)):
        report = reported(bundle_of(states, "statement", sign_heads=signs_heads(key=key)))
        assert last(report) == ("heads", "failed", "jws_kid_mismatch")
        assert report.verdict == "invalid"


@pytest.mark.parametrize("mode", ["redacted", "full"])
def test_a_bundle_with_every_entry_has_no_heads(mode: container.Mode) -> None:
    raw = bundle_of(tuple(short_story().states), mode)
    assert reported(raw).verdict == "verified"
    assert "heads" not in [each.name for each in reported(raw).checks]
    heads = container.parse(whole())[HEADS]
    report = reported(rebundled(raw, {HEADS: heads}))
    assert (report.checks[0].code, report.verdict) == ("file_unknown", "invalid")


def test_a_report_says_when_the_heads_were_signed_and_for_which_nonce() -> None:
    assert reported(whole()).heads == VerifiedHeads(at=AT, nonce=None)
    asked = bundle_of(story(), "statement", sign_heads=signs_heads(nonce=NONCE))
    assert reported(asked).heads == VerifiedHeads(at=AT, nonce=NONCE)


@pytest.mark.parametrize(
    ("later_s", "met"),
    [(-301, False), (-300, True), (0, True), (300, True), (301, False), (86_400, False)],
)
def test_newer_than_takes_heads_of_at_most_300_seconds(later_s: int, met: bool) -> None:
    report = reported(whole(), NEW, later_s=later_s)
    assert (report.verdict, report.requirements[0].met) == ("verified", met)
    assert exit_code(report) == (0 if met else 3)


def test_ones_own_nonce_shows_that_older_heads_are_new() -> None:
    asked = bundle_of(story(), "statement", sign_heads=signs_heads(nonce=NONCE))
    own = Requirements(newer_than=1, nonce=NONCE)
    assert exit_code(reported(asked, own, later_s=86_400)) == 0
    other = Requirements(newer_than=1, nonce="somebody-elses-01")
    report = reported(asked, other, later_s=86_400)
    assert exit_code(report) == 3
    assert "do not carry your nonce" in report.requirements[0].says
    assert exit_code(reported(whole(), own, later_s=86_400)) == 3


def test_heads_show_that_a_quiet_statement_is_of_a_later_time() -> None:
    newest = clock.to_text(AT_S * 1000)
    assert exit_code(reported(whole(), Requirements(newer_than=newest))) == 0
    later = clock.to_text(AT_S * 1000 + 1)
    assert exit_code(reported(whole(), Requirements(newer_than=later))) == 3


def test_a_heads_key_that_the_founding_does_not_name_signs_nothing() -> None:
    raw = bundle_of(story(), "statement", sign_heads=signs_heads(key=SigningKey.generate()))
    assert last(reported(raw)) == ("heads", "failed", "jws_kid_mismatch")
