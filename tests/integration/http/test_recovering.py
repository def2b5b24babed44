"""Recovery codes over HTTP: set them, lose every device, come back, or be stopped."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from ledger import clock
from tests.integration.conftest import NO_LIMIT
from tests.integration.http.test_invitations import Club
from tests.support.actor import Actor, now_ms
from tests.support.authenticator import Passkey
from tests.support.check import check_ledger
from tests.support.links import link_key
from tests.support.recovering import begin, cancel, recover, recovery, set_codes
from tests.support.server import Server

DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def _club(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Club]:
    data = tmp_path_factory.mktemp("recovering") / "data"
    server = Server(data, LEDGER_RATE_LIMIT=NO_LIMIT, LEDGER_REGISTRATION="invite")
    server.start()
    with ExitStack() as clients:
        yield Club(server, clients)
    server.stop()


@pytest.fixture
def club(_club: Club) -> Iterator[Club]:
    """A ledger by invitation, checked when the test ends."""
    yield _club
    check_ledger(_club.server)


def member(club: Club, name: str) -> Actor:
    found = club.member(name, "investor")
    assert set_codes(found).status_code == 201
    return found


def test_a_code_adds_a_passkey_that_waits_for_a_day(club: Club) -> None:
    lost, passkey = member(club, "Lena"), Passkey(origin=club.server.origin)
    answer = recover(lost, passkey)
    assert answer.status_code == 201
    waits_ms = clock.to_ms(answer.json()["activeFrom"]) - now_ms()
    assert DAY_MS - 60_000 < waits_ms <= DAY_MS
    lost.passkey, old = passkey, lost.passkey
    club.refuses(lost.sign_in, 422, "passkey_waiting")
    lost.passkey = old
    assert lost.sign_in().status_code == 200


def test_a_recovery_is_announced_to_its_person_and_to_administrators(club: Club) -> None:
    lost, passkey = member(club, "Mona"), Passkey(origin=club.server.origin)
    position = recover(lost, passkey).json()["position"]
    shown = club.ada.client.get(f"/api/users?limit=200&minPosition={position}").json()["items"]
    (known,) = [each for each in shown if each["id"] == lost.user]
    assert [each["credentialId"] for each in known["recovering"]] == [passkey.id]
    page = lost.client.get("/inbox", headers={"Accept": "text/html"})
    assert "Somebody used one of your recovery codes" in page.text
    people = club.ada.client.get("/people", headers={"Accept": "text/html"})
    assert "Somebody used a recovery code of “Mona”" in people.text


def test_a_person_cancels_a_recovery_and_the_code_is_spent(club: Club) -> None:
    lost, passkey = member(club, "Nils"), Passkey(origin=club.server.origin)
    assert recover(lost, passkey).status_code == 201
    club.refuses(lambda: begin(lost, 1), 409, "recovery_waiting")
    assert cancel(lost, lost.user, passkey.id).status_code == 201
    club.refuses(lambda: begin(lost), 409, "code_used")
    club.refuses(lambda: cancel(club.ada, lost.user, passkey.id), 409, "recovery_ended")
    assert recover(lost, Passkey(origin=club.server.origin), 1).status_code == 201


def test_an_administrator_cancels_a_recovery(club: Club) -> None:
    lost, passkey = member(club, "Olga"), Passkey(origin=club.server.origin)
    assert recover(lost, passkey).status_code == 201
    assert cancel(club.ada, lost.user, passkey.id).status_code == 201
    club.refuses(lambda: begin(lost), 409, "code_used")


def test_nobody_else_cancels_a_recovery(club: Club) -> None:
    lost, passkey = member(club, "Rosa"), Passkey(origin=club.server.origin)
    assert recover(lost, passkey).status_code == 201
    other = club.member("Sven", "investor")
    club.refuses(lambda: cancel(other, lost.user, passkey.id), 403, "governance_only")
    club.refuses(lambda: lost.remove_passkey(passkey.id), 409, "passkey_waiting")
    club.refuses(lambda: cancel(lost, lost.user, lost.passkey.id), 404, "recovery_unknown")


def test_an_unknown_code_begins_nothing(club: Club) -> None:
    stranger = club.stranger("Mallory")
    stranger.ledger = club.ada.ledger
    club.refuses(lambda: begin(stranger), 422, "code_unknown")
    setup = link_key(club.setup, club.ada.ledger).kid
    body = {"code": setup}
    club.refuses(
        lambda: stranger.client.post("/api/recoveries/options", json=body), 422, "code_unknown"
    )


def test_a_set_of_another_size_is_refused(club: Club) -> None:
    who = club.member("Pia", "investor")
    club.refuses(lambda: set_codes(who, 9), 400, "codes_invalid")


def test_a_carrier_of_a_recovery_exchanges_nothing(club: Club) -> None:
    lost, passkey = member(club, "Quin"), Passkey(origin=club.server.origin)
    begun = begin(lost).json()
    own = recovery(lost, Passkey(origin=club.server.origin), begun)
    carried = recovery(lost, passkey, begun) | {"redeem": own["redeem"]}
    club.refuses(lambda: lost.client.post("/api/recoveries", json=carried), 422, "act_mismatch")
