"""Verify many envelopes on a pool of threads: `cryptography` releases the interpreter lock."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from itertools import islice
from typing import Unpack

from ledger.errors import LedgerError
from ledger.jose.keyset import KeyInput, Keys, Lookup
from ledger.jose.outcome import Failure, Verification, failure
from ledger.jose.rules import Options, Rules, read_options
from ledger.jose.serialization import JwsInput
from ledger.jose.verify import as_keys, verify_envelope

# Chunks are large enough that their cost (three thread switches each) is negligible, and small
# enough that all threads finish at about the same time.
_CHUNK = 32


def verify_batch(
    envelopes: Iterable[JwsInput],
    keys: KeyInput | Lookup,
    *,
    threads: int = 2,
    **options: Unpack[Options],
) -> Iterator[Verification | Failure]:
    """Yield, in order, the result of `verify_multi_all` for each envelope, or its Failure.

    Several threads call a lookup at once. At most a few chunks per thread are read ahead, so an
    endless iterable works. Invalid keys and options raise as in `verify_multi_all`, before the
    first envelope is read. Raises ValueError if `threads` is below 1.
    """
    if threads < 1:
        raise ValueError("at least one thread")
    return _run(envelopes, as_keys(keys), read_options(options), threads)


def _run(
    envelopes: Iterable[JwsInput], keys: Keys, rules: Rules, threads: int
) -> Iterator[Verification | Failure]:
    source = iter(envelopes)
    if threads == 1:
        for envelope in source:
            yield _one(envelope, keys, rules)
        return
    with ThreadPoolExecutor(threads, thread_name_prefix="jws") as pool:
        yield from _pooled(pool, source, keys, rules, ahead=4 * threads)


def _pooled(
    pool: Executor, source: Iterator[JwsInput], keys: Keys, rules: Rules, *, ahead: int
) -> Iterator[Verification | Failure]:
    def chunk() -> list[JwsInput]:
        return list(islice(source, _CHUNK))

    waiting = [pool.submit(_many, first, keys, rules) for _ in range(ahead) if (first := chunk())]
    while waiting:
        done = waiting.pop(0).result()
        if following := chunk():
            waiting.append(pool.submit(_many, following, keys, rules))
        yield from done


def _many(envelopes: Sequence[JwsInput], keys: Keys, rules: Rules) -> list[Verification | Failure]:
    return [_one(envelope, keys, rules) for envelope in envelopes]


def _one(envelope: JwsInput, keys: Keys, rules: Rules) -> Verification | Failure:
    try:
        return verify_envelope(envelope, keys, rules)
    except LedgerError as error:
        return failure(error)
