"""Mutations of evidence bundles: the ZIP file, the files in it, and the events.

An operator who rewrites an event also recomputes all hashes and signs the checkpoint anew.
"""

import hashlib
import io
import json
import random
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from ledger.domain import entry
from ledger.encoding import b64_encode, b64u_decode
from ledger.tlog import checkpoint
from ledger.tlog.tiles import bundle as entry_bundle
from ledger.verify import container
from ledger.verify.body_packs import packed
from ledger.verify.container import MANIFEST, Mode
from tests.differential.hazards import FILES, WRONG_FILES
from tests.differential.json_text import changed, in_one_form
from tests.differential.jws_text import mutated_header, signed
from tests.differential.stories import features, shown_by, stories
from tests.support.dossier import APPROVED, log_signer, rebundled
from tests.support.keys import ed25519_key, es256_key
from tests.support.mutations import mutated
from tests.support.signers import LEDGER
from tests.support.trees import Tree
from tests.vectors.evidence.cases import good

Files = Mapping[str, bytes]
VALUES = (
    '"x"',
    '""',
    "1",
    '"2026-11-21T03:04:05.678Z"',
    '"00000000-0000-0000-0000-000000000001"',
    "2",
    "16",
)
NUMBERS = (1, 2, 3, 4, 5, 31, 41, 1000)
SIGNERS = {key.kid: key for key in (*map(ed25519_key, NUMBERS), es256_key(21))}
SIGNED = ("jws", "act", "possession")  # members of bodies
MODES: tuple[Mode, ...] = ("statement", "redacted", "full")


# --- an operator's -----------------------------------------------------------------------------


def full_bundle(stored: Sequence[bytes], statements: tuple[str, ...], shown: Files) -> bytes:
    """Return the full bundle of at most 255 stored events, whose bodies need not be events.

    `shown` are the exhibits for bodies that are none.
    """
    parts = [entry.split(state) for state in stored]
    leaves = [entry.leaf_hash(state) for state in stored]
    log = Tree(LEDGER, b"".join(leaves), (log_signer(),))
    tree, note = log.at(len(leaves)), log.note(len(leaves))
    path = f"000.p/{len(stored)}"
    files = {
        "README.txt": b"-",
        "checkpoint": note,
        f"tile/0/{path}": b"".join(leaves),
        f"tile/entries/{path}": entry_bundle(raw for raw, _, _ in parts),
        f"tile/bodies/{path}": b"".join(packed(salt + body) for _, salt, body in parts),
    }
    for index, (raw, _, _) in enumerate(parts):
        if any(f'"stream":"{each}"'.encode() in raw for each in statements):
            proof = checkpoint.write_proof(index, log.prover.inclusion(index, tree.size), note)
            files[f"proofs/{index}.tlog-proof"] = proof
    files |= shown_by(stored, statements) or shown
    stated = container.CommittedTree(tree.origin, b64_encode(tree.root), tree.size)
    return container.write(container.seal(files, tree=stated, mode="full", statements=statements))


def rewritten(chosen: random.Random) -> bytes:
    """Return the bundle of an operator who changed one event and sealed everything anew."""
    told, statements, shown = chosen.choice(stories() if chosen.random() < 0.5 else features())
    at = chosen.randrange(len(told))
    envelope, _, body = entry.split(told[at])
    if chosen.random() < 0.12:
        envelope = changed(envelope.decode(), chosen, values=VALUES)
    elif chosen.random() < 0.55:
        body = signed_again(body, chosen)
    else:
        body = changed(body.decode(), chosen, values=VALUES)
        if chosen.random() < 0.8:  # every other form is refused as such
            body = in_one_form(body)
    state = _sealed(envelope, bytes(32), body)
    return full_bundle([*told[:at], state, *told[at + 1 :]], statements, shown)


def _sealed(envelope: bytes, salt: bytes, body: bytes) -> bytes:
    committed = hashlib.sha256(salt + body).hexdigest().encode()
    raw = re.sub(rb'("sha256":")[0-9a-f]{64}', rb"\g<1>" + committed, envelope)
    return len(raw).to_bytes(2, "big") + raw + salt + body


def signed_again(body: bytes, chosen: random.Random) -> bytes:
    """Return a body whose JWS has another header or payload, and a signature by the same key."""
    found: dict[str, Any] = json.loads(body)
    names = [name for name in SIGNED if found.get(name)]
    if not names:
        return changed(body.decode(), chosen, values=VALUES)
    name = chosen.choice(names)
    header, payload, _ = found[name].split(".")
    members = json.loads(b64u_decode(header))
    raw, inner = json.dumps(members).encode(), b64u_decode(payload)
    if chosen.random() < 0.5:
        raw = mutated_header(chosen, members)
    elif inner.startswith(b"{"):
        inner = changed(inner.decode(), chosen, values=VALUES)
    signer = SIGNERS.get(members["kid"], SIGNERS[ed25519_key(1).kid])  # or somebody else's key
    text = signed(chosen, signer, raw, inner)
    return json.dumps(found | {name: text}, separators=(",", ":")).encode()


# --- somebody's who has a bundle ---------------------------------------------------------------


