"""Pages in the language of their reader, and what stays as it is."""

import re
from typing import Any

import httpx
import pytest

from ledger.http.catalogue import catalogue
from ledger.http.languages import VARY
from tests.integration.http.company import Company
from tests.support.actor import Actor, policy_of
from tests.support.page_texts import page_texts

HTML = {"Accept": "text/html"}
GERMAN = HTML | {"Accept-Language": "de-DE,de;q=0.9,en;q=0.5"}
# English that a German page shows: names of roles, of statuses of the log, and of this ledger.
ENGLISH = re.compile(
    r"\b(the|and|is|are|of|your|you|not|with|has|have|this|that|for|by|signed|needed)\b",
    re.IGNORECASE,
)
# What people chose and signed, such as the title of a change, is shown as it is.
CHOSEN = re.compile("“[^”]*”")
ADMINISTRATION = (
    "/people",
    "/roles",
    "/types",
    "/types/define",
    "/governance",
    "/erasures",
    "/setup",
    "/webhooks",
)
MEMBERS = (
    "/",
    "/inbox",
    "/statements",
    "/statements?q=nichts",
    "/approvals",
    "/draft",
    "/account",
    "/account/lost",
    "/account/codes",
    "/messages",
    "/audit",
    "/audit?at=3&compare=5",
    "/nowhere",
    "/people/00000000-0000-4000-8000-000000000000",
)
STRANGERS = ("/", "/register", "/signin", "/recover", "/device", "/nowhere", "/inbox/")


def left_in_english(page: httpx.Response) -> list[str]:
    """Return the texts of a German page that are English: of the catalogue, or by their words."""
    german = set(catalogue("de").values())
    only_english = {text for text in catalogue().values() if len(text) > 3} - german
    texts = page_texts(page.text)
    return [each for each in texts if each in only_english or ENGLISH.search(CHOSEN.sub("", each))]


def test_no_page_has_a_sentence_of_another_language(company: Company) -> None:
    cal = company.person("Cal").register("creator")
    bob = company.person("Bob").register("investor")
    assert company.ada.invite("auditor", "for Eve").status_code == 201
    eve = company.person("Eve").register("auditor", "for Eve")
    first = cal.draft(title="Rahmenvertrag", policy=policy_of(2, bob, cal))
    assert cal.approve(first).status_code == 201
    assert bob.approve(first).status_code == 201
    second = cal.draft(title="Nachtrag", policy=policy_of(1, bob), supersedes=first.copied())
    assert bob.reject(second, "Das ist zu teuer.").status_code == 201
    statements = [f"/statements/{each.id}" for each in (first, second)]
    people = [f"/people/{bob.user}", *ADMINISTRATION]
    asked: list[tuple[Actor, tuple[str, ...]]] = [
        (company.ada, (*MEMBERS, *people, *statements)),
        (
            cal,
            (
                *MEMBERS,
                *statements,
                f"/draft?supersedes={first.id}",
                f"{statements[0]}/certificate",
            ),
        ),
        (bob, (*MEMBERS, *statements, f"/account/end?what=kid:{bob.key.kid}")),
        (eve, ("/access", "/audit", "/audit/questions?question=events", *statements)),
    ]
    found: dict[str, Any] = {}
    for who, paths in asked:
        for path in paths:
            page = who.client.get(path, headers=GERMAN)
            assert page.status_code in (200, 400, 403, 404), path
            assert page.headers["content-language"] == "de", path
            assert '<html lang="de">' in page.text, path
            if left := left_in_english(page):
                found[f"{who.name} {path}"] = left
            english = who.client.get(path, headers=HTML)
            assert (english.status_code, english.headers["content-language"]) == (
                page.status_code,
                "en",
            )
    assert found == {}


