"""Steps over HTTP: who may approve when, and what progress, inboxes and pages show."""

from functools import partial
from typing import Any

import pytest

from tests.integration.conftest import Join, Refuses
from tests.support.actor import Actor, Drafted
from tests.support.check import head, wait_for
from tests.support.server import Server


def one_of(*people: Actor) -> dict[str, Any]:
    return {"threshold": 1, "of": [f"user:{each.user}" for each in people]}


def in_steps(alice: Actor, bob: Actor, carol: Actor) -> Drafted:
    return alice.draft(policy={"steps": [one_of(bob, carol), one_of(bob, alice), one_of(alice)]})


@pytest.fixture
def drafted(alice: Actor, bob: Actor, carol: Actor) -> Drafted:
    return in_steps(alice, bob, carol)


def shown(server: Server, who: Actor, path: str) -> Any:
    wait_for(server, head(server))
    return who.client.get(path).json()


def inbox(server: Server, who: Actor) -> list[str]:
    return [each["id"] for each in shown(server, who, "/api/inbox?limit=100")["items"]]


def test_steps_are_met_one_after_the_other(server: Server, join: Join, refuses: Refuses) -> None:
    # People of their own: others' tests ask Alice, Bob and Carol for a hundred decisions.
    alice, bob, carol = join("Ada", "creator"), join("Ben"), join("Cleo")
    drafted = in_steps(alice, bob, carol)
    path = f"/api/statements/{drafted.id}"
    refuses(lambda: alice.approve(drafted), 409, "step_closed")
    refuses(lambda: bob.approve(drafted), 409, "needed_later")
    assert carol.approve(drafted).json()["status"] == "pending"
    refuses(lambda: alice.approve(drafted), 409, "needed_later")
    found = shown(server, alice, path)
    assert (found["progress"]["openStep"], found["progress"]["missing"], found["needed"]) == (
        2,
        2,
        3,
    )
    assert drafted.id in inbox(server, bob)
    assert drafted.id not in inbox(server, alice)
    assert bob.approve(drafted).json()["status"] == "pending"
    assert drafted.id in inbox(server, alice)
    assert alice.approve(drafted).json()["status"] == "approved"
    found = shown(server, alice, path)
    assert [each["step"] for each in found["decisions"]] == [1, 2, 3]
    assert "openStep" not in found["progress"]


def test_an_approval_after_the_last_step_is_refused(
    alice: Actor, bob: Actor, carol: Actor, refuses: Refuses
) -> None:
    drafted = alice.draft(policy={"steps": [one_of(bob, carol), one_of(alice)]})
    assert bob.approve(drafted).json()["status"] == "pending"
    assert alice.approve(drafted).json()["status"] == "approved"
    refuses(lambda: carol.approve(drafted), 409, "not_needed")


def test_a_rejection_in_a_later_step_ends_what_nobody_else_can_complete(
    alice: Actor, bob: Actor, carol: Actor, drafted: Drafted, refuses: Refuses
) -> None:
    assert carol.reject(drafted).json()["status"] == "rejected"  # Bob is needed in the second step
    refuses(lambda: bob.approve(drafted), 409, "statement_rejected")


def test_a_draft_with_one_step_or_steps_and_a_root_is_refused(
    alice: Actor, bob: Actor, refuses: Refuses
) -> None:
    both = {"steps": [one_of(bob), one_of(alice)]}
    for policy, code in (
        ({"steps": [one_of(bob)]}, "policy_invalid"),
        (both | one_of(bob), "policy_invalid"),
        ({"steps": [one_of(bob)] * 9}, "policy_too_complex"),
        ({"steps": [one_of(bob), one_of(bob)]}, "policy_impossible"),
    ):
        document = alice.document(policy=policy)
        refuses(partial(alice.draft_of, document), 400, code)


def test_the_page_says_which_step_is_open(
    server: Server, alice: Actor, carol: Actor, drafted: Drafted
) -> None:
    wait_for(server, head(server))
    page = alice.client.get(f"/statements/{drafted.id}").text
    assert "Step 1 of 3 is open. Waiting for “Carol”." in page
    assert "Step 1 of 3 is open. It asks for other people." in page
    carol.approve(drafted)
    wait_for(server, head(server))
    page = alice.client.get(f"/statements/{drafted.id}").text
    assert "Step 2 of 3 is open. Waiting for “Bob”." in page
    assert "Your approval is kept for a later step, which needs you." in page
