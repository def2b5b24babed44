"""Decisions: approve, reject, veto, retract, withdraw, expire; and confirm by passkey."""

from functools import partial
from typing import Any

import pytest

from ledger import clock
from tests.integration.conftest import Join, Refuses
from tests.support.actor import Actor, Drafted, now_ms, policy_of
from tests.support.authenticator import Passkey
from tests.support.check import head, wait_for
from tests.support.server import Server


def shown(server: Server, actor: Actor, drafted: Drafted) -> dict[str, Any]:
    """Return the statement as the read models have it now."""
    wait_for(server, head(server))
    found: dict[str, Any] = actor.client.get(f"/api/statements/{drafted.id}").json()
    return found


def test_three_of_three_are_recorded_and_the_second_decides(
    server: Server, alice: Actor, bob: Actor, carol: Actor, refuses: Refuses
) -> None:
    drafted = alice.draft(policy=policy_of(2, alice, bob, carol))
    answers = [each.approve(drafted).json() for each in (alice, bob, carol)]
    assert [each["status"] for each in answers] == ["pending", "approved", "approved"]
    assert [each["approvals"] for each in answers] == [1, 2, 3]
    refuses(
        lambda: bob.post_sign(drafted.id, bob.individual(drafted.document)), 409, "already_approved"
    )
    found = shown(server, alice, drafted)
    assert (found["status"], found["approvals"], found["progress"]["missing"]) == ("approved", 3, 0)
    assert found["finalAt"] == found["decisions"][1]["at"]


def test_what_is_approved_is_neither_rejected_nor_withdrawn(
    alice: Actor, bob: Actor, refuses: Refuses
) -> None:
    drafted = alice.draft(policy=policy_of(1, alice, bob))
    assert alice.approve(drafted).json()["status"] == "approved"
    refuses(lambda: bob.reject(drafted), 409, "statement_approved")
    refuses(lambda: alice.withdraw(drafted), 409, "statement_approved")


def test_a_rejection_that_others_can_outvote_leaves_the_statement_pending(
    server: Server, alice: Actor, bob: Actor, carol: Actor, refuses: Refuses
) -> None:
    drafted = alice.draft(policy=policy_of(2, alice, bob, carol))
    answer = bob.reject(drafted, "The closing date is wrong.")
    assert (answer.status_code, answer.json()["status"]) == (201, "pending")
    refuses(lambda: bob.reject(drafted, "It is wrong all the same."), 409, "already_rejected")
    found = shown(server, alice, drafted)
    assert (found["rejections"], found["decisions"][0]["reason"]) == (
        1,
        "The closing date is wrong.",
    )
    # Who rejected may still approve; both stay on record.
    assert bob.approve(drafted).json()["status"] == "pending"
    refuses(lambda: bob.reject(drafted, "Changed my mind again."), 409, "already_approved")
    assert alice.approve(drafted).json()["status"] == "approved"
    found = shown(server, alice, drafted)
    assert [each["decision"] for each in found["decisions"]] == [
        "rejection",
        "approval",
        "approval",
    ]


def test_a_rejection_after_which_the_policy_cannot_be_met_ends_the_statement(
    server: Server, alice: Actor, bob: Actor, carol: Actor, refuses: Refuses
) -> None:
    drafted = alice.draft(policy=policy_of(2, alice, bob, carol))
    assert bob.reject(drafted).json()["status"] == "pending"
    assert carol.reject(drafted).json()["status"] == "rejected"
    for decide in (alice.approve, alice.reject, alice.withdraw):
        refuses(partial(decide, drafted), 409, "statement_rejected")
    assert shown(server, alice, drafted)["status"] == "rejected"


def test_a_veto_ends_the_statement_at_once(
    alice: Actor, bob: Actor, carol: Actor, refuses: Refuses
) -> None:
    policy = policy_of(1, alice, bob, veto=[f"user:{carol.user}"])
    drafted = alice.draft(policy=policy)
    refuses(lambda: carol.approve(drafted), 403, "not_a_signer")
    assert carol.reject(drafted).json()["status"] == "rejected"
    refuses(lambda: alice.approve(drafted), 409, "statement_rejected")


