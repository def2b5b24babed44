"""The cost of multi-signature JWS verification, compared with raw cryptography and other libraries.

General JSON JWS, 1 KiB payload, 3 × Ed25519, JSON text in, all three verified, keys parsed before.

Each ratio is measured within one short round, and the median of the rounds is reported, because
absolute times depend on the machine and its load. One thread is measured by CPU time, which needs
no idle machine. Several threads are measured by wall-clock time, which does.
"""

import importlib
import json
import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks.report import Bar, Result
from ledger.encoding import b64u_decode
from ledger.jose import Signer, Verification, generate, key_set, sign_multi, verify_batch
from ledger.jose import verify_multi_all as ours

SIGNATURES = 3
PAYLOAD_BYTES = 1024
ENVELOPES = 2_400
COUNTS = (1, 10, 100, 1000)
AIM_OF_RAW = 0.9
AIM_THREADS = 1.8
Run = Callable[[], Any]


def run(*, quick: bool) -> list[Result]:
    """Measure against other libraries, on two threads, and with up to 1,000 signatures."""
    rounds = 9 if quick else 41
    return [against_peers(rounds), threads(rounds // 5), linear(rounds // 3)]


def against_peers(rounds: int) -> Result:
    """Measure one JWS with every library."""
    result = Result(
        "jws",
        f"A JWS of {SIGNATURES} × Ed25519, all verified: the share that is raw verification",
        ("library", "CPU µs", "raw of it", "as a multiple of ours"),
    )
    times = _in_turns(_contenders(), rounds)
    for name, measured in times.items():
        of_raw = _ratio(times["raw cryptography"], measured)
        of_ours = _ratio(measured, times["ours"])
        micros = f"{statistics.median(measured) * 1e6:.1f}"
        result.rows.append((name, micros, f"{of_raw:.1%}", f"{of_ours:.2f}"))
        result.bars.append(Bar(name, of_raw, AIM_OF_RAW if name == "ours" else None))
    result.notes.append(
        f"General JSON JWS over {PAYLOAD_BYTES:,} bytes, keys parsed before; medians of {rounds}"
        f" rounds in turns. Aim: {AIM_OF_RAW:.0%} of the three raw verifications."
    )
    return result


def _contenders() -> dict[str, Run]:
    signers = [generate("EdDSA") for _ in range(SIGNATURES)]
    text = json.dumps(sign_multi(os.urandom(PAYLOAD_BYTES), signers))
    keys = key_set([signer.public for signer in signers])
    assert len(ours(text, keys, now=None).verified) == SIGNATURES
    contenders: dict[str, Run] = {
        "raw cryptography": raw(text, signers),
        "ours": lambda: ours(text, keys, now=None),
    }
    for name, make in PEERS.items():
        contenders[name] = make(text, signers)
    return contenders


def _in_turns(contenders: dict[str, Run], rounds: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, call in contenders.items():
            times[name].append(timed(call, 100))
    return times


def _ratio(these: list[float], those: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(these, those, strict=True))


def timed(call: Run, times: int, clock: Callable[[], float] = time.process_time) -> float:
    started = clock()
    for _ in range(times):
        call()
    return (clock() - started) / times


def raw(text: str, signers: list[Signer]) -> Run:
    """Run the three verifications only, on imported keys, signing inputs and signatures."""
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
        # This library verifies with one key at a time and stops at the first valid signature.
        for key in keys:
            jws = jwcrypto.jws.JWS()
            jws.deserialize(text)
            jws.verify(key)

    return verify


def authlib(text: str, signers: list[Signer]) -> Run:
    import warnings

    warnings.simplefilter("ignore")  # authlib warns that joserfc is its successor
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


def threads(rounds: int) -> Result:
    """Measure many JWSs on two threads, and the gain of raw verification on two threads."""
    signers = [generate("EdDSA") for _ in range(SIGNATURES)]
    keys = key_set([signer.public for signer in signers])
    envelopes = [
        json.dumps(sign_multi(os.urandom(PAYLOAD_BYTES), signers)).encode()
        for _ in range(ENVELOPES)
    ]
    bare = raw(envelopes[0].decode(), signers)
    runs: dict[str, Callable[[int], None]] = {
        "ours": lambda count: batch(envelopes, keys, count),
        "raw cryptography": lambda count: pooled(bare, ENVELOPES, count),
    }
    result = Result(
        "jws-threads",
        "Many JWSs on two threads, as a multiple of the rate on one",
        ("what", "median", "best", "JWSs per second"),
    )
    for name, work in runs.items():
        walls = [(_wall(work, 1), _wall(work, 2)) for _ in range(rounds)]
        gains = [one / two for one, two in walls]
        gain = statistics.median(gains)
        rate = ENVELOPES / statistics.median(two for _, two in walls)
        result.rows.append((name, f"{gain:.2f}", f"{max(gains):.2f}", f"{rate:,.0f}"))
        result.bars.append(Bar(name, gain, AIM_THREADS))
    result.notes.append(
        "Wall-clock time, which needs an idle machine; the load was"
        f" {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores. Aim: {AIM_THREADS}."
    )
    return result


def _wall(work: Callable[[int], None], count: int) -> float:
    return timed(lambda: work(count), 1, time.perf_counter)


def pooled(call: Run, times: int, count: int) -> None:
    def many(times: int) -> None:
        for _ in range(times):
            call()

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(many, [times // count] * count))


def batch(envelopes: list[bytes], keys: Any, count: int) -> None:
    for found in verify_batch(envelopes, keys, threads=count, now=None):
        assert isinstance(found, Verification)
        assert len(found.verified) == SIGNATURES


def linear(rounds: int) -> Result:
    """Measure the cost per signature, with up to 1,000 signatures in one JWS."""
    result = Result(
        "jws-size",
        "Cost per signature, by the number of signatures in a JWS",
        ("signatures", "CPU µs each"),
    )
    signers = [generate("EdDSA") for _ in range(COUNTS[-1])]
    for count in COUNTS:
        each_us = statistics.median(_each_us(signers[:count], rounds))
        result.rows.append((f"{count:,}", f"{each_us:.1f}"))
        result.bars.append(Bar(f"{count:,} signatures", each_us))
    result.notes.append("Aim: linear, so the same in every row except for the fixed cost of a JWS.")
    return result


def _each_us(signers: list[Signer], rounds: int) -> list[float]:
    count = len(signers)
    text = json.dumps(sign_multi(os.urandom(PAYLOAD_BYTES), signers))
    keys = key_set([signer.public for signer in signers])
    assert len(ours(text, keys, now=None).verified) == count
    repeats = max(1, 300 // count)
    return [timed(lambda: ours(text, keys, now=None), repeats) / count * 1e6 for _ in range(rounds)]
