"""The cost of verifying JWSs, compared with raw cryptography and other libraries.

Each ratio is measured within one short round, and the median of the rounds is reported, because
absolute times depend on the machine and its load. One thread is measured by CPU time, which needs
no idle machine. Several threads are measured by wall-clock time, which does.
"""

import json
import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks.jws_peers import LIBRARIES, Case, Run, json_case, jwt_case, raw
from benchmarks.report import Bar, Result
from ledger.jose import Signer, Verification, generate, key_set, sign_multi, verify_batch
from ledger.jose import verify_multi_all as ours

SIGNATURES = 3
PAYLOAD_BYTES = 1024
ENVELOPES = 2_400
COUNTS = (1, 10, 100, 1000)
# Of the time of the three verifications of `cryptography`: libsodium needs about 0.55 of it.
AIM_OF_RAW = 0.65
AIM_THREADS = 1.8
ALGORITHMS = ("EdDSA", "ES256", "RS256")
# CPU seconds of one measurement; a library's calls are repeated until they take about as long.
ONE_S = 0.02


def run(*, quick: bool) -> list[Result]:
    """Measure against other libraries, on two threads, and with up to 1,000 signatures."""
    rounds = 5 if quick else 41
    return [*against_peers(rounds, quick=quick), threads(rounds // 5), linear(rounds // 3)]


def against_peers(rounds: int, *, quick: bool = False) -> list[Result]:
    """Measure every case with every library, in turns."""
    cases = _cases(100 if quick else COUNTS[-1])
    measured = {case.name: _in_turns(case, rounds) for case in cases}
    first = cases[0].name
    return [_of_three(first, measured[first], rounds), _of_all(measured, rounds)]


def _cases(most: int) -> list[Case]:
    signers = {alg: generate(alg, rsa_bits=2048) for alg in ALGORITHMS}
    many = [generate("EdDSA") for _ in range(most)]
    small, large = os.urandom(PAYLOAD_BYTES), os.urandom(2**20)
    return [
        json_case("JSON, 3 × EdDSA", small, many[:SIGNATURES]),
        *(json_case(f"JSON, 1 × {alg}", small, [signers[alg]]) for alg in ALGORITHMS),
        *(jwt_case(f"JWT with claims, {alg}", signers[alg]) for alg in ALGORITHMS),
        json_case(f"JSON, {most:,} × EdDSA", small, many),
        json_case("JSON, 1 MiB, 1 × EdDSA", large, many[:1]),
    ]


def _in_turns(case: Case, rounds: int) -> dict[str, list[float]]:
    """Return the CPU seconds of a call in each round, by library."""
    calls = {name: call for name, make in LIBRARIES.items() if (call := make(case)) is not None}
    repeats = {name: max(1, round(ONE_S / timed(call, 2))) for name, call in calls.items()}
    # The longest cases need fewer rounds for a stable median.
    slowest_s = max(repeats[name] * timed(call, 1) for name, call in calls.items())
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(max(3, min(rounds, round(rounds * ONE_S * 2 / slowest_s)))):
        for name, call in calls.items():
            times[name].append(timed(call, repeats[name]))
    return times


def _of_three(name: str, times: dict[str, list[float]], rounds: int) -> Result:
    result = Result(
        "jws",
        f"{name}: the time as a multiple of the three raw verifications",
        ("library", "CPU µs", "of raw", "as a multiple of ours"),
    )
    for library, measured in times.items():
        of_raw = _ratio(measured, times["raw cryptography"])
        of_ours = _ratio(measured, times["ours"])
        micros = f"{statistics.median(measured) * 1e6:.1f}"
        result.rows.append((library, micros, f"{of_raw:.2f}", f"{of_ours:.2f}"))
        result.bars.append(Bar(library, of_raw, AIM_OF_RAW if library == "ours" else None))
    result.notes.append(
        f"General JSON JWS over {PAYLOAD_BYTES:,} bytes, text in, every signature verified, keys"
        f" parsed before; medians of {rounds} rounds in turns. Raw: the three verifications with"
        f" `cryptography`, nothing else. Aim: {AIM_OF_RAW}; above 1 for all other libraries."
    )
    return result


def _of_all(measured: dict[str, dict[str, list[float]]], rounds: int) -> Result:
    others = [name for name in LIBRARIES if name != "ours"]
    result = Result(
        "jws-libraries",
        "One JWS, verified by each library: CPU time as a multiple of ours",
        ("case", "ours, CPU µs", *others),
    )
    for case, times in measured.items():
        ratios = [f"{_ratio(times[n], times['ours']):.2f}" if n in times else "–" for n in others]
        result.rows.append((case, f"{statistics.median(times['ours']) * 1e6:,.1f}", *ratios))
    result.notes.append(
        f"Above 1: slower than ours. Medians of up to {rounds} rounds in turns, keys parsed"
        " before. A JWT is compact; exp, iss and aud are checked. –: the library has no JSON"
        " serialization (PyJWT), takes no payload of that size (Authlib), or would verify with"
        " 1,000 keys one after the other (jwcrypto)."
    )
    return result


def _ratio(these: list[float], those: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(these, those, strict=True))


def timed(call: Run, times: int, clock: Callable[[], float] = time.process_time) -> float:
    started = clock()
    for _ in range(times):
        call()
    return (clock() - started) / times


def threads(rounds: int) -> Result:
    """Measure many JWSs on two threads, and the gain of raw verification on two threads."""
    signers = [generate("EdDSA") for _ in range(SIGNATURES)]
    keys = key_set([signer.public for signer in signers])
    envelopes = [
        json.dumps(sign_multi(os.urandom(PAYLOAD_BYTES), signers)).encode()
        for _ in range(ENVELOPES)
    ]
    bare = raw(Case("", envelopes[0].decode(), signers))
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
