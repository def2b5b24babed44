"""Auditors' questions over HTTP: the tables of `ledger ask`, for auditors alone."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from benchmarks import audit
from ledger.http import questions
from ledger.http.turns import LongRead
from ledger.store.engines import open_log
from tests.integration.conftest import NO_LIMIT
from tests.integration.http.company import Company
from tests.support.actor import Actor, Drafted, policy_of
from tests.support.check import check_ledger
from tests.support.server import Server


class Asked(NamedTuple):
    """A ledger with an auditor, and a statement that Bob approved."""

    auditor: Actor
    bob: Actor
    drafted: Drafted

    def ask(self, question: str, **query: Any) -> dict[str, Any]:
        answer = self.auditor.client.get(f"/api/questions/{question}", params=query)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def rows(self, question: str, **query: Any) -> list[dict[str, Any]]:
        table = self.ask(question, **query)["tables"][0]
        return [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    data = Path(tmp_path_factory.mktemp("asked")) / "data"
    server = Server(data, LEDGER_RATE_LIMIT=NO_LIMIT, LEDGER_REGISTRATION="open")
    server.start()
    company = Company(server)
    try:
        cal = company.person("Cal").register("creator")
        bob = company.person("Bob").register("investor")
        assert company.ada.invite("auditor", "for Eve").status_code == 201
        eve = company.person("Eve").register("auditor", "for Eve")
        drafted = cal.draft(title="Terms", policy=policy_of(1, bob))
        assert bob.approve(drafted).status_code == 201
        yield Asked(eve, bob, drafted)
        check_ledger(server)
    finally:
        for client in company.clients:
            client.close()
        server.stop()


def test_an_auditor_asks_who_approved_and_is_on_the_access_record(asked: Asked) -> None:
    (approved,) = asked.rows("approvals", about=asked.drafted.id)
    assert (approved["person"], approved["decision"]) == ("Bob", "statement signed")
    assert approved["key"].startswith("kid:")
    assert [each["summary"] for each in asked.rows("acts", about="Bob")][-1].startswith(
        "“Bob” approved “Terms”"
    )
    record = asked.auditor.client.get("/api/access-record").json()["items"]
    told = {(each["kind"], each["statementId"]) for each in record}
    assert {("statement", asked.drafted.id), ("timeline", None)} <= told


@pytest.mark.parametrize("question", ["administration", "in-question", "leavers", "figures"])
def test_each_question_has_its_table(asked: Asked, question: str) -> None:
    found = asked.ask(question)
    assert found["next"] is None
    assert all(len(row) == len(t["columns"]) for t in found["tables"] for row in t["rows"])


def test_two_points_are_compared(asked: Asked) -> None:
    (status,) = [
        e
        for e in asked.rows("diff", **{"from": "1"})
        if e["about"] == "statement" and e["id"] == asked.drafted.id
    ]
    assert (status["from"], status["to"]) == ("", "approved")


def test_a_long_answer_continues_where_it_ended(asked: Asked, tmp_path: Path) -> None:
    whole = asked.ask("events")["tables"][0]["rows"]
    begun = asked.ask("events", to="3")["tables"][0]["rows"]
    assert begun + asked.ask("events", after=3)["tables"][0]["rows"] == whole


def test_a_table_has_at_most_a_thousand_rows_and_says_where_it_goes_on(tmp_path: Path) -> None:
    audit.grow(tmp_path, questions.MOST_ROWS + 200)
    asked = questions.AskedQuestion("events", None, None, None, 0)
    with closing(open_log(str(tmp_path / "log.sqlite"))) as store:
        first = questions.answered(LongRead(), store, asked)
        rest = questions.answered(LongRead(), store, msgspec.structs.replace(asked, after=1_000))
    assert (len(first.tables[0].rows), first.next) == (1_000, 1_000)
    assert (rest.tables[0].rows[0][0], rest.next) == (1_001, None)


@pytest.mark.parametrize(
    ("question", "query", "status", "code"),
    [
        ("nothing", {}, 404, "question_unknown"),
        ("approvals", {}, 400, "about_missing"),
        ("diff", {}, 400, "from_missing"),
        ("acts", {"about": "Mallory"}, 404, "user_unknown"),
        ("events", {"from": "9", "to": "5"}, 400, "period_invalid"),
        ("events", {"at": "5"}, 400, "query_unknown"),
    ],
)
def test_what_cannot_be_answered_is_refused(
    asked: Asked, question: str, query: dict[str, str], status: int, code: str
) -> None:
    answer = asked.auditor.client.get(f"/api/questions/{question}", params=query)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_nobody_but_an_auditor_asks(asked: Asked) -> None:
    answer = asked.bob.client.get("/api/questions/events")
    assert (answer.status_code, answer.json()["code"]) == (403, "auditor_only")
