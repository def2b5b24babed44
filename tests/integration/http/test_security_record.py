"""The security record of the real server: who, what, with which outcome, and nothing more."""

import hashlib
import json
import socket
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import httpx
import pytest

from ledger.encoding import b64u_encode
from ledger.http.recorded_routes import EVENTS
from ledger.http.security_record import MAX_FILE_BYTES
from ledger.jose import SigningKey
from tests.integration.conftest import NO_LIMIT
from tests.integration.http.test_invitations import Club
from tests.integration.http.test_log_commands import ledger_log
from tests.support.authenticator import Passkey
from tests.support.guarded import received
from tests.support.record import line_of, lines
from tests.support.server import Server


@pytest.fixture(scope="module")
def club(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Club]:
    data = tmp_path_factory.mktemp("club") / "data"
    server = Server(data, LEDGER_RATE_LIMIT=NO_LIMIT, LEDGER_REGISTRATION="invite")
    server.start()
    with ExitStack() as clients:
        yield Club(server, clients)
    server.stop()


def recorded(club: Club, answer: httpx.Response) -> dict[str, Any]:
    """Return the line of an answer, without its time and its request's id."""
    line = line_of(club.server, answer.headers["x-request-id"])
    assert line.pop("time").endswith("Z")
    assert line.pop("request_id") == answer.headers["x-request-id"]
    assert line.pop("client") in ("127.0.0.1", "::1")
    assert line.pop("count") == 1
    assert line.pop("status") == answer.status_code
    return line


def line(event: str, route: str, person: str | None, code: str = "ok", **more: Any) -> Any:
    outcome = "success" if code == "ok" else "failure"
    about = {"event": event, "outcome": outcome, "code": code, "person": person, "route": route}
    return about | more


def test_every_kind_of_event_has_its_line(club: Club) -> None:
    ada, token = club.ada, "a token for Bob"
    invited = ada.invite("creator", token)
    bob = club.stranger("Bob")
    body = bob.completion(bob.begin("creator", token), token)
    registered = bob.client.post("/api/register/complete", json=body)
    again = bob.client.post("/api/register/complete", json=body)
    further, passkey = SigningKey.generate(), Passkey(origin=club.server.origin)
    statement = bob.draft()
    steps = [
        (invited, "change", "POST /api/changes", ada),
        (registered, "registration", "POST /api/register/complete", bob),
        (bob.sign_in(), "sign_in", "POST /api/authenticate", bob),
        (bob.sign_in_by_key("once"), "sign_in", "POST /api/sessions", bob),
        (bob.add_key(further), "key_add", "POST /api/jwt-keys", bob),
        (bob.add_passkey(passkey), "passkey_add", "POST /api/passkeys", bob),
        (bob.revoke_key(further.kid), "key_revoke", "POST /api/jwt-keys/{kid}/revoke", bob),
        (
            bob.remove_passkey(passkey.id),
            "passkey_remove",
            "POST /api/passkeys/{credential_id}/remove",
            bob,
        ),
        (
            ada.grant_role(bob.user, "investor"),
            "change",
            "POST /api/changes",
            ada,
        ),
    ]
    for answer, event, route, who in steps:
        assert answer.status_code in (200, 201), answer.text
        more = {"position": answer.json()["position"]} if answer.status_code == 201 else {}
        assert recorded(club, answer) == line(event, route, who.user, **more)
    repeated = recorded(club, again)
    assert (repeated["code"], repeated["person"]) == ("repeated", bob.user)
    bob.sign_in()  # the sessions of a removed passkey ended with it
    evidence = bob.client.get(f"/api/statements/{statement.id}/evidence?mode=redacted")
    assert recorded(club, evidence) == line(
        "evidence_export",
        "GET /api/statements/{statement_id}/evidence",
        bob.user,
        statement=statement.id,
        mode="redacted",
    )
    kept = {"kid": bob.key.kid, "credentialId": bob.passkey.id, "wrapped": b64u_encode(bytes(136))}
    keeping = bob.client.post("/api/wrapped-keys", json=kept)
    assert recorded(club, keeping) == line("key_keep", "POST /api/wrapped-keys", bob.user)
    ending = bob.client.post(f"/api/sessions/{'0' * 32}/end", json={})
    route = "POST /api/sessions/{session_id}/end"
    assert recorded(club, ending) == line("session_end", route, bob.user)
    out = bob.client.post("/api/logout", json={})
    assert recorded(club, out) == line("sign_out", "POST /api/logout", bob.user)


