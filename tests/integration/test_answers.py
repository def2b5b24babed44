"""Answers: only declared routes, only to whom they are for, with headers on every one of them."""

import asyncio
import json
import re
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from litestar.routes import HTTPRoute

from ledger import entry
from ledger.headers import security_headers
from ledger.server import build
from ledger.settings import read_settings
from tests.integration.conftest import NO_LIMIT, Refuses
from tests.support.actor import Actor, policy_of
from tests.support.check import head, stored, wait_for
from tests.support.server import Server

WEB = Path(__file__).parents[2] / "web"

PAGES = ["/", "/register", "/signin", "/statements", "/inbox", "/draft", "/account"]
PUBLIC = ["/.well-known/jwks.json", "/healthz", "/schema/openapi.json", "/favicon.ico"]
MEMBERS_READ = [
    "/api/users",
    "/api/users/{credential_id:str}",
    "/api/statements",
    "/api/statements/{statement_id:str}",
    "/api/statements/{statement_id:str}/document",
    "/api/statements/{statement_id:str}/jws",
    "/api/inbox",
    "/api/timeline",
    "/api/stream",
    "/api/session",
]
MEMBERS_POST = [
    "/api/jwt-keys",
    "/api/jwt-keys/options",
    "/api/passkeys",
    "/api/passkeys/options",
]
BY_SIGNATURE = [
    "/api/statements/create",
    "/api/statements/{statement_id:str}/sign",
    "/api/statements/{statement_id:str}/reject",
    "/api/statements/{statement_id:str}/withdraw",
    "/api/jwt-keys/{kid:str}/revoke",
    "/api/passkeys/{credential_id:str}/remove",
    "/api/users/{user_id:str}/roles",
    "/api/invitations",
    "/api/sessions",
]
BY_CEREMONY = [
    "/api/credentials",
    "/api/register/complete",
    "/api/authenticate",
    "/api/authenticate/options",
    "/api/logout",
]
GET = [
    *PAGES,
    *PUBLIC,
    *MEMBERS_READ,
    "/statements/{statement_id:str}",
    "/static/{tree:str}/{path:path}",
    "/api/jwt-keys/{kid:str}",
    "/api/jwt-keys/by-credential/{credential_id:str}",
    # The framework's own: the schema again, and a plain 404 beside it.
    "/schema",
    "/schema/{path:str}",
]
POST = [*MEMBERS_POST, *BY_SIGNATURE, *BY_CEREMONY]


def test_only_declared_routes_exist(tmp_path: Path) -> None:
    application = build(read_settings({"LEDGER_DATA": str(tmp_path / "data")}))

    async def close() -> None:
        async with application.lifespan():
            pass

    asyncio.run(close())
    routes: dict[str, set[str]] = {}
    for route in application.routes:
        assert isinstance(route, HTTPRoute)
        routes.setdefault(route.path, set()).update(route.methods)
    expected = {path: {"GET", "OPTIONS"} for path in GET}
    expected |= {path: {"POST", "OPTIONS"} for path in POST}
    assert routes == expected


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/",
        "/api/credentials/x",
        "/api/docs/flow",
        "/technical",
        "/technical/keys",
        "/log.sqlite",
        "/data/log.sqlite",
        "/.env",
        "/.git/config",
        "/schema/swagger",
        "/metrics/../healthz/x",
    ],
)
def test_other_addresses_are_not_there(path: str, stranger: httpx.Client) -> None:
    assert stranger.get(path).status_code == 404
    assert stranger.post(path, json={}).status_code in (404, 405)


def fill(path: str) -> str:
    return re.sub(r"{\w+:str}", str(uuid4()), path)


@pytest.mark.parametrize("path", MEMBERS_READ)
def test_reading_what_members_read_takes_a_session(
    path: str, stranger: httpx.Client, refuses: Refuses
) -> None:
    refuses(lambda: stranger.get(fill(path)), 401, "sign_in_required")


@pytest.mark.parametrize("path", MEMBERS_POST)
def test_what_a_member_does_for_themselves_takes_a_session(
    path: str, stranger: httpx.Client, bob: Actor, refuses: Refuses
) -> None:
    begun = bob.client.post("/api/jwt-keys/options", json={}).json()
    bodies: dict[str, Any] = {
        "/api/jwt-keys": {"ceremony": "", "key": bob.key_proofs(begun["nonce"])},
        "/api/passkeys": {
            "ceremony": "",
            "registration": bob.passkey.create("AAAA"),
            "act": bob.act("add-passkey", credentialId=bob.passkey.id),
        },
    }
    refuses(lambda: stranger.post(path, json=bodies.get(path, {})), 401, "sign_in_required")


