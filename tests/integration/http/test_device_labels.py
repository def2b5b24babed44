"""What people call their keys and passkeys, and which browser added each."""

import re
from typing import Any

import httpx
import pytest

from ledger.data_files import SESSIONS_FILE
from ledger.jose import SigningKey
from tests.integration.conftest import Join, Refuses
from tests.support.actor import Actor
from tests.support.server import Server
from tests.support.stored_tables import forget_state

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:148.0) Gecko/20100101 Firefox/148.0"


def label(person: Actor, reference: str, text: str) -> httpx.Response:
    return person.client.post("/api/device-labels", json={"reference": reference, "label": text})


def add_key(person: Actor) -> str:
    """Attest one more key; return its kid once pages show it."""
    answer = person.add_key(SigningKey.generate())
    assert answer.status_code == 201, answer.text
    found = answer.json()
    reading = f"/api/inbox?minPosition={found['position']}"
    assert person.client.get(reading).status_code == 200
    return str(found["kid"])


def titles(person: Actor) -> list[str]:
    """Return what the account page calls the person's keys and passkeys, in order."""
    page = person.client.get("/account").text
    return re.findall(r'class="card-head">.*?</svg> <b>([^<]*)</b>', page)


def test_a_person_labels_their_own_key_and_passkey_and_takes_the_label_away(join: Join) -> None:
    dora = join("Dora")
    assert titles(dora) == ["Signing key", "Passkey"]
    assert label(dora, f"kid:{dora.key.kid}", "Büro, 2. Stock").status_code == 204
    assert label(dora, f"passkey:{dora.passkey.id}", "Schlüsselbund").status_code == 204
    assert titles(dora) == ["Büro, 2. Stock", "Schlüsselbund"]
    assert label(dora, f"kid:{dora.key.kid}", "").status_code == 204
    assert titles(dora) == ["Signing key", "Schlüsselbund"]


def test_a_label_stays_with_its_owner(join: Join) -> None:
    dora, erik = join("Dora"), join("Erik")
    label(dora, f"kid:{dora.key.kid}", "Mine")
    assert titles(erik) == ["Signing key", "Passkey"]


def test_nobody_labels_what_is_not_theirs(join: Join, refuses: Refuses) -> None:
    dora, erik = join("Dora"), join("Erik")
    refuses(lambda: label(dora, f"kid:{erik.key.kid}", "Mine"), 404, "key_unknown")
    refuses(lambda: label(dora, f"passkey:{erik.passkey.id}", "Mine"), 404, "passkey_unknown")


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"label": "x" * 61}, "request_invalid"),
        ({"label": "left\u202eright"}, "text_refused"),
        ({"label": "two\nlines"}, "text_refused"),
        ({"reference": "role:administrator"}, "request_invalid"),
        ({"user": "somebody"}, "request_invalid"),
    ],
)
def test_a_label_of_another_form_is_refused(
    join: Join, refuses: Refuses, members: dict[str, Any], code: str
) -> None:
    dora = join("Dora")
    body = {"reference": f"kid:{dora.key.kid}", "label": "Laptop"} | members
    refuses(lambda: dora.client.post("/api/device-labels", json=body), 400, code)


def test_strangers_label_nothing(join: Join, refuses: Refuses) -> None:
    dora = join("Dora")
    dora.client.cookies.clear()
    refuses(lambda: label(dora, f"kid:{dora.key.kid}", "Mine"), 401, "sign_in_required")


def test_a_key_is_called_by_the_browser_that_added_it(join: Join) -> None:
    dora = join("Dora")
    dora.client.headers["user-agent"] = FIREFOX
    add_key(dora)
    assert titles(dora) == ["Firefox on Linux", "Signing key", "Passkey"]


def test_every_page_says_which_key_was_added_lately(join: Join) -> None:
    dora, erik = join("Dora"), join("Erik")
    dora.client.headers["user-agent"] = FIREFOX
    assert "Not you?" not in dora.client.get("/inbox").text
    kid = add_key(dora)
    for path in ("/", "/inbox", "/statements", "/account"):
        page = dora.client.get(path).text
        assert "New signing key on Firefox on Linux," in page
        assert f"/account/end?what=kid%3A{kid}" in page
    assert "Not you?" not in erik.client.get("/inbox").text


def test_the_news_is_told_without_the_browser_where_that_was_forgotten(
    fresh_server: Server, join: Join
) -> None:
    dora = join("Dora", at=fresh_server)
    dora.client.headers["user-agent"] = FIREFOX
    add_key(dora)
    fresh_server.stop()
    forget_state(fresh_server, SESSIONS_FILE)
    fresh_server.start()
    assert dora.sign_in().status_code == 200
    page = dora.client.get("/inbox").text
    assert "New signing key," in page
    assert "Firefox on" not in page  # scripts may name browsers that are new enough


def test_the_page_that_ends_a_key_is_for_its_owner_alone(join: Join, refuses: Refuses) -> None:
    dora, erik = join("Dora"), join("Erik")
    for reference in (f"kid:{erik.key.kid}", f"passkey:{erik.passkey.id}", "nonsense", ""):
        answer = dora.client.get("/account/end", params={"what": reference})
        assert answer.status_code == 404, reference
    for reference in (f"kid:{dora.key.kid}", f"passkey:{dora.passkey.id}"):
        assert dora.client.get("/account/end", params={"what": reference}).status_code == 200
