"""Signing in: by passkey or by key, never by anything that was seen before."""

from collections.abc import Callable
from contextlib import ExitStack
from http.cookies import SimpleCookie
from typing import Any
from uuid import uuid4

import httpx
import pytest

from ledger.data_files import SESSIONS_FILE
from ledger.encoding import b64u_decode, b64u_encode
from ledger.jose import SigningKey
from tests.integration.conftest import Join, Refuses
from tests.support.actor import Actor, now_ms, policy_of
from tests.support.authenticator import Passkey
from tests.support.server import Server
from tests.support.stored_tables import change
from tests.vectors.webauthn.objects import EXPRESSION

COOKIE = "ledger_session"
REGULAR_EXPRESSION = b"".join(part * times for part, times in EXPRESSION)


def test_a_passkey_signs_in(bob: Actor) -> None:
    answer = bob.sign_in()
    assert answer.status_code == 200
    assert answer.json()["user"]["id"] == bob.user
    assert bob.client.get("/api/session").json()["user"]["id"] == bob.user


def test_nobody_is_named_before_a_sign_in(bob: Actor) -> None:
    begun = bob.begin_sign_in()
    assert begun["publicKey"]["allowCredentials"] == []
    assert begun["publicKey"]["hints"] == []
    assert begun["publicKey"]["userVerification"] == "required"
    assert begun["publicKey"]["rpId"] == "localhost"


def test_a_sign_in_cannot_be_replayed(bob: Actor, refuses: Refuses) -> None:
    begun = bob.begin_sign_in()
    assertion = bob.passkey.get(bob.challenge("sign-in", begun))
    body = {"ceremony": begun["ceremony"], "assertion": assertion}

    def send() -> httpx.Response:
        return bob.client.post("/api/authenticate", json=body)

    assert send().status_code == 200
    refuses(send, 422, "ceremony_unknown")
    # Nor in another ceremony: its challenge is another.
    body["ceremony"] = bob.begin_sign_in()["ceremony"]
    refuses(send, 422, "passkey_assertion_refused")


def test_a_challenge_of_the_clients_choice_is_refused(bob: Actor, refuses: Refuses) -> None:
    chosen = bob.begin_sign_in() | {"nonce": b64u_encode(bytes(32))}
    refuses(lambda: bob.post_assertion(chosen), 422, "passkey_assertion_refused")
    named = {"challenge": b64u_encode(bytes(32)), "assertion": bob.passkey.get(bytes(32))}
    refuses(lambda: bob.client.post("/api/authenticate", json=named), 400, "request_invalid")


def test_two_sign_ins_cannot_swap_their_challenges(
    bob: Actor, carol: Actor, refuses: Refuses
) -> None:
    of_bob, of_carol = bob.begin_sign_in(), carol.begin_sign_in()
    swapped = of_bob | {"ceremony": of_carol["ceremony"]}
    refuses(lambda: bob.post_assertion(swapped), 422, "passkey_assertion_refused")


@pytest.mark.parametrize(
    "overrides",
    [{"origin": "https://evil.example"}, {"crossOrigin": True}, {"type": "payment.get"}],
)
def test_an_assertion_from_elsewhere_is_refused(
    overrides: dict[str, Any], bob: Actor, refuses: Refuses
) -> None:
    begun = bob.begin_sign_in()
    refuses(lambda: bob.post_assertion(begun, **overrides), 422, "passkey_assertion_refused")


def test_a_passkey_that_did_not_verify_its_user_is_refused(join: Join, refuses: Refuses) -> None:
    dora = join("Dora")
    dora.passkey.user_verified = False
    refuses(dora.sign_in, 422, "passkey_assertion_refused")


def test_a_passkey_of_another_relying_party_is_refused(join: Join, refuses: Refuses) -> None:
    dora = join("Dora")
    dora.passkey.rp_id = "evil.example"
    refuses(dora.sign_in, 422, "passkey_assertion_refused")


def test_an_unknown_passkey_is_refused(join: Join, refuses: Refuses) -> None:
    refuses(join("Mallory", role=None).sign_in, 422, "passkey_unknown")