@pytest.mark.parametrize("reason", ["", "too short", " " * 20, "x" * 2001])
def test_a_rejection_has_a_reason(reason: str, alice: Actor, bob: Actor, refuses: Refuses) -> None:
    drafted = alice.draft(policy=policy_of(2, alice, bob))
    refuses(lambda: bob.reject(drafted, reason), 400, "reason_invalid")


def test_a_rejection_is_of_this_statement(alice: Actor, bob: Actor, refuses: Refuses) -> None:
    one, two = (alice.draft(policy=policy_of(2, alice, bob)) for _ in range(2))
    reason = "The amount is wrong."
    for about in (
        {"statementId": one.id, "sha256": two.sha256},
        {"statementId": one.id, "sha256": one.sha256},
        {"statementId": two.id, "sha256": one.sha256},
    ):
        act = bob.act("reject", **about, reason=reason)
        path = f"/api/statements/{two.id}/reject"
        refuses(partial(bob.client.post, path, json={"act": act}), 422, "act_mismatch")


def test_who_approved_takes_the_approval_back_and_can_approve_again(
    server: Server, alice: Actor, bob: Actor, refuses: Refuses
) -> None:
    drafted = alice.draft(policy=policy_of(2, alice, bob))
    refuses(lambda: bob.retract(drafted), 409, "not_approved")
    first = bob.approval(drafted.document)
    given = bob.post_sign(drafted.id, first).json()
    assert given["approvals"] == 1
    answer = bob.retract(drafted).json()
    assert (answer["status"], answer["approvals"]) == ("pending", 0)
    # The first approval is still on record: the same bytes again get its answer and add nothing.
    assert bob.post_sign(drafted.id, first).json() == given
    assert alice.approve(drafted).json()["status"] == "pending"
    waiting = bob.client.get("/api/inbox?limit=200").json()["items"]
    assert drafted.id in [each["id"] for each in waiting]
    assert bob.approve(drafted).json()["status"] == "approved"
    refuses(lambda: bob.retract(drafted), 409, "statement_approved")
    found = shown(server, alice, drafted)
    assert [(each["decision"], each["retracted"]) for each in found["decisions"]] == [
        ("approval", True),
        ("retraction", False),
        ("approval", False),
        ("approval", False),
    ]
    jws = alice.client.get(f"/api/statements/{drafted.id}/jws").json()
    assert len(jws["signatures"]) == 2


def test_its_creator_alone_withdraws_a_pending_statement(
    server: Server, alice: Actor, bob: Actor, join: Join, refuses: Refuses
) -> None:
    drafted = alice.draft(policy=policy_of(2, alice, bob))
    refuses(lambda: bob.withdraw(drafted), 403, "creator_only")
    another = join("Another creator", "creator")
    refuses(lambda: another.withdraw(drafted), 403, "creator_only")
    assert bob.approve(drafted).status_code == 201
    assert alice.withdraw(drafted).json()["status"] == "withdrawn"
    for decide in (alice.approve, alice.reject):
        refuses(partial(decide, drafted), 409, "statement_withdrawn")
    found = shown(server, alice, drafted)
    assert (found["status"], found["decisions"][-1]["decision"]) == ("withdrawn", "withdrawal")


def test_a_creator_may_be_kept_from_signing(alice: Actor, bob: Actor, refuses: Refuses) -> None:
    drafted = alice.draft(policy=policy_of(1, alice, bob, creatorMaySign=False))
    refuses(lambda: alice.approve(drafted), 403, "not_a_signer")
    assert bob.approve(drafted).json()["status"] == "approved"


def test_a_nested_group_fills_one_place_and_takes_its_own_people(
    server: Server, alice: Actor, bob: Actor, carol: Actor
) -> None:
    policy = policy_of(2, alice)
    policy["of"].append(policy_of(2, bob, carol))
    drafted = alice.draft(policy=policy)
    statuses = [each.approve(drafted).json()["status"] for each in (bob, alice, carol)]
    assert statuses == ["pending", "pending", "approved"]
    progress = shown(server, alice, drafted)["progress"]
    assert (progress["missing"], progress["members"][1]["missing"]) == (0, 0)