def test_every_refusal_of_a_ceremony_or_an_act_has_its_line(club: Club) -> None:
    eve, stranger = club.member("Eve", "investor"), club.stranger("Nobody")
    begun = stranger.begin_sign_in()
    steps = [
        (eve.invite("creator", "x"), "change", eve.user, 403, "governance_only"),
        (stranger.post_assertion(begun), "sign_in", None, 422, "passkey_unknown"),
        (stranger.client.get("/api/statements"), "request", None, 401, "sign_in_required"),
        (stranger.client.post("/api/logout"), "sign_out", None, 415, "json_required"),
        (
            stranger.client.get(f"/api/statements/{uuid4()}/evidence"),
            "evidence_export",
            None,
            401,
            "sign_in_required",
        ),
    ]
    for answer, event, person, status, code in steps:
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        found = recorded(club, answer)
        assert (found["event"], found["outcome"]) == (event, "failure")
        assert (found["code"], found["person"]) == (code, person)


def test_what_nobody_needs_to_know_has_no_line(club: Club) -> None:
    ada = club.ada
    answers = [ada.client.get("/"), ada.client.get("/nothing"), ada.client.get("/api/session")]
    last = ada.sign_in()
    line_of(club.server, last.headers["x-request-id"])
    written = {each["request_id"] for each in lines(club.server)}
    assert written.isdisjoint(answer.headers["x-request-id"] for answer in answers)


def test_a_limit_of_a_connection_has_its_line_and_its_id(club: Club) -> None:
    with socket.create_connection(("127.0.0.1", club.server.port), 5) as client:
        client.settimeout(5)
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
        answer = received(client).decode()
    given = dict(each.split(": ", 1) for each in answer.partition("\r\n\r\n")[0].split("\r\n")[1:])
    found = line_of(club.server, given["x-request-id"])
    assert (found["event"], found["code"], found["status"]) == ("connection", "http_malformed", 400)
    assert (found["client"], found["person"], found["route"]) == ("127.0.0.1", None, None)


def test_the_record_is_its_owners_alone_and_ends_whole_at_a_signal(
    start_server: Callable[..., Server],
) -> None:
    server = start_server()
    with server.client() as client:
        answer = client.get("/api/statements")
        assert server.terminate() == -15
    path = server.data / "security.jsonl"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (only,) = [json.loads(each) for each in path.read_text().splitlines()]
    assert only["request_id"] == answer.headers["x-request-id"]
    server.start()


def test_a_full_record_becomes_the_older_one(start_server: Callable[..., Server]) -> None:
    server = start_server()
    server.terminate()
    path = server.data / "security.jsonl"
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES - 10)
        file.seek(0, 2)
        file.write(b"\n")
    server.start()
    with server.client() as client:
        answer = client.get("/api/statements")
        found = line_of(server, answer.headers["x-request-id"])
    assert found["code"] == "sign_in_required"
    assert path.stat().st_size < 1_000
    assert path.with_name("security.jsonl.1").stat().st_size == MAX_FILE_BYTES - 9


def test_the_record_can_go_to_standard_error(start_server: Callable[..., Server]) -> None:
    server = start_server(LEDGER_SECURITY_LOG="stderr")
    with server.client() as client:
        answer = client.get("/api/statements")
    server.terminate()
    assert f'"request_id":"{answer.headers["x-request-id"]}"' in server.output
    assert not (server.data / "security.jsonl").exists()
    server.start()


def test_commands_on_the_logs_keys_are_recorded_beside_the_server(fresh_server: Server) -> None:
    for command in (("rotate-keys",), ("retire-keys",), ("freeze", "--reason", "secret reason")):
        said = ledger_log(fresh_server, *command)
        assert said.returncode == 0, said.stderr
    found = [(each["event"], each["outcome"], each["client"]) for each in lines(fresh_server)]
    assert found == [
        ("log_keys_announce", "success", None),
        ("log_keys_retire", "success", None),
        ("ledger_freeze", "success", None),
    ]
    assert "secret reason" not in (fresh_server.data / "security.jsonl").read_text()


