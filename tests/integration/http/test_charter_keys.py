"""A charter that says where new keys live and how long a recovery waits, over HTTP."""

from pathlib import Path

import httpx

from ledger import clock
from tests.integration.conftest import NO_LIMIT, refuses_at
from tests.integration.http.company import Company
from tests.support.actor import Actor, now_ms
from tests.support.authenticator import Passkey
from tests.support.changes import set_charter, values
from tests.support.check import check_ledger
from tests.support.keys import ed25519_key
from tests.support.recovering import recover, set_codes
from tests.support.server import Server

DAY_MS = 86_400_000
STRICT = values("open", homes=("session", "synced"), recovery_wait=7 * DAY_MS)


def registers(someone: Actor) -> httpx.Response:
    """Register with a key of one device."""
    return someone.client.post(
        "/api/register/complete", json=someone.completion(someone.begin("investor"))
    )


def works_in_ms(answer: httpx.Response) -> int:
    assert answer.status_code == 201, answer.text
    return clock.to_ms(answer.json()["activeFrom"]) - now_ms()


def test_a_charter_says_where_new_keys_live_and_how_long_recoveries_wait(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", LEDGER_RATE_LIMIT=NO_LIMIT, LEDGER_REGISTRATION="open")
    server.start()
    company = Company(server)
    ada, lena, mona = company.ada, company.person("Lena"), company.person("Mona")
    for each in (lena, mona):
        assert set_codes(each.register("investor")).status_code == 201
    assert ada.change(set_charter(STRICT, values("open"))).json()["status"] == "approved"
    # New keys live in a session only. The keys that there are go on.
    refuses_at(server, lambda: ada.add_key(ed25519_key(70)), 409, "home_not_allowed")
    refuses_at(
        server, lambda: ada.add_key(ed25519_key(71), home="program"), 409, "home_not_allowed"
    )
    ends = clock.to_text(now_ms() + DAY_MS // 4)
    assert ada.add_key(ed25519_key(72), home="session", expires_at=ends).status_code == 201
    refuses_at(server, lambda: registers(company.person("Nora")), 409, "home_not_allowed")
    page = company.person("Olga").client.get("/register").text
    assert "New signing keys live in one session or in every browser" in page
    assert 'value="session" checked' in page
    assert 'value="device"' not in page
    # Recoveries: a week, also just after the wait was shortened.
    passkeys = [Passkey(origin=server.origin) for _ in range(2)]
    assert abs(works_in_ms(recover(lena, passkeys[0])) - 7 * DAY_MS) < 60_000
    assert "works after 7 days" in mona.client.get("/account/codes").text
    assert ada.change(set_charter(values("open"), STRICT)).json()["status"] == "approved"
    held = works_in_ms(recover(mona, passkeys[1]))
    assert 7 * DAY_MS - 60_000 < held < 7 * DAY_MS
    assert "still waits 7 days" in ada.client.get("/governance").text
    assert "works after 7 days" in ada.client.get("/recover").text
    assert ada.add_key(ed25519_key(73)).status_code == 201
    check_ledger(server)
    for client in company.clients:
        client.close()
    server.stop()
