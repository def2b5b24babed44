"""Other people's verifiers accept the log as it is served, and refuse it once it is changed.

One log grows over the real server; at each of these sizes it is published, fetched over HTTP as an
auditor would, and handed to three implementations that share no code with ours.
"""

import base64
import json
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import httpx
import metamorphic_log
import pymerkle
import pytest
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey
from tlog_scales.tlog import Checkpoint, ConsistencyProof, InclusionProof

from ledger.cli.exit_codes import ExitCode
from ledger.cli.main import main
from ledger.domain.entry import entry_hash
from ledger.store.engines import open_log
from tests.support.actor import Actor
from tests.support.logs import fill
from tests.support.server import Server
from tests.support.site import Site
from tests.support.web import serving

GROWN = (255, 256, 257, 511, 512, 513, 1000, 65_535, 65_536, 65_537)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    server = Server(tmp_path_factory.mktemp("oracles") / "data")
    server.start()
    try:
        with httpx.Client(base_url=server.origin, timeout=30) as client:
            yield grown(Site(client), server)
    finally:
        server.stop()


def grown(site: Site, server: Server) -> Site:
    site.published(2)
    actor = Actor(site.client, "Alice", server.origin).register("creator")
    site.published(6)
    actor.approve(actor.draft())
    site.published(8)
    store = open_log(server.log_address)
    try:
        for size in GROWN:
            fill(store, size, creator=actor.user)
            site.published(size)
    finally:
        store.close()
    return site


