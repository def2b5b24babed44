"""Routes: only those that are declared, by the methods they have, for those they are for."""

import asyncio
import re
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from litestar.routes import HTTPRoute

from ledger.encoding import b64u_encode
from ledger.server import build
from ledger.settings import read_settings
from tests.integration.conftest import Refuses
from tests.integration.http.test_service_accounts import new_account
from tests.support.actor import Actor, policy_of
from tests.support.check import head
from tests.support.declared_routes import (
    BY_SIGNATURE,
    GET,
    MEMBERS_POST,
    MEMBERS_READ,
    PAGES,
    POST,
    PUBLIC,
    SCIM,
)
from tests.support.server import Server

NOBODY = "00000000-0000-4000-8000-000000000000"


def test_only_declared_routes_exist(tmp_path: Path) -> None:
    application = build(read_settings({"LEDGER_DATA": str(tmp_path / "data")})).application

    async def close() -> None:
        async with application.lifespan():
            pass

    asyncio.run(close())
    routes: dict[str, set[str]] = {}
    for route in application.routes:
        assert isinstance(route, HTTPRoute)
        routes.setdefault(route.path, set()).update(route.methods)
    expected: dict[str, set[str]] = {path: {"GET", "OPTIONS"} for path in GET}
    for path in POST:
        expected.setdefault(path, {"OPTIONS"}).add("POST")
    expected |= {path: {"OPTIONS", *methods} for path, methods in SCIM.items()}
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
    assertion = bob.passkey.get(bytes(32))
    bodies: dict[str, Any] = {
        "/api/approvals": {"approvals": [""]},
        "/api/changes/preview": {"content": "{}"},
        "/api/policies/preview": {"policy": "{}"},
        "/api/jwt-keys": {"ceremony": "", "key": bob.key_proofs(begun["nonce"])},
        "/api/service-accounts": new_account(bob),
        "/api/passkeys": {
            "ceremony": "",
            "registration": bob.passkey.create(bytes(32)),
            "assertion": assertion,
            "act": bob.act("add-passkey", cose=bob.passkey.cose_sha256, user=bob.user),
            "confirmation": assertion,
        },
        "/api/device-links": {"ceremony": "", "assertion": assertion},
        "/api/device-links/approve": {"act": bob.act("add-passkey"), "confirmation": assertion},
        "/api/device-links/end": {"why": "cancelled"},
        "/api/wrapped-keys": {
            "kid": bob.key.kid,
            "credentialId": bob.passkey.id,
            "wrapped": b64u_encode(bytes(136)),
        },
        "/api/mailbox": {"address": "bob@example.com"},
        "/api/mailbox/verify": {"code": "1"},
        "/api/mailbox/settings": {"times": "daily", "quietFrom": "", "quietTo": "", "zone": "UTC"},
        "/api/organisation/link": {"ceremony": "", "assertion": assertion},
        "/api/organisation/unlink": {
            "user": bob.user,
            "ceremony": "",
            "assertion": assertion,
        },
        "/api/webhooks": {"url": "https://hooks.example/"},
        "/api/device-labels": {"reference": f"kid:{bob.key.kid}", "label": "Laptop"},
    }
    address = path.replace("{session_id:str}", "0" * 32).replace("{number:str}", "1")
    address = fill(address)
    refuses(lambda: stranger.post(address, json=bodies.get(path, {})), 401, "sign_in_required")


@pytest.mark.parametrize("path", BY_SIGNATURE)
def test_what_a_signature_does_is_not_done_by_a_session(
    path: str, server: Server, bob: Actor, alice: Actor
) -> None:
    # Bob is signed in; what he sends is signed by a key that nobody has.
    stray = Actor(bob.client, "Nobody", server.origin)
    stray.ledger = bob.ledger
    document = alice.document()
    body: dict[str, Any] = {"act": stray.act("withdraw", statementId=NOBODY, sha256="0" * 64)}
    if path.endswith("/compromises"):
        since = "2026-11-21T03:04:05.678Z"
        body = {"act": stray.act("declare-compromise", kid=bob.key.kid, since=since)}
    if path.endswith("/operator-recoveries/cancel"):
        body = {"act": stray.act("cancel-operator-invitations", recovery=NOBODY)}
    if path.endswith("/accept"):
        body = {"act": stray.act("accept-governance", policySha256="0" * 64, change=None)}
    if path.endswith("/changes"):
        body = stray.change_body({"define-role": {"role": "legal"}})
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
    names = ["content-type", "content-security-policy"]
    if path != "/metrics":  # each read of the metrics counts the one before it
        names.append("content-length")
    for name in names:
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
