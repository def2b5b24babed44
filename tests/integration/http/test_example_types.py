"""The example types over HTTP: defined, drafted, approved, exported, and asked for by a gate."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.verify.bundle import verify
from ledger.verify.requirements import RequiredType, Requirements
from tests.integration.conftest import NO_LIMIT
from tests.integration.http.company import Company
from tests.support.actor import Actor, Drafted, now_ms
from tests.support.check import check_ledger
from tests.support.evidence import exported, log_keys
from tests.support.server import Server
from tests.support.type_definitions import define, stated

EXAMPLES = Path(__file__).parents[3] / "docs/examples/types"
SHA = "b" * 64
# By type: content that meets its schema, how it can be spoilt, and the roles that approve.
USES: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]] = {
    "investment-terms": (
        {"company": "Northwind", "round": "Seed", "amount": "1", "currency": "EUR",
         "instrument": "Shares", "boardSeats": 1, "proRata": True},
        {"currency": "DOGE"},
        ("investor", "investor"),
    ),
    "release-sign-off": (
        {"product": "Ledger", "version": "1.0.0", "commit": "a" * 40,
         "artifacts": [{"name": "ledger.whl", "sha256": SHA}]},
        {"artifacts": []},
        ("creator", "administrator"),
    ),
    "agent-action": (
        {"agent": "deploy-bot", "action": "deploy", "target": "production",
         "reason": "The release was signed off."},
        {"force": True},
        ("administrator",),
    ),
}  # fmt: skip


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    server = Server(tmp_path / "data", LEDGER_RATE_LIMIT=NO_LIMIT, LEDGER_REGISTRATION="open")
    server.start()
    found = Company(server)
    try:
        yield found
        check_ledger(server)
    finally:
        for client in found.clients:
            client.close()
        server.stop()


def approve(who: Actor, drafted: Drafted) -> dict[str, Any]:
    """Approve a statement, with the passkey if its policy asks for one; return the answer."""
    jwt = who.approval(drafted.document)
    asked = json.loads(drafted.document)["policy"].get("assurance") == "passkey"
    more = {"assertion": who.confirm(jwt)} if asked else {}
    answer: dict[str, Any] = who.post_sign(drafted.id, jwt, **more).json()
    return answer


def test_every_example_is_used_from_the_definition_to_the_gate(company: Company) -> None:
    assert {each.stem for each in EXAMPLES.glob("*.json")} == set(USES)
    cal = company.person("Cal").register("creator")
    ivy, ian = (company.person(name).register("investor") for name in ("Ivy", "Ian"))
    waiting = {"creator": [cal], "investor": [ivy, ian], "administrator": [company.ada]}
    for name, (content, spoilt, roles) in USES.items():
        text = (EXAMPLES / f"{name}.json").read_text("utf-8")
        assert company.ada.change(define(text)).json()["status"] == "approved"
        members = {"policy": json.loads(text)["policy"], "type": stated(text)}
        wrong = cal.document(content=json.dumps(content | spoilt), **members)
        assert cal.draft_of(wrong).json()["code"] == "schema_unmet"
        drafted = cal.draft(content=json.dumps(content), **members)
        people: dict[str, list[Actor]] = {role: [*who] for role, who in waiting.items()}
        answers = [approve(people[role].pop(), drafted) for role in roles]
        assert [each["status"] for each in answers][-1] == "approved"
        asked = Requirements(type=RequiredType(name, 1), digest=drafted.sha256, newer_than=1)
        report = verify(
            exported(cal, drafted.id),
            expected_keys=log_keys(company.server),
            required=asked,
            now_ms=now_ms(),
        )
        assert (report.verdict, [each.met for each in report.requirements]) == (
            "verified",
            [True] * 3,
        )