def spread(size: int) -> list[int]:
    return sorted({0, 1, size // 3, size // 2, 255, 256, size - 2, size - 1} & {*range(size)})


def flipped(raw: bytes) -> bytes:
    return raw[:-1] + bytes([raw[-1] ^ 1])


def test_the_sizes_are_those_that_trees_break_at(site: Site) -> None:
    assert site.sizes == [2, 6, 8, *GROWN]
    listed = [each["size"] for each in site.json("checkpoints")["items"]]
    assert set(site.sizes) <= set(listed)


# --- metamorphic-log: notes and proofs, in Rust ------------------------------------------------


def test_metamorphic_log_accepts_every_checkpoint_and_proof(site: Site) -> None:
    ed25519 = site.vkeys[:1]
    notes = {size: site.note(size) for size in site.sizes}
    for size, note in notes.items():
        head = metamorphic_log.checkpoint_verify(note, ed25519)
        assert (head.size, head.root) == (size, site.root(size))
        for index in spread(size):
            leaf = entry_hash(site.get(f"entries/{index}"))
            proof = site.inclusion(index, size)
            metamorphic_log.checkpoint_verify_inclusion(note, ed25519, index, leaf, proof)
    for old, new in combinations(site.sizes, 2):
        proof = site.consistency(old, new)
        metamorphic_log.checkpoint_verify_consistency(notes[old], notes[new], ed25519, proof)


def test_metamorphic_log_refuses_what_was_changed(site: Site) -> None:
    ed25519, size = site.vkeys[:1], 1000
    note, leaf = site.note(size), entry_hash(site.get("entries/7"))
    proof, consistency = site.inclusion(7, size), site.consistency(513, size)
    older = site.note(513)
    verify = metamorphic_log.checkpoint_verify_inclusion
    join = metamorphic_log.checkpoint_verify_consistency
    refused: list[Callable[[], Any]] = [
        lambda: metamorphic_log.checkpoint_verify(note.replace("\n1000\n", "\n1001\n"), ed25519),
        lambda: metamorphic_log.checkpoint_verify(note.replace("localhost", "localghost"), ed25519),
        lambda: metamorphic_log.checkpoint_verify(note, [other_key(ed25519[0])]),
        lambda: verify(note, ed25519, 8, leaf, proof),
        lambda: verify(note, ed25519, 7, flipped(leaf), proof),
        lambda: verify(note, ed25519, 7, leaf, proof[1:]),
        lambda: verify(note, ed25519, 7, leaf, [*proof, proof[0]]),
        lambda: verify(note, ed25519, 7, leaf, [*proof[:-1], flipped(proof[-1])]),
        lambda: verify(note, ed25519, 7, leaf, [proof[1], proof[0], *proof[2:]]),
        lambda: join(older, note, ed25519, consistency[1:]),
        lambda: join(older, note, ed25519, [flipped(consistency[0]), *consistency[1:]]),
        lambda: join(note, older, ed25519, consistency),
        lambda: join(site.note(512), note, ed25519, consistency),
    ]
    for each in refused:
        with pytest.raises(metamorphic_log.VerifyError):
            each()


def other_key(vkey: str) -> str:
    """Return another key under the same name."""
    name = vkey.split("+")[0]
    return str(Vkey(name, None, 1, bytes([2, *range(31)])).serialize())  # type: ignore[no-untyped-call]  # theirs


# --- tlog-scales: tiles, and both signatures ---------------------------------------------------


class Backend:
    """Tiles over HTTP, as tlog-scales asks for them; `change` stands in between."""

    def __init__(
        self, client: httpx.Client, change: Callable[[str, bytes], bytes] | None = None
    ) -> None:
        self._client = client
        self._change = change or (lambda path, raw: raw)
        self.asked: list[str] = []

    def get(self, *path: str) -> bytes | None:
        joined = "/".join(path)
        self.asked.append(joined)
        answer = self._client.get(f"/log/{joined}")
        return self._change(joined, answer.content) if answer.status_code == 200 else None


def test_tlog_scales_computes_every_root_and_proof_from_the_tiles(site: Site) -> None:
    reader = TilesReader(Backend(site.client))
    newest = reader.get_checkpoint()
    assert newest.size == site.sizes[-1]
    for size in site.sizes:
        point = Checkpoint.from_text(site.note(size))
        for vkey in site.vkeys:
            point.verify(Vkey.from_string(vkey))
        reader.set_size(size)
        assert reader.calculate_root_hash() == point.root_hash
        for index in spread(size):
            entry = reader.get_entry(index)
            assert entry == site.get(f"entries/{index}")
            proof = reader.get_inclusion_proof(index, size)
            proof.check(entry_hash(entry), point.root_hash)
            assert proof.node_hashes == site.inclusion(index, size)
    for old, new in combinations(site.sizes, 2):
        ours = ConsistencyProof(old, new, site.consistency(old, new))
        ours.check(site.root(old), site.root(new))
        assert ours == reader.get_consistency_proof(old, new)


def test_tlog_scales_reads_a_mirror_of_the_served_log(site: Site, tmp_path: Path) -> None:
    keys = [part for vkey in site.vkeys for part in ("--log-key", vkey)]
    url = f"{site.client.base_url}/log/"
    assert main(["monitor", url, "--state", str(tmp_path / "state"), *keys]) == ExitCode.DONE
    assert main(["mirror", url, str(tmp_path / "log"), *keys]) == ExitCode.DONE
    with serving(tmp_path) as origin, httpx.Client(base_url=origin) as client:
        reader = TilesReader(Backend(client))
        size = reader.get_checkpoint().size
        assert (size, reader.calculate_root_hash()) == (site.sizes[-1], site.root(size))
        for index in spread(size):
            assert reader.get_entry(index) == site.get(f"entries/{index}")


@pytest.mark.parametrize(("level", "size"), [(0, 257), (1, 1000), (2, 65_537)])
def test_tlog_scales_finds_a_changed_tile(site: Site, level: int, size: int) -> None:
    def change(path: str, raw: bytes) -> bytes:
        return flipped(raw) if path.startswith(f"tile/{level}/") else raw

    backend = Backend(site.client, change)
    reader = TilesReader(backend)
    reader.set_size(size)
    assert reader.calculate_root_hash() != site.root(size)
    assert any(path.startswith(f"tile/{level}/") for path in backend.asked)


def test_tlog_scales_refuses_what_was_changed(site: Site) -> None:
    size, root = 1000, site.root(1000)
    leaf, proof = entry_hash(site.get("entries/7")), site.inclusion(7, size)
    joined = site.consistency(513, size)
    point = Checkpoint.from_text(site.note(size).replace("\n1000\n", "\n1001\n"))
    keys = [Vkey.from_string(vkey) for vkey in site.vkeys]
    refused: list[Callable[[], Any]] = [
        *(lambda key=key: point.verify(key) for key in keys),
        lambda: InclusionProof(7, size, [*proof[:-1], flipped(proof[-1])]).check(leaf, root),
        lambda: InclusionProof(7, size, proof[1:]).check(leaf, root),
        lambda: InclusionProof(8, size, proof).check(leaf, root),
        lambda: InclusionProof(7, size + 1, proof).check(leaf, flipped(root)),
        lambda: ConsistencyProof(513, size, joined[1:]).check(site.root(513), root),
        lambda: ConsistencyProof(512, size, joined).check(site.root(512), root),
        lambda: ConsistencyProof(513, size, joined).check(site.root(513), flipped(root)),
    ]
    for each in refused:
        with pytest.raises(Exception):  # noqa: B017, PT011  # three unrelated types of theirs
            each()


# --- pymerkle: roots from the entries ----------------------------------------------------------


def test_pymerkle_computes_every_root_from_the_entries(site: Site) -> None:
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    for entry in site.entries(site.sizes[-1]):
        tree.append_entry(entry)
    assert tree.get_size() == site.sizes[-1]
    for size in site.sizes:
        assert tree.get_root(size) == site.root(size)


def test_pymerkle_finds_a_changed_entry(site: Site) -> None:
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    for index, entry in enumerate(site.entries(512)):
        tree.append_entry(flipped(entry) if index == 300 else entry)
    assert tree.get_root(257) == site.root(257)
    assert tree.get_root(511) != site.root(511)
    assert tree.get_root(512) != site.root(512)


def test_entries_are_the_envelopes_and_nothing_of_the_bodies(site: Site) -> None:
    members = {"at", "body", "seq", "stream", "type", "v"}
    for entry in site.entries(257):
        assert set(json.loads(entry)) == members


def test_every_note_is_one_that_anybody_can_read(site: Site) -> None:
    for size in site.sizes:
        *text, empty, first, second, end = site.note(size).split("\n")
        assert (empty, end) == ("", "")
        assert [len(base64.b64decode(line.split(" ")[2])) for line in (first, second)] == [
            4 + 64,
            4 + 8 + 2420,
        ]
        assert text[1] == str(size)
