"""Bundles of a small ledger in memory, identical in every run, and forgeries of them."""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ed25519

from ledger import clock
from ledger.domain import entry, events
from ledger.domain.erasure import StatedErasure
from ledger.publish.bundles import Evidence
from ledger.publish.heads import SignHeads
from ledger.store.ports.log import Receipt, Write
from ledger.store.ports.tree import Published
from ledger.store.sqlite.store import SqliteLog
from ledger.tlog import checkpoint
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.merkle import Edge
from ledger.tlog.vkeys import NoteSigner
from ledger.verify import container
from ledger.verify.container import MANIFEST, Mode
from tests.support.chronicle import Chronicle
from tests.support.heads import signs_heads
from tests.support.keys import es256_key
from tests.support.signers import LEDGER
from tests.support.writes import stored, write

AT = "2026-11-21T04:00:00.000Z"
APPROVED = str(UUID(int=(1 << 64) | 0x4000_8000_0000_0000_0000))
REJECTED = str(UUID(int=(2 << 64) | 0x4000_8000_0000_0000_0000))
UNTOUCHED = str(UUID(int=(3 << 64) | 0x4000_8000_0000_0000_0000))


def log_signer(number: int = 1) -> NoteSigner:
    """Return the Ed25519 key of `chronicle.fixed_log_keys`."""
    seed = hashlib.sha256(b"log key %d" % number).digest()
    return NoteSigner(LEDGER, ed25519.Ed25519PrivateKey.from_private_bytes(seed))


def short_story() -> Chronicle:
    """Return a chronicle with an approved statement, a rejected one, and a revoked key."""
    told = Chronicle()
    told.found()
    told.announce(1)
    alice, bob = told.signer(1, "creator"), told.signer(2, "investor")
    told.register(alice, "Alice Ångström")
    told.register(bob, "Bob")
    told.attest(alice, es256_key(21), expires_at="2027-11-21T00:00:00.000Z")
    terms = told.draft(alice, 1, title="Series A – “preferred”")
    told.sign(bob, bob.shared(terms), terms)
    told.sign(alice, alice.individual(terms, key=es256_key(21), jti="1", ledger=LEDGER), terms)
    strict = {"threshold": 2, "of": [f"user:{alice.user}", f"user:{bob.user}"]}
    refused = told.draft(alice, 2, policy=strict | {"assurance": "passkey"})
    told.reject(bob, refused, confirmed=True)
    told.draft(alice, 3, title="Series B")
    told.revoke(bob, bob.key.kid)
    told.auditor.finish()
    return told


def published(states: Sequence[bytes], signer: NoteSigner) -> tuple[Published, Edge]:
    edge, _ = Edge().extend(b"".join(map(entry.leaf_hash, states)))
    tree = Checkpoint(signer.key.name, edge.size, edge.root())
    note = checkpoint.sign(tree, [signer], now_s=0)
    return Published(edge.size, tree.root, note, AT), edge


def bundle_of(
    states: Sequence[bytes],
    mode: Mode = "statement",
    *statements: str,
    signer: NoteSigner | None = None,
    page: bytes | None = None,
    companions: Mapping[str, bytes] | None = None,
    sign_heads: SignHeads | None = None,
    erases: bool = False,
) -> bytes:
    """Return the bundle that a ledger makes of these stored events, whether valid or not.

    Events out of order get the time of the one before, as the store would give them. With `erases`
    the store destroys the bodies that events of erasures name.
    """
    states = _in_order(states)
    newest, _ = published(states, signer or log_signer())
    _, tiles = Edge().extend(b"".join(map(entry.leaf_hash, states)))
    with TemporaryDirectory() as directory:
        store = SqliteLog(Path(directory) / "log.sqlite")
        with closing(store), closing(store.tree()) as tree:
            outcomes = store.append([append_of(state, erases=erases) for state in states])
            assert all(isinstance(each, Receipt) for each in outcomes), outcomes
            assert tree.publish(newest, tiles)
            sign = sign_heads or signs_heads()
            shown = Evidence(store, tree, newest, page=page, companions=companions, sign_heads=sign)
            return shown.write(statements or (APPROVED,), mode)


def _in_order(states: Sequence[bytes]) -> list[bytes]:
    found: list[bytes] = []
    newest_ms = 0
    for state in states:
        raw, body = entry.cut(state)
        newest_ms = max(newest_ms, entry.entry_ms(raw))
        found.append(entry.join(entry.stamped(raw, clock.to_text(newest_ms)), body))
    return found


def append_of(state: bytes, *, erases: bool = False) -> Write:
    """Return the write of one stored event; with `erases` also of what it erases."""
    event = events.decode(state)
    gone = event.body.positions if isinstance(event.body, StatedErasure) and erases else ()
    groups = events.memberships([event])
    return write(
        event.stream,
        events=(stored(event.stream, event.version, state, tag=event.body.TAG),),
        joins=tuple(moved for moved, present in groups.items() if present),
        leaves=tuple(moved for moved, present in groups.items() if not present),
        erases=tuple((0, position) for position in gone),
    )


def rebundled(raw: bytes, changes: Mapping[str, bytes | None]) -> bytes:
    """Return the bundle with changed files (None removes one) and a matching manifest."""
    files = container.parse(raw)
    manifest = container.parse_manifest(files)
    kept = {name: each for name, each in (files | dict(changes)).items() if each is not None}
    kept.pop(MANIFEST)
    sealed = container.seal(
        kept, tree=manifest.checkpoint, mode=manifest.mode, statements=manifest.statements
    )
    return container.write(sealed)
