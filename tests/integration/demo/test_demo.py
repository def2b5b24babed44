"""`ledger demo`: what a newcomer finds there, and what stays when it is not made."""

import json
import re
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ledger import clock
from ledger.__main__ import main
from tests.support.actor import Actor, now_ms
from tests.support.check import check_ledger
from tests.support.drafted import Drafted
from tests.support.server import START_S, Demo, free_port

STATES = {
    "Series A of Harbour Energy": ["approved"],
    "Seed round of Meadow Robotics": ["pending"],
    "Seed round of Fogbank Media": ["rejected"],
    "Book the yearly meeting": ["withdrawn"],
    "Bridge loan to Tidewater Labs": ["expired"],
    "Lease of the office": ["superseded", "approved", "pending"],
    "Invoice of Quay Partners": ["pending"],
    "Release of ledger-mobile 2.4.0": ["pending"],
    "Pay invoice 2211": ["pending"],
    "Move the reserve to Harbour Bank": ["approved"],
    "Invite somebody as administrator, and 3 more": ["approved"],
}
FOR_AN_INVESTOR = {
    "Seed round of Meadow Robotics",
    "Lease of the office",
    "Invoice of Quay Partners",
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One demonstration, made among settings of another ledger, which do not concern it."""
    elsewhere = {"LEDGER_REGISTRATION": "invite", "LEDGER_OWN_KEY": "elsewhere.pem"}
    running = Demo(tmp_path_factory.mktemp("made") / "demo", **elsewhere)
    running.start()
    try:
        yield running
        check_ledger(running)
    finally:
        running.stop()


@pytest.fixture(scope="module")
def newcomer(demo: Demo) -> Iterator[Actor]:
    with demo.client() as client:
        yield Actor(client, "Yusuf", demo.origin).register("investor")


@pytest.fixture(scope="module")
def states(newcomer: Actor) -> dict[str, list[str]]:
    """The states of all statements by title, oldest first, before a newcomer does anything."""
    found: dict[str, list[str]] = {}
    for each in reversed(listed(newcomer.client)):
        found.setdefault(each["title"], []).append(each["status"])
    return found


def listed(client: httpx.Client) -> list[dict[str, Any]]:
    answer = client.get("/api/statements")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def of(client: httpx.Client, title: str) -> dict[str, Any]:
    """Return the newest statement with a title."""
    summary = next(each for each in listed(client) if each["title"] == title)
    found: dict[str, Any] = client.get(f"/api/statements/{summary['id']}").json()
    return found


def verified(demo: Demo, name: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, Any]:
    key = str(demo.data / "log.vkey")
    code = main(["verify", str(demo.data / name), "--log-key", key, "--json"])
    return code, json.loads(capsys.readouterr().out)


# --- what a newcomer finds -----------------------------------------------------------------------


def test_every_state_that_is_promised_is_there(states: dict[str, list[str]]) -> None:
    assert states == STATES


def test_the_first_lines_say_that_its_people_prove_nothing(demo: Demo) -> None:
    assert "their passkeys and keys are not\nkept and prove nothing" in demo.output
    assert "Traceback" not in demo.output


def test_every_statement_that_the_guide_names_has_a_page(demo: Demo, newcomer: Actor) -> None:
    addresses = re.findall(r"http://\S+/statements/\S+", demo.output)
    assert len(addresses) == 12
    for address in addresses:
        assert newcomer.client.get(address, headers={"Accept": "text/html"}).status_code == 200


def test_no_time_is_in_the_future(newcomer: Actor) -> None:
    times = [each["createdAt"] for each in listed(newcomer.client)]
    assert max(times) <= clock.to_text(now_ms())


def test_three_statements_wait_for_an_investor(newcomer: Actor) -> None:
    inbox = newcomer.client.get("/api/inbox").json()["items"]
    assert {each["title"] for each in inbox} == FOR_AN_INVESTOR


def test_one_person_is_suspended_and_one_key_compromised(newcomer: Actor) -> None:
    users = newcomer.client.get("/api/users").json()["items"]
    assert {each["name"]: each["standing"] for each in users}["Quinn"] == "suspended"
    approvals = of(newcomer.client, "Move the reserve to Harbour Bank")["decisions"]
    assert [each["inQuestion"] for each in approvals] == [False, True]


def test_the_trap_has_two_members_that_look_alike(newcomer: Actor) -> None:
    document = json.loads(of(newcomer.client, "Invoice of Quay Partners")["document"])
    assert {"amount", "\u0430mount"} <= {*json.loads(document["content"])}


def test_the_approval_of_a_newcomer_completes_a_statement(
    demo: Demo, states: dict[str, list[str]]
) -> None:
    assert states["Seed round of Meadow Robotics"] == ["pending"]
    with demo.client() as client:
        person = Actor(client, "Zainab", demo.origin).register("investor")
        about = of(client, "Seed round of Meadow Robotics")
        drafted = Drafted(about["document"], {"statementId": about["id"], "sha256": ""})
        jws = person.approval(drafted.document)
        answer = person.post_sign(drafted.id, jws, assertion=person.confirm(jws))
        assert answer.status_code == 201, answer.text
        assert of(client, "Seed round of Meadow Robotics")["status"] == "approved"


def test_the_link_that_is_printed_makes_an_administrator(demo: Demo) -> None:
    (secret,) = re.findall(r"/register#invitation=(\S+)", demo.output)
    with demo.client() as client:
        person = Actor(client, "Wanda", demo.origin).register(None, invitation=secret)
        users = client.get("/api/users").json()["items"]
    assert [each["roles"] for each in users if each["id"] == person.user] == [["administrator"]]


# --- the bundles ---------------------------------------------------------------------------------


def test_the_genuine_bundle_is_verified(demo: Demo, capsys: pytest.CaptureFixture[str]) -> None:
    code, report = verified(demo, "genuine.zip", capsys)
    assert (code, report["verdict"]) == (0, "verified")
    assert report["statements"][0]["title"] == "Series A of Harbour Energy"


def test_the_tampered_bundle_is_refused_by_name(
    demo: Demo, capsys: pytest.CaptureFixture[str]
) -> None:
    code, report = verified(demo, "tampered.zip", capsys)
    assert (code, report["verdict"]) == (1, "invalid")
    assert [each["code"] for each in report["checks"] if each["outcome"] == "failed"] == [
        "body_mismatch"
    ]


# --- what is refused -----------------------------------------------------------------------------


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = main(["demo", *arguments])
    said = capsys.readouterr().err
    return code, said.split(": ")[1]


def test_a_directory_with_a_ledger_is_refused(
    demo: Demo, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(path.name for path in demo.data.iterdir())
    assert refused(["--data", str(demo.data)], capsys) == (2, "demo_exists")
    assert sorted(path.name for path in demo.data.iterdir()) == before


def test_a_directory_with_other_files_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").write_text("mine")
    assert refused(["--data", str(tmp_path)], capsys) == (2, "not_empty")
    assert refused(["--data", str(tmp_path / "mine")], capsys) == (2, "not_empty")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_port_in_use_is_refused_before_anything_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", free_port())) as other:
        port = str(other.getsockname()[1])
        answer = refused(["--data", str(tmp_path / "demo"), "--port", port], capsys)
    assert answer == (5, "address_unavailable")
    assert [*tmp_path.iterdir()] == []


def test_an_impossible_port_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--data", str(tmp_path / "demo"), "--port", "65536"]
    assert refused(arguments, capsys) == (2, "setting_invalid")


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_nothing(tmp_path: Path, sent: signal.Signals) -> None:
    making = Demo(tmp_path / "made" / "demo")
    making.data.parent.mkdir()
    (making.data.parent / "server.log").touch()
    making.begin()
    deadline = time.monotonic() + START_S
    while "Omar drafts" not in making.output and time.monotonic() < deadline:
        time.sleep(0.01)  # the process has no other signal of where it is
    making.send(sent)
    assert making.wait() == 5
    assert "ledger: demo_interrupted: nothing was made" in making.output
    assert "Traceback" not in making.output
    assert [path.name for path in making.data.parent.iterdir()] == ["server.log"]
