"""A statement for participants, asked for on every route and page by everybody."""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest

from ledger.encoding import b64u_decode
from tests.integration.conftest import NO_LIMIT
from tests.integration.http.company import Company
from tests.support.actor import Actor, Drafted, policy_of
from tests.support.check import check_ledger, head
from tests.support.evidence import OF_MEMBERS
from tests.support.route_quotas import application, quotas
from tests.support.server import Server
from tests.support.who_reads import PEOPLE, ROWS, Cell, routes_of

SECRET = "zanzibar"
DECISIONS = ("/sign", "/reject", "/retract", "/withdraw")
# Acts on a statement that are no decision, with the further members of each.
USES: dict[str, dict[str, Any]] = {
    "use": {"nonce": "n" * 22},
    "outcome": {"number": 1, "generation": 1, "outcome": "done"},
}
ACTS = ["sign", "reject", "retract", "withdraw", *USES]
NOBODY = "00000000-0000-4000-8000-000000000000"


class World(NamedTuple):
    """An open ledger, its people, and a statement that Bob is asked to approve."""

    company: Company
    people: dict[str, Actor]
    cal: Actor
    drafted: Drafted

    def fill(self, row: str, who: Actor) -> str:
        """Return a row's address."""
        values = {
            "statement_id": self.drafted.id,
            "creator": self.cal.user,
            "question": "events",
            "user_id": self.cal.user,
            "position": str(head(self.company.server)),
            "credential_id": self.cal.passkey.id,
            "kid": self.cal.key.kid,
            "sha256": "0" * 64,
            "digest": self.drafted.sha256,
            "own_kid": who.key.kid,
            "session_id": "0" * 32,
            "webhook": "00000000-0000-4000-8000-000000000000",
            "kind": "Users",
            "entry_id": "00000000-0000-4000-8000-000000000000",
            "number": "1",
            "token": "x" * 43,
            "index": "0",
            "size": "1",
            "level": "0",
            "path": "000",
            "tree": "0",
        }
        return row.partition(" ")[2].format(**values)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    data = tmp_path_factory.mktemp("readers") / "data"
    server = Server(data, LEDGER_RATE_LIMIT=NO_LIMIT, LEDGER_REGISTRATION="open")
    server.start()
    company = Company(server)
    try:
        cal = company.person("Cal").register("creator")
        bob = company.person("Bob").register("investor")
        stranger = company.person("Sam").register("investor")
        assert company.ada.invite("auditor", "for Eve").status_code == 201
        eve = company.person("Eve").register("auditor", "for Eve")
        drafted = cal.draft(
            title=f"The {SECRET} deal",
            content=json.dumps({"company": SECRET}),
            policy=policy_of(2, bob, cal),
            readers=[],
        )
        assert cal.approve(drafted).status_code == 201
        nobody = company.person("Nobody")
        nobody.ledger = cal.ledger
        found = (nobody, stranger, bob, eve, company.ada)
        yield World(company, dict(zip(PEOPLE, found, strict=True)), cal, drafted)
        check_ledger(server)
    finally:
        for client in company.clients:
            client.close()
        server.stop()


def test_every_route_has_a_row_and_every_row_a_route() -> None:
    found = {f"{method} {path}" for method, path, _ in quotas(application())}
    assert {routes_of(row) for row in ROWS} == found


def content_of(answer: httpx.Response) -> str:
    """Return everything that an answer says: the files of an archive, the payload of a JWS."""
    if answer.headers.get("content-type") == "application/zip" and answer.is_success:
        with zipfile.ZipFile(io.BytesIO(answer.content)) as files:
            return "".join(files.read(name).decode("latin-1") for name in files.namelist())
    if answer.headers.get("content-type") == "application/jose+json":
        return b64u_decode(answer.json()["payload"]).decode()
    return answer.text


def body_of(row: str, who: Actor, world: World) -> dict[str, Any]:
    """Return the body of a request: a decision on the statement, or what a route refuses."""
    about = {"statementId": world.drafted.id, "sha256": world.drafted.sha256}
    if row.endswith("/sign"):
        return {"jwt": who.approval(world.drafted.document)}
    if row.endswith(DECISIONS):
        iat = who.later(world.drafted.id)
        act = row.rpartition("/")[2]
        return {"act": who.act(act, **about, reason="The price is too low.", iat=iat)}
    kind = row.rpartition("/")[2]
    if kind in USES:
        return {"act": who.act(kind, **about, **USES[kind])}
    if row.endswith("policies/preview"):
        return {"policy": json.dumps(policy_of(1, who))}
    if row.endswith("/preview"):
        item = {"suspend": {"user": world.people["participant"].user}}
        return {"content": json.dumps({"items": [item]})}
    return {}


def ask(row: str, who: Actor, world: World) -> httpx.Response:
    address = world.fill(row, who)
    if row == "GET /api/stream":
        with who.client.stream("GET", address) as answer:
            lines = answer.iter_lines()
            said = "\n".join(next(lines) for _ in range(4 if answer.is_success else 1))
            return httpx.Response(answer.status_code, text=said)
    if row.startswith("GET"):
        return who.client.get(address)
    return who.client.post(address, json=body_of(row, who, world))


def fits(cell: Cell, answer: httpx.Response) -> bool:
    status, is_said = answer.status_code, SECRET in content_of(answer).lower()
    match cell:
        case "reads":
            return status == 200 and is_said
        case "without":
            return status == 200 and not is_said
        case "sign-in":
            return answer.headers.get("location", "").startswith("/signin?") and not is_said
        case "nothing":
            return not is_said
        case _:
            return status == int(cell) and not is_said