def test_a_role_counts_each_person_once(alice: Actor, bob: Actor, join: Join) -> None:
    drafted = alice.draft(policy={"threshold": 2, "of": ["role:investor", f"user:{bob.user}"]})
    assert bob.approve(drafted).json()["status"] == "pending"
    assert join("Dora").approve(drafted).json()["status"] == "approved"


def test_a_statement_expires_by_the_clock(
    server: Server, alice: Actor, bob: Actor, refuses: Refuses
) -> None:
    soon = now_ms() + 1500
    policy = policy_of(2, alice, bob, expiresAt=clock.to_text(soon))
    drafted = alice.draft(policy=policy)
    pending = alice.approve(drafted).json()
    while now_ms() <= soon:
        alice.client.get("/healthz")
    for decide in (bob.approve, bob.reject, alice.withdraw):
        refuses(partial(decide, drafted), 409, "statement_expired")
    found = shown(server, alice, drafted)
    assert (found["status"], found["finalAt"]) == ("expired", policy["expiresAt"])
    listed = alice.client.get("/api/statements?status=expired").json()["items"]
    assert drafted.id in [each["id"] for each in listed]
    past = alice.client.get(f"/api/statements/{drafted.id}", params={"at": pending["position"]})
    assert past.json()["status"] == "pending"


# --- assurance: a passkey with each decision -----------------------------------------------------


def test_a_decision_is_confirmed_by_a_passkey_where_the_policy_asks_for_it(
    server: Server, alice: Actor, bob: Actor, refuses: Refuses
) -> None:
    drafted = alice.draft(policy=policy_of(2, alice, bob, assurance="passkey"))
    refuses(lambda: bob.approve(drafted), 422, "assertion_required")
    refuses(lambda: bob.reject(drafted), 422, "assertion_required")
    jwt = bob.approval(drafted.document)
    answer = bob.post_sign(drafted.id, jwt, assertion=bob.confirm(jwt))
    assert answer.status_code == 201
    decision = shown(server, alice, drafted)["decisions"][0]
    assert decision["assertion"]["credentialId"] == bob.passkey.id
    act = alice.act(
        "reject", statementId=drafted.id, sha256=drafted.sha256, reason="The amount is wrong."
    )
    body = {"act": act, "assertion": alice.confirm(act)}
    answer = alice.client.post(f"/api/statements/{drafted.id}/reject", json=body)
    assert answer.json()["status"] == "rejected"


def test_a_confirmation_is_of_this_signature_and_no_other(
    alice: Actor, bob: Actor, carol: Actor, refuses: Refuses
) -> None:
    policy = policy_of(2, bob, carol, assurance="passkey")
    one, two = alice.draft(policy=policy), alice.draft(policy=policy)
    jwt = bob.approval(one.document)
    code = "passkey_assertion_refused"
    of_another = bob.confirm(bob.approval(two.document))
    refuses(lambda: bob.post_sign(one.id, jwt, assertion=of_another), 422, code)
    earlier = bob.confirm(bob.approval(one.document, iat=now_ms() // 1000 - 60))
    refuses(lambda: bob.post_sign(one.id, jwt, assertion=earlier), 422, code)
    of_carol = carol.confirm(jwt)
    refuses(lambda: bob.post_sign(one.id, jwt, assertion=of_carol), 422, "passkey_unknown")
    unverified = Passkey(
        origin=bob.passkey.origin,
        credential_id=bob.passkey.credential_id,
        private=bob.passkey.private,
        sign_count=bob.passkey.sign_count,
        user_verified=False,
    )
    genuine, bob.passkey = bob.passkey, unverified
    weak = bob.confirm(jwt)
    bob.passkey = genuine
    refuses(lambda: bob.post_sign(one.id, jwt, assertion=weak), 422, code)


def test_a_confirmation_that_nobody_asked_for_is_refused(
    alice: Actor, bob: Actor, refuses: Refuses
) -> None:
    drafted = alice.draft(policy=policy_of(1, bob))
    jwt = bob.approval(drafted.document)
    assertion = bob.confirm(jwt)
    refuses(
        lambda: bob.post_sign(drafted.id, jwt, assertion=assertion), 400, "assertion_unexpected"
    )
