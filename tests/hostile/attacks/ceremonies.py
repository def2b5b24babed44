"""Ceremonies that are begun and never completed, and CBOR that costs much to read."""

import hashlib
import json
from pathlib import Path

from ledger.domain import challenges
from ledger.encoding import b64u_encode
from tests.hostile.target import Target, kind
from tests.vectors.webauthn.cases import joined

GRAMMAR = Path(__file__).parents[2] / "vectors/webauthn/grammar.json"
PRESENT_VERIFIED_EXTENDED = 0x85
MOST_BYTES = 45_000  # in base64url it fits into a stranger's body
BEGIN = "/api/authenticate/options"


async def begun(target: Target) -> None:
    """20,000 ceremonies, by 85 addresses of strangers and by a member."""
    raw = target.post(BEGIN, b"{}")
    of_member = target.post("/api/passkeys/options", b"{}", session=True)

    async def one(number: int) -> None:
        if number % 10:
            await target.ask(raw, f"127.0.1.{1 + number % 85}")
        else:
            await target.ask(of_member)

    await target.flood(20_000, one, at_once=16)


async def cbor_bombs(target: Target) -> None:
    """Assertions by a credential that exists, whose authenticator data is a bomb."""
    answer = await target.ask(target.post(BEGIN, b"{}"))
    options = json.loads(answer.partition(b"\r\n\r\n")[2])
    challenge = challenges.sign_in(ledger=options["ledger"], nonce=options["nonce"])
    data = {
        "type": "webauthn.get",
        "challenge": b64u_encode(challenge),
        "origin": f"http://localhost:{target.port}",
        "crossOrigin": False,
    }
    bombs = [
        target.post("/api/authenticate", _assertion(target, options["ceremony"], data, raw))
        for raw in refused_data()
    ]
    await target.flood(
        1_000,
        lambda n: target.ask(bombs[n % len(bombs)], f"127.0.0.{2 + n % 20}"),
        at_once=8,
    )


def refused_data() -> list[bytes]:
    """Return authenticator data whose extensions are what the grammar of CBOR refuses."""
    found = json.loads(GRAMMAR.read_text())
    data = [joined(each) for each in found["assertionData"] if each["detail"] is not None]
    start = hashlib.sha256(b"localhost").digest() + bytes([PRESENT_VERIFIED_EXTENDED, 0, 0, 0, 9])
    refused = [joined(each) for each in found["cbor"] if each["detail"] is not None]
    return data + [start + each for each in refused if len(each) < MOST_BYTES]


def _assertion(target: Target, ceremony: str, client_data: dict[str, object], raw: bytes) -> bytes:
    known = target.known.credential_id
    response = {
        "clientDataJSON": b64u_encode(json.dumps(client_data).encode()),
        "authenticatorData": b64u_encode(raw),
        "signature": b64u_encode(bytes(64)),
    }
    assertion = {"id": known, "rawId": known, "type": "public-key", "response": response}
    return json.dumps({"ceremony": ceremony, "assertion": assertion}).encode()


KINDS = (
    kind("20,000 ceremonies begun", begun, 200),
    kind("CBOR bombs in assertions", cbor_bombs, 200, 400, 401, 413, 422),
)
