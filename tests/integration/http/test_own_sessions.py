"""One's own sessions: listed, ended one by one, over after a week without use."""

from typing import Any

import httpx

from ledger.data_files import SESSIONS_FILE
from tests.integration.conftest import Join, Refuses
from tests.support.actor import Actor
from tests.support.server import Server
from tests.support.stored_tables import change

DAY_MS = 24 * 60 * 60 * 1000
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


def sessions(client: httpx.Client) -> list[dict[str, Any]]:
    answer = client.get("/api/sessions")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def second_session(person: Actor) -> str:
    """Sign in once more, as Firefox; return the cookie header of the first session."""
    first = "; ".join(f"{name}={value}" for name, value in person.client.cookies.items())
    person.client.headers["user-agent"] = FIREFOX
    assert person.sign_in().status_code == 200
    return first


def test_a_person_sees_their_own_sessions_and_which_one_asks(join: Join) -> None:
    dora, erik = join("Dora"), join("Erik")
    second_session(dora)
    newest, first = sessions(dora.client)
    assert (newest["browser"], first["browser"]) == ("Firefox on Windows", "Another program")
    assert (newest["current"], first["current"]) == (True, False)
    assert newest["openedBy"] == dora.passkey.id
    assert len(sessions(erik.client)) == 1


def test_a_session_that_its_owner_ends_reads_nothing(join: Join, server: Server) -> None:
    dora = join("Dora")
    cookie = second_session(dora)
    with httpx.Client(base_url=server.origin, headers={"cookie": cookie}) as other:
        assert other.get("/api/session").status_code == 200
        _, first = sessions(dora.client)
        assert dora.client.post(f"/api/sessions/{first['id']}/end", json={}).status_code == 204
        assert other.get("/api/session").status_code == 401
    assert [each["current"] for each in sessions(dora.client)] == [True]


def test_nobody_ends_somebody_elses_session(join: Join) -> None:
    dora, erik = join("Dora"), join("Erik")
    (session,) = sessions(dora.client)
    assert erik.client.post(f"/api/sessions/{session['id']}/end", json={}).status_code == 204
    assert len(sessions(dora.client)) == 1


def test_the_id_of_a_session_has_one_form(join: Join, refuses: Refuses) -> None:
    dora = join("Dora")
    refuses(lambda: dora.client.post("/api/sessions/short/end", json={}), 400, "request_invalid")


def test_strangers_see_and_end_no_session(join: Join, refuses: Refuses) -> None:
    dora = join("Dora")
    dora.client.cookies.clear()
    refuses(lambda: dora.client.get("/api/sessions"), 401, "sign_in_required")
    path = f"/api/sessions/{'0' * 32}/end"
    refuses(lambda: dora.client.post(path, json={}), 401, "sign_in_required")


def test_a_session_that_nobody_used_for_a_week_is_over(fresh_server: Server, join: Join) -> None:
    dora = join("Dora", at=fresh_server)
    fresh_server.stop()
    query = "UPDATE open_session SET seen_ms = seen_ms - ?"
    change(fresh_server, query, (8 * DAY_MS,), file=SESSIONS_FILE)
    fresh_server.start()
    assert dora.client.get("/api/session").status_code == 401
    assert dora.sign_in().status_code == 200
    assert len(sessions(dora.client)) == 1