def test_a_regular_expression_in_the_extensions_is_refused_and_not_compiled(
    bob: Actor, refuses: Refuses
) -> None:
    begun = bob.begin_sign_in()
    answer = bob.passkey.get(bob.challenge("sign-in", begun))
    data = bytearray(b64u_decode(answer["response"]["authenticatorData"]))
    data[32] |= 0x80  # extensions follow, which take a library over twenty seconds
    answer["response"]["authenticatorData"] = b64u_encode(bytes(data) + REGULAR_EXPRESSION)
    body = {"ceremony": begun["ceremony"], "assertion": answer}
    refuses(
        lambda: bob.client.post("/api/authenticate", json=body, timeout=5),
        422,
        "passkey_assertion_refused",
    )
    assert bob.sign_in().status_code == 200


# --- sign counts -----------------------------------------------------------------------------


def set_back(passkey: Passkey, count: int) -> None:
    """Have the next assertion carry this count, as a clone of the passkey's would."""
    passkey.sign_count = count - 1


def fallen(actor: Actor) -> bool:
    """Tell whether the account page says that a count of one of the passkeys did not grow."""
    return "use count went back" in actor.client.get("/account").text


def test_a_count_that_falls_locks_nobody_out_and_is_shown(join: Join, alice: Actor) -> None:
    dora = join("Dora")  # counted 1 at registration, 2 at the attestation
    set_back(dora.passkey, 51)
    assert (dora.sign_in().status_code, fallen(dora)) == (200, False)
    set_back(dora.passkey, 11)
    assert (dora.sign_in().status_code, fallen(dora)) == (200, True)
    assert (dora.sign_in().status_code, fallen(dora)) == (200, True)
    drafted = alice.draft(policy=policy_of(1, dora, assurance="passkey"))
    jwt = dora.approval(drafted.document)
    set_back(dora.passkey, 3)
    assert dora.post_sign(drafted.id, jwt, assertion=dora.confirm(jwt)).status_code == 201
    assert not fallen(alice)


@pytest.mark.parametrize("by", ["attestation", "confirmation"])
def test_a_count_that_falls_in_another_ceremony_is_shown_too(
    by: str, join: Join, alice: Actor
) -> None:
    dora = join("Dora")
    drafted = alice.draft(policy=policy_of(1, dora, assurance="passkey"))
    set_back(dora.passkey, 51)
    assert (dora.sign_in().status_code, fallen(dora)) == (200, False)
    set_back(dora.passkey, 11)
    if by == "attestation":
        assert dora.add_key(SigningKey.generate()).status_code == 201
    else:
        jwt = dora.approval(drafted.document)
        assert dora.post_sign(drafted.id, jwt, assertion=dora.confirm(jwt)).status_code == 201
    assert fallen(dora)


def test_a_passkey_that_does_not_count_signs_in_every_time(join: Join) -> None:
    dora = join("Dora", role=None)
    dora.passkey.counts = False
    dora.register("investor")
    assert [dora.sign_in().status_code for _ in range(3)] == [200, 200, 200]
    assert not fallen(dora)


# --- machines ----------------------------------------------------------------------------------


def test_a_machine_signs_in_with_its_key_and_each_name_once(
    bob: Actor, server: Server, refuses: Refuses
) -> None:
    act = bob.act("sign-in", jti=str(uuid4()))
    with httpx.Client(base_url=server.origin) as machine:
        answer = machine.post("/api/sessions", json={"act": act})
        assert answer.json()["user"]["id"] == bob.user
        assert machine.get("/api/session").status_code == 200
        refuses(lambda: machine.post("/api/sessions", json={"act": act}), 422, "already_used")


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"iat": now_ms() // 1000 - 3600}, "iat_stale"),
        ({"iat": now_ms() // 1000 + 3600}, "iat_stale"),
        ({"ledger": "example.com/other"}, "ledger_mismatch"),
        ({"act": "draft"}, "act_mismatch"),
        ({"jti": ""}, "act_mismatch"),
        ({"jti": "x" * 129}, "act_mismatch"),
        ({"role": "administrator"}, "act_mismatch"),
    ],
)
def test_a_machines_act_that_is_another_or_of_another_time_is_refused(
    members: dict[str, Any], code: str, bob: Actor, refuses: Refuses
) -> None:
    act = bob.act("sign-in", **({"jti": str(uuid4())} | members))
    refuses(lambda: bob.client.post("/api/sessions", json={"act": act}), 422, code)


