"""Lists: pages of bounded size that cover everything once, at one position."""

from collections.abc import Iterator
from functools import partial
from operator import itemgetter
from typing import Any

import httpx
import pytest

from ledger.encoding import b64u_encode
from tests.integration.conftest import Join, Refuses
from tests.support.actor import Actor, Drafted, policy_of
from tests.support.check import head, wait_for
from tests.support.server import Server

LISTS = ["/api/users", "/api/statements", "/api/inbox", "/api/timeline"]


@pytest.fixture(scope="module")
def seven(shared_server: Server, alice: Actor, bob: Actor) -> list[Drafted]:
    """Seven statements that wait for Bob, by one creator, oldest first."""
    found = [
        alice.draft(policy=policy_of(1, bob), title=f"Pages number {n} of Zanzibar")
        for n in range(7)
    ]
    wait_for(shared_server, head(shared_server))
    return found


def pages(client: httpx.Client, path: str, **query: Any) -> Iterator[dict[str, Any]]:
    """Yield every page of a list."""
    cursor: str | None = None
    while True:
        given = query | ({} if cursor is None else {"cursor": cursor})
        answer = client.get(path, params=given)
        assert answer.status_code == 200, answer.text
        page: dict[str, Any] = answer.json()
        yield page
        cursor = page["next"]
        if cursor is None:
            return


def items(client: httpx.Client, path: str, **query: Any) -> list[dict[str, Any]]:
    return [item for page in pages(client, path, **query) for item in page["items"]]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", [1, 3, 50, 200])
def test_pages_of_any_size_cover_everything_once(
    path: str, limit: int, server: Server, bob: Actor, seven: list[Drafted]
) -> None:
    at = head(server)
    wait_for(server, at)
    found = [*pages(bob.client, path, limit=limit, at=at)]
    assert all(len(page["items"]) <= limit and page["position"] == at for page in found)
    everything = [item for page in found for item in page["items"]]
    listed = [item["position"] for item in everything]
    assert len(listed) == len(set(listed))
    whole = [item["position"] for item in items(bob.client, path, limit=200, at=at)]
    assert listed == whole
    if path == "/api/inbox":
        assert everything == sorted(everything, key=itemgetter("expiresAt", "position"))
    else:
        assert listed == sorted(whole, reverse=path != "/api/users")
    if path == "/api/timeline":  # other tests may have left what Bob does not read
        first = seven[0].answer["position"]
        assert [each for each in listed if each >= first] == [*range(at, first - 1, -1)]
    if path == "/api/inbox":
        assert {each.answer["position"] for each in seven} <= set(listed)


def test_a_page_has_fifty_items_unless_asked_otherwise(
    server: Server, alice: Actor, bob: Actor
) -> None:
    for _ in range(50):
        alice.draft(policy=policy_of(1, alice))
    wait_for(server, head(server))
    page = bob.client.get("/api/timeline").json()
    assert (len(page["items"]), page["position"]) == (50, head(server))
    assert page["next"] is not None


def test_what_is_added_while_reading_does_not_shift_the_pages(
    server: Server, alice: Actor, bob: Actor, seven: list[Drafted]
) -> None:
    query = {"q": "zanzibar", "limit": 3}
    reader = pages(bob.client, "/api/statements", **query)
    first = next(reader)
    alice.draft(policy=policy_of(1, bob), title="A newer page of Zanzibar, expiring not")
    wait_for(server, head(server))
    rest = [item for page in reader for item in page["items"]]
    ids = [each["id"] for each in first["items"] + rest]
    assert ids == [each.id for each in reversed(seven)]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", ["0", "201", "-1", "many", "1.5"])
def test_a_limit_is_1_to_200(path: str, limit: str, bob: Actor, refuses: Refuses) -> None:
    refuses(lambda: bob.client.get(path, params={"limit": limit}), 400, "request_invalid")


