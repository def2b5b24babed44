"""The public log over HTTP: what is served, and what is not."""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest

from ledger.domain.entry import entry_hash
from ledger.encoding import b64_decode
from ledger.store.engines import open_log
from ledger.tlog import merkle
from ledger.tlog.checkpoint import parse_note, verify_note
from tests.support.actor import Actor
from tests.support.logs import fill
from tests.support.operators import published_size
from tests.support.proofs import verify_proof
from tests.support.public_log import assert_problem, keys_of, proof_of
from tests.support.server import Server
from tests.support.trees import root_of

SIZE = 300


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose log has 300 entries and does not change."""
    server = Server(tmp_path_factory.mktemp("log") / "data")
    server.start()
    try:
        with httpx.Client(base_url=server.origin) as client:
            assert proof_of(client, 1).status_code == 200
            actor = Actor(client, "Alice", server.origin).register("creator")
            with closing(open_log(server.log_address)) as store:
                fill(store, SIZE, creator=actor.user)
            assert proof_of(client, SIZE - 1).status_code == 200
        yield server
    finally:
        server.stop()


@pytest.fixture
def log(filled: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{filled.origin}/log/") as client:
        yield client


def test_a_new_ledger_publishes_its_founding_within_a_second(fresh_server: Server) -> None:
    with httpx.Client(base_url=fresh_server.origin) as client:
        answer = proof_of(client, 1)
        assert answer.status_code == 200
        newest = parse_note(client.get("/log/checkpoint").content).checkpoint
        assert newest.size == 2
        keys = client.get("/.well-known/ledger-keys").json()
        assert newest.origin == keys["ledger"]
        assert [(each["firstSize"], each["lastSize"]) for each in keys["logKeys"]] == [
            (2, None),
            (2, None),
        ]
        assert keys["key"]["crv"] == "Ed25519"
        assert keys["frozen"] is False


def test_a_write_has_its_receipt_within_a_second(fresh_server: Server) -> None:
    with httpx.Client(base_url=fresh_server.origin) as client:
        actor = Actor(client, "Alice", fresh_server.origin).register("creator")
        took_s = []
        for _ in range(3):
            begun = time.monotonic()
            answer = actor.draft().answer
            receipt = proof_of(client, answer["leafIndex"])
            took_s.append(time.monotonic() - begun)
            entry = client.get(f"/log/entries/{answer['leafIndex']}").content
            assert json.loads(entry)["type"] == "statement-drafted.v1"
            verified = verify_proof(
                receipt.content,
                entry_hash(entry),
                keys_of(client),
                expected_origin=actor.ledger,
            )
            assert verified.index == answer["position"] - 1
            assert len(verified.checkpoint.signers) == 2
        assert min(took_s) < 1.5  # the fastest: another process may hold the processor for a while


def test_a_checkpoint_is_text_and_not_kept(log: httpx.Client) -> None:
    answer = log.get("checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    point = parse_note(answer.content).checkpoint
    assert point.size == SIZE
    found = verify_note(answer.content, keys_of(log), expected_origin=point.origin)
    assert len(found.signers) == 2


def test_every_checkpoint_can_be_had_again_and_kept_for_ever(log: httpx.Client) -> None:
    sizes: list[int] = []
    page: dict[str, Any] = {"next": 0}
    while page["next"] is not None:
        page = log.get("checkpoints", params={"after": page["next"], "limit": 1}).json()
        for item in page["items"]:
            answer = log.get(f"checkpoints/{item['size']}")
            point = parse_note(answer.content).checkpoint
            assert (point.size, point.root) == (item["size"], b64_decode(item["root"]))
            assert "immutable" in answer.headers["cache-control"]
            sizes.append(item["size"])
    assert sizes == sorted(set(sizes))
    assert sizes[-1] == SIZE
    everything = log.get("checkpoints").json()
    assert [item["size"] for item in everything["items"]] == sizes
    assert everything["next"] is None


def test_tiles_of_every_width_up_to_the_published_size_are_served_for_ever(
    log: httpx.Client,
) -> None:
    whole = log.get("tile/0/000").content
    assert len(whole) == 8192
    rest = log.get("tile/0/001.p/44")
    assert rest.headers["content-type"] == "application/octet-stream"
    assert rest.headers["cache-control"] == "public, max-age=31536000, immutable"
    for width in (1, 2, 43):
        assert log.get(f"tile/0/001.p/{width}").content == rest.content[: 32 * width]
    assert log.get("tile/0/000.p/255").content == whole[: 32 * 255]
    root = root_of(whole + rest.content)
    assert root == parse_note(log.get("checkpoint").content).checkpoint.root
    assert log.get("tile/1/000.p/1").content == root_of(whole)


def test_bundles_are_packed_where_the_client_can_unpack(log: httpx.Client) -> None:
    packed = log.get("tile/entries/000")
    plain = log.get("tile/entries/000", headers={"Accept-Encoding": "identity"})
    refused = log.get("tile/entries/000", headers={"Accept-Encoding": "br, gzip;q=0"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert "content-encoding" not in refused.headers
    assert packed.content == plain.content == refused.content
    assert {answer.headers["vary"] for answer in (packed, plain)} == {"Accept-Encoding"}
    assert plain.content.startswith(log.get("tile/entries/000.p/3").content)


def test_entries_are_served_as_they_are_hashed(log: httpx.Client) -> None:
    tile = log.get("tile/0/000").content
    for index in (0, 1, 2, 255):
        answer = log.get(f"entries/{index}")
        assert entry_hash(answer.content) == tile[32 * index : 32 * index + 32]
        assert "immutable" in answer.headers["cache-control"]


def test_an_entry_is_proved_in_any_published_tree(log: httpx.Client) -> None:
    keys = keys_of(log)
    for item in log.get("checkpoints").json()["items"]:
        size = item["size"]
        for index in {0, 1, size - 1}:
            text = log.get(f"entries/{index}/proof", params={"size": size}).content
            leaf = entry_hash(log.get(f"entries/{index}").content)
            found = verify_proof(text, leaf, keys, expected_origin=keys[0].name)
            assert (found.index, found.checkpoint.checkpoint.size) == (index, size)


def test_consistency_is_proved_between_any_two_sizes(log: httpx.Client) -> None:
    for old, new in ((0, 300), (1, 300), (2, 5), (5, 300), (255, 257), (300, 300), (0, 0)):
        answer = log.get("consistency", params={"from": old, "to": new}).json()
        assert (answer["from"], answer["to"]) == (old, new)
        roots = [b64_decode(answer[name]) for name in ("fromRoot", "toRoot")]
        proof = [*map(b64_decode, answer["proof"])]
        merkle.verify_consistency(old, roots[0], new, roots[1], proof)
    newest = log.get("consistency", params={"from": 5}).json()
    assert newest["to"] == SIZE


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("tile/0/001", 404, "tile_unknown"),
        ("tile/0/001.p/45", 404, "tile_unknown"),
        ("tile/0/002.p/1", 404, "tile_unknown"),
        ("tile/1/000", 404, "tile_unknown"),
        ("tile/1/000.p/2", 404, "tile_unknown"),
        ("tile/2/000.p/1", 404, "tile_unknown"),
        ("tile/63/000.p/1", 404, "tile_unknown"),
        ("tile/0/x009/x007/x199/x254/x740/991", 404, "tile_unknown"),
        ("tile/63/x009/x007/x199/x254/x740/991", 404, "tile_unknown"),
        ("tile/entries/001", 404, "tile_unknown"),
        ("tile/entries/001.p/45", 404, "tile_unknown"),
        ("tile/64/000", 400, "tile_path_invalid"),
        ("tile/00/000", 400, "request_invalid"),
        ("tile/-1/000", 400, "request_invalid"),
        ("tile/x/000", 400, "request_invalid"),
        ("tile/0/0", 400, "tile_path_invalid"),
        ("tile/0/000.p/0", 400, "tile_path_invalid"),
        ("tile/0/000.p/256", 400, "tile_path_invalid"),
        ("tile/0/000.p/01", 400, "tile_path_invalid"),
        ("tile/0/x000/000", 400, "tile_path_invalid"),
        ("tile/0/..%2f000", 400, "tile_path_invalid"),
        ("tile/entries/0", 400, "tile_path_invalid"),
        ("entries/300", 404, "entry_unknown"),
        ("entries/9007199254740991", 404, "entry_unknown"),
        ("entries/9007199254740992", 400, "request_invalid"),
        ("entries/00", 400, "request_invalid"),
        ("entries/-1", 400, "request_invalid"),
        ("entries/+1", 400, "request_invalid"),
        ("entries/1_0", 400, "request_invalid"),
        ("entries/x", 400, "request_invalid"),
        ("entries/300/proof", 404, "entry_unknown"),
        ("entries/01/proof", 400, "request_invalid"),
        ("entries/5/proof?size=2", 404, "entry_unknown"),
        ("entries/0/proof?size=3", 404, "checkpoint_unknown"),
        ("entries/0/proof?size=0", 400, "request_invalid"),
        ("entries/0/proof?size=x", 400, "request_invalid"),
        ("checkpoints/3", 404, "checkpoint_unknown"),
        ("checkpoints/301", 404, "checkpoint_unknown"),
        ("checkpoints/x", 400, "request_invalid"),
        ("checkpoints?limit=0", 400, "request_invalid"),
        ("checkpoints?after=-1", 400, "request_invalid"),
        ("consistency", 400, "request_invalid"),
        ("consistency?from=301", 400, "request_invalid"),
        ("consistency?from=1&to=301", 404, "checkpoint_unknown"),
        ("consistency?from=2&to=1", 400, "request_invalid"),
        ("consistency?from=-1&to=1", 400, "request_invalid"),
        ("", 404, "not_found"),
        ("tile/0", 404, "not_found"),
    ],
)
def test_nothing_else_is_served(log: httpx.Client, path: str, status: int, code: str) -> None:
    assert_problem(log.get(path), status, code)


def test_the_log_takes_no_other_method(log: httpx.Client) -> None:
    assert_problem(
        log.put("checkpoint", json={}, headers={"Origin": ""}), 405, "method_not_allowed"
    )


def test_nothing_beyond_the_published_size_is_served(fresh_server: Server) -> None:
    with httpx.Client(base_url=fresh_server.origin) as client:
        actor = Actor(client, "Alice", fresh_server.origin).register("creator")
        index = actor.draft().answer["leafIndex"]
        beyond = [f"/log/entries/{index}", f"/log/tile/0/000.p/{index + 1}"]
        beyond += [
            f"/log/tile/entries/000.p/{index + 1}",
            f"/log/consistency?from=0&to={index + 1}",
        ]
        size = 0
        while size <= index:
            statuses = {client.get(path).status_code for path in beyond}
            size = published_size(client)
            assert statuses == {404} or size > index
        assert {client.get(path).status_code for path in beyond} == {200}
