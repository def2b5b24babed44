"""What can be wrong with a bundle, and which check says so.

Two kinds of forger. One has a bundle and changes its files and its manifest. The other is the
operator: they have the log's key, rewrite the events, and sign a new checkpoint over them.
Positions of the story: 1 founding, 2 log keys, 3-6 Alice, 7-10 Bob, 11 Alice's second
key, 12 draft, 13 Bob approves, 14 Alice approves, 15 draft, 16 Bob rejects, 17 draft, 18 Bob's key
ends.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID

import msgspec

from ledger.domain import entry, events
from ledger.domain.events import KeyAttested, StatementSigned
from ledger.encoding import b64_decode, b64_encode, jcs
from ledger.tlog import checkpoint
from ledger.tlog.tiles import bundle as entry_bundle
from ledger.tlog.tiles import split_bundle
from ledger.verify import container
from ledger.verify.container import MANIFEST, Mode
from tests.support.dossier import APPROVED, REJECTED, bundle_of, log_signer, rebundled
from tests.support.dossier import short_story as story
from tests.support.forgery import resealed
from tests.support.keys import ed25519_key
from tests.support.signers import Clock, Signer

Files = Mapping[str, bytes]
Changes = dict[str, bytes | None]
ALICE, BOB = (f"00000000-0000-0000-0000-00000000000{number}" for number in (1, 2))
AT_13 = 1_795_230_257_678  # when the event at position 13 happened
SHOWN = f"statements/{APPROVED}"
ASKED = (APPROVED, REJECTED)
PACK = "tile/bodies/000.p/18"


@dataclass(frozen=True)
class Case:
    """A bundle with changes (None: without the file; else the whole), and what has to be found."""

    name: str
    mode: Mode
    changed: Callable[[Files], Changes] | None = None
    flipped: int | None = None  # the byte of the file whose lowest bit is another
    forged: Callable[[list[bytes]], list[bytes]] | None = None
    key: str = "given"  # or none, other
    verdict: str = "invalid"
    # The checks that do not pass, skipped ones aside: outcome, code, position.
    found: dict[str, tuple[str, str, int | None]] = field(default_factory=dict)


@cache
def states() -> tuple[bytes, ...]:
    return tuple(story().states)


@cache
def good(mode: Mode) -> bytes:
    return bundle_of(states(), mode, *ASKED)


def made(case: Case) -> bytes:
    """Return the bytes of a case's bundle."""
    if case.forged is not None:
        return bundle_of(case.forged(list(states())), case.mode, *ASKED)
    raw = good(case.mode)
    if case.flipped is not None:
        at = case.flipped
        return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
    if case.changed is None:
        return raw
    changes = case.changed(container.parse(raw))
    if MANIFEST in changes:
        kept = {n: each for n, each in (container.parse(raw) | changes).items() if each is not None}
        return container.write(kept)
    return rebundled(raw, changes)


def failed(check: str, code: str, position: int | None = None) -> dict[str, Any]:
    return {check: ("failed", code, position)}


def left_open(check: str, code: str, position: int | None = None) -> dict[str, Any]:
    return {check: ("unverifiable", code, position)}


# --- what a forger does ------------------------------------------------------------------------


def flip(raw: bytes, at: int = -1) -> bytes:
    place = at % len(raw)
    return raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]


def flipped(name: str, at: int = -1) -> Callable[[Files], Changes]:
    return lambda files: {name: flip(files[name], at)}


def without(*names: str) -> Callable[[Files], Changes]:
    return lambda _: dict.fromkeys(names)


def as_in(name: str, other: str) -> Callable[[Files], Changes]:
    return lambda files: {name: files[other], other: files[name]}


def rewritten(position: int, **body: Any) -> Callable[[Files], Changes]:
    """Rewrite a body and the entry that commits to it."""

    def change(_: Files) -> Changes:
        raw, salt, content = entry.split(resealed(states()[position - 1], body=body))
        return {f"entries/{position - 1}": raw, f"bodies/{position - 1}": salt + content}

    return change


def renoted(change: Callable[[bytes], bytes]) -> Callable[[Files], Changes]:
    """Put another checkpoint in the place of the old one, in every proof as well."""

    def changed(files: Files) -> Changes:
        note = change(files["checkpoint"])
        proofs: Changes = {
            name: raw.replace(files["checkpoint"], note)
            for name, raw in files.items()
            if name.startswith("proofs/")
        }
        return proofs | {"checkpoint": note}

    return changed


def signed_anew(number: int) -> Callable[[bytes], bytes]:
    def sign(note: bytes) -> bytes:
        tree = checkpoint.parse_note(note).checkpoint
        return checkpoint.sign(tree, [log_signer(number)], now_s=0)

    return sign


def other_signature(note: bytes) -> bytes:
    head, _, last = note.rstrip(b"\n").rpartition(b" ")
    return head + b" " + b64_encode(flip(b64_decode(last.decode()))).encode() + b"\n"


def other_root(files: Files) -> Changes:
    """Another root, with a signature of the old one, and a manifest that states it."""
    found = checkpoint.parse_note(files["checkpoint"])
    tree = msgspec.structs.replace(found.checkpoint, root=bytes(32))
    note = (tree.text() + "\n" + "".join(each.line() for each in found.signatures)).encode()
    changes = renoted(lambda _: note)(files)
    kept = {name: each for name, each in (dict(files) | changes).items() if each is not None}
    kept.pop(MANIFEST)
    stated = container.CommittedTree(tree.origin, b64_encode(tree.root), tree.size)
    sealed = container.seal(kept, tree=stated, mode="statement", statements=ASKED)
    return changes | {MANIFEST: sealed[MANIFEST]}


