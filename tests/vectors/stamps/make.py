"""Write claimed.json: `python -m tests.vectors.stamps.make`. Signatures in it differ at each run.

It has time-stamps and the time that each claims, null for one that cannot be read. Of `stamp`, each
byte is changed by each mask of `flips`, which has the claims that differ from `claims`, by offset.
Python and the offline page read the same file.
"""

import base64
import json
from pathlib import Path
from typing import Any

from ledger.timestamp import der
from ledger.timestamp.der import write, write_integer
from ledger.timestamp.response import claimed_time
from tests.support.stamps import info_of, stamp

PATH = Path(__file__).with_name("claimed.json")
NOTE = b"a checkpoint"
MASKS = (0x01, 0x80)
TIMES = (
    b"20261121030405Z", b"20261121030405.5Z", b"20261121030405.123456789Z", b"20261121030405.50Z",
    b"20261121030405.Z", b"20261121030405", b"20261121030405+0100", b"20261131030405Z",
    b"20260229030405Z", b"20240229030405Z", b"20261121240000Z", b"20261121030460Z",
    b"19700101000000Z", b"19691231235959Z", b"00010101000000Z", b"00000101000000Z",
    b"99991231235959.999Z", b"2026112103040Z", b"20261121030405Z\n", b" 20261121030405Z",
    "2026112103040\uff15Z".encode(), b"20261321030405Z", b"20260021030405Z",
)  # fmt: skip


def flipped(raw: bytes, offset: int, mask: int) -> bytes:
    return raw[:offset] + bytes([raw[offset] ^ mask]) + raw[offset + 1 :]


def cases() -> dict[str, bytes]:
    """Return further stamps by name."""
    base = stamp(NOTE)
    found = {f"of {time!r}": stamp(NOTE, content=info_of(NOTE, time=time)) for time in TIMES}
    for version in (0, 2, 128):
        content = info_of(NOTE, version=version)
        found[f"of version {version}"] = stamp(NOTE, content=content)
    rest = write(der.SEQUENCE, write_integer(1)) + write(der.BOOLEAN, b"\xff") + write_integer(5)
    found["with accuracy, ordering and nonce"] = stamp(NOTE, content=info_of(NOTE, rest=rest))
    long = write(der.INTEGER, b"\x00\x05")
    found["with a nonce that is not DER"] = stamp(NOTE, content=info_of(NOTE, rest=long))
    found["rejected with a status of 2,000 bytes"] = rejected(b"\x01" * 2000)
    found["rejected with a negative status"] = rejected(b"\xff")
    found["of another content"] = stamp(NOTE, content=b"nothing")
    found["empty"], found["of one byte"], found["no DER"] = b"", b"0", b"checkpoint.tsr"
    found["with trailing bytes"] = base + b"\x00"
    found["cut by a byte"] = base[:-1]
    found["half of it"] = base[: len(base) // 2]
    return found


def rejected(status: bytes) -> bytes:
    return write(der.SEQUENCE, write(der.SEQUENCE, write(der.INTEGER, status)))


def told(raw: bytes, others: dict[str, bytes]) -> str:
    """Return the text of a file with these stamps."""
    claims = claimed_time(raw)
    flips: dict[str, dict[str, str | None]] = {}
    for mask in MASKS:
        said = {str(at): claimed_time(flipped(raw, at, mask)) for at in range(len(raw))}
        flips[str(mask)] = {at: each for at, each in said.items() if each != claims}
    found: dict[str, Any] = {
        "stamp": base64.b64encode(raw).decode(),
        "claims": claims,
        "flips": flips,
        "cases": [
            {"name": name, "stamp": base64.b64encode(each).decode(), "claims": claimed_time(each)}
            for name, each in others.items()
        ],
    }
    return json.dumps(found, indent=1) + "\n"


def text() -> str:
    """Return the file's text, with the stamps that are in it: new ones have other signatures."""
    found = json.loads(PATH.read_text("utf-8"))
    others = {each["name"]: base64.b64decode(each["stamp"]) for each in found["cases"]}
    return told(base64.b64decode(found["stamp"]), others)


if __name__ == "__main__":
    PATH.write_text(told(stamp(NOTE), cases()), "utf-8")