def cursor_of(text: str) -> str:
    return b64u_encode(text.encode())


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "=",
        "é",
        "\0",
        cursor_of(""),
        cursor_of("users"),
        cursor_of("users:-1"),
        cursor_of("users:01"),
        cursor_of("users:1 OR 1=1"),
        cursor_of("users:" + "9" * 30),
        cursor_of("statements:" + "9" * 30),
        cursor_of("inbox:" + "9" * 30),
        cursor_of("timeline:" + "9" * 30),
        cursor_of("nowhere:5"),
    ],
)
def test_a_cursor_that_the_list_did_not_give_is_refused(
    path: str, cursor: str, bob: Actor, refuses: Refuses
) -> None:
    refuses(lambda: bob.client.get(path, params={"cursor": cursor}), 400, "cursor_invalid")


def test_a_cursor_of_one_list_is_none_of_another(bob: Actor, refuses: Refuses) -> None:
    cursor = bob.client.get("/api/timeline", params={"limit": 1}).json()["next"]
    for path in ("/api/users", "/api/statements", "/api/inbox"):
        refuses(partial(bob.client.get, path, params={"cursor": cursor}), 400, "cursor_invalid")


def test_statements_are_found_by_status_creator_and_words(
    server: Server, alice: Actor, bob: Actor, join: Join, seven: list[Drafted]
) -> None:
    other = join("Another creator", "creator")
    drafted = other.draft(policy=policy_of(1, bob), title="Ünique wörds of Zürich")
    assert bob.approve(drafted).json()["status"] == "approved"
    wait_for(server, head(server))

    def ids(**query: str) -> list[str]:
        return [each["id"] for each in items(bob.client, "/api/statements", **query)]

    assert ids(creator=other.user) == [drafted.id]
    assert ids(q="zurich unique") == [drafted.id]
    assert ids(q="ZÜRICH") == [drafted.id]
    assert ids(q="number 3 zanzibar") == [seven[3].id]
    assert ids(creator=other.user, status="pending") == []
    assert ids(creator=other.user, status="approved", q="uni") == [drafted.id]
    assert ids(q="a word that nobody wrote") == []
    assert ids(creator="nobody") == []
    assert ids(q='"; DROP TABLE statement; --') == []
    assert drafted.id not in ids(status="pending")
    assert set(ids(status="approved")) >= {drafted.id}


def test_the_timeline_is_found_by_stream_actor_and_type(
    server: Server, bob: Actor, seven: list[Drafted]
) -> None:
    wait_for(server, head(server))
    by_stream = items(bob.client, "/api/timeline", stream=seven[0].id)
    assert by_stream[-1]["summary"] == "“Alice” drafted “Pages number 0 of Zanzibar”"
    by_actor = items(bob.client, "/api/timeline", actor=bob.user)
    assert {each["actor"]["id"] for each in by_actor} == {bob.user}
    by_type = items(bob.client, "/api/timeline", type="ledger-created.v1")
    assert [each["position"] for each in by_type] == [1]
    assert items(bob.client, "/api/timeline", type="nothing.v1") == []
    assert items(bob.client, "/api/timeline", stream="nothing") == []


@pytest.mark.parametrize("status", ["open", "PENDING", "", "pending,approved"])
def test_a_status_that_there_is_not_is_refused(status: str, bob: Actor, refuses: Refuses) -> None:
    refuses(
        lambda: bob.client.get("/api/statements", params={"status": status}),
        400,
        "request_invalid",
    )


def test_an_inbox_shows_what_waits_for_a_decision_until_it_waits_no_more(
    server: Server, alice: Actor, join: Join
) -> None:
    dora = join("Dora")
    one, two, three = (alice.draft(policy=policy_of(1, dora)) for _ in range(3))
    assert dora.approve(one).status_code == 201
    assert alice.withdraw(two).status_code == 201
    wait_for(server, head(server))
    # Others' statements wait for her role too: the ledger is shared.
    waiting = {each["id"] for each in items(dora.client, "/api/inbox")}
    assert waiting & {one.id, two.id, three.id} == {three.id}
    assert three.id not in [each["id"] for each in items(alice.client, "/api/inbox")]
