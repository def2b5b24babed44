"""Verify with a lookup that has to be awaited, such as one that asks a database or fetches keys.

The verification is that of `verify.py`; only the lookup is awaited, for one entry after the other.
This module starts no task and needs no event loop of its own.
"""

from inspect import isawaitable
from typing import Any, NoReturn, Unpack

from ledger.errors import LedgerError
from ledger.jose.entry import SignatureEntry, check_header
from ledger.jose.entry_judge import EntryJudge
from ledger.jose.header import copied
from ledger.jose.keyset import AsyncLookup, Keys, KeySet
from ledger.jose.outcome import FailedOutcome, Verification, Verified
from ledger.jose.rules import Options, Rules, read_options
from ledger.jose.serialization import JwsInput, parse
from ledger.jose.verify import not_verified, verification

_NO_KEYS = KeySet(())


async def verify_multi_all_async(
    jws: JwsInput, lookup: AsyncLookup, **options: Unpack[Options]
) -> Verification:
    """Return the outcome of every entry, as `verify_multi_all` does; the lookup is awaited.

    It is called with a copy of the protected header, once for each entry whose alg and typ are
    accepted. What it raises fails its entry alone; a cancellation ends the call.
    """
    rules = read_options(options)
    judge = EntryJudge(parse(jws, rules.profile, rules.limits), rules)
    outcomes = [judge.judge(entry, await _answer(lookup, entry, rules)) for entry in judge.entries]
    return verification(judge, outcomes)


async def verify_multi_async(
    jws: JwsInput, lookup: AsyncLookup, **options: Unpack[Options]
) -> Verified:
    """Return the payload and the first entry that verifies, as `verify_multi` does."""
    rules = read_options(options)
    judge = EntryJudge(parse(jws, rules.profile, rules.limits), rules)
    outcomes: list[FailedOutcome] = []
    for entry in judge.entries:
        outcome = judge.judge(entry, await _answer(lookup, entry, rules))
        if outcome.verified:
            return Verified(judge.payload, outcome, judge.claims)
        outcomes.append(outcome)
    raise not_verified(outcomes)


async def _answer(lookup: AsyncLookup, entry: SignatureEntry, rules: Rules) -> Keys:
    """Return what the lookup said as a synchronous lookup, which returns or raises the same."""
    if entry.error is not None:
        return _NO_KEYS
    try:
        check_header(entry, rules)
    except LedgerError:  # the judge refuses the entry for the same reason
        return _NO_KEYS
    try:
        found = lookup(copied(entry.protected or {}))
        if isawaitable(found):
            found = await found
    except Exception as error:  # noqa: BLE001  # a lookup is foreign code: its error fails this entry only
        raised = error

        def refusing(header: dict[str, Any]) -> NoReturn:
            raise raised

        return refusing
    return lambda header: found
