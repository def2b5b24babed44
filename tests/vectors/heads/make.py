"""Write cases.json: heads of a bundle, and what a verifier says of them.

`python -m tests.vectors.heads.make`. All cases have the same ledger, heads key and tree. A case has
`jwt` (null if the bundle has none), `shown` with the number of events of each stream in the bundle,
and `code`, with which every verifier refuses it; null where it accepts the heads.
"""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

from ledger.encoding import b64_encode
from ledger.jose import SigningKey
from ledger.tlog.checkpoint import Checkpoint
from tests.support.heads import HEADS_JWK, HEADS_KEY, heads_jwt
from tests.support.links import LEDGER

PATH = Path(__file__).with_name("cases.json")
TREE = Checkpoint(LEDGER, 9, bytes(range(32)))
OTHER = SigningKey.from_seed(b"another key of thirty-two bytes.")
STREAMS = {str(UUID(int=each)): version for each, version in ((0, 2), (1, 3), (2, 1))}
_LEDGER, _FIRST, _LAST = STREAMS
_UNKNOWN = str(UUID(int=7))
_CAPITALS = "ABCDEFAB-0000-4000-8000-000000000000"
_MANY = {str(UUID(int=each)): 1 for each in range(1025)}


def _says(**changes: Any) -> str:
    return heads_jwt(changes.pop("heads", STREAMS), TREE, **changes).decode()


def _signed(payload: bytes, iat: int | None = None) -> str:
    return HEADS_KEY.sign(payload, typ="act+jwt", iat=iat)


def _bit(text: str, at: int) -> str:
    return f"{text[:at]}{chr(ord(text[at]) ^ 1)}{text[at + 1 :]}"


def _case(
    name: str, code: str | None, jwt: str | None, shown: dict[str, int] | None = None
) -> dict[str, Any]:
    return {"name": name, "code": code, "jwt": jwt, "shown": STREAMS if shown is None else shown}


def cases() -> list[dict[str, Any]]:
    """Return every case."""
    good = _says()
    freeze = json.dumps({"act": "freeze-ledger", "iat": 1, "ledger": LEDGER, "reason": "It ends."})
    return [
        _case("heads of every stream", None, good),
        _case("heads with a nonce", None, _says(nonce="my-own-nonce-0001")),
        _case("as many streams as heads can name", None, _says(heads=dict([*_MANY.items()][1:])))
        | {"shown": dict([*_MANY.items()][1:])},
        _case("a later event left out", "events_left_out", good, STREAMS | {_FIRST: 2}),
        _case("a stream left out", "events_left_out", good, {_LEDGER: 2, _FIRST: 3}),
        _case("an event that the heads lack", "heads_mismatch", good, STREAMS | {_LAST: 2}),
        _case("a stream that the heads lack", "heads_mismatch", good, STREAMS | {_UNKNOWN: 1}),
        _case("heads of no stream", "heads_mismatch", _says(heads={})),
        _case(
            "a stream without events",
            "heads_mismatch",
            _says(heads=STREAMS | {_UNKNOWN: 0}),
        ),
        _case("a negative number", "heads_mismatch", _says(heads=STREAMS | {_LAST: -1})),
        _case("a fraction", "act_mismatch", _says(heads=STREAMS | {_LAST: 1.5})),
        _case("a number as text", "act_mismatch", _says(heads=STREAMS | {_LAST: "1"})),
        _case("a number that is too large", "act_mismatch", _says(heads=STREAMS | {_LAST: 2**53})),
        _case("a stream whose name is no id", "id_invalid", _says(heads=STREAMS | {"bob": 1})),
        _case("a stream whose id is in capitals", "id_invalid", _says(heads={_CAPITALS: 1})),
        _case("too many streams", "heads_mismatch", _says(heads=_MANY), _MANY),
        _case("another root", "heads_mismatch", _says(root=b64_encode(bytes(32)))),
        _case("a root in base64url", "heads_mismatch", _says(root="AAEC-_")),
        _case("another size", "heads_mismatch", _says(size=10)),
        _case("another ledger", "ledger_mismatch", _says(ledger="another.example/ledger")),
        _case("a time before 1970", "act_mismatch", _says(iat=-1)),
        _case("a time after the year 9999", "act_mismatch", _says(iat=253_402_300_800)),
        _case("a time with a fraction", "act_mismatch", _says(iat=1.5)),
        _case("a nonce that is a number", "act_mismatch", _says(nonce=1)),
        _case("an unknown member", "act_mismatch", _says(more=1)),
        _case("another act", "act_mismatch", _signed(freeze.encode())),
        _case("an act without a kind", "act_mismatch", _signed(b'{"iat":1}')),
        _case("no JSON", "act_mismatch", _signed(b"heads")),
        _case("the type of an approval", "jws_typ_mismatch", _says(typ="JWT")),
        _case(
            "a time in the header", "jws_typ_mismatch", HEADS_KEY.sign(b"{}", typ="act+jwt", iat=1)
        ),
        _case("another key", "jws_kid_mismatch", _says(key=OTHER)),
        _case("one bit of the payload", "jws_signature_invalid", _bit(good, good.find(".") + 80)),
        _case("one bit of the signature", "jws_signature_invalid", _bit(good, good.rfind(".") + 9)),
        _case("the first half", "jws_malformed", good[: good.rindex(".")]),
        _case("nothing", "jws_malformed", ""),
        _case("a line feed at the end", "base64url_invalid", f"{good}\n"),
        _case("bytes that are no text", "jws_malformed", f"{good}\N{POUND SIGN}"),
        _case("no heads", "heads_missing", None),
    ]


def text() -> str:
    """Return the file."""
    found = {
        "ledger": LEDGER,
        "heads": HEADS_JWK,
        "tree": {"root": b64_encode(TREE.root), "size": TREE.size},
        "cases": cases(),
    }
    return json.dumps(found, indent=1) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
