"""Restored, copied and forked ledgers: refused by the witness, stopped, and proved."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ledger.tlog.checkpoint import parse_note
from tests.integration.publish.test_witness_rounds import Site, until
from tests.support.programs import run_ledger
from tests.support.server import TLS, Server

pytestmark = pytest.mark.sqlite(
    "copies of a data directory with its log; for a database, tests/integration/store/postgres"
)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    here = Site(tmp_path, "quorum none\n", 1)
    here.start(0)
    yield here
    here.close()


def seen(here: Site) -> int:
    """Return the size that the witness has cosigned, once it is the newest."""
    until(lambda: here.cosigners(here.newest()) == ["w0"])
    return parse_note(here.newest()).checkpoint.size


def refusal(here: Site) -> str:
    """Return why the ledger takes no write."""
    answer = here.client.post(
        "/api/statements/create", json=here.actor.draft_body(here.actor.document())
    )
    assert answer.status_code == 503, answer.text
    code: str = answer.json()["code"]
    return code


def ledger_log_compare(*arguments: object) -> subprocess.CompletedProcess[str]:
    return run_ledger(["log", "compare", *map(str, arguments)], os.environ, timeout_s=30)


def test_a_directory_restored_with_its_signers_memory_is_noticed_by_the_witness(
    site: Site, tmp_path: Path
) -> None:
    site.grow()
    seen(site)
    site.server.kill()
    shutil.copytree(site.server.data, tmp_path / "backup")
    site.server.start()
    site.grow()
    new = seen(site)
    newest = site.newest()
    site.server.kill()
    shutil.rmtree(site.server.data)
    shutil.copytree(tmp_path / "backup", site.server.data)

    # Nothing in the directory is wrong; the witness is asked before anybody writes.
    site.server.start(ready=False)
    until(lambda: "log_rolled_back" in str(site.health()))
    status, health = site.health()
    assert (status, health["status"]) == (503, "failing")
    assert any("witness w0.example.com: witness_ahead" in each for each in health["reasons"])
    assert refusal(site) == "log_rolled_back"
    (conflict,) = site.server.data.glob(f"conflict-{new}-*.checkpoint")
    assert newest.startswith(conflict.read_bytes().partition(b"\n\n")[0])

    # And it is not forgotten, nor does it take the witness any more.
    site.witnesses[0].kill()
    site.server.kill()
    site.server.start(ready=False)
    assert refusal(site) == "log_rolled_back"


def test_a_restored_log_that_grew_before_its_witness_came_back_is_a_fork(
    site: Site, tmp_path: Path
) -> None:
    site.grow()
    seen(site)
    site.server.kill()
    shutil.copytree(site.server.data, tmp_path / "backup")
    site.server.start()
    site.grow()
    size = seen(site)
    site.server.kill()
    shutil.rmtree(site.server.data)
    shutil.copytree(tmp_path / "backup", site.server.data)
    site.witnesses[0].kill()
    site.server.start()
    assert site.grow() == size
    assert site.grow() == size + 1
    site.start(0)
    until(lambda: "log_forked" in str(site.health()))
    assert "witness_sees_fork" in str(site.health())
    assert refusal(site) == "log_forked"


def test_two_copies_with_the_same_keys_cannot_both_be_cosigned(site: Site, tmp_path: Path) -> None:
    site.grow()
    seen(site)
    site.server.kill()
    copy = tmp_path / "copy"
    shutil.copytree(site.server.data, copy)
    site.server.start()
    other = Server(copy, LEDGER_ORIGIN=site.server.origin, LEDGER_WITNESSES=str(site.path))
    other.start()
    site.grow()
    size = seen(site)
    vkeys = [part for key in site.keys for part in ("--log", key.vkey)]
    ours = site.client.get(f"/log/checkpoints/{size}").content
    try:
        with other_client(other) as client:
            site.actor.client, kept = client, site.actor.client
            site.actor.draft()
            until(lambda: client.get(f"/log/checkpoints/{size}").status_code == 200)
            theirs = client.get(f"/log/checkpoints/{size}").content
            until(lambda: client.get("/healthz").status_code == 503)
            until(lambda: "log_forked" in client.get("/healthz").text)
            assert "witness_sees_fork" in client.get("/healthz").text
            assert site.health()[0] == 200
            (conflict,) = copy.glob("conflict-*.checkpoint")

            # What anybody can make of it.
            (tmp_path / "theirs").write_bytes(theirs)
            said = ledger_log_compare(conflict, tmp_path / "theirs", *vkeys)
            told = f"(log_forked): the log signed two different trees of {size} entries\n"
            assert (said.returncode, told in said.stdout) == (1, True), said.stdout
            site.actor.client = kept
    finally:
        other.stop()
    larger = site.grow()
    seen(site)
    (tmp_path / "ours").write_bytes(ours)
    (tmp_path / "larger").write_bytes(site.client.get(f"/log/checkpoints/{larger}").content)
    (tmp_path / "proof").write_bytes(
        site.client.get("/log/consistency", params={"from": size, "to": larger}).content
    )
    proof = ("--proof", tmp_path / "proof")
    for first, more, code, words in (
        ("ours", (), 3, "a consistency proof is needed"),
        ("ours", proof, 0, "extends the tree of"),
        ("theirs", proof, 1, "Proof of misbehaviour (log_forked): the tree of"),
        ("larger", (), 0, "the same tree of"),
    ):
        said = ledger_log_compare(tmp_path / first, tmp_path / "larger", *more, *vkeys)
        assert (said.returncode, said.stderr) == (code, "")
        assert words in said.stdout
    for wrong in ("{}", "[", '{"fromRoot":"x","proof":[]}'):
        (tmp_path / "proof").write_text(wrong)
        said = ledger_log_compare(tmp_path / "ours", tmp_path / "larger", *proof, *vkeys)
        assert said.returncode == 2
        assert "proof_malformed" in said.stderr


def other_client(server: Server) -> httpx.Client:
    return httpx.Client(base_url=server.address, verify=TLS, timeout=30)
