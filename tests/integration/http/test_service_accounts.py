"""Service accounts over HTTP: added by their owner, bounded by their scope, ended by either."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import pytest

from ledger import clock
from ledger.domain import challenges
from ledger.http.streams import MAX_STREAMS_EACH
from ledger.jose import SigningKey
from tests.integration.conftest import Join, Refuses
from tests.support.actor import Actor, now_ms, policy_of
from tests.support.check import wait_for
from tests.support.drafted import Drafted
from tests.support.keys import jwk_members
from tests.support.server import Server

DAY_MS = 86_400_000


def scope_of(**more: Any) -> dict[str, Any]:
    ends = clock.to_text(now_ms() + 30 * DAY_MS)
    acts = ["draft", "outcome", "use"]
    plain = {"name": "deploy", "acts": acts, "types": [], "untyped": True, "expiresAt": ends}
    return plain | more


def proofs(owner: Actor, key: SigningKey, nonce: str, scope: dict[str, Any]) -> dict[str, Any]:
    """Return a new account with both proofs."""
    service = {name: scope[name] for name in ("acts", "name", "types", "untyped")}
    challenge = challenges.add_service_account(
        service,
        expires_at=scope["expiresAt"],
        kid=key.kid,
        ledger=owner.ledger,
        nonce=nonce,
        user=owner.user,
    )
    proof = owner.sign(challenge, key=key, typ="key-possession+jws")
    assertion = owner.passkey.get(challenge)
    return {"jwk": jwk_members(key.jwk), "assertion": assertion, "possession": proof} | scope


def add(owner: Actor, key: SigningKey, **more: Any) -> httpx.Response:
    begun = owner.client.post("/api/jwt-keys/options", json={}).json()
    account = proofs(owner, key, begun["nonce"], scope_of(**more))
    body = {"ceremony": begun["ceremony"], "account": account}
    return owner.client.post("/api/service-accounts", json=body)


def new_account(owner: Actor) -> dict[str, Any]:
    """Return a request without a ceremony."""
    return {"ceremony": "", "account": proofs(owner, SigningKey.generate(), "", scope_of())}


def end(who: Actor, owner: str, kid: str, **more: int) -> httpx.Response:
    act = who.act("end-service-account", user=owner, account=kid, **more)
    path = f"/api/service-accounts/{kid}/end"
    return who.client.post(path, json=who.confirmed(act))


def come_and_go(owner: Actor) -> None:
    """Add, list and end an account."""
    key = SigningKey.generate()
    add(owner, key)
    owner.client.get("/api/service-accounts")
    end(owner, owner.user, key.kid)


@pytest.fixture
def clients() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


class Robot(Actor):
    """A program with a service account of somebody's, and a client of its own."""

    def __init__(self, server: Server, clients: ExitStack, owner: Actor, **scope: Any) -> None:
        key = SigningKey.generate()
        super().__init__(clients.enter_context(server.client()), owner.name, key=key)
        self.user, self.ledger, self.owner = owner.user, owner.ledger, owner
        self.added = add(owner, key, **scope)
        assert self.added.status_code == 201, self.added.text
        assert self.sign_in_by_key(key.kid).status_code == 200


def test_an_account_drafts_uses_and_reports_as_its_owner(
    server: Server, join: Join, alice: Actor, clients: ExitStack
) -> None:
    dora = join("Dora", "creator")
    robot = Robot(server, clients, dora)
    usable = {"by": [f"user:{dora.user}"], "times": 1}
    drafted = robot.draft(policy=policy_of(1, alice), usable=usable)
    assert alice.approve(drafted).json()["status"] == "approved"
    assert robot.use(drafted, "n" * 22).status_code == 201
    assert robot.report(drafted, "done").status_code == 201
    shown = robot.client.get(f"/api/statements/{drafted.id}").json()
    assert (shown["creator"]["id"], shown["uses"][0]["outcome"]) == (dora.user, "done")


def test_what_an_account_drafts_is_its_owners_for_creator_may_sign(
    server: Server, join: Join, alice: Actor, clients: ExitStack, refuses: Refuses
) -> None:
    dora = join("Dora", "creator")
    robot = Robot(server, clients, dora)
    drafted = robot.draft(policy=policy_of(1, alice, dora, creatorMaySign=False))
    refuses(partial(dora.approve, drafted), 403, "not_a_signer")


