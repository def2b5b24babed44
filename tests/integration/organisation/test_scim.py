"""The SCIM routes, with scim2-tester, and what nobody gets without the token."""

import httpx2
import pytest
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

from tests.integration.http.company import Company
from tests.support.directory import BEARER, Directory
from tests.support.mailboxes import until
from tests.support.unused_names import unused


def test_scim2_tester_finds_nothing_wrong(company: Company) -> None:
    with httpx2.Client(base_url=f"{company.server.origin}/scim/v2", headers=BEARER) as client:
        results = check_server(SyncSCIMClient(client))
    bad = [
        (each.title, each.status.name, each.reason, each.resource_type)
        for each in results
        if each.status in (Status.ERROR, Status.CRITICAL)
    ]
    assert bad == [], bad
    assert sum(each.status == Status.SUCCESS for each in results) > 30


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer x", "Basic abc", "Bearer " + "x" * 40, "Bearer " + "x" * 9_000]
)
def test_without_the_token_nothing_is_read_or_changed(company: Company, header: str) -> None:
    with company.server.client() as client:
        for method, path in (
            ("GET", "/Users"),
            ("POST", "/Users"),
            ("GET", "/ServiceProviderConfig"),
            ("PATCH", "/Users/x"),
            ("DELETE", "/Groups/x"),
        ):
            answer = client.request(
                method,
                f"/scim/v2{path}",
                json={"userName": "eve"},
                headers={"Authorization": header},
            )
            assert answer.status_code == 401, answer.text
            assert answer.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]


def test_a_session_is_no_token(company: Company) -> None:
    assert company.ada.client.get("/scim/v2/Users").status_code == 401


def test_users_are_found_by_name_and_external_id(directory: Directory) -> None:
    name = unused("Find.Me")
    user = directory.user(name, external_id=f"ext-{name}")
    for text in (f'userName eq "{name.upper()}"', f'externalId eq "ext-{name}"', f'id eq "{user}"'):
        found = directory.client.get("/Users", params={"filter": text}).json()
        assert [each["id"] for each in found["Resources"]] == [user]
    again = directory.client.post("/Users", json={"userName": name.lower()})
    assert (again.status_code, again.json()["scimType"]) == (409, "uniqueness")
    none = directory.client.get("/Users", params={"filter": 'userName eq "nobody"'}).json()
    assert (none["totalResults"], none["Resources"]) == (0, [])


@pytest.mark.parametrize(
    ("params", "kind"),
    [
        ({"filter": "("}, "invalidFilter"),
        ({"filter": "(" * 4_000}, "invalidFilter"),
        ({"filter": 'password eq "x"'}, "invalidFilter"),
        ({"count": "many"}, None),
        ({"count": "1e1"}, None),
        ({"startIndex": "1.0"}, None),
        ({"startIndex": "9" * 30}, None),
        ({"unknown": "1"}, None),
    ],
)
def test_a_request_of_another_form_is_refused(
    directory: Directory, params: dict[str, str], kind: str | None
) -> None:
    answer = directory.client.get("/Users", params=params)
    assert (answer.status_code, answer.json().get("scimType")) == (400, kind)


def test_a_list_has_few_groups_at_a_time(directory: Directory) -> None:
    for n in range(11):
        told = {"displayName": unused(f"long-{n}"), "members": [{"value": f"{n:036}"}]}
        assert directory.client.post("/Groups", json=told).status_code == 201
    first = directory.client.get("/Groups", params={"count": 100}).json()
    assert (len(first["Resources"]), first["itemsPerPage"]) == (10, 10)
    assert first["totalResults"] >= 11
    told = {"displayName": "g", "members": [{"value": "x" * 37}]}
    answer = directory.client.post("/Groups", json=told)
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")


def test_a_huge_or_compressed_body_is_refused(directory: Directory) -> None:
    client = directory.client
    members = [{"value": f"{n:036}"} for n in range(100_000)]
    assert client.post("/Groups", json={"displayName": "g", "members": members}).status_code == 413
    plain = {"Content-Type": "text/plain"}
    assert client.post("/Users", content=b"{}", headers=plain).status_code == 415
    for raw in (b"{", b"[]", b"\xff"):
        answer = client.post("/Users", content=raw)
        assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidSyntax")


def test_the_security_record_says_what_the_directory_changed(
    company: Company, directory: Directory
) -> None:
    user = directory.user(unused("recorded"))
    directory.set_active(user, active=False)
    directory.client.delete(f"/Users/{user}")
    assert directory.client.get(f"/Users/{user}").status_code == 404

    def events() -> set[str]:
        return {
            each
            for each in ("directory_add", "directory_change", "directory_remove")
            if each in (company.server.data / "security.jsonl").read_text()
        }

    assert until(lambda: len(events()) == 3)
