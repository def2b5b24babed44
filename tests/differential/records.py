"""Stored and published records: events, entries, notes, proofs, keys, tiles, bundles, mutated."""

import json
import random
from functools import cache
from typing import Any

from ledger import clock
from ledger.domain import entry, events
from ledger.domain.entry import Commitment, Entry, parse_canonical
from ledger.encoding import b64_encode
from ledger.tlog import checkpoint
from ledger.tlog.tiles import bundle as entry_bundle
from ledger.tlog.tiles import split_bundle
from ledger.tlog.vkeys import parse_vkey
from ledger.verify import container
from ledger.verify.body_packs import packed, read_packs
from ledger.verify.container import MANIFEST
from ledger.verify.report import VerificationReport
from tests.differential import bundle_files
from tests.differential.json_text import changed, in_one_form
from tests.differential.statements import VALUES
from tests.differential.verdict import Input, b64, raw_of, text_of
from tests.golden.make import told
from tests.support.dossier import AT, log_signer
from tests.support.mutations import mutated
from tests.support.signers import LEDGER
from tests.vectors.evidence.cases import good
from tests.vectors.evidence.make import KEYS, reported

_NOW_MS = clock.to_ms(AT)
_ABOUT = Entry("2026-11-21T03:04:05.678Z", Commitment("0" * 64), 1, told().events[0].stream, "")
NUMBERS = (
    "0",
    "00",
    "01",
    "-1",
    "+1",
    "1.0",
    "1e3",
    "9007199254740991",
    "9007199254740992",
    "",
    " 1",
    "\u0661",
    "9223372036854775807",
    "9223372036854775808",
    "1" * 30,
)


def event_input(chosen: random.Random) -> Input:
    _, _, body = entry.split(chosen.choice(told().states))
    tag = chosen.choice(told().events).body.TAG if chosen.random() < 0.02 else ""
    raw = changed(body.decode(), chosen, values=VALUES)
    if chosen.random() < 0.6:  # every other form is refused as such
        raw = in_one_form(raw)
    return {"raw": b64(raw), "type": tag or _tag_of(body)}


@cache
def _tag_of(body: bytes) -> str:
    for state, event in zip(told().states, told().events, strict=True):
        if entry.split(state)[2] == body:
            return event.body.TAG
    raise AssertionError("no such body")


def read_event(given: Input) -> Any:
    envelope = Entry(_ABOUT.at, _ABOUT.body, 1, _ABOUT.stream, given["type"])
    return events.decode_body(envelope, raw_of(given)).body


def entry_input(chosen: random.Random) -> Input:
    raw, _, _ = entry.split(chosen.choice(told().states))
    return {"raw": b64(changed(raw.decode(), chosen, values=VALUES))}


def read_entry(given: Input) -> Any:
    found = parse_canonical(raw_of(given))
    about = {"at": found.at, "sha256": found.body.sha256, "version": found.seq}
    return about | {"stream": str(found.stream), "type": found.type}


def _lines(raw: bytes, chosen: random.Random) -> bytes:
    """Return a text of lines with lines, words and bytes changed."""
    lines = raw.decode().split("\n")
    at, kind = chosen.randrange(len(lines)), chosen.randrange(8)
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines.insert(at, chosen.choice((*lines, "", "extra QUJD", "index 3", "size 3")))
    elif kind == 2:
        lines[at] = chosen.choice(NUMBERS)
    elif kind == 3:
        lines[at] = lines[at][:-1] + chosen.choice(
            ("=", "A", "B", "\u00e9", " ", "\r", "\t", "\x7f", "\x85")
        )
    elif kind == 4:
        lines[at] = f"index {chosen.choice(NUMBERS)}"
    else:
        return mutated(raw, chosen)
    return "\n".join(lines).encode()


def note_input(chosen: random.Random) -> Input:
    text = f"{LEDGER}\n16\n{b64_encode(bytes(range(32)))}\n"
    if chosen.random() < 0.5:
        text = _lines(text.encode(), chosen).decode("utf-8", "replace")
    signature = b64_encode(log_signer().key.id + log_signer().sign(text.encode()))
    note = f"{text}\n\u2014 {LEDGER} {signature}\n".encode()
    if chosen.random() < 0.6:
        note = _lines(note, chosen)
    return {"raw": b64(note), "vkey": log_signer().key.vkey, "origin": LEDGER}


def read_note(given: Input) -> Any:
    keys = [parse_vkey(given["vkey"])]
    found = checkpoint.verify_note(raw_of(given), keys, expected_origin=LEDGER).checkpoint
    return {"origin": found.origin, "size": found.size, "root": found.root}


def proof_input(chosen: random.Random) -> Input:
    files = container.parse(good("statement"))
    name = chosen.choice([name for name in files if name.startswith("proofs/")])
    return {"raw": b64(_lines(files[name], chosen))}


def read_proof(given: Input) -> Any:
    found = checkpoint.parse_proof(raw_of(given))
    return {"index": found.index, "hashes": list(found.hashes), "note": found.note}


def vkey_input(chosen: random.Random) -> Input:
    lines = container.parse(good("full"))["keys/vkeys"].splitlines()
    return {"raw": b64(mutated(chosen.choice(lines), chosen))}


def read_vkey(given: Input) -> Any:
    key = parse_vkey(text_of(given, "raw"))
    return {"name": key.name, "kind": key.kind, "public": key.public, "id": key.id.hex()}


def tile_input(chosen: random.Random) -> Input:
    return {"raw": b64(mutated(entry_bundle(_three(chosen)), chosen))}


def read_tile(given: Input) -> Any:
    return split_bundle(raw_of(given))


def pack_input(chosen: random.Random) -> Input:
    return {"raw": b64(mutated(b"".join(map(packed, _three(chosen))), chosen))}


def read_pack(given: Input) -> Any:
    return read_packs({"tile/bodies/000.p/3": raw_of(given)}, 3)


def _three(chosen: random.Random) -> list[bytes]:
    return [chosen.randbytes(chosen.choice((0, 1, 5))) for _ in range(3)]


def container_input(chosen: random.Random) -> Input:
    return {"raw": b64(bundle_files.zipped(chosen))}


def read_container(given: Input) -> Any:
    return container.parse(raw_of(given))


def manifest_input(chosen: random.Random) -> Input:
    """A manifest alone: what it lists is missing, unless it lists nothing."""
    found = json.loads(container.parse(good("statement"))[MANIFEST])
    if chosen.random() < 0.8:
        found["files"] = {}
    raw = json.dumps(found, sort_keys=True, separators=(",", ":")).encode()
    return {"raw": b64(bundle_files.changed_manifest(raw, chosen))}


def read_manifest(given: Input) -> Any:
    return container.parse_manifest({MANIFEST: raw_of(given)})


def bundle_input(chosen: random.Random) -> Input:
    make = chosen.choice(
        (
            bundle_files.rewritten,
            bundle_files.rewritten,
            bundle_files.tampered,
            bundle_files.manifested,
        )
    )
    return {"raw": b64(make(chosen)), "keys": [key.vkey for key in KEYS["given"]], "nowMs": _NOW_MS}


def read_bundle(given: Input) -> Any:
    return what_a_report_says(reported(raw_of(given), "given"))


def what_a_report_says(report: VerificationReport) -> Any:
    checks = [[each.name, each.outcome, each.code, each.position] for each in report.checks]
    members = ("id", "title", "status", "approvers", "decisions")
    statements = [{name: getattr(each, name) for name in members} for each in report.statements]
    whole = {name: getattr(report, name) for name in ("verdict", "mode", "ledger", "size", "root")}
    return whole | {"checks": checks, "statements": statements}
