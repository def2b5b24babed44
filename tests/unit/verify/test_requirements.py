"""What a caller requires of a bundle: a policy that its approvals meet, a document, and its age."""

import argparse
import json
from functools import cache
from typing import Any

import pytest

from ledger import clock
from ledger.cli.verify import exit_code
from ledger.cli.verify_arguments import add_arguments, requirements
from ledger.encoding import sha256_hex
from ledger.errors import MalformedError
from ledger.tlog import checkpoint, vkeys
from ledger.tlog.witness_policy import parse_policy
from ledger.verify import container
from ledger.verify.bundle import verify
from ledger.verify.endorsements import Trust
from ledger.verify.report import VerificationReport
from ledger.verify.requirements import RequiredType, Requirements, parse_required
from tests.support.chronicle import Chronicle, statement_id
from tests.support.dossier import APPROVED, AT, REJECTED, bundle_of, log_signer, published
from tests.support.dossier import short_story as story
from tests.support.refusals import refused
from tests.support.type_definitions import POLICY, define, definition, stated

CREATOR, INVESTOR = "role:creator", "role:investor"


def node(threshold: int, *of: Any, **members: Any) -> Any:
    return parse_required(json.dumps({"threshold": threshold, "of": of} | members).encode())


def reported(raw: bytes, required: Requirements) -> VerificationReport:
    keys = (log_signer().key,)
    return verify(raw, expected_keys=keys, required=required, now_ms=clock.to_ms(AT))


def good(*statements: str) -> bytes:
    """Return a bundle in which Bob approved in the shared form, and Alice in the individual one."""
    return bundle_of(tuple(story().states), "statement", *statements)


def document() -> str:
    return sha256_hex(container.parse(good())[f"statements/{APPROVED}/document.json"])


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        (node(1, INVESTOR), 0),
        (node(2, INVESTOR, CREATOR), 4),
        (node(2, INVESTOR, {"threshold": 1, "of": [INVESTOR]}), 4),
        (node(1, "role:administrator"), 4),
        (node(1, INVESTOR, assurance="passkey"), 4),
    ],
    ids=["one", "two", "places", "nobody", "passkey"],
)
def test_the_approvals_must_meet_the_required_policy(policy: Any, code: int) -> None:
    report = reported(good(), Requirements(policy=policy))
    (found,) = report.requirements
    assert (found.name, found.met) == ("require", code == 0)
    assert (report.verdict, exit_code(report)) == ("verified", code)


def test_who_did_not_sign_the_policy_counts_only_if_the_caller_accepts_it() -> None:
    two = node(2, INVESTOR, CREATOR)
    (refused,) = reported(good(), Requirements(policy=two)).requirements
    assert "Approved by “Bob”. Not counted: “Alice Ångström” (policy not signed)." in refused.says
    assert exit_code(reported(good(), Requirements(policy=two, accept_individual=True))) == 0


def test_the_creator_does_not_count_where_the_required_policy_says_so() -> None:
    two = node(2, INVESTOR, CREATOR, creatorMaySign=False)
    report = reported(good(), Requirements(policy=two, accept_individual=True))
    assert exit_code(report) == 4
    assert "Not counted: “Alice Ångström” (the creator)." in report.requirements[0].says


def test_an_approval_in_question_does_not_count() -> None:
    told = Chronicle()
    told.found()
    told.announce(1)
    alice, bob = told.signer(1, "creator"), told.signer(2, "investor")
    told.register(alice, "Alice")
    told.register(bob, "Bob")
    terms = told.draft(alice, 1, policy={"threshold": 1, "of": [CREATOR, INVESTOR]})
    since = str(told.time)
    told.sign(bob, bob.shared(terms), terms)
    told.sign(alice, alice.shared(terms), terms)
    told.revoke(bob, bob.key.kid, compromisedSince=since)
    raw = bundle_of(tuple(told.states), "statement", statement_id(1))
    report = reported(raw, Requirements(policy=node(1, INVESTOR)))
    assert (report.verdict, exit_code(report)) == ("verified", 4)
    assert "Not counted: “Bob” (in question)." in report.requirements[0].says
    assert exit_code(reported(raw, Requirements(policy=node(1, CREATOR)))) == 0
    assert [each.key_revoked for each in report.statements[0].decisions] == [True, False]


def test_every_statement_must_be_of_the_required_document() -> None:
    assert exit_code(reported(good(), Requirements(digest=document()))) == 0
    other = reported(good(), Requirements(digest="0" * 64))
    assert (exit_code(other), other.requirements[0].met) == (4, False)
    assert document() in other.requirements[0].says
    both = reported(good(APPROVED, REJECTED), Requirements(digest=document()))
    assert not both.requirements[0].met


@cache
def typed() -> bytes:
    """Return a bundle of a statement of a type, and a plain one, both approved."""
    told = Chronicle()
    told.found()
    told.announce(1)
    alice, bob, dave = (
        told.signer(number, role)
        for number, role in ((1, "creator"), (2, "investor"), (4, "administrator"))
    )
    told.register(alice, "Alice")
    told.register(bob, "Bob")
    told.register(dave, "Dave", "setup")
    told.change(dave, 100, define(definition()))
    of_type = {"policy": POLICY, "content": '{"amount":"1"}', "type": stated(definition())}
    for number, members in ((1, of_type), (2, {"policy": POLICY})):
        terms = told.draft(alice, number, **members)
        told.sign(bob, bob.shared(terms), terms)
    told.auditor.finish()
    return bundle_of(tuple(told.states), "redacted", statement_id(1))


