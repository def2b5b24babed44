"""Mail reaches a real mail server: addresses are verified, and letters have no content."""

import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from ledger.jose import SigningKey
from tests.integration.http.company import Company
from tests.support.actor import Actor, policy_of
from tests.support.mailboxes import about, ask_for_code, post, until, verified
from tests.support.post_office import PostOffice, text_of
from tests.support.server import Server
from tests.support.unused_names import unused

ATOM = "{http://www.w3.org/2005/Atom}"


def test_what_waits_and_what_was_decided_arrives_without_content(
    office: PostOffice, alice: Actor, bob: Actor
) -> None:
    asked, creator = verified(bob, office), verified(alice, office)
    drafted = alice.draft(title="A secret merger", policy=policy_of(1, bob))
    letter = office.wait_for(about(asked, "waits for your decision"))
    for kind in ("plain", "html"):
        text = text_of(letter, kind)
        assert f"/statements/{drafted.id}" in text
        assert "merger" not in text
        assert alice.name not in text
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["From"] == "ledger@example.com"
    assert re.fullmatch(r"<msg_[\w-]{32}@example\.com>", letter["Message-ID"])
    assert bob.approve(drafted).status_code == 201
    assert "approved" in text_of(office.wait_for(about(creator, "a statement is approved")))
    mine = [each["Subject"] for each in office.letters if each["To"] == asked]
    assert not any("approved" in each for each in mine)  # who decided knows it


def test_who_is_asked_by_role_or_by_a_later_step_hears_when_it_is_their_turn(
    office: PostOffice, alice: Actor, bob: Actor, company: Company
) -> None:
    cal = company.person(unused("Cal")).register("investor")
    first, second = verified(bob, office), verified(cal, office)
    steps = [{"threshold": 1, "of": [f"user:{each.user}"]} for each in (bob, cal)]
    drafted = alice.draft(policy={"steps": steps})
    office.wait_for(about(first, "waits for your decision"))
    assert not any(each["To"] == second for each in office.letters[-1:])
    assert bob.approve(drafted).status_code == 201
    letter = office.wait_for(about(second, "waits for your decision"))
    assert f"/statements/{drafted.id}" in text_of(letter)
    by_role = alice.draft(policy={"threshold": 1, "of": ["role:investor"]})
    for address in (first, second):
        office.wait_for(
            lambda each, to=address: each["To"] == to and by_role.id in text_of(each)  # type: ignore[misc]
        )
    assert alice.withdraw(by_role).status_code == 201  # it waits for everybody else here


def test_a_new_key_is_told_at_once_with_every_choice(office: PostOffice, bob: Actor) -> None:
    address = verified(bob, office)
    chosen = {"times": "security", "quietFrom": "00:00", "quietTo": "23:59", "zone": "UTC"}
    assert post(bob, "/api/mailbox/settings", **chosen).status_code == 204
    assert bob.add_key(SigningKey.generate()).status_code == 201
    letter = office.wait_for(about(address, "signing key was added"))
    assert letter["List-Unsubscribe"] is None


def test_an_address_counts_after_its_code_was_typed(office: PostOffice, bob: Actor) -> None:
    address = f"{bob.user}@example.com"
    code = ask_for_code(bob, office, address)
    wrong = f"{(int(code) + 1) % 10**8:08}"
    for _ in range(4):
        answer = post(bob, "/api/mailbox/verify", code=wrong)
        assert (answer.status_code, answer.json()["code"]) == (422, "code_wrong")
    assert post(bob, "/api/mailbox/verify", code=code).status_code == 204
    answer = post(bob, "/api/mailbox/verify", code=code)
    assert (answer.status_code, answer.json()["code"]) == (409, "code_over")


def test_codes_and_attempts_are_few(office: PostOffice, bob: Actor) -> None:
    address = f"{bob.user}@example.com"
    code = ask_for_code(bob, office, address)
    for _ in range(5):
        assert post(bob, "/api/mailbox/verify", code="x").json()["code"] == "code_wrong"
    assert post(bob, "/api/mailbox/verify", code=code).json()["code"] == "code_over"
    for _ in range(4):
        assert post(bob, "/api/mailbox", address=address).status_code == 204
    answer = post(bob, "/api/mailbox", address=address)
    assert (answer.status_code, answer.json()["code"]) == (409, "codes_used_up")


def test_the_old_address_is_told_when_mail_goes_elsewhere_or_ends(
    office: PostOffice, bob: Actor
) -> None:
    first, second = verified(bob, office), f"{bob.user}@example.org"
    code = ask_for_code(bob, office, second)
    assert "verified" in bob.client.get("/messages").text  # the first one still counts
    assert first in bob.client.get("/messages").text
    assert post(bob, "/api/mailbox/verify", code=code).status_code == 204
    office.wait_for(about(first, "does not come to this address"))
    assert post(bob, "/api/mailbox/remove").status_code == 204
    office.wait_for(about(second, "does not come to this address"))
    answer = post(bob, "/api/mailbox/settings", times="daily", quietFrom="", quietTo="", zone="UTC")
    assert (answer.status_code, answer.json()["code"]) == (404, "mailbox_unknown")