def test_an_approval_does_not_sign_in(alice: Actor, bob: Actor, refuses: Refuses) -> None:
    jwt = bob.approval(alice.document())
    refuses(lambda: bob.client.post("/api/sessions", json={"act": jwt}), 422, "jws_typ_mismatch")


def test_an_unknown_key_does_not_sign_in(join: Join, bob: Actor, refuses: Refuses) -> None:
    mallory = join("Mallory", role=None)
    mallory.ledger = bob.ledger
    refuses(lambda: mallory.sign_in_by_key("1"), 422, "key_unknown")


# --- sessions ----------------------------------------------------------------------------------


def cookie_of(answer: httpx.Response) -> Any:
    (cookie,) = SimpleCookie(answer.headers["set-cookie"]).values()
    return cookie


def test_a_session_cookie_is_out_of_reach_of_scripts_and_other_sites(bob: Actor) -> None:
    cookie = cookie_of(bob.sign_in())
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "strict", "/")
    assert cookie["domain"] == ""
    assert int(cookie["max-age"]) == 30 * 24 * 60 * 60


def test_off_localhost_the_cookie_and_the_browser_are_bound_to_https(
    start_server: Callable[..., Server],
) -> None:
    server = start_server(LEDGER_ORIGIN="https://ledger.example", LEDGER_REGISTRATION="open")
    with ExitStack() as clients:
        client = clients.enter_context(httpx.Client(base_url=server.origin))
        dora = Actor(client, "Dora", "https://ledger.example")
        dora.passkey.rp_id = "ledger.example"
        answer = dora.client.post(
            "/api/register/complete", json=dora.completion(dora.begin("investor"))
        )
    assert cookie_of(answer)["secure"] is True
    assert answer.headers["strict-transport-security"] == "max-age=63072000"


def test_a_session_is_stored_as_a_hash_only(server: Server, bob: Actor) -> None:
    token = cookie_of(bob.sign_in()).value
    for path in server.data.iterdir():
        assert token.encode() not in path.read_bytes()


def test_signing_out_ends_this_session_and_no_other(join: Join) -> None:
    dora = join("Dora")
    first = dora.client.cookies[COOKIE]
    dora.sign_in()
    second = dora.client.cookies[COOKIE]
    answer = dora.client.post("/api/logout", json={})
    assert answer.status_code == 204
    assert COOKIE not in dora.client.cookies
    for token, status in ((second, 401), (first, 200)):
        session = httpx.get(
            f"{dora.passkey.origin}/api/session", headers={"Cookie": f"{COOKIE}={token}"}
        )
        assert session.status_code == status


def test_signing_out_without_a_session_does_no_harm(stranger: httpx.Client) -> None:
    assert stranger.post("/api/logout", json={}).status_code == 204


@pytest.mark.parametrize("token", ["", "guessed", "a" * 4000, "é".encode().decode("latin-1")])
def test_a_made_up_session_is_none(token: str, stranger: httpx.Client, refuses: Refuses) -> None:
    headers = {"Cookie": f"{COOKIE}={token}".encode("latin-1")}
    refuses(lambda: stranger.get("/api/session", headers=headers), 401, "sign_in_required")  # type: ignore[arg-type]  # bytes, as on the wire


def test_a_session_ends_after_thirty_days(server: Server, join: Join, refuses: Refuses) -> None:
    dora = join("Dora")
    query = "UPDATE open_session SET expires_ms = 1 WHERE opened_by = ?"
    change(server, query, (dora.passkey.id,), file=SESSIONS_FILE)
    refuses(lambda: dora.client.get("/api/session"), 401, "sign_in_required")


def test_removing_a_passkey_ends_the_session_that_it_opened(join: Join, refuses: Refuses) -> None:
    dora = join("Dora")
    first, spare = dora.passkey, Passkey(origin=dora.passkey.origin)
    assert dora.add_passkey(spare).status_code == 201
    assert dora.remove_passkey(first.id).status_code == 201
    refuses(lambda: dora.client.get("/api/session"), 401, "sign_in_required")
    dora.passkey = spare
    assert dora.sign_in().status_code == 200
