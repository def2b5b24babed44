"""What a mailbox cannot be used for: to flood a stranger, or to hide a change from its owner."""

from ledger.jose import SigningKey
from tests.integration.http.company import Company
from tests.support.actor import Actor, policy_of
from tests.support.mailboxes import about, ask_for_code, post, verified
from tests.support.post_office import PostOffice
from tests.support.unused_names import unused


def test_removal_gives_no_more_codes(bob: Actor) -> None:
    for n in range(5):
        assert post(bob, "/api/mailbox", address=f"{n}-{bob.user}@example.com").status_code == 204
        assert post(bob, "/api/mailbox/remove").status_code == 204
    answer = post(bob, "/api/mailbox", address=f"{bob.user}@example.com")
    assert (answer.status_code, answer.json()["code"]) == (409, "codes_used_up")


def test_an_address_gets_few_codes_although_several_people_ask(
    bob: Actor, company: Company
) -> None:
    stranger = f"stranger-{bob.user}@example.com"
    for n in range(5):
        address = stranger if n % 2 else stranger.upper()
        assert post(bob, "/api/mailbox", address=address).status_code == 204
    cal = company.person(unused("Cal")).register("investor")
    answer = post(cal, "/api/mailbox", address=stranger)
    assert (answer.status_code, answer.json()["code"]) == (409, "codes_used_up")
    assert post(cal, "/api/mailbox", address=f"{cal.user}@example.com").status_code == 204


def test_warnings_reach_an_address_that_is_removed_twice(office: PostOffice, bob: Actor) -> None:
    address = verified(bob, office)
    office.answer = "451 later"
    try:
        assert bob.add_key(SigningKey.generate()).status_code == 201
        for _ in range(2):
            assert post(bob, "/api/mailbox/remove").status_code == 204
    finally:
        office.answer = "250 taken"
    office.wait_for(about(address, "does not come to this address"))


def test_a_key_is_told_to_the_address_that_was_removed_meanwhile(
    office: PostOffice, bob: Actor
) -> None:
    address = verified(bob, office)
    office.close()
    try:
        assert bob.add_key(SigningKey.generate()).status_code == 201
        healthy = bob.client.get("/healthz")
        while not any("mail is not sent" in each for each in healthy.json()["reasons"]):
            healthy = bob.client.get("/healthz")
        assert post(bob, "/api/mailbox/remove").status_code == 204
    finally:
        office.open()
    office.wait_for(about(address, "signing key was added"))
    office.wait_for(about(address, "does not come to this address"))


def test_a_letter_to_an_earlier_address_does_not_end_mail_to_a_new_one(
    office: PostOffice, bob: Actor, company: Company
) -> None:
    first = verified(bob, office)
    alice = company.person(unused("Alice")).register("creator")
    alice.draft(policy=policy_of(1, bob))
    link = office.wait_for(about(first, "waits for your decision"))["List-Unsubscribe"].strip("<>")
    code = ask_for_code(bob, office, f"{bob.user}@example.org")
    assert post(bob, "/api/mailbox/verify", code=code).status_code == 204
    with company.server.client() as stranger:
        assert stranger.post(link).status_code == 404
    assert '<option value="at-once" selected>' in bob.client.get("/messages").text
