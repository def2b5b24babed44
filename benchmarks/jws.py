"""JWS: what multi-signature verification costs beside raw cryptography and other libraries.

    python -m benchmarks.jws [--quick]

General JSON JWS, 1 KiB payload, 3 × Ed25519, JSON text in, all three verified, keys parsed before.
Every ratio is taken within one short round, and the median of the rounds is told: absolute times
depend on the machine and on what else it does. One thread is measured by its CPU time, several by
the clock on the wall, so only they need an idle machine. Authlib is measured where it is installed.
"""

import importlib.util
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ledger.encoding import b64u_decode
from ledger.jose import Signer, Verification, generate, key_set, sign_multi, verify_batch
from ledger.jose import verify_multi_all as ours

SIGNATURES = 3
PAYLOAD_BYTES = 1024
Run = Callable[[], Any]


def run(quick: bool) -> None:
    rounds = 9 if quick else 41
    signers = [generate("EdDSA") for _ in range(SIGNATURES)]
    text = json.dumps(sign_multi(os.urandom(PAYLOAD_BYTES), signers))
    against_peers(text, signers, rounds)
    threads(rounds // 3)
    linear(rounds // 3)


def against_peers(text: str, signers: list[Signer], rounds: int) -> None:
    keys = key_set([signer.public for signer in signers])
    found = ours(text, keys)
    assert len(found.verified) == SIGNATURES
    contenders: dict[str, Run] = {
        "raw cryptography": raw(text, signers),
        "ours": lambda: ours(text, keys),
    }
    for name, make in PEERS.items():
        if importlib.util.find_spec(name) is not None:
            contenders[name] = make(text, signers)
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, call in contenders.items():
            times[name].append(timed(call, 100))
    base = times["raw cryptography"]
    print(f"{SIGNATURES} × Ed25519, {PAYLOAD_BYTES} B payload, median of {rounds} rounds")
    print(f"  {'':18}{'µs':>8}{'raw / it':>10}{'it / ours':>11}")
    for name, measured in times.items():
        of_raw = statistics.median(a / b for a, b in zip(base, measured, strict=True))
        of_ours = statistics.median(a / b for a, b in zip(measured, times["ours"], strict=True))
        print(f"  {name:18}{statistics.median(measured) * 1e6:8.1f}{of_raw:10.1%}{of_ours:11.2f}")


def timed(call: Run, times: int, clock: Callable[[], float] = time.process_time) -> float:
    started = clock()
    for _ in range(times):
        call()
    return (clock() - started) / times


def raw(text: str, signers: list[Signer]) -> Run:
    """The three verifications alone: keys imported, signing inputs and signatures at hand."""
    jws = json.loads(text)
    made = []
    for signer, entry in zip(signers, jws["signatures"], strict=True):
        assert signer.private is not None
        data = f"{entry['protected']}.{jws['payload']}".encode()
        public: Any = signer.private.public_key()
        made.append((public, b64u_decode(entry["signature"]), data))

    def verify() -> None:
        for key, signature, data in made:
            key.verify(signature, data)

    return verify


def joserfc(text: str, signers: list[Signer]) -> Run:
    from joserfc import jws
    from joserfc.jwk import KeySet, import_key

    keys = KeySet([import_key(signer.to_public_jwk()) for signer in signers])  # type: ignore[arg-type]

    def verify() -> None:
        jws.deserialize_json(json.loads(text), keys, ["EdDSA"])

    return verify


def jwcrypto(text: str, signers: list[Signer]) -> Run:
    import jwcrypto.jwk
    import jwcrypto.jws

    keys = [jwcrypto.jwk.JWK(**signer.to_public_jwk()) for signer in signers]

    def verify() -> None:
        # It verifies with one key at a time and stops at the first signature that fits.
        for key in keys:
            jws = jwcrypto.jws.JWS()
            jws.deserialize(text)
            jws.verify(key)

    return verify


def authlib(text: str, signers: list[Signer]) -> Run:
    import warnings

    warnings.simplefilter("ignore")  # it says that joserfc follows it
    jose = importlib.import_module("authlib.jose")
    jwk, jws = jose.JsonWebKey, jose.JsonWebSignature(["EdDSA"])
    keys = {signer.kid: jwk.import_key(signer.to_public_jwk()) for signer in signers}

    def verify() -> None:
        jws.deserialize_json(json.loads(text), lambda header, payload: keys[header["kid"]])

    return verify


PEERS: dict[str, Callable[[str, list[Signer]], Run]] = {
    "joserfc": joserfc,
    "jwcrypto": jwcrypto,
    "authlib": authlib,
}


def threads(rounds: int) -> None:
    """Many envelopes on two threads against one, beside what raw verifications gain by the same."""
    signers = [generate("EdDSA") for _ in range(SIGNATURES)]
    keys = key_set([signer.public for signer in signers])
    envelopes = [
        json.dumps(sign_multi(os.urandom(PAYLOAD_BYTES), signers)).encode() for _ in range(600)
    ]
    bare = raw(envelopes[0].decode(), signers)
    wall, gains, bare_gains = [], [], []
    for _ in range(rounds):
        one = timed(lambda: batch(envelopes, keys, 1), 1, time.perf_counter)
        wall.append(timed(lambda: batch(envelopes, keys, 2), 1, time.perf_counter))
        gains.append(one / wall[-1])
        bare_one = timed(lambda: pooled(bare, len(envelopes), 1), 1, time.perf_counter)
        bare_gains.append(
            bare_one / timed(lambda: pooled(bare, len(envelopes), 2), 1, time.perf_counter)
        )
    rate = len(envelopes) / statistics.median(wall)
    print(f"batch: {rate:,.0f} envelopes/s on 2 threads; 2 threads against 1, median and best:")
    for name, measured in (("ours", gains), ("raw cryptography", bare_gains)):
        print(f"  {name:18}{statistics.median(measured):8.2f}{max(measured):10.2f}")
    print(f"  (load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores: meant for an idle machine)")


def pooled(call: Run, times: int, count: int) -> None:
    def many(times: int) -> None:
        for _ in range(times):
            call()

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(many, [times // count] * count))


def batch(envelopes: list[bytes], keys: Any, count: int) -> None:
    for found in verify_batch(envelopes, keys, threads=count):
        assert isinstance(found, Verification)
        assert len(found.verified) == SIGNATURES


def linear(rounds: int) -> None:
    """The cost of a signature, with up to 1,000 of them in one envelope."""
    print("µs a signature, by how many there are in the envelope")
    signers = [generate("EdDSA") for _ in range(1000)]
    for count in (1, 10, 100, 1000):
        text = json.dumps(sign_multi(os.urandom(PAYLOAD_BYTES), signers[:count]))
        keys = key_set([signer.public for signer in signers[:count]])
        assert len(ours(text, keys).verified) == count
        repeats = max(1, 300 // count)
        cost = statistics.median(timed(lambda: ours(text, keys), repeats) for _ in range(rounds))  # noqa: B023 - called before the loop goes on
        print(f"  {count:5}{cost / count * 1e6:8.1f}")


def main() -> None:
    run(quick="--quick" in sys.argv[1:])


if __name__ == "__main__":
    main()
