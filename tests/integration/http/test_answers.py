"""Answers: headers on every one of them, nothing that is not for the reader in any."""

import json
import re
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from ledger.domain import entry
from ledger.http.headers import security_headers, sharing_headers
from tests.integration.conftest import NO_LIMIT
from tests.support.actor import Actor, policy_of
from tests.support.check import head, stored, wait_for
from tests.support.declared_routes import PAGES, PUBLIC
from tests.support.server import Server

WEB = Path(__file__).parents[3] / "web"


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
    yield stranger.post("/api/credentials", content=b"x")
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
    withdrawn = alice.withdraw(drafted)
    yield withdrawn
    path = f"/api/statements/{drafted.id}?minPosition={withdrawn.json()['position']}"
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
        differ = (
            {"cross-origin-resource-policy"}
            if sharing_headers("GET", answer.request.url.path)
            else set()
        )
        if answer.request.url.path == "/audit":  # it starts one worker
            differ.add("content-security-policy")
            policy = expected["content-security-policy"]
            allowed = policy.replace("trusted-types 'none'", "trusted-types recheck")
            assert answer.headers["content-security-policy"] == allowed
        missing = {
            name for name in expected.keys() - differ if answer.headers.get(name) != expected[name]
        }
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


@pytest.mark.sqlite("the modes of its files")
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
    rows, _ = stored(server.log_address)
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
        "sentence": "A fault of the server stopped this. Tell its operator when it happened: the"
        " server's log has the reason.",
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
        "sentence": "You are no longer signed in. Sign in, then try again.",
    }