def test_a_clients_own_request_id_is_not_believed_and_a_proxys_is(
    start_server: Callable[..., Server],
) -> None:
    told = {"X-Request-ID": "told-1", "X-Forwarded-For": "198.51.100.9"}
    plain = start_server()
    with plain.client() as client:
        answer = client.get("/api/statements", headers=told)
        assert len(answer.headers.get_list("x-request-id")) == 1
        assert answer.headers["x-request-id"] != "told-1"
        found = line_of(plain, answer.headers["x-request-id"])
        assert found["client"] in ("127.0.0.1", "::1")
    proxied = start_server(LEDGER_PROXIES="127.0.0.0/8, ::1")
    with proxied.client() as client:
        answer = client.get("/api/statements", headers=told)
    assert answer.headers["x-request-id"] == "told-1"
    assert line_of(proxied, "told-1")["client"] == "198.51.100.9"


SECRET = "hunter2-must-not-be-written"


def test_no_route_writes_what_it_was_sent(club: Club) -> None:
    """Send a secret in every place of every route, then look for it, and for what members sent."""
    mallory = club.member(f"Mallory {SECRET}", "creator")
    drafted = mallory.draft(title=f"Title {SECRET}", content=json.dumps({"x": SECRET}))
    approval = mallory.approval(drafted.document)
    mallory.post_sign(drafted.id, approval)
    mallory.reject(drafted, f"Reason {SECRET}")
    description = club.ada.client.get("/schema/openapi.json").json()
    sent = 0
    for path, methods in description["paths"].items():
        address = path
        for part in path.split("/"):
            if part.startswith("{"):
                address = address.replace(part, SECRET)
        for method in methods:
            for client in (mallory.client, club.stranger("x").client):
                send_secret(client, method.upper(), address)
                sent += 1
    assert sent > 80
    # Refusals are written at the end of their second, so the last line is a member's refusal; of
    # the second before, only the first lines are written.
    time.sleep(1)
    last = club.ada.client.get(f"/api/statements/{uuid4()}/evidence")
    assert last.status_code == 404
    line_of(club.server, last.headers["x-request-id"])
    text = "\n".join(json.dumps(each) for each in lines(club.server))
    told = [SECRET, approval, drafted.sha256, "Mallory", club.setup, "eyJ"]
    told += [cookie.value or "" for cookie in mallory.client.cookies.jar]
    told += [mallory.passkey.id, mallory.key.kid, hashlib.sha256(SECRET.encode()).hexdigest()]
    assert [each for each in told if each in text] == []
    assert mallory.user in text
    assert "Traceback" not in club.server.output


def send_secret(client: httpx.Client, method: str, address: str) -> None:
    if address == "/api/stream" or "logout" in address:
        return
    headers = {
        "Authorization": f"Bearer {SECRET}",
        "User-Agent": SECRET,
        "Referer": f"http://localhost/{SECRET}",
        "X-Forwarded-For": SECRET,
        "X-Request-ID": SECRET,
    }
    members = ("act", "jwt", "document", "ceremony", "name", "role", "invitation", "reason")
    body = dict.fromkeys(members, SECRET) if method == "POST" else None
    client.request(method, address, params={"q": SECRET}, headers=headers, json=body)
    # Without the parameter, which most addresses refuse first.
    act = {"act": SECRET} if method == "POST" else None
    client.request(method, address, headers=headers, json=act)


def test_every_command_of_people_is_an_event_of_the_record(club: Club) -> None:
    description = club.ada.client.get("/schema/openapi.json").json()
    posts = {f"POST {path}" for path, methods in description["paths"].items() if "post" in methods}
    of_statements = ("POST /api/statements", "POST /api/approvals")
    statements = {each for each in posts if each.startswith(of_statements)}
    # They take what somebody is writing, and change nothing.
    reads = {"POST /api/changes/preview", "POST /api/policies/preview"}
    recorded = {each for each in EVENTS if each.startswith("POST /api/")}
    assert posts - statements - reads == recorded