def tampered(chosen: random.Random) -> bytes:
    """Return a good bundle with files changed, added, left out or moved, mostly sealed anew."""
    whole = good(chosen.choice(MODES))
    files = container.parse(whole)
    changes: dict[str, bytes | None] = {}
    for _ in range(chosen.choice((1, 1, 2))):
        name, other = chosen.choice([*files]), chosen.choice([*files])
        kind = chosen.randrange(7)
        if kind == 0:
            changes[name] = None
        elif kind == 1:
            changes |= {name: files[other], other: files[name]}
        elif kind == 2:
            changes[chosen.choice(FILES)] = files[other]
        elif kind == 3:
            changes |= {name: None, chosen.choice(FILES): files[name]}
        else:
            changes[name] = _content(files[name], chosen)
    if chosen.random() < 0.15 or MANIFEST in changes:
        kept = {name: each for name, each in (files | changes).items() if each is not None}
        return container.write(kept)
    return rebundled(whole, changes)


def _content(raw: bytes, chosen: random.Random) -> bytes:
    if raw[:1] == b"{" or (raw[32:33] == b"{" and raw[:1] != b"-"):
        start = raw.index(b"{")
        text = raw[start:].decode("utf-8", "replace")
        return raw[:start] + changed(text, chosen, values=VALUES)
    return mutated(raw, chosen) if raw else b"x"


def manifested(chosen: random.Random) -> bytes:
    """Return a good bundle with another manifest."""
    files = container.parse(good(chosen.choice(MODES)))
    return container.write(files | {MANIFEST: changed_manifest(files[MANIFEST], chosen)})


def changed_manifest(raw: bytes, chosen: random.Random) -> bytes:
    found = json.loads(raw)
    kind = chosen.randrange(6)
    if kind == 0:
        found["checkpoint"] |= {
            chosen.choice(("size", "root", "origin")): chosen.choice((0, -1, 2**53, "", "x"))
        }
    elif kind == 1:
        found["statements"] = chosen.choice(
            ([], [APPROVED, APPROVED], [APPROVED.upper()], [""], [APPROVED], [1])
        )
    elif kind == 2:
        found["mode"] = chosen.choice((*MODES, "Full", "", None))
    elif kind == 3:
        found["files"][chosen.choice((*FILES, *WRONG_FILES, "__proto__"))] = chosen.choice(
            ("0" * 64, "", "A" * 64)
        )
    if kind < 4 and chosen.random() < 0.8:
        return json.dumps(found, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return changed(raw.decode(), chosen, values=VALUES)


# --- ZIP ---------------------------------------------------------------------------------------


def zipped(chosen: random.Random) -> bytes:
    """Return a ZIP file: ours with its records changed, or one that other programs write."""
    files = {
        name: chosen.choice((b"", b"x", b"Two files."))
        for name in chosen.sample(("a", "b/c.txt", "d"), 2)
    }
    if chosen.random() < 0.2:
        files[chosen.choice((*WRONG_FILES, *FILES))] = b"x"
    kind = chosen.randrange(6)
    if kind == 0:
        return _by_zipfile(files, chosen)
    raw = _unchecked(files, chosen)
    if kind < 4:
        raw = mutated(raw, chosen)
    elif kind == 4:
        at = chosen.randrange(max(len(raw) - 4, 1))
        value = chosen.choice(
            (0, 1, 0xFFFF, 0xFFFFFFFF, 0x80000000, 0x02014B50, 0x04034B50, 0x06054B50, 0x08074B50)
        )
        raw = raw[:at] + struct.pack("<I", value) + raw[at + 4 :]
    return chosen.choice(
        (raw, raw, raw, raw, b"PK" + raw, raw + b"\0", raw + raw, raw[:-22], raw[-22:])
    )


def _unchecked(files: Files, chosen: random.Random) -> bytes:
    """Write files as a bundle is written, but of any name, and perhaps in another order."""
    names = sorted(files)
    if chosen.random() < 0.2:
        chosen.shuffle(names)
    if chosen.random() < 0.1:
        names.append(chosen.choice(names))
    parts, central, offset = [], [], 0
    for name in names:
        content, encoded = files[name], name.encode("utf-8", "surrogatepass")
        about = (
            20,
            0,
            0,
            0,
            0x21,
            zlib.crc32(content),
            len(content),
            len(content),
            len(encoded),
            0,
        )
        parts.append(struct.pack("<IHHHHHIIIHH", 0x04034B50, *about) + encoded + content)
        tail = (0, 0, 0, 0o100644 << 16, offset)
        central.append(
            struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 3 << 8 | 20, *about, *tail) + encoded
        )
        offset += len(parts[-1])
    directory = b"".join(central)
    counts = (0, 0, len(names), len(names), len(directory), offset, 0)
    return b"".join(parts) + directory + struct.pack("<IHHHHIIH", 0x06054B50, *counts)


def _by_zipfile(files: Files, chosen: random.Random) -> bytes:
    target = io.BytesIO()
    method = chosen.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with zipfile.ZipFile(target, "w", method, allowZip64=True) as archive:
        for name, content in sorted(files.items()):
            about = zipfile.ZipInfo(name or "x", (1980, 1, 1, 0, 0, 0))
            about.external_attr = 0o100644 << 16
            about.create_version = chosen.choice((20, 45))
            if chosen.random() < 0.2:
                about.extra = b"UT\x05\0\x01\0\0\0\0"
            if chosen.random() < 0.2:
                about.comment = b"x"
            with archive.open(about, "w", force_zip64=chosen.random() < 0.2) as opened:
                opened.write(content)
        if chosen.random() < 0.2:
            archive.comment = b"PK\5\6"
    return target.getvalue()
