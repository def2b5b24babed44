"""Write cases.json: `python -m tests.vectors.restores.make`.

Each case is a short log that ends in a restore or goes on after one, and the code with which an
auditor refuses its last event, null where it accepts it. The auditors in Python and JavaScript read
the same file.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from ledger.domain.acts import TYP
from ledger.domain.charter import STREAM
from ledger.domain.entry import leaf_hash
from ledger.domain.events import Body, Event, LedgerRestored, LogKeysAnnounced
from ledger.domain.ledger_acts import AnnounceLogKeys, KeptTree, LostTree, RestoreLedger
from ledger.domain.restoration import log_origin
from ledger.tlog import checkpoint
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.merkle import Edge
from tests.support.chronicle import Chronicle
from tests.support.fixed_keys import fixed_log_keys, fixed_log_signers
from tests.support.keys import TestKey, ed25519_key
from tests.support.signers import LEDGER

PATH = Path(__file__).with_name("cases.json")
OWN_KEY = ed25519_key(1000)
NEXT = log_origin(LEDGER, 1)
KEPT = 2  # the founding and the log keys


def story() -> Chronicle:
    """Return a ledger that has log keys and nobody in it."""
    told = Chronicle()
    told.found()
    told.announce(1)
    return told


def note(size: int, number: int = 1, origin: str = LEDGER) -> str:
    """Return a checkpoint of a tree that is not in the story, signed by one Ed25519 key."""
    signer, _ = fixed_log_signers(number, origin)
    signed = checkpoint.sign(Checkpoint(origin, size, bytes(32)), [signer], now_s=1_795_230_246)
    return signed.decode()


def restored(told: Chronicle, key: TestKey = OWN_KEY, **members: Any) -> LedgerRestored:
    """Return a restore of the story; `members` differ from those of a right one."""
    edge, _ = Edge().extend(b"".join(map(leaf_hash, told.states)))
    said: dict[str, Any] = {
        "iat": told.time.ms // 1000,
        "ledger": LEDGER,
        "epoch": 1,
        "kept": KeptTree(edge.size, edge.root().hex()),
        "lost": "unknown",
        "origin": NEXT,
        "vkeys": fixed_log_keys(2, NEXT)[:1],  # the ML-DSA-44 key is long
        "reason": "The disk of the server failed.",
    } | members
    act = RestoreLedger(**said)
    body = {name: value for name, value in said.items() if name not in ("iat", "ledger")}
    return LedgerRestored(**body, act=key.jws(msgspec.json.encode(act), typ=TYP))


def announced(told: Chronicle, number: int, origin: str) -> LogKeysAnnounced:
    """Return an announcement of log keys under an origin."""
    vkeys, size = fixed_log_keys(number, origin)[:1], len(told.states) + 1
    act = AnnounceLogKeys(told.time.ms // 1000, LEDGER, vkeys, size)
    return LogKeysAnnounced(vkeys, size, OWN_KEY.jws(msgspec.json.encode(act), typ=TYP))


# What differs from a right restore, and the code of the refusal.
RESTORES: dict[str, tuple[dict[str, Any], str | None]] = {
    "what is lost is unknown": ({}, None),
    "nothing is known to be lost": ({"lost": None}, None),
    "a tree is lost whose checkpoint nobody has": ({"lost": LostTree(9, None)}, None),
    "a tree is lost whose checkpoint is there": ({"lost": LostTree(9, note(9))}, None),
    "another tree of a smaller size is lost": ({"lost": LostTree(1, note(1))}, None),
    "an epoch is left out, for its restore was lost": (
        {"epoch": 7, "origin": f"{LEDGER}/7", "vkeys": fixed_log_keys(2, f"{LEDGER}/7")[:1]},
        None,
    ),
    "the epoch does not rise": ({"epoch": 0, "origin": f"{LEDGER}/0"}, "restore_refused"),
    "the origin is that of another epoch": ({"origin": f"{LEDGER}/2"}, "restore_refused"),
    "the origin is still the old one": ({"origin": LEDGER}, "restore_refused"),
    "the root is not a hash": ({"kept": KeptTree(KEPT, "00")}, "restore_refused"),
    "the root is in capitals": ({"kept": KeptTree(KEPT, "AB" * 32)}, "restore_refused"),
    "more is kept than there is": ({"kept": KeptTree(KEPT + 1, "00" * 32)}, "restore_misplaced"),
    "less is kept than there is": ({"kept": KeptTree(KEPT - 1, "00" * 32)}, "restore_misplaced"),
    "the keys have the old origin": ({"vkeys": fixed_log_keys(2)}, "log_keys_refused"),
    "the keys are the old ones": ({"vkeys": fixed_log_keys(1, NEXT)}, "log_keys_refused"),
    "a key is named twice": ({"vkeys": fixed_log_keys(2, NEXT)[:1] * 2}, "log_keys_refused"),
    "no key is Ed25519": ({"vkeys": fixed_log_keys(2, NEXT)[1:]}, "log_keys_refused"),
    "there is no key": ({"vkeys": ()}, "log_keys_refused"),
    "a key is malformed": ({"vkeys": ("ledger",)}, "vkey_invalid"),
    "the reason is short": ({"reason": "Disk."}, "reason_invalid"),
    "the reason is long": ({"reason": "x" * 2001}, "reason_invalid"),
    "the lost tree is empty": ({"lost": LostTree(0, None)}, "restore_refused"),
    "the lost checkpoint has another size": ({"lost": LostTree(9, note(8))}, "act_mismatch"),
    "the lost checkpoint is by another key": ({"lost": LostTree(9, note(9, 5))}, "note_unsigned"),
    "the lost checkpoint is of another log": (
        {"lost": LostTree(9, note(9, 1, "another.example/log"))},
        "note_origin_mismatch",
    ),
    "the lost checkpoint is no note": ({"lost": LostTree(9, "nine")}, "note_malformed"),
    "another ledger is restored": ({"ledger": "another.example/ledger"}, "ledger_mismatch"),
    "the act is old": ({"iat": 1_795_000_000}, "iat_stale"),
}


def logs() -> Iterator[tuple[str, Chronicle, Body, str | None]]:
    """Yield the name of each case, the log before its last event, that event, and the code."""
    for name, (members, code) in RESTORES.items():
        told = story()
        yield name, told, restored(told, **members), code
    told = story()
    yield "another key signed", told, restored(told, ed25519_key(7)), "jws_kid_mismatch"
    body = msgspec.structs.replace(restored(told), lost=None)
    yield "the event says other than its act", told, body, "decision_mismatch"
    after = story()
    after.tell(STREAM, restored(after))
    yield "keys of the new origin are announced", after, announced(after, 3, NEXT), None
    old = announced(after, 3, LEDGER)
    yield "keys of the old origin are announced", after, old, "log_keys_refused"
    again = restored(
        after, epoch=2, origin=f"{LEDGER}/2", vkeys=fixed_log_keys(3, f"{LEDGER}/2")[:1]
    )
    yield "a second restore begins a second epoch", after, again, None
    yield "a second restore of one epoch", after, restored(after), "restore_refused"
    members = {"epoch": 2, "origin": again.origin, "vkeys": again.vkeys}
    lost = restored(after, **members, lost=LostTree(9, note(9, 2, NEXT)))
    yield "what is lost was signed under the second origin", after, lost, None


def _shown(position: int, event: Event) -> dict[str, Any]:
    return {
        "position": position,
        "type": event.body.TAG,
        "at": event.at,
        "stream": str(event.stream),
        "version": event.version,
        "body": msgspec.to_builtins(event.body),
    }


def text() -> str:
    """Return the file's text."""
    stories, cases = [], []
    for name, told, body, code in logs():
        shown = [_shown(at, each) for at, each in enumerate(told.events, start=1)]
        if shown not in stories:
            stories.append(shown)
        position = len(told.events) + 1
        last = _shown(position, Event(STREAM, position, str(told.time), body))
        cases.append({"name": name, "story": stories.index(shown), "event": last, "code": code})
    found = {"stories": stories, "cases": cases}
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), "utf-8")