def test_an_account_decides_nothing(
    server: Server, join: Join, alice: Actor, clients: ExitStack, refuses: Refuses
) -> None:
    dora = join("Dora", "creator")
    robot = Robot(server, clients, dora)
    drafted = dora.draft(policy=policy_of(1, dora, alice))
    for decide in (robot.approve, robot.reject, robot.retract, robot.withdraw):
        refuses(partial(decide, drafted), 403, "beyond_scope")
    many = {"approvals": [robot.approval(drafted.document)]}
    answer = robot.client.post("/api/approvals", json=many)
    assert "beyond_scope" in answer.text


def test_nobody_learns_by_an_account_or_an_ended_key_that_a_statement_is_there(
    server: Server, join: Join, alice: Actor, clients: ExitStack, refuses: Refuses
) -> None:
    eve = join("Eve", "creator")
    robot = Robot(server, clients, eve)
    hidden = alice.draft(policy=policy_of(1, alice), readers=[])
    nowhere = Drafted(hidden.document, hidden.answer | {"statementId": str(uuid4())})
    for drafted in (hidden, nowhere):
        refuses(partial(robot.use, drafted, "n" * 22), 404, "statement_unknown")
        refuses(partial(robot.report, drafted, "done"), 404, "statement_unknown")
    assert end(eve, eve.user, robot.key.kid).status_code == 201
    for drafted in (hidden, nowhere):
        refuses(partial(robot.use, drafted, "m" * 22), 404, "statement_unknown")
        refuses(partial(robot.report, drafted, "done"), 422, "key_revoked")


def test_a_session_of_an_account_is_good_for_its_business_only(
    server: Server, join: Join, clients: ExitStack
) -> None:
    dora = join("Dora", "creator")
    robot = Robot(server, clients, dora)
    for path in ("/api/session", "/api/statements", "/api/types", "/api/service-accounts"):
        assert robot.client.get(path).status_code == 200, path
    closed = ("/api/inbox", "/api/sessions", "/api/users", "/api/timeline", "/api/wrapped-keys")
    for path in closed:
        answer = robot.client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (403, "beyond_scope"), path
    label = {"reference": f"kid:{dora.key.kid}", "label": "mine"}
    for path, body in (
        ("/api/device-labels", label),
        ("/api/jwt-keys/options", {}),
        ("/api/passkeys/options", {}),
    ):
        answer = robot.client.post(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "beyond_scope"), path
    page = robot.client.get("/account", follow_redirects=False)
    assert (page.status_code, page.headers["location"].split("?")[0]) == (302, "/signin")


