"""A ledger and its witnesses: what is cosigned, shown, held back and shared."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ledger.tlog.checkpoint import parse_note
from ledger.tlog.vkeys import NoteKey, parse_vkey
from ledger.tlog.witness_policy import parse_policy, verify_witnessed
from ledger.verify import container
from ledger.verify.bundle import verify
from ledger.verify.endorsements import Trust
from tests.support.actor import Actor
from tests.support.check import check_ledger
from tests.support.server import Server
from tests.support.witnesses import WitnessServer

START = 20


class Site:
    """A ledger with a policy, and the witnesses that the policy names."""

    def __init__(self, directory: Path, quorum: str, count: int, **settings: str) -> None:
        self.witnesses = [
            WitnessServer(directory / f"witness{n}", f"w{n}.example.com") for n in range(count)
        ]
        self.path = directory / "policy"
        self.path.write_text("".join([*(each.line for each in self.witnesses), quorum]))
        settings = {"LEDGER_WITNESSES": str(self.path)} | settings
        self.server = Server(directory / "data", **settings)
        self.server.start()
        self.client = self.server.client()
        self.actor = Actor(self.client, "Alice", self.server.origin).register("creator")

    @property
    def keys(self) -> list[NoteKey]:
        found = self.client.get("/.well-known/ledger-keys").json()["logKeys"]
        return [parse_vkey(each["vkey"]) for each in found]

    def start(self, *places: int) -> None:
        for place in places:
            self.witnesses[place].start(*(key.vkey for key in self.keys))

    def grow(self) -> int:
        """Append a draft and return the size that covers it, published."""
        index: int = self.actor.draft().answer["leafIndex"]
        until(lambda: self.sizes()[-1] > index)
        return index + 1

    def sizes(self) -> list[int]:
        items = self.client.get("/log/checkpoints").json()["items"]
        return [item["size"] for item in items] or [0]

    def newest(self) -> bytes:
        return self.client.get("/log/checkpoint").content

    def cosigners(self, note: bytes) -> list[str]:
        lines = [each.line for each in self.witnesses]
        policy = parse_policy("".join([*lines, "quorum none\n"]).encode())
        found = verify_witnessed(
            note, policy, expected_origin=self.keys[0].name, log_keys=self.keys
        )
        return [each.name.partition(".")[0] for each in found.cosigners]

    def health(self) -> tuple[int, dict[str, Any]]:
        answer = self.client.get("/healthz")
        return answer.status_code, answer.json()

    def close(self) -> None:
        self.client.close()
        for each in self.witnesses:
            each.kill()
        self.server.stop()


def until(condition: Callable[[], bool]) -> None:
    """Return once other processes have made it true."""
    deadline = time.monotonic() + START
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    sites: list[Site] = []

    def make(quorum: str, count: int, **settings: str) -> Site:
        sites.append(Site(tmp_path, quorum, count, **settings))
        return sites[-1]

    yield make
    for each in sites:
        each.close()


def size_of(note: bytes) -> int:
    return parse_note(note).checkpoint.size


def test_the_newest_checkpoint_is_cosigned_by_every_witness(site: Callable[..., Site]) -> None:
    here = site("quorum none\n", 2)
    here.start(0, 1)
    size = 0
    for _ in range(3):
        size = here.grow()
        until(lambda: here.cosigners(here.newest()) == ["w0", "w1"])
        assert size_of(here.newest()) == size
    assert here.client.get(f"/log/checkpoints/{size}").content == here.newest()
    proof = here.client.get(f"/log/entries/{size - 1}/proof").content
    assert proof.endswith(b"\n\n" + here.newest())
    check_ledger(here.server)


def test_a_cosigned_checkpoint_may_still_get_lines(site: Callable[..., Site]) -> None:
    here = site("quorum none\n", 1)
    size = here.grow()
    answer = here.client.get(f"/log/checkpoints/{size}")
    assert answer.headers["cache-control"] == "no-cache"
    assert here.cosigners(answer.content) == []
    here.start(0)
    until(lambda: here.cosigners(here.newest()) == ["w0"])
    later = here.client.get(f"/log/checkpoints/{size}").content
    assert later.startswith(answer.content)


def test_without_a_quorum_an_outage_only_shows(site: Callable[..., Site]) -> None:
    here = site("quorum none\n", 1)
    until(lambda: here.health()[1]["status"] == "degraded")
    status, health = here.health()
    assert status == 200
    assert health["reasons"][0].startswith("witness w0.example.com: peer_unreachable")
    counted = here.client.get("/metrics").text
    assert re.search(r"^ledger_witness_failures_total [1-9]", counted, re.MULTILINE)
    size = here.grow()
    assert size_of(here.newest()) == size
    here.start(0)
    until(lambda: here.health() == (200, {"status": "ok", "position": size, "reasons": []}))


def test_a_checkpoint_waits_for_its_quorum(site: Callable[..., Site]) -> None:
    here = site(
        "group two 2 w0.example.com w1.example.com w2.example.com\nquorum two\n",
        3,
        LEDGER_WITNESS_WAIT="600",
    )
    assert here.client.get("/log/checkpoint").status_code == 503
    here.start(0)
    size = here.grow()
    until(lambda: here.cosigners(published(here, size)) == ["w0"])
    assert here.client.get("/log/checkpoint").status_code == 503
    waiting = here.client.get(f"/log/entries/{size - 1}/proof")
    assert (waiting.status_code, waiting.json()["code"]) == (503, "not_yet")
    here.start(2)
    until(lambda: here.client.get("/log/checkpoint").status_code == 200)
    assert here.cosigners(here.newest()) == ["w0", "w2"]
    policy = parse_policy(here.path.read_bytes())
    for _ in range(5):
        size = here.grow()
        proof = here.client.get(f"/log/entries/{size - 1}/proof").content
        note = proof.partition(b"\n\n")[2]
        origin = here.keys[0].name
        found = verify_witnessed(note, policy, expected_origin=origin, log_keys=here.keys)
        assert found.checkpoint.size >= size
    here.witnesses[2].kill()
    cosigned = here.newest()
    newer = here.grow()
    assert published(here, newer) != cosigned
    assert here.newest() == cosigned
    here.start(1)
    until(lambda: size_of(here.newest()) == newer)
    here.start(2)
    until(lambda: here.health()[1]["status"] == "ok")
    check_ledger(here.server)


def published(here: Site, size: int) -> bytes:
    return here.client.get(f"/log/checkpoints/{size}").content


def test_a_quorum_that_does_not_come_is_waited_for_only_so_long(site: Callable[..., Site]) -> None:
    here = site("quorum w0.example.com\n", 1, LEDGER_WITNESS_WAIT="1")
    size = here.grow()
    until(lambda: here.client.get("/log/checkpoint").status_code == 200)
    until(lambda: size_of(here.newest()) == size)
    assert here.cosigners(here.newest()) == []
    here.start(0)
    until(lambda: here.cosigners(here.newest()) == ["w0"])


def test_a_witness_that_does_not_know_the_log_is_named(site: Callable[..., Site]) -> None:
    here = site("quorum none\n", 1)
    other = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    here.witnesses[0].start(other)
    until(lambda: "the witness does not watch this log" in str(here.health()[1]))
    assert here.health()[0] == 200


def test_a_witness_with_another_key_than_the_configured_one_is_not_believed(
    site: Callable[..., Site], tmp_path: Path
) -> None:
    here = site("quorum none\n", 1)
    impostor = WitnessServer(tmp_path / "impostor", "w0.example.com")
    impostor.port = here.witnesses[0].port
    impostor.url = here.witnesses[0].url
    impostor.start(*(key.vkey for key in here.keys))
    try:
        until(lambda: "no signature by the configured key" in str(here.health()[1]))
        assert here.cosigners(here.newest()) == []
    finally:
        impostor.kill()


def test_two_servers_on_one_log_share_their_witnesses(site: Callable[..., Site]) -> None:
    here = site("quorum w0.example.com\n", 1, LEDGER_WITNESS_WAIT="600", LEDGER_SERVERS="several")
    here.start(0)
    shared = {"LEDGER_SERVERS": "several", "LEDGER_WITNESSES": str(here.path)}
    second = Server(here.server.data, LEDGER_ORIGIN=here.server.origin, **shared)
    second.start()
    try:
        with httpx.Client(base_url=second.address) as there:
            for _ in range(4):
                size = here.grow()
                for client in (here.client, there):
                    proof = client.get(f"/log/entries/{size - 1}/proof")
                    assert proof.status_code == 200
                    assert here.cosigners(proof.content.partition(b"\n\n")[2]) == ["w0"]
            assert there.get("/healthz").json()["reasons"] == []
            assert here.health()[1]["reasons"] == []
    finally:
        second.stop()


def test_a_bundle_carries_the_cosignatures_to_its_verifier(
    site: Callable[..., Site], tmp_path: Path
) -> None:
    here = site("quorum w0.example.com\n", 1, LEDGER_WITNESS_WAIT="600")
    here.start(0)
    drafted = here.actor.draft()
    here.actor.approve(drafted)
    statement = drafted.answer["statementId"]
    until(lambda: here.client.get(f"/api/statements/{statement}/evidence").status_code == 200)
    served = here.client.get(f"/api/statements/{statement}/evidence").content
    command = [sys.executable, "-m", "ledger", "export", "--format", "bundle", statement]
    command += ["--data", str(here.server.data), "-o", str(tmp_path / "bundle.zip")]
    environment = here.server.environment()
    subprocess.run(command, check=True, env=environment, capture_output=True, timeout=60)
    exported = (tmp_path / "bundle.zip").read_bytes()
    for raw in (served, exported):
        policy = parse_policy(container.parse(raw)["policy"])
        assert [log.key for log in policy.logs] == here.keys
        report = verify(
            raw, expected_keys=here.keys, trust=Trust(policy), now_ms=time.time_ns() // 1_000_000
        )
        assert report.verdict == "verified", report.checks
        assert report.checks[-1].says.startswith("Cosigned by w0.example.com, first at ")
