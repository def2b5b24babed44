"""Who may keep an answer, and which answers the scripts of other sites may read."""

import httpx
import pytest

from tests.support.actor import Actor
from tests.support.check import head, wait_for
from tests.support.server import Server

OTHER_SITE = {"Origin": "https://other.example"}
SHARED = [
    "/log/checkpoint",
    "/log/checkpoints",
    "/log/entries/0",
    "/log/entries/0/proof",
    "/log/consistency?from=1",
    "/.well-known/jwks.json",
]


@pytest.fixture(autouse=True)
def published(server: Server, alice: Actor) -> None:
    """Wait until there is a log to read."""
    wait_for(server, head(server))
    assert alice.client.get("/log/entries/0/proof").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/api/session",
        "/api/users",
        "/api/statements",
        "/api/inbox",
        "/api/timeline",
        "/api/statements/none",
        "/api/nothing",
        "/inbox",
        "/account",
        "/",
        "/static/0000000000000000/css/base.css",
        "/no/such/page",
    ],
)
def test_nobody_keeps_what_is_personal_or_refused(path: str, bob: Actor) -> None:
    assert bob.client.get(path).headers["cache-control"] == "no-store"


def test_nobody_keeps_a_statement_its_evidence_or_a_key(server: Server, alice: Actor) -> None:
    page = f"/api/statements/{alice.draft().id}"
    wait_for(server, head(server))
    etag = alice.client.get(page).headers["etag"]
    answers = [
        alice.client.get(page),
        alice.client.get(page, headers={"If-None-Match": etag}),
        alice.client.get(f"{page}/document"),
        alice.client.get(f"{page}/evidence"),
        alice.client.get(f"/api/jwt-keys/{alice.key.kid}"),
        alice.client.post("/api/authenticate/options", json={}),
        alice.sign_in(),
    ]
    assert [each.status_code for each in answers] == [200, 304, 200, 200, 200, 200, 200]
    for each in answers:
        assert each.headers["cache-control"] == "no-store", each.url
    with alice.client.stream("GET", "/api/stream") as live:
        assert live.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", SHARED)
def test_every_sites_scripts_may_read_the_log_and_the_public_keys(
    path: str, stranger: httpx.Client
) -> None:
    answer = stranger.get(path, headers=OTHER_SITE)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "access-control-allow-credentials" not in answer.headers
    assert "no-store" not in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    # No more than that: a request that needs leave first does not get it.
    asked = OTHER_SITE | {"Access-Control-Request-Method": "GET"}
    assert "access-control-allow-origin" not in stranger.options(path, headers=asked).headers


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/healthz",
        "/verify",
        "/schema/openapi.json",
        "/.well-known/ledger-keys",
        "/api/session",
        "/api/users",
        "/logs",
    ],
)
def test_no_other_sites_script_may_read_anything_else(path: str, bob: Actor) -> None:
    answer = bob.client.get(path, headers=OTHER_SITE)
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/log/tile/0/999", "tile_unknown"),
        ("/log/entries/999999999", "entry_unknown"),
        ("/log/checkpoints/999999999", "checkpoint_unknown"),
    ],
)
def test_what_the_log_does_not_have_yet_may_be_kept_for_seconds(
    path: str, code: str, stranger: httpx.Client
) -> None:
    answer = stranger.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, code)
    assert answer.headers["cache-control"] == "public, max-age=5"
    # A cache gives nobody the sentence of another language, and no browser a program's answer.
    assert answer.headers["vary"] == "Accept, Accept-Language, Cookie"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert stranger.get("/log/checkpoints/x").headers["cache-control"] == "no-store"
