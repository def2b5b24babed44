"""Uses: an executor uses an approved statement, and reports the outcome."""

from typing import Any

import pytest

from ledger import clock
from tests.integration.conftest import Refuses
from tests.support.actor import Actor, Drafted, now_ms, policy_of
from tests.support.check import head, wait_for
from tests.support.server import Server

NONCE = "n" * 22


def usable(*by: Actor, times: int = 1, **more: Any) -> dict[str, Any]:
    """Return the member `usable` of a document."""
    return {"by": [f"user:{each.user}" for each in by], "times": times} | more


def approved(alice: Actor, *by: Actor, times: int = 1, **more: Any) -> Drafted:
    """Return a statement that Alice approved."""
    members = {"usable": usable(*by, times=times, **more)}
    drafted = alice.draft(policy=policy_of(1, alice), **members)
    assert alice.approve(drafted).json()["status"] == "approved"
    return drafted


def shown(server: Server, actor: Actor, drafted: Drafted, **at: int) -> dict[str, Any]:
    """Return the statement as the read models have it now."""
    wait_for(server, head(server))
    address = f"/api/statements/{drafted.id}"
    found: dict[str, Any] = actor.client.get(address, params=at).json()
    return found


def test_a_statement_is_used_as_often_as_it_says(
    server: Server, alice: Actor, bob: Actor, refuses: Refuses
) -> None:
    drafted = approved(alice, bob, times=2)
    first = bob.use(drafted, NONCE, reference="order 17")
    second = bob.use(drafted, "m" * 22)
    assert [each.status_code for each in (first, second)] == [201, 201]
    assert [each.json()["number"] for each in (first, second)] == [1, 2]
    refuses(lambda: bob.use(drafted, "l" * 22), 409, "used_up")
    found = shown(server, alice, drafted)
    assert (found["usesLeft"], found["usable"]["times"]) == (0, 2)
    assert [each["reference"] for each in found["uses"]] == ["order 17", None]
    then = shown(server, alice, drafted, at=first.json()["position"])
    assert (then["usesLeft"], len(then["uses"])) == (1, 1)


def test_a_repeated_use_gets_the_first_receipt_even_if_it_is_signed_again(
    server: Server, alice: Actor, bob: Actor
) -> None:
    drafted = approved(alice, bob)
    first, before = bob.use(drafted, NONCE), head(server)
    again = bob.use(drafted, NONCE, reference="signed again")
    assert (again.status_code, again.json()) == (201, first.json())
    assert head(server) == before


def test_the_receipt_of_a_use_is_for_who_signed_for_it(
    alice: Actor, bob: Actor, carol: Actor, refuses: Refuses
) -> None:
    drafted = approved(alice, bob, carol)
    assert bob.use(drafted, NONCE).status_code == 201
    refuses(lambda: carol.use(drafted, NONCE), 409, "used_up")
    about: dict[str, Any] = {"statementId": drafted.id, "nonce": NONCE}
    act = bob.act("use", **about, sha256="0" * 64)
    address = f"/api/statements/{drafted.id}/use"
    refuses(lambda: bob.client.post(address, json={"act": act}), 422, "act_mismatch")
    forged = act.rpartition(".")[0] + "." + "A" * 86
    refuses(lambda: bob.client.post(address, json={"act": forged}), 422, "jws_signature_invalid")


def test_a_use_of_another_document_takes_nothing(
    alice: Actor, bob: Actor, refuses: Refuses
) -> None:
    drafted = approved(alice, bob)
    act = bob.act("use", statementId=drafted.id, sha256="0" * 64, nonce=NONCE)
    address = f"/api/statements/{drafted.id}/use"
    refuses(lambda: bob.client.post(address, json={"act": act}), 422, "act_mismatch")
    assert bob.use(drafted, NONCE).status_code == 201


@pytest.mark.parametrize("end", ["pending", "withdrawn", "superseded"])
def test_only_an_approved_statement_is_used(
    alice: Actor, bob: Actor, end: str, refuses: Refuses
) -> None:
    drafted = alice.draft(policy=policy_of(1, alice), usable=usable(bob))
    if end == "withdrawn":
        alice.withdraw(drafted)
    if end == "superseded":
        alice.approve(drafted)
        members = {"policy": policy_of(1, alice), "supersedes": drafted.copied()}
        assert alice.approve(alice.draft(**members)).json()["status"] == "approved"
    refuses(lambda: bob.use(drafted, NONCE), 409, f"statement_{end}")


def test_nobody_else_uses_it_and_nobody_uses_what_names_no_executors(
    alice: Actor, bob: Actor, carol: Actor, refuses: Refuses
) -> None:
    named = approved(alice, bob)
    refuses(lambda: carol.use(named, NONCE), 403, "use_not_allowed")
    plain = alice.draft(policy=policy_of(1, alice))
    alice.approve(plain)
    refuses(lambda: bob.use(plain, NONCE), 409, "not_usable")


def test_an_end_that_has_passed_is_refused_at_the_draft(
    alice: Actor, bob: Actor, refuses: Refuses
) -> None:
    past = clock.to_text(now_ms() - 1)
    document = alice.document(policy=policy_of(1, alice), usable=usable(bob, until=past))
    refuses(lambda: alice.draft_of(document), 409, "use_expired")


def test_another_participant_confirms_that_a_use_was_not_done_and_it_is_used_again(
    server: Server, alice: Actor, bob: Actor, refuses: Refuses
) -> None:
    drafted = approved(alice, bob)
    bob.use(drafted, NONCE)
    assert shown(server, alice, drafted)["uses"][0]["outcome"] is None
    assert bob.report(drafted, "not-done").json()["frees"] is False
    refuses(lambda: bob.use(drafted, "m" * 22), 409, "used_up")
    answer = alice.confirm_not_done(drafted)
    assert (answer.status_code, answer.json()["frees"]) == (201, True)
    found = shown(server, alice, drafted)
    assert (found["usesLeft"], found["uses"][0]["freed"]) == (1, True)
    assert found["uses"][0]["confirmedBy"]["name"] == "Alice"
    again = bob.use(drafted, "m" * 22).json()
    assert (again["number"], again["generation"]) == (1, 2)
    assert bob.report(drafted, "done", generation=2).status_code == 201
    refuses(lambda: bob.report(drafted, "unknown", generation=2), 409, "outcome_known")
    assert [each["outcome"] for each in shown(server, alice, drafted)["uses"]] == [
        "not-done",
        "done",
    ]


def test_a_repeated_report_gets_the_first_answer(alice: Actor, bob: Actor) -> None:
    drafted = approved(alice, bob)
    bob.use(drafted, NONCE)
    act = bob.act(
        "outcome",
        statementId=drafted.id,
        sha256=drafted.sha256,
        outcome="done",
        number=1,
        generation=1,
    )
    address = f"/api/statements/{drafted.id}/outcome"
    answers = [bob.client.post(address, json={"act": act}) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert answers[0].status_code == 201


def test_the_timeline_tells_of_uses_and_outcomes(server: Server, alice: Actor, bob: Actor) -> None:
    drafted = approved(alice, bob)
    bob.use(drafted, NONCE)
    bob.report(drafted, "unknown")
    wait_for(server, head(server))
    told = alice.client.get("/api/timeline", params={"stream": drafted.id}).json()["items"]
    assert [each["summary"] for each in told[:2]] == [
        "“Bob” reported a use of “Series A” as unknown",
        "“Bob” used “Series A”",
    ]