@pytest.mark.parametrize("path", BY_SIGNATURE)
def test_what_a_signature_does_is_not_done_by_a_session(
    path: str, server: Server, bob: Actor, alice: Actor
) -> None:
    # Bob is signed in; what he sends is signed by a key that nobody has.
    stray = Actor(bob.client, "Nobody", server.origin)
    stray.ledger = bob.ledger
    document = alice.document()
    body: dict[str, str] = {"act": stray.act("withdraw")}
    if path.endswith("/create"):
        body = {"document": document, "act": stray.draft_body(document)["act"]}
    if path.endswith("/sign"):
        body = {"jwt": stray.approval(document)}
    drafted = alice.draft(policy=policy_of(1, bob))
    real = (
        path.replace("{statement_id:str}", drafted.id)
        .replace("{kid:str}", bob.key.kid)
        .replace("{credential_id:str}", bob.passkey.id)
        .replace("{user_id:str}", bob.user)
    )
    before = head(server)
    answer = bob.client.post(real, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "key_unknown")
    assert head(server) == before


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE"])
@pytest.mark.parametrize("path", ["/", "/inbox", "/api/statements", "/healthz", "/api/credentials"])
def test_other_methods_are_refused_everywhere(
    method: str, path: str, bob: Actor, refuses: Refuses
) -> None:
    refuses(partial(bob.client.request, method, path), 405, "method_not_allowed")
    assert "OPTIONS" in bob.client.request(method, path).headers["allow"]


def test_a_page_is_not_posted_to_and_a_command_not_fetched(bob: Actor, refuses: Refuses) -> None:
    for path in PAGES:
        if path != "/statements":
            refuses(partial(bob.client.post, path, json={}), 405, "method_not_allowed")
    refuses(lambda: bob.client.get("/api/credentials"), 405, "method_not_allowed")


@pytest.mark.parametrize("path", [*PAGES, *PUBLIC, "/api/users", "/api/session", "/nowhere"])
def test_head_is_get_without_a_body(path: str, bob: Actor) -> None:
    got, headed = bob.client.get(path), bob.client.head(path)
    assert headed.status_code == got.status_code
    assert headed.content == b""
    for name in ("content-type", "content-length", "content-security-policy"):
        assert headed.headers.get(name) == got.headers.get(name)


def test_a_stream_has_no_head(bob: Actor) -> None:
    assert bob.client.head("/api/stream").status_code == 405


def test_no_other_site_is_told_that_it_may(bob: Actor) -> None:
    headers = {
        "Origin": "https://evil.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    for path in ("/api/credentials", "/api/session", "/"):
        answer = bob.client.options(path, headers=headers)
        assert answer.status_code == 204
        assert not [name for name in answer.headers if name.startswith("access-control-")]


def every_kind(alice: Actor, bob: Actor, stranger: httpx.Client) -> Iterator[httpx.Response]:
    yield from (bob.client.get(path) for path in (*PAGES, *PUBLIC))
    page = stranger.get("/")
    for asset in re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text):
        yield stranger.get(asset)
    yield stranger.get("/inbox", follow_redirects=False)
    yield stranger.get("/nowhere", headers={"Accept": "text/html"})
    yield bob.client.get(f"/statements/{uuid4()}", headers={"Accept": "text/html"})
    yield stranger.get("/nowhere")
    yield stranger.get("/static/0/nothing.js")
    yield stranger.put("/")
    yield stranger.options("/")
    yield stranger.get("/api/session")
    yield stranger.post("/api/credentials", content=b"x" * 70_000)
    yield stranger.post("/api/credentials", json={"name": "x" * 70_000, "role": "investor"})
    yield stranger.post("/api/credentials", json={"name": "Dora", "role": "king"})
    yield stranger.post("/api/credentials", json={"name": ""})
    yield stranger.post("/api/credentials", json={"name": "", "role": "investor"})
    yield stranger.post("/api/credentials", json={"name": "Dora", "role": "investor"})
    yield stranger.post("/api/logout", json={})
    drafted = alice.draft(policy=policy_of(2, alice, bob))
    yield bob.approve(drafted)
    yield alice.post_sign(drafted.id, bob.individual(drafted.document))
    yield alice.post_sign(drafted.id, alice.approval(drafted.document, iat=0))
    yield alice.withdraw(drafted)
    path = f"/api/statements/{drafted.id}?minPosition={drafted.answer['position']}"
    shown = bob.client.get(path)
    yield shown
    yield bob.client.get(path, headers={"If-None-Match": shown.headers["etag"]})
    yield bob.client.get(f"/api/statements/{drafted.id}/document")
    yield bob.client.get(f"/api/statements/{drafted.id}/jws")


