"""Write cases.json: `python -m tests.vectors.witnesses.make`.

Each case is a checkpoint and a witness policy, and what a verifier says: the code of a refusal, or
who cosigned and when. The verifier in Python and the offline page read the same file.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ed25519

from ledger.encoding import b64_encode
from ledger.errors import LedgerError
from ledger.tlog import checkpoint
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.vkeys import NoteKey, NoteSigner
from ledger.tlog.witness_policy import parse_policy, verify_witnessed

PATH = Path(__file__).with_name("cases.json")
ORIGIN = "ledger.example.com/a"
AT_S = 1_795_222_800


def signer(name: str, *, cosigner: bool = True) -> NoteSigner:
    seed = hashlib.sha256(name.encode()).digest()
    private = ed25519.Ed25519PrivateKey.from_private_bytes(seed)
    return NoteSigner(name, private, cosigner=cosigner)


LOG, OTHER_LOG = signer(ORIGIN, cosigner=False), signer("another.example/log", cosigner=False)
ONE, TWO, THREE = (signer(f"w{n}.example.com") for n in (1, 2, 3))
TREE = Checkpoint(ORIGIN, 9, bytes(range(32)))
OTHER_TREE = Checkpoint(ORIGIN, 8, bytes(32))
NOTE = checkpoint.sign(TREE, [LOG], now_s=0)


def line(who: NoteSigner, time_s: int = AT_S, tree: Checkpoint = TREE) -> bytes:
    return checkpoint.sign_lines(tree, [who], now_s=time_s)


def changed(raw: bytes, old: bytes, new: bytes) -> bytes:
    assert raw.count(old) == 1
    return raw.replace(old, new)


def raw_line(who: NoteSigner, time: bytes, signature: bytes) -> bytes:
    blob = b64_encode(who.key.id + time + signature)
    return f"\u2014 {who.key.name} {blob}\n".encode()


WITNESSES = "".join(
    f"witness {name} {who.key.vkey}\n" for name, who in (("one", ONE), ("two", TWO), ("é", THREE))
)
ANY, BOTH = f"{WITNESSES}group g any one two é\nquorum g\n", "group g all one two\nquorum g\n"
COSIGNED = NOTE + line(ONE)
WEAK = NoteKey("weak", 0x04, bytes(32)).vkey

# Name, note, policy.
CASES: dict[str, tuple[bytes, str | bytes]] = {
    "one of three cosigned": (COSIGNED, ANY),
    "all cosigned at other times": (NOTE + line(ONE, 5) + line(TWO, 4) + line(THREE, 6), ANY),
    "a name that is not ASCII": (NOTE + line(THREE), ANY),
    "a quorum of both": (COSIGNED + line(TWO), WITNESSES + BOTH),
    "one of both is missing": (COSIGNED, WITNESSES + BOTH),
    "nobody cosigned": (NOTE, ANY),
    "no witness is required": (NOTE, "quorum none\n"),
    "no witness is required, and one cosigned": (COSIGNED, f"{WITNESSES}quorum none\n"),
    "a group of groups": (
        COSIGNED + line(THREE),
        f"{WITNESSES}group a 1 one two\ngroup b all a é\nquorum b\n",
    ),
    "a line of somebody unknown": (COSIGNED + line(signer("w9")), ANY),
    "two lines of one witness": (COSIGNED + line(ONE, 7), ANY),
    "a cosignature over another tree": (NOTE + line(ONE, tree=OTHER_TREE), ANY),
    "a false line beside a good one": (
        COSIGNED + line(TWO, tree=OTHER_TREE),
        ANY,
    ),
    "a line without a time": (NOTE + line(ONE, 0), ANY),
    "the last second of the year 9999": (NOTE + line(ONE, 253_402_300_799), ANY),
    "a time after the year 9999": (NOTE + line(ONE, 253_402_300_800), ANY),
    "a time above 2^63": (NOTE + raw_line(ONE, b"\xff" * 8, bytes(64)), ANY),
    "a signature that is cut": (NOTE + raw_line(ONE, bytes(8), bytes(63)), ANY),
    "a line that is too short": (NOTE + raw_line(ONE, b"", b"\0"), ANY),
    "the policy names the log": (COSIGNED, f"log {LOG.key.vkey} https://x/\n{ANY}"),
    "the log did not sign": (TREE.text().encode() + b"\n" + line(ONE), ANY),
    "another tree under the log's signature": (changed(COSIGNED, b"\n9\n", b"\n8\n"), ANY),
    "the policy names another log": (COSIGNED, f"log {OTHER_LOG.key.vkey}\n{ANY}"),
    "comments, tabs and empty lines": (
        COSIGNED,
        f"# é\n \t# x\n\n\twitness\tone   {ONE.key.vkey} https://x/ \nquorum one",
    ),
    "a name of bytes that are no UTF-8": (
        COSIGNED,
        b"witness \xff\xfe " + ONE.key.vkey.encode() + b"\nquorum \xff\xfe\n",
    ),
    "no quorum": (COSIGNED, WITNESSES),
    "an empty policy": (COSIGNED, ""),
    "two quorums": (COSIGNED, f"{ANY}quorum g\n"),
    "a quorum that nothing defines": (COSIGNED, f"{WITNESSES}quorum four\n"),
    "a quorum before its group": (COSIGNED, f"{WITNESSES}quorum g\ngroup g any one\n"),
    "another word": (COSIGNED, f"{ANY}witnesses one\n"),
    "a word of every object": (COSIGNED, f"{ANY}constructor one\n"),
    "a threshold of zero": (COSIGNED, f"{WITNESSES}group g 0 one\nquorum g\n"),
    "a threshold above the members": (COSIGNED, f"{WITNESSES}group g 3 one two\nquorum g\n"),
    "a threshold with a zero before": (COSIGNED, f"{WITNESSES}group g 01 one\nquorum g\n"),
    "a threshold in other digits": (COSIGNED, f"{WITNESSES}group g \u0661 one\nquorum g\n"),
    "a threshold of a word of every object": (
        COSIGNED,
        f"{WITNESSES}group g constructor one\nquorum g\n",
    ),
    "a member twice": (COSIGNED, f"{WITNESSES}group g 1 one one\nquorum g\n"),
    "a member of two groups": (COSIGNED, f"{WITNESSES}group g 1 one\ngroup h 1 one\nquorum g\n"),
    "a member that nothing defines": (COSIGNED, f"{WITNESSES}group g 1 four\nquorum g\n"),
    "none as a name": (COSIGNED, f"witness none {ONE.key.vkey}\nquorum none\n"),
    "none as a member": (COSIGNED, f"{WITNESSES}group g 1 none\nquorum g\n"),
    "a name twice": (COSIGNED, f"{WITNESSES}group one 1 two\nquorum one\n"),
    "a key under two names": (
        COSIGNED,
        f"witness a {ONE.key.vkey}\nwitness b {ONE.key.vkey}\ngroup g all a b\nquorum g\n",
    ),
    "the key of a log as a witness": (COSIGNED, f"witness a {LOG.key.vkey}\nquorum a\n"),
    "the key of a witness as a log": (COSIGNED, f"log {ONE.key.vkey}\nquorum none\n"),
    "a weak key": (COSIGNED, f"witness a {WEAK}\nquorum none\n"),
    "a vkey with another id": (COSIGNED, f"witness a {WEAK.replace('+', '+0', 1)}\nquorum none\n"),
    "a word too many": (COSIGNED, f"witness a {ONE.key.vkey} https://x/ y\nquorum none\n"),
    "a group without a member": (COSIGNED, f"{WITNESSES}group g any\nquorum g\n"),
    "a carriage return": (COSIGNED, ANY.replace("\n", "\r\n")),
    "a control character in a comment": (COSIGNED, f"# \x01\n{ANY}"),
}  # fmt: skip


def decided(note: bytes, policy: bytes) -> dict[str, Any]:
    """Return what the verifier in Python says."""
    try:
        found = verify_witnessed(
            note, parse_policy(policy), expected_origin=ORIGIN, log_keys=[LOG.key]
        )
    except LedgerError as error:
        return {"code": error.code}
    names = [each.name.encode("utf-8", "surrogateescape") for each in found.cosigners]
    shown = [name.decode("utf-8", "replace") for name in names]
    return {"cosigners": [[*each] for each in zip(shown, found.times, strict=True)]}


def text() -> str:
    """Return the file's text."""
    cases = [
        {
            "name": name,
            "note": b64_encode(note),
            "policy": b64_encode(policy.encode() if isinstance(policy, str) else policy),
            **decided(note, policy.encode() if isinstance(policy, str) else policy),
        }
        for name, (note, policy) in CASES.items()
    ]
    found = {"origin": ORIGIN, "logKey": LOG.key.vkey, "cases": cases}
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), "utf-8")
