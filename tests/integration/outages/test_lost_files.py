"""Files that somebody deletes while the server uses them: it says so, and nothing is lost."""

import shutil
from pathlib import Path

from tests.integration.outages.conftest import FaultyServer, until
from tests.support.actor import Actor
from tests.support.check import check_ledger, head


def test_a_deleted_write_ahead_log_stops_writes_and_a_stop_saves_what_it_held(
    faulty: FaultyServer,
) -> None:
    with faulty.client() as client:
        alice = Actor(client, "Alice", faulty.origin).register("creator")
        position = alice.draft().answer["position"]
        (faulty.data / "log.sqlite-wal").unlink()
        refused = alice.draft_of()
        assert (refused.status_code, refused.json()["code"]) == (503, "storage_lost")
        health = client.get("/healthz")
        assert (health.status_code, health.json()["status"]) == (503, "failing")
        assert "log.sqlite-wal was deleted or replaced" in health.json()["reasons"][0]
        assert client.get("/readyz").json()["reasons"][0]["code"] == "storage_lost"
        assert client.get("/livez").status_code == 200
        assert client.get("/api/statements").status_code == 200  # reading goes on
        assert "ledger_files_lost 1.0" in client.get("/metrics").text
    faulty.terminate()
    faulty.start()
    assert head(faulty) == position
    check_ledger(faulty)


def test_a_deleted_log_stops_writes_and_is_taken_back_from_the_running_process(
    faulty: FaultyServer, tmp_path: Path
) -> None:
    """The steps are those of docs/how-to/full-disk-and-lost-files.md."""
    with faulty.client() as client:
        alice = Actor(client, "Alice", faulty.origin).register("creator")
        position = alice.draft().answer["position"]
        (faulty.data / "log.sqlite").unlink()
        assert alice.draft_of().json()["code"] == "storage_lost"
    assert faulty.pid is not None
    descriptors = Path(f"/proc/{faulty.pid}/fd")
    (found, *_) = [
        each
        for each in descriptors.iterdir()
        if each.is_symlink() and str(each.readlink()).endswith("/log.sqlite (deleted)")
    ]
    shutil.copyfile(found, tmp_path / "log.sqlite")
    shutil.copyfile(faulty.data / "log.sqlite-wal", tmp_path / "log.sqlite-wal")
    faulty.kill()
    for name in ("log.sqlite-wal", "log.sqlite-shm"):
        (faulty.data / name).unlink(missing_ok=True)
    for name in ("log.sqlite", "log.sqlite-wal"):
        shutil.copyfile(tmp_path / name, faulty.data / name)
    faulty.start()
    assert head(faulty) == position
    check_ledger(faulty)


def test_deleted_read_models_come_back_by_themselves(faulty: FaultyServer) -> None:
    with faulty.client() as client:
        alice = Actor(client, "Alice", faulty.origin).register("creator")
        alice.draft()
        (faulty.data / "views.sqlite").unlink()
        until(lambda: "views.sqlite was deleted or replaced" in faulty.output)
        assert client.get("/livez").status_code == 200
        drafted = alice.draft()
        until(lambda: client.get("/readyz").status_code == 200)
        shown = client.get("/api/statements", params={"minPosition": head(faulty)}).json()
        assert drafted.id in {each["id"] for each in shown["items"]}
    check_ledger(faulty)
