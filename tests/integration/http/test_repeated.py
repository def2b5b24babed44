"""Requests that are sent again, or by many at once: recorded once, answered the same."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx

from tests.integration.conftest import Join, Refuses
from tests.support.actor import Actor, now_ms, policy_of
from tests.support.check import audit, head
from tests.support.server import Server

AT_ONCE = 50
Post = Callable[[httpx.Client], httpx.Response]


@contextmanager
def recorded(server: Server, count: int) -> Iterator[None]:
    """Expect exactly this many new events inside the block."""
    before = head(server)
    yield
    assert head(server) == before + count


def post(path: str, body: dict[str, Any]) -> Post:
    return lambda client: client.post(path, json=body)


def at_once(server: Server, posts: list[Post]) -> list[httpx.Response]:
    """Send every request on its own connection, as nearly at one moment as threads can."""
    ready = threading.Barrier(len(posts))

    def send(post: Post, client: httpx.Client) -> httpx.Response:
        client.get("/healthz")  # the connection is there before the moment
        ready.wait()
        return post(client)

    with ExitStack() as stack:
        clients = [stack.enter_context(server.client()) for _ in posts]
        pool = stack.enter_context(ThreadPoolExecutor(len(posts)))
        return [*pool.map(send, posts, clients)]


def test_a_repeated_draft_is_answered_the_same(server: Server, alice: Actor, bob: Actor) -> None:
    document = alice.document(policy=policy_of(1, bob))
    body = alice.draft_body(document)
    with recorded(server, 1):
        first = alice.client.post("/api/statements/create", json=body)
        again = alice.client.post("/api/statements/create", json=body)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content


def test_repetitions_are_answered_the_same_after_the_statement_has_moved_on(
    server: Server, alice: Actor, bob: Actor, carol: Actor
) -> None:
    document = alice.document(policy=policy_of(2, alice, bob, carol))
    draft = alice.draft_body(document)
    drafted = alice.client.post("/api/statements/create", json=draft)
    path = f"/api/statements/{drafted.json()['statementId']}"
    about = {"statementId": drafted.json()["statementId"], "sha256": drafted.json()["sha256"]}
    earlier = now_ms() // 1000 - 1
    sent = [
        (
            "/reject",
            {"act": bob.act("reject", **about, reason="The amount is wrong.", iat=earlier)},
        ),
        ("/sign", {"jwt": alice.approval(document)}),
        ("/sign", {"jwt": carol.individual(document)}),
        ("/sign", {"jwt": bob.approval(document)}),
    ]
    first = [bob.client.post(f"{path}{route}", json=body) for route, body in sent]
    statuses = [each.json()["status"] for each in first]
    assert statuses == ["pending", "pending", "approved", "approved"]
    with recorded(server, 0):
        again = [bob.client.post(f"{path}{route}", json=body) for route, body in sent]
        repeated = alice.client.post("/api/statements/create", json=draft)
    assert [each.content for each in again] == [each.content for each in first]
    assert repeated.content == drafted.content


def test_a_repetition_on_another_statement_is_none(
    alice: Actor, bob: Actor, refuses: Refuses
) -> None:
    one, two = (alice.draft(policy=policy_of(1, bob)) for _ in range(2))
    jwt = bob.approval(one.document)
    assert bob.post_sign(one.id, jwt).status_code == 201
    refuses(lambda: bob.post_sign(two.id, jwt), 422, "payload_mismatch")


def test_a_repeated_registration_is_answered_the_same_and_opens_no_session(
    server: Server, join: Join
) -> None:
    dora = join("Dora", role=None)
    body = dora.completion(dora.begin("investor"))
    with recorded(server, 4):
        first = dora.client.post("/api/register/complete", json=body)
        again = httpx.post(f"{server.origin}/api/register/complete", json=body)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    # Otherwise an attacker who recorded the request could sign in with it.
    assert "set-cookie" in first.headers
    assert "set-cookie" not in again.headers


def test_fifty_identical_drafts_at_once_are_one(server: Server, alice: Actor, bob: Actor) -> None:
    body = alice.draft_body(alice.document(policy=policy_of(1, bob)))
    with recorded(server, 1):
        answers = at_once(server, [post("/api/statements/create", body)] * AT_ONCE)
    assert {(each.status_code, each.content) for each in answers} == {(201, answers[0].content)}


def test_fifty_identical_approvals_at_once_are_one(
    server: Server, alice: Actor, bob: Actor
) -> None:
    drafted = alice.draft(policy=policy_of(1, bob))
    jwt = bob.approval(drafted.document)
    path = f"/api/statements/{drafted.id}/sign"
    with recorded(server, 1):
        answers = at_once(server, [post(path, {"jwt": jwt})] * AT_ONCE)
    assert {(each.status_code, each.content) for each in answers} == {(201, answers[0].content)}


def test_fifty_identical_registrations_at_once_are_one_with_one_session(
    server: Server, join: Join
) -> None:
    dora = join("Dora", role=None)
    body = dora.completion(dora.begin("investor"))
    with recorded(server, 4):
        answers = at_once(server, [post("/api/register/complete", body)] * AT_ONCE)
    assert {(each.status_code, each.content) for each in answers} == {(201, answers[0].content)}
    assert sum("set-cookie" in each.headers for each in answers) == 1


def test_fifty_different_approvals_of_one_person_at_once_count_once(
    server: Server, alice: Actor, bob: Actor
) -> None:
    drafted = alice.draft(policy=policy_of(2, alice, bob))
    path = f"/api/statements/{drafted.id}/sign"

    def sign_with(jti: str) -> Post:
        return post(path, {"jwt": bob.individual(drafted.document, jti=jti)})

    with recorded(server, 1):
        answers = at_once(server, [sign_with(str(n)) for n in range(AT_ONCE)])
    statuses = [each.status_code for each in answers]
    assert statuses.count(201) == 1
    # Some were signed before the approval that counts, the others after it.
    refusals = {each.json()["code"] for each in answers if each.status_code != 201}
    assert refusals <= {"already_approved", "out_of_order"}


def test_all_signers_of_one_statement_at_once_are_all_recorded_in_some_order(
    server: Server, alice: Actor, join: Join
) -> None:
    signers = [join(f"Signer {n}") for n in range(12)]
    drafted = alice.draft(policy=policy_of(12, *signers))
    path = f"/api/statements/{drafted.id}/sign"

    posts = [post(path, {"jwt": each.approval(drafted.document)}) for each in signers]
    with recorded(server, 12):
        answers = at_once(server, posts)
    assert sorted(each.json()["approvals"] for each in answers) == [*range(1, 13)]
    statuses = [each.json()["status"] for each in answers]
    assert (statuses.count("approved"), statuses.count("pending")) == (1, 11)


def test_an_approval_and_a_withdrawal_at_once_are_decided_one_after_the_other(
    server: Server, alice: Actor, bob: Actor
) -> None:
    for _ in range(10):
        drafted = alice.draft(policy=policy_of(1, bob))
        jwt = bob.approval(drafted.document)
        act = alice.act("withdraw", statementId=drafted.id, sha256=drafted.sha256)
        path = f"/api/statements/{drafted.id}"
        with recorded(server, 1):
            answers = at_once(
                server,
                [post(f"{path}/sign", {"jwt": jwt}), post(f"{path}/withdraw", {"act": act})],
            )
        assert sorted(each.status_code for each in answers) == [201, 409]


def test_an_approval_and_the_end_of_its_key_at_once_leave_a_log_that_passes_the_audit(
    server: Server, alice: Actor, join: Join
) -> None:
    for n in range(5):
        dora = join(f"Dora {n}")
        drafted = alice.draft(policy=policy_of(1, dora))
        jwt = dora.approval(drafted.document)
        act = dora.act("revoke-key", kid=dora.key.kid)
        answers = at_once(
            server,
            [
                post(f"/api/statements/{drafted.id}/sign", {"jwt": jwt}),
                post(f"/api/jwt-keys/{dora.key.kid}/revoke", {"act": act}),
            ],
        )
        assert answers[1].status_code == 201
        assert (answers[0].status_code, answers[0].json().get("code")) in [
            (201, None),
            (422, "key_revoked"),
        ]
    audit(server)


def test_one_key_registered_by_eight_people_at_once_is_one_persons(
    server: Server, join: Join
) -> None:
    first = join("First", role=None)
    people = [first, *(join(f"Thief {n}", role=None, key=first.key) for n in range(7))]
    bodies = [each.completion(each.begin("investor")) for each in people]
    with recorded(server, 4):
        answers = at_once(server, [post("/api/register/complete", body) for body in bodies])
    outcomes = sorted((each.status_code, each.json().get("code", "")) for each in answers)
    assert outcomes == [(201, "")] + [(409, "key_known")] * 7