def test_every_kind_of_answer_has_the_security_headers_and_names_no_software(
    server: Server, alice: Actor, bob: Actor, stranger: httpx.Client
) -> None:
    expected = security_headers(server.origin)
    assert expected["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
    assert "frame-ancestors 'none'" in expected["content-security-policy"]
    assert expected["x-content-type-options"] == "nosniff"
    seen = set()
    for answer in every_kind(alice, bob, stranger):
        missing = expected.items() - dict(answer.headers).items()
        assert not missing, (answer.request.url, answer.status_code, missing)
        assert {"server", "x-powered-by"}.isdisjoint(answer.headers)
        seen.add(answer.status_code)
    assert seen == {200, 201, 204, 302, 304, 400, 401, 403, 404, 405, 409, 413, 415, 422}
    with bob.client.stream("GET", "/api/stream") as live:
        assert expected.items() <= dict(live.headers).items()


def test_a_static_file_is_served_under_its_hash_and_nothing_beside_it(
    stranger: httpx.Client,
) -> None:
    prefix = re.findall(r'"(/static/[0-9a-f]{16}/)', stranger.get("/").text)[0]
    for path in (WEB / "static").rglob("*.*"):
        answer = stranger.get(prefix + path.relative_to(WEB / "static").as_posix())
        assert answer.content == path.read_bytes()
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    for outside in ("../templates/home.html", "%2e%2e/templates/home.html", "..%2f..%2fpyproject"):
        assert stranger.get(prefix + outside).status_code == 404
    assert stranger.get("/static/0000000000000000/css/base.css").status_code == 404


def test_the_files_are_their_owners_alone(server: Server, bob: Actor) -> None:
    names = {path.name for path in server.data.iterdir()}
    assert {"log.sqlite", "views.sqlite", "state.sqlite", "ledger-key.pem"} <= names
    for path in server.data.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700


def test_no_event_and_no_answer_holds_a_private_key(
    server: Server, alice: Actor, bob: Actor
) -> None:
    wait_for(server, head(server))
    rows, _ = stored(server.data)
    texts = [entry.split(state)[2].decode() for _, state, _ in rows]
    statement = alice.client.get("/api/statements?limit=1").json()["items"][0]["id"]
    for path in (
        "/.well-known/jwks.json",
        "/api/users?limit=200",
        f"/api/users/{bob.passkey.id}",
        f"/api/jwt-keys/{bob.key.kid}",
        f"/api/jwt-keys/by-credential/{bob.passkey.id}",
        f"/api/statements/{statement}",
        "/api/timeline?limit=200",
        "/api/session",
    ):
        answer = bob.client.get(path)
        assert answer.status_code == 200
        texts.append(answer.text)
    private = re.compile(r'"(d|p|q|dp|dq|qi|oth|k|priv|private\w*)"\s*:', re.IGNORECASE)
    assert not [text for text in texts if private.search(text)]


def test_a_fault_of_the_server_is_told_to_its_log_and_not_to_the_client(tmp_path: Path) -> None:
    broken = Server(tmp_path / "data", LEDGER_RATE_LIMIT=NO_LIMIT)
    broken.start()
    with broken.client() as client:
        dora = Actor(client, "Dora", broken.origin).register()
        with closing(sqlite3.connect(broken.data / "views.sqlite")) as db:
            db.execute("DROP TABLE user")
        answer = dora.client.get("/api/users")
        page = dora.client.get("/account", headers={"Accept": "text/html"})
    broken.stop()
    assert (answer.status_code, page.status_code) == (500, 500)
    assert answer.json() == {
        "title": "Internal Server Error",
        "status": 500,
        "detail": "the server failed; its log has the reason",
        "code": "internal",
    }
    for text in (answer.text, page.text):
        assert not re.search(r"sqlite|table|Traceback|Error:|\.py", text, re.IGNORECASE)
    assert "no such table: user" in broken.output


def test_problem_documents_have_the_members_of_rfc_9457(stranger: httpx.Client) -> None:
    answer = stranger.get("/api/session")
    assert answer.headers["content-type"] == "application/problem+json"
    assert json.loads(answer.text) == {
        "title": "Unauthorized",
        "status": 401,
        "detail": "sign in first",
        "code": "sign_in_required",
    }