def test_one_click_ends_mail_and_a_look_does_not(
    office: PostOffice, alice: Actor, bob: Actor, company: Company
) -> None:
    address = verified(bob, office)
    alice.draft(policy=policy_of(1, bob))
    letter = office.wait_for(about(address, "waits for your decision"))
    link = letter["List-Unsubscribe"].strip("<>")
    with company.server.client() as stranger:
        assert stranger.get(link).status_code == 200
        assert '<option value="at-once" selected>' in bob.client.get("/messages").text
        clicked = stranger.post(link, data={"List-Unsubscribe": "One-Click"})
        assert clicked.status_code == 200
        assert '<option value="security" selected>' in bob.client.get("/messages").text
        for wrong in (link[:-1] + ("A" if link[-1] != "A" else "B"), f"{link}x", link[:-20]):
            assert stranger.post(wrong).status_code == 404


@pytest.mark.parametrize(
    "address",
    [
        "",
        "bob",
        "bob@",
        "@example.com",
        "bob@example.com\r\nBcc: eve@example.com",
        "bob@example.com, eve@example.com",
        "Bob <bob@example.com>",
        "bob@exa mple.com",
        '"bob"@example.com',
        "bob@bücher.example",
        "b" * 65 + "@example.com",
        "bob@" + "a" * 64 + ".com",
    ],
)
def test_what_is_no_plain_address_is_refused(bob: Actor, address: str) -> None:
    answer = post(bob, "/api/mailbox", address=address)
    assert (answer.status_code, answer.json()["code"]) == (400, "mail_invalid")


def test_a_choice_of_another_form_is_refused(office: PostOffice, bob: Actor) -> None:
    verified(bob, office)
    usual = {"times": "at-once", "quietFrom": "", "quietTo": "", "zone": "UTC"}
    for wrong in ({"times": "never"}, {"quietFrom": "24:00"}, {"quietTo": "7"}):
        answer = post(bob, "/api/mailbox/settings", **(usual | wrong))
        assert (answer.status_code, answer.json()["code"]) == (400, "request_invalid")
    answer = post(bob, "/api/mailbox/settings", **(usual | {"zone": "../etc/passwd"}))
    assert (answer.status_code, answer.json()["code"]) == (400, "zone_invalid")


def test_mail_waits_while_the_mail_server_is_away(
    office: PostOffice, alice: Actor, bob: Actor
) -> None:
    address = verified(bob, office)
    office.close()
    alice.draft(policy=policy_of(1, bob))
    reason = "mail is not sent: the mail server cannot be used (ConnectionRefusedError)"
    assert until(lambda: reason in bob.client.get("/healthz").json()["reasons"])
    office.open()
    office.wait_for(about(address, "waits for your decision"))
    assert until(lambda: bob.client.get("/healthz").json()["reasons"] == [])


def test_feeds_say_what_waits_until_they_end(alice: Actor, bob: Actor, company: Company) -> None:
    drafted = alice.draft(title="A secret merger", policy=policy_of(1, bob))
    made = post(bob, "/api/feeds")
    assert made.status_code == 201
    feeds = made.json()
    with company.server.client() as stranger:
        shown = stranger.get(feeds["inbox"])
        assert shown.headers["content-type"].startswith("application/atom+xml")
        root = ET.fromstring(shown.content)  # noqa: S314  # our own answer
        (entry,) = root.findall(f"{ATOM}entry")
        assert entry.findtext(f"{ATOM}id") == f"urn:uuid:{drafted.id}"
        calendar = stranger.get(feeds["deadlines"]).text
        assert f"UID:{drafted.id}\r\n" in calendar
        assert max(len(line) for line in calendar.split("\r\n")) <= 75
        assert "merger" not in shown.text + calendar
        assert feeds["inbox"].split("/")[4] not in company.server.output
        again = post(bob, "/api/feeds").json()
        assert stranger.get(feeds["inbox"]).status_code == 404
        assert stranger.get(again["inbox"]).status_code == 200
        assert company.ada.suspend(bob.user).status_code == 201
        assert until(lambda: stranger.get(again["inbox"]).status_code == 404)


def test_feeds_end_by_their_owner(bob: Actor, company: Company) -> None:
    feeds = post(bob, "/api/feeds").json()
    assert post(bob, "/api/feeds/remove").status_code == 204
    with company.server.client() as stranger:
        for address in (*feeds.values(), f"{company.server.origin}/feeds/x/inbox.atom"):
            assert stranger.get(address).status_code == 404


def test_without_a_mail_server_no_address_is_taken(server: Server, join: Any) -> None:
    dora = join("Dora")
    answer = post(dora, "/api/mailbox", address="dora@example.com")
    assert (answer.status_code, answer.json()["code"]) == (409, "mail_off")
    assert "sends no mail" in dora.client.get("/messages").text