def test_strangers_read_german_too(stranger: httpx.Client) -> None:
    found = {}
    for path in STRANGERS:
        page = stranger.get(path, headers=GERMAN)
        assert page.headers["content-language"] == "de", path
        if left := left_in_english(page):
            found[path] = left
    assert found == {}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/signin?next=%2Finbox", "/signin?next=%2Finbox"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("/a\r\nset-cookie: x=1", "/"),
        ("", "/"),
    ],
)
def test_a_choice_is_kept_and_leads_back_to_this_site_only(
    stranger: httpx.Client, path: str, expected: str
) -> None:
    answer = stranger.post("/language", data={"language": "de", "next": path})
    assert (answer.status_code, answer.headers["location"]) == (303, expected)
    (cookie,) = answer.headers.get_list("set-cookie")
    assert cookie.startswith("ledger_language=de; HttpOnly; Max-Age=31536000; Path=/; SameSite=lax")
    page = stranger.get("/signin", headers=HTML | {"Accept-Language": "en"})
    assert '<html lang="de">' in page.text
    stranger.cookies.clear()


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"language=tlh&next=/", {}, 400),
        (b"language=de%0d%0aX:1&next=/", {}, 400),
        (b"next=/", {}, 400),
        (b"", {}, 400),
        (b"language=de&next=/&x=1", {}, 400),
        (b"language=de&x=1", {}, 400),
        (b"language=en&language=de", {}, 400),
        (b"\xff\xfe", {}, 400),
        (b"language=%ff", {}, 400),
        (b"{}", {"content-type": "application/json"}, 400),
        (b"language=de&next=/", {"sec-fetch-site": "cross-site"}, 403),
        (b"language=de&next=/", {"sec-fetch-site": "same-site"}, 403),
    ],
)
def test_a_choice_that_is_none_is_refused(
    stranger: httpx.Client, body: bytes, headers: dict[str, str], status: int
) -> None:
    sent = {"content-type": "application/x-www-form-urlencoded"} | headers
    answer = stranger.post("/language", content=body, headers=sent)
    assert answer.status_code == status
    assert "set-cookie" not in answer.headers


def test_nothing_of_a_request_is_repeated_and_no_cache_keeps_a_page(stranger: httpx.Client) -> None:
    odd = "de-x-zanzibar;q=0.9, <script>zanzibar</script>"
    cookie = "ledger_language=zanzibar"
    page = stranger.get("/signin", headers=HTML | {"Accept-Language": odd, "Cookie": cookie})
    assert "zanzibar" not in page.text + str(page.headers)
    assert page.headers["content-language"] == "de"
    assert page.headers["vary"] == VARY
    assert page.headers["cache-control"] == "no-store"


def test_files_programs_and_the_offline_page_do_not_vary(stranger: httpx.Client) -> None:
    page = stranger.get("/signin", headers=GERMAN).text
    (style,) = re.findall(r'href="(/static/\w+/css/base.css)"', page)
    for path in (style, "/verify", "/.well-known/jwks.json", "/log/checkpoint"):
        answer = stranger.get(path, headers=GERMAN)
        assert answer.status_code == 200, path
        assert "vary" not in answer.headers, path
        assert "content-language" not in answer.headers, path
    refused = stranger.get("/api/inbox", headers={"Accept-Language": "de"})
    assert refused.json()["detail"] == "sign in first"


def test_a_refusal_has_a_sentence_in_the_language_of_who_asks(company: Company) -> None:
    cal = company.person("Cal").register("creator")
    missing = "/api/statements/00000000-0000-4000-8000-000000000000"
    german = cal.client.get(missing, headers={"Accept-Language": "de"})
    english = cal.client.get(missing)
    assert (german.status_code, german.json()["code"]) == (404, "statement_unknown")
    assert german.json()["sentence"] == catalogue("de")["refusal.statement_unknown"]
    assert english.json()["sentence"] == catalogue()["refusal.statement_unknown"]
    assert german.json()["detail"] == english.json()["detail"]


def test_a_code_that_only_programs_meet_has_no_sentence(company: Company) -> None:
    cal = company.person("Cal").register("creator")
    answer = cal.client.post("/api/approvals", content=b"x", headers={"Content-Type": "text/plain"})
    assert (answer.json()["code"], "sentence" in answer.json()) == ("json_required", False)


def test_a_refusal_before_the_application_speaks_german_too(company: Company) -> None:
    cal = company.person("Cal")
    page = cal.client.get("/inbox/", headers=GERMAN)
    assert f'<p lang="de">{catalogue("de")["refusal.not_found"]}</p>' in page.text
