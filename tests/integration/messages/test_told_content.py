"""A type lets messages tell a title and members: mail, webhooks and feeds, until an erasure."""

import xml.etree.ElementTree as ET
from contextlib import closing

from tests.integration.http.company import Company
from tests.support.actor import Actor
from tests.support.mailboxes import about, post, until, verified
from tests.support.post_office import PostOffice, text_of
from tests.support.receiver import Receiver
from tests.support.type_definitions import POLICY, define, definition, stated
from tests.support.webhooks import deliveries, register

FIRST = definition(messages={"title": True, "members": ["amount"]})
SILENT = definition(2)
ATOM = "{http://www.w3.org/2005/Atom}"
CONTENT = '{"amount":"1000","currency":"EUR"}'


def test_messages_tell_what_the_version_of_a_type_says_and_forget_it(
    company: Company, alice: Actor, bob: Actor, office: PostOffice
) -> None:
    address = verified(bob, office)
    feed = post(bob, "/api/feeds").json()
    assert company.ada.change(define(FIRST)).json()["status"] == "approved"
    assert "Mail, webhooks and feeds tell" in alice.client.get("/types").text
    with closing(Receiver()) as receiver, company.server.client() as stranger:
        webhook, secret = register(company.ada, receiver)
        of_type = {"content": CONTENT, "policy": POLICY, "title": "Seed; round, A"}
        drafted = alice.draft(**of_type, type=stated(FIRST))
        receiver.wait_for_ids(1)
        data = receiver.received[0].verified(secret)["data"]
        assert data["statement"] == drafted.id
        assert (data["title"], data["content"]) == ("Seed; round, A", {"amount": "1000"})
        letter = office.wait_for(about(address, "waits for your decision"))
        assert text_of(letter).splitlines()[1:3] == ["“Seed; round, A”", "Amount: 1000"]
        assert "EUR" not in str(letter)
        root = ET.fromstring(stranger.get(feed["inbox"]).content)  # noqa: S314  # our own answer
        (entry,) = root.findall(f"{ATOM}entry")
        assert str(entry.findtext(f"{ATOM}title")).endswith(": Seed; round, A")
        assert str(entry.findtext(f"{ATOM}summary")).endswith("\nAmount: 1000")
        calendar = stranger.get(feed["deadlines"]).text.replace("\r\n ", "")
        assert ": Seed\\; round\\, A\r\n" in calendar
        assert "\\nAmount: 1000\r\n" in calendar

        # A later version tells nothing, and nothing changes for statements of the first.
        assert company.ada.change(define(SILENT, FIRST)).json()["status"] == "approved"
        later = alice.draft(**of_type, type=stated(SILENT))
        assert bob.approve(drafted).status_code == 201
        for each, count in ((drafted, 3), (later, 1)):
            about_it = each.id.encode()
            receiver.wait_for(
                lambda received, what=about_it, many=count: (  # type: ignore[misc]  # mypy knows no default of a lambda
                    len([one for one in received if what in one.body]) >= many
                )
            )
        told = [each.verified(secret)["data"] for each in receiver.received]
        silent = [each for each in told if each.get("statement") == later.id]
        assert silent
        assert not any("title" in each or "content" in each for each in silent)
        assert [each["title"] for each in told if each.get("statement") == drafted.id] == [
            "Seed; round, A"
        ] * 3

        gone = {each.id for each in receiver.received if drafted.id.encode() in each.body}
        assert len(gone) == 3
        item = {"erase": {"statement": drafted.id, "status": "approved"}}
        assert company.ada.change(item).json()["status"] == "approved"

        assert until(lambda: not gone & {each["id"] for each in deliveries(company.ada, webhook)})
        assert "Seed" not in stranger.get(feed["inbox"]).text.replace(later.id, "")
        company.ada.client.post(f"/api/webhooks/{webhook}/remove", json={})
