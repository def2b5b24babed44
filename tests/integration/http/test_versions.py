"""New versions of statements: who drafts them, when the earlier one ends, and what both show."""

from functools import partial
from typing import Any

from tests.integration.conftest import Join, Refuses
from tests.support.actor import Actor, Drafted, policy_of
from tests.support.check import head, wait_for
from tests.support.server import Server


def shown(server: Server, actor: Actor, drafted: Drafted) -> dict[str, Any]:
    """Return the statement as the read models have it now."""
    wait_for(server, head(server))
    found: dict[str, Any] = actor.client.get(f"/api/statements/{drafted.id}").json()
    return found


def test_a_new_version_ends_a_pending_statement_and_signatures_do_not_carry_over(
    server: Server, alice: Actor, bob: Actor, refuses: Refuses
) -> None:
    first = alice.draft(policy=policy_of(2, alice, bob), title="The first")
    assert bob.approve(first).status_code == 201
    second = alice.draft(policy=policy_of(2, alice, bob), supersedes=first.copied())
    ended, found = (shown(server, alice, each) for each in (first, second))
    assert (ended["status"], ended["supersededBy"]) == ("superseded", second.id)
    assert (found["supersedes"], found["approvals"], found["replaced"]) == (first.id, 0, None)
    assert [each["title"] for each in found["versions"]] == ["The first", "Series A"]
    for decide in (alice.approve, bob.reject, alice.withdraw):
        refuses(partial(decide, first), 409, "statement_superseded")
    listed = alice.client.get("/api/statements?status=superseded").json()["items"]
    assert first.id in [each["id"] for each in listed]
    waiting = [each["id"] for each in alice.client.get("/api/inbox?limit=200").json()["items"]]
    assert first.id not in waiting
    assert second.id in waiting


def test_a_version_of_an_approved_statement_meets_both_policies(
    server: Server, alice: Actor, bob: Actor, carol: Actor, refuses: Refuses
) -> None:
    first = alice.draft(policy=policy_of(2, bob, carol))
    for each in (bob, carol):
        assert each.approve(first).status_code == 201
    second, third = (
        alice.draft(policy=policy_of(1, alice), supersedes=first.copied()) for _ in range(2)
    )
    refuses(
        lambda: alice.draft_of(alice.document(supersedes=second.copied())), 409, "version_pending"
    )
    assert alice.approve(second).json()["status"] == "pending"
    found = shown(server, alice, second)
    assert (found["progress"]["missing"], found["replacedProgress"]["missing"]) == (0, 2)
    assert found["replaced"]["of"] == [f"user:{bob.user}", f"user:{carol.user}"]
    waiting = bob.client.get("/api/inbox?limit=200").json()["items"]
    assert second.id in [each["id"] for each in waiting]
    assert bob.approve(second).json()["status"] == "pending"
    assert carol.approve(second).json()["status"] == "approved"
    ended = shown(server, alice, first)
    assert (ended["status"], ended["supersededBy"]) == ("superseded", second.id)
    # What was to replace it too, and is pending, ends with it.
    assert shown(server, alice, third)["status"] == "superseded"
    refuses(lambda: alice.approve(third), 409, "statement_superseded")
    before = alice.client.get(f"/api/statements/{first.id}", params={"at": found["position"]})
    assert before.json()["status"] == "approved"


def test_nobody_but_its_creator_supersedes_a_statement(
    server: Server, alice: Actor, bob: Actor, join: Join, refuses: Refuses
) -> None:
    first = alice.draft(policy=policy_of(2, alice, bob))
    another = join("Another creator", "creator")
    refuses(
        lambda: another.draft_of(another.document(supersedes=first.copied())), 403, "creator_only"
    )
    found = shown(server, alice, first)
    assert (found["status"], found["supersededBy"], len(found["versions"])) == ("pending", None, 1)


def test_a_version_that_ended_leads_to_a_draft_that_is_to_replace_the_approved_one_too(
    server: Server, alice: Actor, bob: Actor, refuses: Refuses
) -> None:
    first = alice.draft(policy=policy_of(1, bob))
    assert bob.approve(first).status_code == 201
    second = alice.draft(policy=policy_of(1, alice), supersedes=first.copied())
    assert alice.withdraw(second).status_code == 201
    refuses(
        lambda: alice.draft_of(alice.document(supersedes=second.copied())), 409, "version_ended"
    )
    wait_for(server, head(server))
    found = alice.client.get(f"/draft?supersedes={second.id}", follow_redirects=False)
    assert found.headers["location"] == f"/draft?supersedes={first.id}"
