"""The unit of all costs, one raw verification, and the description of the machine."""

import os
import platform
import sqlite3
import ssl
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from ledger.jose import SigningKey, import_key, parse_compact

VERIFICATIONS = 2_000
ROUNDS = 5


def verification_us(payload: bytes) -> float:
    """Return the CPU time in µs of one raw Ed25519 verification of a JWS over this payload."""
    key = SigningKey.generate()
    jws = parse_compact(key.sign(payload, typ="JWT", iat=1))
    verifier, signed = import_key(key.jwk), jws.signing_input
    return cpu_us(lambda: verifier(jws.signature, signed), VERIFICATIONS)


def cpu_us(work: Callable[[], object], times: int) -> float:
    """Return the median CPU time in µs of one call, over five rounds."""
    rounds = []
    for _ in range(ROUNDS):
        begun_s = time.process_time()
        for _ in range(times):
            work()
        rounds.append((time.process_time() - begun_s) / times * 1e6)
    return statistics.median(rounds)


def fsync_us(directory: Path) -> float:
    """Return the median time in µs of one 4 KiB write that reaches the disk."""
    path = directory / "fsync"
    took_us = []
    with path.open("wb", buffering=0) as file:
        for _ in range(100):
            begun_s = time.perf_counter()
            file.write(b"\0" * 4096)
            os.fdatasync(file.fileno())
            took_us.append((time.perf_counter() - begun_s) * 1e6)
    path.unlink()
    return statistics.median(took_us)


def machine(directory: Path) -> dict[str, str]:
    """Describe the machine."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "processor": f"{os.cpu_count()} × {models[0] if models else platform.machine()}",
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "openssl": ssl.OPENSSL_VERSION,
        "sqlite": sqlite3.sqlite_version,
        "4 KiB write that reaches the disk": f"{fsync_us(directory):.0f} µs",
    }