def test_streams_of_accounts_leave_their_owner_theirs(
    server: Server, join: Join, clients: ExitStack, refuses: Refuses
) -> None:
    dora = join("Dora")
    one, two = (Robot(server, clients, dora, name=name) for name in ("one", "two"))
    with ExitStack() as stack:
        for program in (one, two) * (MAX_STREAMS_EACH // 2):
            client = stack.enter_context(server.client())
            client.cookies.update(program.client.cookies)
            answer = stack.enter_context(client.stream("GET", "/api/stream"))
            assert answer.status_code == 200
        refuses(lambda: one.client.get("/api/stream"), 429, "too_many_streams")
        refuses(lambda: two.client.get("/api/stream"), 429, "too_many_streams")
        with dora.client.stream("GET", "/api/stream") as answer:
            assert answer.status_code == 200


def test_a_token_without_its_prefix_opens_nothing(
    server: Server, join: Join, clients: ExitStack
) -> None:
    robot = Robot(server, clients, join("Dora", "creator"))
    (token,) = robot.client.cookies.values()
    name = next(iter(robot.client.cookies))
    assert token.startswith("service.")
    with server.client() as thief:
        thief.cookies.set(name, token.removeprefix("service."))
        assert thief.get("/api/session").status_code == 401


def test_everybody_sees_every_account_with_its_scope(
    server: Server, join: Join, bob: Actor, clients: ExitStack
) -> None:
    dora = join("Dora", "creator")
    robot = Robot(server, clients, dora, types=["deployment"], untyped=False)
    query = {"minPosition": robot.added.json()["position"]}
    items = bob.client.get("/api/service-accounts", params=query).json()["items"]
    mine = next(each for each in items if each["key"]["kid"] == robot.key.kid)
    acts = ["draft", "outcome", "use"]
    service = {"name": "deploy", "acts": acts, "types": ["deployment"], "untyped": False}
    assert (mine["owner"]["id"], mine["key"]["service"]) == (dora.user, service)
    assert mine["key"]["status"] == "active"
    shown = bob.client.get(f"/api/jwt-keys/{robot.key.kid}").json()
    assert (shown["service"], shown["home"]) == (service, "program")
    with server.client() as stranger:
        found = stranger.get(f"/api/jwt-keys/{robot.key.kid}").json()
        assert ("service" in found, found["decides"]) == (False, False)
        assert stranger.get(f"/api/jwt-keys/{dora.key.kid}").json()["decides"]
    assert "service" not in bob.client.get(f"/api/jwt-keys/{dora.key.kid}").json()


def test_who_verifies_approvals_with_the_key_set_has_no_accounts_key(
    server: Server, join: Join, clients: ExitStack
) -> None:
    dora = join("Dora", "creator")
    robot = Robot(server, clients, dora)
    query = {"minPosition": robot.added.json()["position"]}
    found = dora.client.get("/.well-known/jwks.json", params=query).json()["keys"]
    kids = {each["kid"] for each in found}
    assert dora.key.kid in kids
    assert robot.key.kid not in kids


def test_the_list_has_pages(server: Server, join: Join, bob: Actor) -> None:
    dora = join("Dora", "creator")
    keys = [SigningKey.generate() for _ in range(3)]
    position = [add(dora, key).json()["position"] for key in keys][-1]
    found, query = [], {"limit": 2, "minPosition": position}
    first = bob.client.get("/api/service-accounts", params=query).json()
    second = bob.client.get(
        "/api/service-accounts", params={"limit": 2, "cursor": first["next"]}
    ).json()
    found = [each["key"]["kid"] for page in (first, second) for each in page["items"]]
    assert found[:3] == [key.kid for key in reversed(keys)]
    bad = bob.client.get("/api/service-accounts", params={"cursor": "bad"})
    assert (bad.status_code, bad.json()["code"]) == (400, "cursor_invalid")


def test_its_owner_ends_an_account_and_its_sessions(
    server: Server, join: Join, bob: Actor, clients: ExitStack, refuses: Refuses
) -> None:
    dora = join("Dora", "creator")
    robot = Robot(server, clients, dora)
    refuses(lambda: end(bob, dora.user, robot.key.kid), 403, "governance_only")
    refuses(lambda: end(robot, dora.user, robot.key.kid), 403, "beyond_scope")
    assert end(dora, dora.user, robot.key.kid).status_code == 201
    assert robot.client.get("/api/statements").status_code == 401
    refuses(lambda: robot.draft_of(), 422, "key_revoked")
    later = now_ms() // 1000 + 2  # another act: the same one gets its first answer
    refuses(lambda: end(dora, dora.user, robot.key.kid, iat=later), 409, "key_revoked")
    refuses(lambda: end(dora, dora.user, dora.key.kid), 404, "service_unknown")


def test_the_act_names_the_account_that_it_ends(
    server: Server, join: Join, clients: ExitStack, refuses: Refuses
) -> None:
    dora = join("Dora", "creator")
    one, other = Robot(server, clients, dora), Robot(server, clients, dora)
    act = dora.act("end-service-account", user=dora.user, account=other.key.kid)
    path = f"/api/service-accounts/{one.key.kid}/end"
    refuses(lambda: dora.client.post(path, json=dora.confirmed(act)), 422, "act_mismatch")


def test_an_account_ends_itself(server: Server, join: Join, clients: ExitStack) -> None:
    robot = Robot(server, clients, join("Dora", "creator"))
    assert robot.revoke_key(robot.key.kid).status_code == 201
    assert robot.client.get("/api/statements").status_code == 401


def test_the_views_of_the_past_know_when_an_account_ended(
    server: Server, join: Join, clients: ExitStack
) -> None:
    dora = join("Dora", "creator")
    robot = Robot(server, clients, dora)
    before = robot.added.json()["position"]
    after = end(dora, dora.user, robot.key.kid).json()["position"]
    wait_for(server, after)
    path = f"/api/jwt-keys/{robot.key.kid}"
    statuses = [dora.client.get(path, params={"at": at}).json()["status"] for at in (before, after)]
    assert statuses == ["active", "revoked"]


def test_a_request_is_read_strictly(join: Join, refuses: Refuses) -> None:
    dora, key = join("Dora", "creator"), SigningKey.generate()
    refuses(lambda: add(dora, key, acts=["sign"]), 400, "request_invalid")
    refuses(lambda: add(dora, key, name="Alice"), 400, "service_invalid")
    refuses(lambda: add(dora, key, more=True), 400, "request_invalid")
    refuses(lambda: add(dora, key, types=["ledger/change"]), 400, "service_invalid")