def other_hash(files: Files) -> Changes:
    """One hash of a proof in the place of another."""
    name = "proofs/13.tlog-proof"
    lines = files[name].split(b"\n")
    return {name: b"\n".join([*lines[:2], lines[4], *lines[3:]])}


def other_leaf(files: Files) -> Changes:
    """An entry whose body is not there, and the leaf hash of what it is now."""
    entries = split_bundle(files["tile/entries/000.p/18"])
    entries[16] = entries[16].replace(b".678Z", b".679Z")
    hashes = b"".join(map(entry.entry_hash, entries))
    return {"tile/entries/000.p/18": entry_bundle(entries), "tile/0/000.p/18": hashes}


def manifest_with(**members: Any) -> Callable[[Files], Changes]:
    def change(files: Files) -> Changes:
        manifest = json.loads(files[MANIFEST]) | members
        return {MANIFEST: jcs(manifest)}

    return change


def copied(files: Files) -> Changes:
    """A second copy of Alice's approval, at the position after the statement's last."""
    return {f"{kind}/16": files[f"{kind}/13"] for kind in ("entries", "bodies")}


def left_out(files: Files) -> Changes:
    """Bob, whole: his events and his keys, but not his approval."""
    names = [f"{kind}/{index}" for kind in ("entries", "bodies") for index in (6, 7, 8, 9, 17)]
    names += [f"proofs/{index}.tlog-proof" for index in (6, 7, 8, 9, 17)]
    return dict.fromkeys([*names, *(name for name in files if name.startswith(f"people/{BOB}/"))])


def last_approval_left_out(files: Files) -> Changes:
    """Alice's approval with all that shows it: nothing in the bundle tells of it any more."""
    second = _signed(14).kid
    names = ["entries/13", "bodies/13", "proofs/13.tlog-proof", f"{SHOWN}/14-statement-signed.jws"]
    return dict.fromkeys([*names, *(name for name in files if second in name)])


def _signed(position: int) -> StatementSigned:
    body = events.decode(states()[position - 1]).body
    assert isinstance(body, StatementSigned)
    return body


def _drafted(position: int) -> events.StatementDrafted:
    body = events.decode(states()[position - 1]).body
    assert isinstance(body, events.StatementDrafted)
    return body


def _attested(position: int) -> KeyAttested:
    body = events.decode(states()[position - 1]).body
    assert isinstance(body, KeyAttested)
    return body


def at(position: int, **body: Any) -> Callable[[list[bytes]], list[bytes]]:
    """Let the operator rewrite the body of one event."""

    def forge(told: list[bytes]) -> list[bytes]:
        told[position - 1] = resealed(told[position - 1], body=body)
        return told

    return forge


def moved(origin: int, target: int) -> Callable[[list[bytes]], list[bytes]]:
    def forge(told: list[bytes]) -> list[bytes]:
        told.insert(target - 1, told.pop(origin - 1))
        return told

    return forge


def envelope(position: int, **members: Any) -> Callable[[list[bytes]], list[bytes]]:
    def forge(told: list[bytes]) -> list[bytes]:
        told[position - 1] = resealed(told[position - 1], **members)
        return told

    return forge


def again(told: list[bytes]) -> list[bytes]:
    """Bob's approval once more, as the next event of the statement."""
    return [*told[:14], resealed(told[12], version=4), *told[14:]]


def beyond(_: Files) -> Changes:
    """The first event of a stream, where the tree has no leaf any more."""
    raw, salt, body = entry.split(resealed(states()[2], stream=UUID(int=9)))
    return {"entries/18": raw, "bodies/18": salt + body}


def no_event(_: Files) -> Changes:
    """A body without the members of its event, and the entry that commits to it."""
    old = entry.parse_entry(entry.split(states()[12])[0])
    sealed = entry.seal(
        at=old.at, seq=old.seq, stream=old.stream, tag=old.type, body=b"{}", salt=bytes(32)
    )
    raw, salt, body = entry.split(sealed)
    return {"entries/12": raw, "bodies/12": salt + body}


def of_nobody(told: list[bytes]) -> list[bytes]:
    """A stream of a person that does not begin with a registration."""
    shown = resealed(told[3], stream=UUID(int=9), version=1)
    return [*told, shown]


def in_our_stream(told: list[bytes]) -> list[bytes]:
    return [*told, resealed(told[2], stream=UUID(int=0), version=3)]


def bobs_approval(of: int) -> str:
    """Return an approval by Bob, made in time, of the document drafted at a position."""
    body = _drafted(of)
    bob = Signer(2, "investor", time=Clock(AT_13))
    return bob.shared(body.document.encode())


def broken(jws: str) -> str:
    head, _, signature = jws.rpartition(".")
    return f"{head}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


def other_terms() -> str:
    return _drafted(12).document.replace('"threshold": 2', '"threshold": 1')


def stranger() -> str:
    """Return an approval by a key that nobody attested."""
    body = _drafted(12)
    return ed25519_key(99).jws(body.document.encode(), iat=AT_13 // 1000)
