"""The process ends at any moment; what the next one publishes continues what the last one did."""

import random
import threading
import time
from contextlib import closing
from pathlib import Path

import httpx

from ledger.domain.entry import leaf_hash
from ledger.store.engines import open_log
from ledger.tlog import checkpoint, merkle
from ledger.tlog.merkle import Prover
from ledger.verify.auditor import Auditor
from tests.support.actor import Actor
from tests.support.logs import opened, settings_of
from tests.support.server import Server
from tests.support.trees import root_of

ROUNDS = 8
LONGEST_S = 0.8
PATIENCE_S = 30.0


def test_a_killed_server_goes_on_with_the_log_that_it_published(tmp_path: Path) -> None:
    server = Server(tmp_path / "data")
    seen: dict[int, bytes] = {}
    acknowledged: list[int] = []
    server.start()
    try:
        with httpx.Client(base_url=server.origin) as client:
            actor = Actor(client, "Alice", server.origin).register("creator")
            for number in range(ROUNDS):
                threads = [
                    threading.Thread(target=write, args=(actor, server.origin, acknowledged)),
                    threading.Thread(target=watch, args=(server.origin, seen)),
                ]
                for thread in threads:
                    thread.start()
                wait_for_more(seen, number)
                threading.Event().wait(random.uniform(0, LONGEST_S))
                server.kill()
                for thread in threads:
                    thread.join()
                server.start()
            last = max(acknowledged)
            assert client.get(f"/log/entries/{last}/proof").status_code == 200
        # A killed process may have committed more than it acknowledged; an orderly stop publishes
        # that too.
        server.terminate()
    finally:
        server.stop()
    assert len(seen) >= ROUNDS
    check(server, seen, acknowledged)


def wait_for_more(seen: dict[int, bytes], than: int) -> None:
    """Return once another checkpoint was seen: a slow machine has to come as far as a fast one."""
    give_up = time.monotonic() + PATIENCE_S
    while len(seen) <= than:
        assert time.monotonic() < give_up, "no checkpoint was published"
        threading.Event().wait(0.01)


def write(actor: Actor, origin: str, acknowledged: list[int]) -> None:
    """Draft as fast as it goes, until the server is gone."""
    try:
        with httpx.Client(base_url=origin) as client:
            while True:
                body = actor.draft_body(actor.document())
                answer = client.post("/api/statements/create", json=body)
                if answer.status_code == 201:
                    acknowledged.append(answer.json()["leafIndex"])
    except httpx.TransportError:
        return


def watch(origin: str, seen: dict[int, bytes]) -> None:
    """Keep every checkpoint that the server shows, until it is gone."""
    try:
        with httpx.Client(base_url=origin) as client:
            while True:
                raw = client.get("/log/checkpoint").content
                if raw.startswith(b"{"):
                    continue
                point = checkpoint.parse_note(raw).checkpoint
                assert seen.setdefault(point.size, point.root) == point.root
    except httpx.TransportError:
        return


def check(server: Server, seen: dict[int, bytes], acknowledged: list[int]) -> None:
    """Audit the log, and hold every checkpoint that anybody saw against it."""
    auditor, leaves = Auditor(), []
    with closing(open_log(server.log_address)) as store, closing(store.tree()) as tree:
        for position, state in store.read(0, 1_000_000):
            auditor.add(position, state)
            leaves.append(leaf_hash(state))
        auditor.finish()
        published = {each.size: each for each in tree.checkpoints(0, 1_000_000)}
        assert max(acknowledged) < max(published) == len(leaves)
        assert len(acknowledged) == len(set(acknowledged))
        assert set(seen) <= set(published)
        prover = Prover(len(leaves), tree.tile)
        before = (0, merkle.EMPTY_ROOT)
        for size, each in sorted(published.items()):
            assert each.root == root_of(b"".join(leaves[:size])) == seen.get(size, each.root)
            proof = prover.consistency(before[0], size)
            merkle.verify_consistency(*before, size, each.root, proof)
            before = (size, each.root)
    settings = server.settings | {"LEDGER_ORIGIN": origin_of(auditor)}
    with opened(settings_of(server.data, **settings)) as ledger:
        assert ledger.publication().catch_up() == len(leaves)


def origin_of(auditor: Auditor) -> str:
    assert auditor.charter is not None
    return auditor.charter.party.origin