@pytest.mark.parametrize(
    ("name", "version", "met"),
    [
        ("terms", None, True),
        ("terms", 1, True),
        ("terms", 2, False),
        ("term", None, False),
        ("ledger/change", None, False),
        ("ledger/change", 1, False),
    ],
)
def test_every_statement_must_be_of_the_required_type(
    name: str, version: int | None, met: bool
) -> None:
    report = reported(typed(), Requirements(type=RequiredType(name, version)))
    (found,) = report.requirements
    assert (found.name, found.met) == ("type", met)
    assert exit_code(report) == (0 if met else 4)
    assert met or "is of the type terms, version 1." in found.says


def test_a_statement_of_no_type_is_of_no_required_type() -> None:
    report = reported(good(), Requirements(type=RequiredType("terms")))
    assert (exit_code(report), report.requirements[0].met) == (4, False)
    assert report.requirements[0].says.endswith("is of no type.")


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("terms", RequiredType("terms")),
        ("board/terms@12", RequiredType("board/terms", 12)),
        ("terms@", None),
        ("terms@0", None),
        ("terms@01", None),
        ("terms@-1", None),
        ("terms@1@2", None),
        ("Terms", None),
        ("", None),
    ],
)
def test_a_type_is_asked_for_by_name_and_version(text: str, asked: RequiredType | None) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    chosen = parser.parse_args(["evidence.zip", "--type", text])
    if asked is not None:
        assert requirements(chosen).type == asked
        return
    with refused(MalformedError, "type_invalid"):
        requirements(chosen)


def test_a_nonce_without_newer_than_is_refused() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    with refused(MalformedError, "option_unused"):
        requirements(parser.parse_args(["evidence.zip", "--nonce", "my-own-nonce-0001"]))


@pytest.mark.parametrize(
    ("than", "met"),
    [(18, True), (19, False), ("2026-11-21T03:00:00.000Z", True),
     ("2027-01-01T00:00:00.000Z", False)],
)  # fmt: skip
def test_the_evidence_must_reach_the_required_time_or_position(than: int | str, met: bool) -> None:
    report = reported(good(), Requirements(newer_than=than))
    assert report.requirements[0].met is met
    assert exit_code(report) == (0 if met else 3)


def test_no_requirement_is_met_by_evidence_that_does_not_pass_the_checks() -> None:
    raw = bytearray(good())
    raw[100] ^= 1
    asked = Requirements(
        policy=node(1, INVESTOR),
        digest=document(),
        newer_than=1,
        type=RequiredType("terms"),
    )
    report = reported(bytes(raw), asked)
    assert (report.verdict, exit_code(report)) == ("invalid", 1)
    assert [each.met for each in report.requirements] == [False] * 4


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        ('{"threshold":1,"of":["role:investor"],"veto":["role:legal"]}', "policy_invalid"),
        ('{"threshold":1,"of":["role:investor"],"expiresAt":"2026-12-01T00:00:00.000Z"}',
         "policy_invalid"),
        ('{"threshold":1,"of":["investor"]}', "policy_invalid"),
        ('{"threshold":257,"of":["role:investor"]}', "policy_too_complex"),
        ("two", "json_invalid"),
    ],
)  # fmt: skip
def test_a_policy_that_approvals_cannot_meet_is_refused(policy: str, code: str) -> None:
    with pytest.raises(MalformedError) as refused:
        parse_required(policy.encode())
    assert refused.value.code == code


def test_a_report_says_by_which_rule_of_whom_and_as_of_when() -> None:
    report = reported(good(), Requirements())
    (shown,) = report.statements
    assert (shown.creator.name, shown.sha256) == ("Alice Ångström", document())
    assert shown.policy.startswith("Approved once any 2 of creators and investors have signed.")
    assert report.as_of is not None
    assert shown.drafted_at < report.as_of
    assert report.requirements == ()


def test_a_cosignature_that_counts_shows_how_new_the_evidence_is() -> None:
    states = tuple(story().states)
    note = published(states, log_signer())[0].note
    tree = checkpoint.parse_note(note).checkpoint
    witness, _ = vkeys.generate("w.example.com", cosigner=True)
    cosigned = note + checkpoint.sign_lines(tree, [witness], now_s=1_800_000_000)
    raw = bundle_of(states, companions={"checkpoint": cosigned})
    trust = Trust(parse_policy(f"witness w {witness.key.vkey}\nquorum w\n".encode()))
    for than, met in (("2027-01-15T08:00:00.000Z", True), ("2027-01-15T08:00:00.001Z", False)):
        asked = Requirements(newer_than=than)
        now_ms, keys = clock.to_ms(AT), (log_signer().key,)
        report = verify(raw, expected_keys=keys, trust=trust, required=asked, now_ms=now_ms)
        assert (report.verdict, report.requirements[0].met) == ("verified", met)
        # Without the caller's own policy a cosignature counts for nothing.
        assert not reported(raw, asked).requirements[0].met


def test_no_requirement_is_met_by_a_checkpoint_that_nobody_signed() -> None:
    raw = bundle_of(tuple(story().states), signer=log_signer(2))
    report = reported(raw, Requirements(policy=node(1, INVESTOR), newer_than=1))
    assert (report.verdict, exit_code(report)) == ("invalid", 1)
    assert [each.met for each in report.requirements] == [False, False]
