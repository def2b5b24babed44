"""Error pages: the menu of every other page, and nothing that tells hidden and absent apart."""

import re
from uuid import uuid4

import httpx

from tests.support.actor import Actor, policy_of

HTML = {"Accept": "text/html"}
MENU = re.compile(r'<nav aria-label="Main">.*?</nav>\s*<a class="me"[^>]*>', re.DOTALL)


def menu(page: httpx.Response) -> str:
    """Return a page's menu, without the mark of the page that is open."""
    found = MENU.search(page.text)
    assert found is not None, page.text
    return re.sub(r' aria-current="\w+"', "", found[0])


def test_an_error_page_has_the_menu_of_every_other_page(alice: Actor, bob: Actor) -> None:
    alice.draft(policy=policy_of(2, alice, bob))
    inbox = bob.client.get("/inbox", headers=HTML)
    assert "waiting for you" in menu(inbox)
    for path, status in (
        ("/nowhere", 404),
        (f"/statements/{uuid4()}", 404),
        ("/people", 403),
        ("/inbox?page=2", 400),
        ("/statements?cursor=x", 400),
    ):
        page = bob.client.get(path, headers=HTML)
        assert (page.status_code, menu(page)) == (status, menu(inbox)), path
        assert page.headers["cache-control"] == "no-store"


def test_who_is_not_signed_in_finds_the_way_to_sign_in(stranger: httpx.Client) -> None:
    page = stranger.get("/nowhere", headers=HTML)
    assert page.status_code == 404
    assert '<a href="/signin">Sign in</a>' in page.text
    assert "/account" not in page.text


def test_the_page_of_a_hidden_statement_is_that_of_an_absent_one(
    alice: Actor, bob: Actor, carol: Actor
) -> None:
    hidden = alice.draft(policy=policy_of(1, bob), readers=[]).id
    pages = [
        carol.client.get(f"/statements/{each}", headers=HTML) for each in (hidden, str(uuid4()))
    ]
    assert [page.status_code for page in pages] == [404, 404]
    # Its own address leads back after a choice of language.
    own = r'data-now="[^"]*"|name="next" value="/statements/[0-9a-f-]{36}"'
    texts = [re.sub(own, "", page.text) for page in pages]
    assert texts[0] == texts[1]
    assert bob.client.get(f"/statements/{hidden}", headers=HTML).status_code == 200


def test_what_the_front_door_refuses_is_a_page_for_browsers_only(alice: Actor) -> None:
    page = alice.client.get("/inbox/", headers=HTML)
    assert page.status_code == 404
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert "There is no page and no file at this address." in page.text
    assert '<a href="/inbox">Go to the inbox</a>' in page.text
    problem = alice.client.get("/inbox/", headers={"Accept": "application/json"})
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.headers["vary"] == "Accept, Accept-Language, Cookie"
    assert problem.json()["code"] == "not_found"
