"""A statement with decisions too long for the memory of the server: its bundle is streamed."""

import json

import pytest

from ledger.verify.bundle import verify
from tests.support.actor import Actor, Drafted, now_ms, policy_of
from tests.support.evidence import OF_MEMBERS, exported, log_keys
from tests.support.server import Server

NONCE = "bm9uY2Utb2YtYS1sYXJnZS1idW5kbGU"


@pytest.fixture
def large(alice: Actor, bob: Actor) -> Drafted:
    """A statement of 1 MB that Bob approved seven times, and took back six."""
    content = json.dumps({"text": "z" * 1_000_000})
    statement = alice.draft(content=content, policy=policy_of(2, alice, bob))
    for _ in range(6):
        assert bob.approve(statement).status_code == 201
        assert bob.retract(statement).status_code == 201
    assert bob.approve(statement).status_code == 201
    return statement


def test_a_large_bundle_is_streamed_with_heads_and_verifies(
    server: Server, alice: Actor, large: Drafted
) -> None:
    keys = log_keys(server)
    for mode in OF_MEMBERS:
        report = verify(exported(alice, large.id, mode), expected_keys=keys, now_ms=now_ms())
        assert (report.verdict, report.mode) == ("verified", mode)
        assert len(report.statements[0].decisions) == 13
    answer = alice.client.get(f"/api/statements/{large.id}/evidence", params={"nonce": NONCE})
    assert int(answer.headers["content-length"]) == len(answer.content)
    report = verify(answer.content, expected_keys=keys, now_ms=now_ms())
    assert report.heads is not None
    assert report.heads.nonce == NONCE


def test_of_a_large_statement_there_is_no_certificate_and_the_reader_is_told_what_to_take(
    alice: Actor, large: Drafted
) -> None:
    answer = alice.client.get(f"/api/statements/{large.id}/certificate")
    assert (answer.status_code, answer.json()["code"]) == (413, "certificate_too_large")
    page = alice.client.get(f"/statements/{large.id}/certificate")
    assert page.status_code == 413
    assert "Take its evidence bundle instead" in page.text
