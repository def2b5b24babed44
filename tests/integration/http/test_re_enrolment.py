"""A re-enrolment over HTTP: opened by a change, used once, announced, and stopped in time."""

from collections.abc import Iterator
from contextlib import ExitStack
from uuid import uuid4

import pytest

from ledger import clock
from tests.integration.conftest import NO_LIMIT
from tests.integration.http.test_invitations import Club
from tests.support.actor import Actor, now_ms
from tests.support.authenticator import Passkey
from tests.support.check import check_ledger
from tests.support.links import link_key
from tests.support.recovering import begin_by, cancel, cancel_named, come_back, open_link
from tests.support.server import Server

DAY_MS = 86_400_000
HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def _club(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Club]:
    data = tmp_path_factory.mktemp("returning") / "data"
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


def lost(club: Club, name: str) -> tuple[Actor, str]:
    """Return somebody for whom a link is open, and the link's secret."""
    found, secret = club.member(name, "investor"), str(uuid4())
    assert open_link(club.ada, found, secret).status_code == 201
    return found, secret


def test_a_link_adds_a_passkey_that_waits_for_a_day(club: Club) -> None:
    (mona, secret), passkey = lost(club, "Mona"), Passkey(origin=club.server.origin)
    answer = come_back(mona, passkey, secret)
    assert answer.status_code == 201
    assert answer.json()["needsAdmission"] is False
    waits_ms = clock.to_ms(answer.json()["activeFrom"]) - now_ms()
    assert DAY_MS - 60_000 < waits_ms <= DAY_MS
    mona.passkey, old = passkey, mona.passkey
    club.refuses(mona.sign_in, 422, "passkey_waiting")
    mona.passkey = old
    assert mona.sign_in().status_code == 200
    club.refuses(lambda: begin_by(mona, secret), 422, "code_unknown")


def test_it_is_announced_to_its_person_and_to_administrators(club: Club) -> None:
    (nora, secret), passkey = lost(club, "Nora"), Passkey(origin=club.server.origin)
    answer = come_back(nora, passkey, secret).json()
    position = answer["position"]
    shown = club.ada.client.get(f"/api/users?limit=200&minPosition={position}").json()["items"]
    (known,) = [each for each in shown if each["id"] == nora.user]
    assert known["recovering"] == [
        {
            "credentialId": passkey.id,
            "activeFrom": answer["activeFrom"],
            "reEnrols": True,
            "needsAdmission": False,
        }
    ]
    for path in ("/inbox", "/statements", "/account"):
        page = nora.client.get(path, headers=HTML)
        assert "Somebody used a link that lets you come back" in page.text
    for path in ("/inbox", "/people", f"/people/{nora.user}"):
        page = club.ada.client.get(path, headers=HTML)
        assert "Somebody used the link that lets “Nora” come back" in page.text


@pytest.mark.parametrize("by_administrator", [True, False])
def test_its_person_or_an_administrator_cancels_it(club: Club, *, by_administrator: bool) -> None:
    name = "Olaf" if by_administrator else "Oona"
    (who, secret), passkey = lost(club, name), Passkey(origin=club.server.origin)
    assert come_back(who, passkey, secret).status_code == 201
    by, other = (club.ada, who) if by_administrator else (who, club.ada)
    assert cancel(by, who.user, passkey.id).status_code == 201
    club.refuses(lambda: cancel(other, who.user, passkey.id), 409, "recovery_ended")
    assert open_link(club.ada, who, str(uuid4())).status_code == 201


def test_an_open_link_is_shown_to_administrators_and_closed(club: Club) -> None:
    pia, secret = lost(club, "Pia")
    reference = f"kid:{link_key(secret, pia.ledger).kid}"
    page = club.ada.client.get(f"/people/{pia.user}", headers=HTML)
    assert f'data-recovery="{reference}"' in page.text
    other = club.member("Sven", "investor")
    club.refuses(lambda: cancel_named(other, pia.user, reference), 403, "governance_only")
    assert cancel_named(club.ada, pia.user, reference).status_code == 201
    club.refuses(lambda: begin_by(pia, secret), 422, "code_unknown")
    club.refuses(lambda: cancel_named(pia, pia.user, reference), 404, "recovery_unknown")


def test_while_one_waits_no_second_is_opened(club: Club) -> None:
    (rosa, secret), passkey = lost(club, "Rosa"), Passkey(origin=club.server.origin)
    assert come_back(rosa, passkey, secret).status_code == 201
    club.refuses(lambda: open_link(club.ada, rosa, str(uuid4())), 409, "recovery_waiting")


def test_a_link_that_has_expired_is_not_opened(club: Club) -> None:
    who = club.member("Tove", "investor")
    club.refuses(
        lambda: open_link(club.ada, who, "late", clock.to_text(now_ms() - 1)), 409, "link_expired"
    )


def test_a_key_that_was_used_before_opens_no_link(club: Club) -> None:
    used, secret = lost(club, "Uma")
    other = club.member("Vito", "investor")
    club.refuses(lambda: open_link(club.ada, other, secret), 409, "key_known")
    assert come_back(used, Passkey(origin=club.server.origin), secret).status_code == 201


def test_an_investor_lets_nobody_come_back(club: Club) -> None:
    wil, xena = club.member("Wil", "investor"), club.member("Xena", "investor")
    club.refuses(lambda: open_link(wil, xena, "mine"), 403, "governance_only")
