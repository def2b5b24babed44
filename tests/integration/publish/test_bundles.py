"""Evidence of a real server's ledger: exported, and verified without it."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from ledger import clock
from ledger.data_files import HEADS_KEY_FILE
from ledger.jose import SigningKey
from ledger.verify import container
from ledger.verify.bundle import verify
from ledger.verify.container import Mode
from ledger.verify.report import VerificationReport
from tests.integration.conftest import Join
from tests.support.actor import Actor, Drafted, now_ms, policy_of
from tests.support.authenticator import Passkey
from tests.support.check import audit, wait_until_published
from tests.support.evidence import MODES, OF_MEMBERS, but_for_heads, exported, log_keys, written
from tests.support.keys import es256_key, ml_dsa_key
from tests.support.server import Server

NONCE = "my-own-nonce-0001"
WHOLE = {"mode": "redacted"}


def verified(server: Server, raw: bytes) -> VerificationReport:
    report = verify(raw, expected_keys=log_keys(server), now_ms=now_ms())
    assert report.verdict == "verified", report.checks
    return report


def decisions(report: VerificationReport) -> list[tuple[str, str]]:
    return [(each.name, each.decision) for each in report.statements[0].decisions]


@pytest.mark.parametrize("mode", MODES)
def test_an_approved_statement_is_verified_without_the_ledger(
    server: Server, drafted: Drafted, mode: Mode
) -> None:
    report = verified(server, written(server, drafted.id, mode))
    (shown,) = report.statements
    assert (shown.status, [each.name for each in shown.approvers]) == ("approved", ["Bob", "Alice"])
    assert decisions(report) == [("Bob", "approval"), ("Alice", "approval")]


@pytest.mark.parametrize("mode", MODES)
def test_a_rejected_statement_is_shown_with_everybody_who_could_have_approved(
    server: Server, alice: Actor, bob: Actor, carol: Actor, mode: Mode
) -> None:
    statement = alice.draft(policy=policy_of(2, bob, carol))
    assert bob.reject(statement).json()["status"] == "rejected"
    report = verified(server, written(server, statement.id, mode))
    assert report.statements[0].status == "rejected"
    assert decisions(report) == [("Bob", "rejection")]


def test_a_withdrawn_statement_and_the_one_that_replaces_it(
    server: Server, alice: Actor, bob: Actor
) -> None:
    first = alice.draft(policy=policy_of(2, alice, bob))
    assert bob.reject(first).status_code == 201
    second = alice.draft(policy=policy_of(1, bob), supersedes=first.copied())
    assert bob.approve(second).json()["status"] == "approved"
    third = alice.draft(policy=policy_of(1, bob))
    assert alice.withdraw(third).status_code == 201
    assert verified(server, exported(bob, second.id)).statements[0].status == "approved"
    withdrawn = verified(server, exported(bob, third.id))
    assert withdrawn.statements[0].status == "withdrawn"
    assert decisions(withdrawn) == [("Alice", "withdrawal")]


@pytest.mark.parametrize("mode", MODES)
def test_an_approval_that_was_taken_back_is_shown_and_does_not_count(
    server: Server, alice: Actor, bob: Actor, mode: Mode
) -> None:
    statement = alice.draft(policy=policy_of(2, alice, bob))
    assert bob.approve(statement).status_code == 201
    assert bob.retract(statement).status_code == 201
    assert alice.approve(statement).json()["status"] == "pending"
    report = verified(server, written(server, statement.id, mode))
    (shown,) = report.statements
    assert (shown.status, [each.name for each in shown.approvers]) == ("pending", ["Alice"])
    assert decisions(report) == [("Bob", "approval"), ("Bob", "retraction"), ("Alice", "approval")]


def test_what_a_key_signed_before_it_was_revoked_stays_signed(
    server: Server, join: Join, alice: Actor
) -> None:
    dave = join("Dave")
    statement = alice.draft(policy=policy_of(1, dave))
    assert dave.approve(statement).json()["status"] == "approved"
    assert dave.revoke_key(dave.key.kid).status_code == 201
    wait_until_published(server)  # the export waits for the statement's events alone
    raw = exported(alice, statement.id)
    assert verified(server, raw).statements[0].status == "approved"
    name = f"people/{dave.user}/{dave.key.kid}.attestation.json"
    assert json.loads(container.parse(raw)[name])["status"] == "revoked"


def test_every_kind_of_key_and_a_passkey_with_each_decision(
    server: Server, join: Join, alice: Actor
) -> None:
    people = join("Erin"), join("Frank")
    keys = es256_key(uuid4().int >> 8), ml_dsa_key(uuid4().int)
    for who, key in zip(people, keys, strict=True):
        assert who.add_key(key).status_code == 201
        who.key = key
    statement = alice.draft(policy=policy_of(2, *people, assurance="passkey"))
    for who in people:
        jws = who.approval(statement.document)
        answer = who.post_sign(statement.id, jws, assertion=who.confirm(jws))
        assert answer.status_code == 201, answer.text
    raw = exported(alice, statement.id)
    assert verified(server, raw).statements[0].status == "approved"
    names = container.parse(raw)
    for who, key in zip(people, keys, strict=True):
        assert f"people/{who.user}/{key.kid}.jwk.json" in names


def test_a_person_with_a_second_passkey_in_the_place_of_the_first(
    server: Server, join: Join
) -> None:
    grace = join("Grace", "creator")
    spare = Passkey(origin=server.origin)
    assert grace.add_passkey(spare).status_code == 201
    assert grace.remove_passkey(grace.passkey.id).status_code == 201
    grace.passkey = spare
    assert grace.sign_in().status_code == 200
    key = es256_key(uuid4().int >> 8)
    assert grace.add_key(key, passkey=spare).status_code == 201
    grace.key = key
    statement = grace.draft(policy=policy_of(1, grace))
    assert grace.approve(statement).json()["status"] == "approved"
    assert verified(server, exported(grace, statement.id)).statements[0].status == "approved"


def test_a_bundle_has_the_newest_event_at_once_and_a_name(alice: Actor, bob: Actor) -> None:
    statement = alice.draft(policy=policy_of(1, bob))
    position = bob.approve(statement).json()["position"]
    answer = alice.client.get(f"/api/statements/{statement.id}/evidence")
    manifest = container.parse_manifest(container.parse(answer.content))
    assert manifest.checkpoint.size >= position
    assert manifest.statements == (statement.id,)
    assert answer.headers["content-type"] == "application/zip"
    name = f"evidence-{statement.id}-{manifest.checkpoint.size}.zip"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["cache-control"] == "no-store"


def test_the_same_checkpoint_is_the_same_bytes_but_for_the_heads(
    alice: Actor, drafted: Drafted
) -> None:
    for mode in OF_MEMBERS:
        first, again = (exported(alice, drafted.id, mode) for _ in range(2))
        assert but_for_heads(first) == but_for_heads(again)
        assert mode == "statement" or first == again


def test_an_answer_says_how_long_it_is_and_which(alice: Actor, drafted: Drafted) -> None:
    tags = set()
    for mode in OF_MEMBERS:
        address = f"/api/statements/{drafted.id}/evidence?mode={mode}"
        answer, head = alice.client.get(address), alice.client.head(address)
        assert int(answer.headers["content-length"]) == len(answer.content)
        assert head.status_code == 200
        # Heads have the time at which they were signed.
        assert mode == "statement" or head.headers["etag"] == answer.headers["etag"]
        tags.add(answer.headers["etag"])
    assert len(tags) == len(OF_MEMBERS)


def test_heads_are_signed_now_and_carry_ones_own_nonce(
    server: Server, alice: Actor, drafted: Drafted
) -> None:
    before = verified(server, exported(alice, drafted.id)).heads
    assert before is not None
    assert before.nonce is None
    assert abs(clock.to_ms(before.at) - now_ms()) < 60_000
    address = f"/api/statements/{drafted.id}/evidence"
    answer = alice.client.get(address, params={"nonce": NONCE})
    asked = verified(server, answer.content).heads
    assert asked is not None
    assert asked.nonce == NONCE


def test_without_the_heads_key_there_is_no_statement_bundle_and_all_else_goes_on(
    start_server: Callable[..., Server],
) -> None:
    server = start_server()
    key = server.data / HEADS_KEY_FILE
    pem = key.read_bytes()
    with server.client() as client:
        alice = Actor(client, "Alice", server.origin).register("creator")
        drafted = alice.draft(policy=policy_of(1, alice))
        for wrong in (None, SigningKey.generate().to_pem()):
            key.unlink()
            if wrong is not None:
                key.write_bytes(wrong)
            answer = client.get(f"/api/statements/{drafted.id}/evidence")
            assert (answer.status_code, answer.json()["code"]) == (503, "heads_key_missing")
            assert exported(alice, drafted.id, "redacted")
            key.write_bytes(pem)
        assert alice.approve(drafted).status_code == 201
        assert verified(server, exported(alice, drafted.id)).heads is not None


def test_an_attestation_is_what_the_server_answers(alice: Actor, drafted: Drafted) -> None:
    files = container.parse(exported(alice, drafted.id))
    shown = {name: raw for name, raw in files.items() if name.endswith(".attestation.json")}
    assert len(shown) == 2
    for name, raw in shown.items():
        kid = name.rpartition("/")[2].removesuffix(".attestation.json")
        assert json.loads(raw) == alice.client.get(f"/api/jwt-keys/{kid}").json()
    jwks = {key["kid"]: key for key in alice.client.get("/.well-known/jwks.json").json()["keys"]}
    for name, raw in files.items():
        if name.endswith(".jwk.json"):
            assert json.loads(raw) == jwks[json.loads(raw)["kid"]]


def test_the_general_jws_is_what_the_server_answers(alice: Actor, drafted: Drafted) -> None:
    files = container.parse(exported(alice, drafted.id))
    answer = alice.client.get(f"/api/statements/{drafted.id}/jws")
    assert files[f"statements/{drafted.id}/jws.json"] == answer.content


def test_strangers_have_no_evidence(stranger: httpx.Client, drafted: Drafted) -> None:
    answer = stranger.get(f"/api/statements/{drafted.id}/evidence")
    assert (answer.status_code, answer.json()["code"]) == (401, "sign_in_required")


@pytest.mark.parametrize(
    ("statement", "params", "status", "code"),
    [
        ("5f0c2a52-93ad-4b7e-8f3c-0f2a3f9f7d11", {}, 404, "statement_unknown"),
        ("00000000-0000-0000-0000-000000000000", {}, 404, "statement_unknown"),
        ("x", {}, 400, "id_invalid"),
        ("5f0c2a52-93ad-4b7e-8f3c-0f2a3f9f7d11", {"mode": "everything"}, 400, "request_invalid"),
        ("5f0c2a52-93ad-4b7e-8f3c-0f2a3f9f7d11", {"nonce": "short"}, 400, "request_invalid"),
        ("5f0c2a52-93ad-4b7e-8f3c-0f2a3f9f7d11", {"nonce": "n" * 129}, 400, "request_invalid"),
        ("5f0c2a52-93ad-4b7e-8f3c-0f2a3f9f7d11", {"nonce": f"{NONCE}."}, 400, "request_invalid"),
        ("5f0c2a52-93ad-4b7e-8f3c-0f2a3f9f7d11", WHOLE | {"nonce": NONCE}, 400, "query_unknown"),
    ],
)
def test_evidence_of_nothing_is_refused(
    alice: Actor, statement: str, params: dict[str, str], status: int, code: str
) -> None:
    answer = alice.client.get(f"/api/statements/{statement}/evidence", params=params)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_person_is_no_statement(alice: Actor) -> None:
    answer = alice.client.get(f"/api/statements/{alice.user}/evidence")
    assert (answer.status_code, answer.json()["code"]) == (404, "statement_unknown")


def test_an_audit_agrees_with_every_bundle(server: Server, alice: Actor) -> None:
    """What the whole log comes to, each statement's bundle comes to."""
    audit(server)
    items: list[dict[str, Any]] = alice.client.get("/api/statements?limit=20").json()["items"]
    for item in items:
        report = verified(server, exported(alice, item["id"]))
        assert report.statements[0].status == item["status"]
        assert len(report.statements[0].approvers) == item["approvals"]