def tried(person: str) -> list[str]:
    """Return the rows that a person tries on the shared statement: decisions come afterwards."""
    return [row for row in ROWS if person != "participant" or not row.endswith(DECISIONS)]


@pytest.mark.parametrize("person", PEOPLE)
def test_everybody_gets_of_a_statement_what_the_table_says(world: World, person: str) -> None:
    who = world.people[person]
    wrong = {}
    for row in tried(person):
        cell = ROWS[row][PEOPLE.index(person)]
        answer = ask(row, who, world)
        if not fits(cell, answer):
            wrong[row] = (cell, answer.status_code, content_of(answer)[:300])
        if row == "POST /api/logout" and person != "anonymous":
            assert who.sign_in().status_code == 200
    assert wrong == {}


@pytest.mark.parametrize("act", ["sign", "reject", "retract", "withdraw"])
def test_those_who_take_part_decide(world: World, act: str) -> None:
    bob, cal = world.people["participant"], world.cal
    drafted = cal.draft(policy=policy_of(1, bob), readers=[])
    if act == "retract":
        drafted = cal.draft(policy=policy_of(2, bob, cal), readers=[])
        assert bob.approve(drafted).status_code == 201
    answer = {
        "sign": lambda: bob.approve(drafted),
        "retract": lambda: bob.retract(drafted),
        "reject": lambda: bob.reject(drafted),
        "withdraw": lambda: cal.withdraw(drafted),
    }[act]()
    assert answer.status_code == 201


@pytest.mark.parametrize("person", ["stranger", "administrator"])
@pytest.mark.parametrize("act", ACTS)
def test_a_statement_that_one_may_not_read_is_like_one_that_is_not_there(
    world: World, person: str, act: str
) -> None:
    who, row = world.people[person], f"POST /api/statements/{{statement_id}}/{act}"
    hidden = ask(row, who, world)
    absent = who.client.post(f"/api/statements/{NOBODY}/{act}", json=body_of(row, who, world))
    problems = [each.json() for each in (hidden, absent)]
    assert problems[0] == problems[1]
    assert problems[0]["code"] == "statement_unknown"


@pytest.mark.parametrize("act", ACTS)
def test_a_key_that_is_not_known_is_named_before_a_statement_that_is_not_there(
    world: World, act: str
) -> None:
    who, row = world.people["anonymous"], f"POST /api/statements/{{statement_id}}/{act}"
    answers = [
        who.client.post(f"/api/statements/{id_}/{act}", json=body_of(row, who, world))
        for id_ in (world.drafted.id, NOBODY)
    ]
    assert [each.json()["code"] for each in answers] == ["key_unknown"] * 2


def test_a_new_version_of_what_one_may_not_read_is_refused(world: World) -> None:
    dee = world.company.person("Dee").register("creator")
    known = world.drafted.copied()
    named = (known, known | {"statement": NOBODY})
    answers = [dee.draft_of(dee.document(supersedes=older)) for older in named]
    assert [(each.status_code, each.json()["code"]) for each in answers] == [
        (404, "statement_unknown")
    ] * 2


def test_what_a_change_would_do_names_no_statement_that_its_drafter_may_not_read(
    world: World,
) -> None:
    ada, bob = world.people["administrator"], world.people["participant"]
    drafted = world.cal.draft(policy=policy_of(1, bob), readers=[])
    at = drafted.answer["position"]
    ada.client.get("/api/inbox", params={"minPosition": at})
    answer = ask("POST /api/changes/preview", ada, world).json()
    assert answer["unmeetable"]["count"] >= 1
    assert answer["unmeetable"]["statements"] == []


def test_a_bundle_that_shows_a_statement_of_others_is_for_auditors(world: World) -> None:
    ada, bob = world.people["administrator"], world.people["participant"]
    fay = world.company.person("Fay").register("creator")
    hidden = fay.draft(policy=policy_of(1, bob), readers=[], title=f"More {SECRET}")
    leaving = {"deactivate": {"user": fay.user}}
    change = ada.change(leaving, {"withdraw": {"statement": hidden.id}})
    assert change.json()["status"] == "approved"
    address = f"/api/statements/{change.json()['statementId']}"
    at = {"minPosition": change.json()["position"]}
    for person in ("stranger", "administrator"):
        who = world.people[person]
        assert who.client.get(address, params=at).status_code == 200
        for mode in OF_MEMBERS:  # the server asks of one, the process that writes it of the other
            refused = who.client.get(f"{address}/evidence", params={"mode": mode})
            assert (refused.status_code, refused.json()["code"]) == (403, "auditor_only")
    for mode in OF_MEMBERS:
        shown = world.people["auditor"].client.get(f"{address}/evidence", params={"mode": mode})
        assert SECRET in content_of(shown)


def test_a_ledger_by_invitation_shows_strangers_nothing_that_names_no_readers(
    world: World,
) -> None:
    ada, cal, bob = world.people["administrator"], world.cal, world.people["participant"]
    before = cal.draft(policy=policy_of(1, bob))
    in_force = ada.client.get("/api/governance").json()
    values = in_force["values"] | {"registration": "invite"}
    closing = {"set-charter": {"values": values, "was": in_force["valuesSha256"]}}
    assert ada.change(closing).json()["status"] == "approved"
    after = cal.draft(policy=policy_of(1, bob))
    at = {"minPosition": after.answer["position"]}
    for person, expected in (("stranger", [200, 404]), ("participant", [200, 200])):
        client = world.people[person].client
        found = [client.get(f"/api/statements/{d.id}", params=at) for d in (before, after)]
        assert [each.status_code for each in found] == expected
