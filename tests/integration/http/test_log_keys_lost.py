"""A server whose log keys are lost: it is read, it says so, and its operator leads it on."""

from tests.integration.http.test_log_commands import ledger_log, signers
from tests.support.actor import Actor, policy_of
from tests.support.check import audit_whole, check_ledger
from tests.support.public_log import assert_problem, proof_of
from tests.support.publications import until
from tests.support.server import Server


def test_a_server_without_its_log_keys_is_read_and_led_on_by_the_ledgers_own_key(
    fresh_server: Server,
) -> None:
    server = fresh_server
    with server.client() as client:
        actor = Actor(client, "Alice", server.origin).register("creator")
        drafted = actor.draft(policy=policy_of(1, actor))
        lost = proof_of(client, drafted.answer["leafIndex"]).content
    server.terminate()
    (server.data / "log-keys.pem").unlink()
    server.start(ready=False)
    with server.client() as client:
        actor.client = client
        assert client.get(f"/log/entries/{drafted.answer['leafIndex']}/proof").content == lost
        assert client.get("/.well-known/jwks.json").status_code == 200
        assert client.get("/log/checkpoint").status_code == 200
        assert client.get("/livez").status_code == 200
        ready = client.get("/readyz")
        assert ready.status_code == 503
        (reason,) = ready.json()["reasons"]
        assert reason["code"] == "log_keys_missing"
        assert "ledger log rotate-keys" in reason["detail"]
        health = client.get("/healthz")
        assert health.status_code == 503
        (sentence,) = health.json()["reasons"]
        assert sentence.startswith("the log is not published: log_keys_missing: ")
        assert_problem(actor.approve(drafted), 503, "log_keys_missing")
        assert audit_whole(server) == drafted.answer["position"]
        shown = ledger_log(server, "keys")
        assert (shown.returncode, shown.stderr) == (0, "")

        rotated = ledger_log(server, "rotate-keys")
        assert rotated.returncode == 0, rotated.stderr
        assert "A private key is lost, so these keys no longer sign:" in rotated.stdout
        # The server finds the new keys by itself, at its next try.
        until(lambda: client.get("/readyz").status_code == 200)
        approved = actor.approve(drafted).json()
        assert approved["status"] == "approved"
        assert proof_of(client, approved["leafIndex"]).status_code == 200
        assert len(signers(client, actor.ledger)) == 2
        assert "Traceback" not in server.output
    check_ledger(server)
