"""A disk that is full or broken for a while: writes are refused, reading goes on, and it passes."""

from tests.integration.outages.conftest import FaultyServer, until
from tests.support.actor import Actor
from tests.support.check import check_ledger, head, wait_for


def test_read_models_whose_disk_fails_catch_up_when_it_works_again(faulty: FaultyServer) -> None:
    with faulty.client() as client:
        alice = Actor(client, "Alice", faulty.origin).register("creator")
        before = alice.draft()
        wait_for(faulty, head(faulty))
        for fault in ("io", "full"):
            faulty.fault(write=fault, only="views")
            drafted = alice.draft()  # the log takes it
            until(lambda: client.get("/healthz").status_code == 503)
            reasons = client.get("/healthz").json()["reasons"]
            assert "the read models fail after position" in reasons[0]
            assert "retried for" in reasons[0]
            assert client.get("/livez").status_code == 200
            assert client.get(f"/api/statements/{before.id}").status_code == 200
            faulty.fault()
            until(lambda: client.get("/healthz").status_code == 200)
            shown = client.get(f"/api/statements/{drafted.id}?minPosition={head(faulty)}")
            assert shown.status_code == 200
    check_ledger(faulty)


def test_a_log_whose_disk_fails_refuses_writes_and_takes_them_when_it_works_again(
    faulty: FaultyServer,
) -> None:
    with faulty.client() as client:
        alice = Actor(client, "Alice", faulty.origin).register("creator")
        for fault in ("io", "full"):
            before = head(faulty)
            faulty.fault(write=fault, only="log.sqlite")
            body = alice.draft_body(alice.document())
            refused = client.post("/api/statements/create", json=body)
            assert (refused.status_code, refused.json()["code"]) == (503, "storage_failed")
            assert client.get("/livez").status_code == 200
            assert client.get("/api/statements").status_code == 200
            faulty.fault()
            answer = client.post("/api/statements/create", json=body)
            assert (answer.status_code, answer.json()["position"]) == (201, before + 1)
            until(lambda: client.get("/healthz").status_code == 200)  # published, too
    check_ledger(faulty)


def test_a_publication_whose_disk_fails_goes_on_when_it_works_again(faulty: FaultyServer) -> None:
    with faulty.client() as client:
        alice = Actor(client, "Alice", faulty.origin).register("creator")
        faulty.fault(write="full", only="signer-memory")
        drafted = alice.draft()
        until(lambda: "the log is not published" in client.get("/healthz").text)
        assert client.get("/livez").status_code == 200
        metrics = client.get("/metrics").text
        assert 'ledger_worker_failing{worker="publisher"} 1.0' in metrics
        faulty.fault()
        until(lambda: client.get("/healthz").status_code == 200)
        size = int(client.get("/log/checkpoint").text.splitlines()[1])
        assert size >= drafted.answer["position"]
    check_ledger(faulty)


def test_writes_are_refused_once_the_unpublished_tail_is_too_old(faulty: FaultyServer) -> None:
    faulty.terminate()
    faulty = FaultyServer(faulty.data, LEDGER_PUBLISH_WITHIN="1", LEDGER_ORIGIN=faulty.origin)
    faulty.start()
    try:
        with faulty.client() as client:
            alice = Actor(client, "Alice", faulty.settings["LEDGER_ORIGIN"]).register("creator")
            faulty.fault(write="full", only="signer-memory")
            alice.draft()
            until(lambda: client.get("/readyz").status_code == 503)
            answer = alice.draft_of()
            assert (answer.status_code, answer.json()["code"]) == (503, "publication_late")
            codes = [each["code"] for each in client.get("/readyz").json()["reasons"]]
            assert codes == ["publication_late"]
            faulty.fault()
            until(lambda: client.get("/readyz").status_code == 200)
            assert alice.draft_of().status_code == 201
        check_ledger(faulty)
    finally:
        faulty.fault()
        faulty.stop()
