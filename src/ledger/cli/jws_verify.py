"""`ledger jws verify`: the outcome of every signature, a policy over the signers, the payload."""

import argparse
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ledger import jose
from ledger.cli.exit_codes import ExitCode
from ledger.cli.jws_files import (
    STANDARD,
    UsageError,
    line_of,
    read_bytes,
    read_jws,
    read_keys,
    read_names,
    read_policy,
)
from ledger.domain.text import plain
from ledger.encoding import b64u_encode
from ledger.jose.algorithms import ALL_ALGORITHMS, PUBLIC_KEY_ALGORITHMS

# With any of these errors, the entry might verify under a key that is missing here.
_MISSING = frozenset({"jwk_key_not_found", "jws_no_matching_signer"})
_WORDS = {
    ExitCode.DONE: "verified",
    ExitCode.INVALID: "invalid",
    ExitCode.UNVERIFIABLE: "key missing",
    ExitCode.UNMET: "not met",
}


def verify(chosen: argparse.Namespace) -> int:
    """Verify every signature, and a policy over the signers; print the payload if both hold."""
    if not chosen.keys and not chosen.jwks:
        raise UsageError("--keys or --jwks is needed")
    asked = chosen.require is not None
    policy = read_policy(chosen.require) if asked else jose.SignerPolicy()
    identities = {} if chosen.identities is None else read_names(chosen.identities)
    jws, options = read_jws(chosen.file), _options_of(chosen)
    keys = _keys_for(jws, read_keys(chosen.keys, chosen.jwks))
    found = jose.verify_multi_all(jws, keys, **options)
    without_key = _without_key(found, keys, options)
    verdict = jose.evaluate(policy, found, identities=identities)
    status = _status(found, verdict, without_key, asked=asked)
    payload = found.payload if status is ExitCode.DONE else None
    if payload is not None and chosen.output not in (None, STANDARD):
        Path(chosen.output).write_bytes(payload)
    report = sys.stderr if chosen.output == STANDARD else sys.stdout
    if chosen.json:
        text = None if payload is None else b64u_encode(payload)
        shown = {"status": _WORDS[status], "verdict": verdict, "payload": text}
        print(line_of(shown | {"outcomes": found.outcomes}), file=report)
    else:
        for outcome in found.outcomes:
            word = "no key" if outcome.index in without_key else "BAD"
            print(plain(_sentence(outcome, identities, word)), file=report)
        print(f"{_WORDS[status]}: {_score(found, verdict, asked=asked)}", file=report)
        for name in verdict.helping if asked else ():
            if name != jose.ANYONE:
                print(f"  can help: {plain(name)}", file=report)
        if payload is not None and chosen.output is None and chosen.payload is None:
            print(_shown(payload))
    if payload is not None and chosen.output == STANDARD:
        sys.stdout.flush()
        sys.stdout.buffer.write(payload)
        sys.stdout.buffer.flush()
    return status


def _options_of(chosen: argparse.Namespace) -> dict[str, Any]:
    """Return the options of verification; naming an issuer or audience checks the claims too."""
    options: dict[str, Any] = {"profile": chosen.profile, "strict_signer_match": chosen.strict}
    if chosen.algorithms is not None:
        unknown = set(chosen.algorithms.split(",")) - ALL_ALGORITHMS
        if unknown:
            raise UsageError(f"unknown algorithm: {', '.join(sorted(unknown))}")
        options["algorithms"] = chosen.algorithms.split(",")
    if chosen.typ is not None:
        options["typ"] = chosen.typ
    if chosen.payload is not None:
        options["detached_payload"] = read_bytes(chosen.payload)
    expected = {"issuer": chosen.issuer, "audience": chosen.audience}
    if any(value is not None for value in expected.values()):
        options["claims"] = jose.Claims(**expected)
    options["now"] = time.time() if chosen.claims or "claims" in options else None
    return options


def _keys_for(jws: bytes, keys: jose.KeySet) -> jose.KeySet:
    """Return the keys; a single one is tried under every kid only if there is one signature.

    Of several signatures, most are by other keys, and their kids say so.
    """
    several = keys.single and len(jose.to_general(jws)["signatures"]) > 1
    return jose.key_set([keys]) if several else keys


def _without_key(
    found: jose.Verification, keys: jose.KeySet, options: dict[str, Any]
) -> frozenset[int]:
    """Return the indexes of the entries that might verify with a key that is not given."""
    accepted = options.get("algorithms", PUBLIC_KEY_ALGORITHMS)

    def might(outcome: jose.FailedOutcome) -> bool:
        other_type = outcome.error.code == "jws_alg_not_allowed" and outcome.alg in accepted
        return outcome.error.code in _MISSING or (keys.single and other_type)

    return frozenset(each.index for each in found.outcomes if not each.verified and might(each))


def _status(
    found: jose.Verification,
    verdict: jose.SignerVerdict,
    without_key: frozenset[int],
    *,
    asked: bool,
) -> ExitCode:
    """Return the exit code.

    Without a policy, every signature must verify, with a public key or a shared secret. With a
    policy, only the policy decides.
    """
    failed = {outcome.index for outcome in found.outcomes if not outcome.verified}
    if verdict.met if asked else not failed:
        return ExitCode.DONE
    if failed - without_key and (not asked or not found.verified):
        return ExitCode.INVALID
    return ExitCode.UNVERIFIABLE if without_key else ExitCode.UNMET


def _score(found: jose.Verification, verdict: jose.SignerVerdict, *, asked: bool) -> str:
    if asked:
        return f"{len(verdict.signers)} distinct, {verdict.missing} missing"
    return f"{len(found.verified)} of {len(found.outcomes)} signatures"


def _sentence(outcome: jose.Outcome, identities: Mapping[str, str], word: str) -> str:
    """Return the signer's name if the entry verified, else the kid it claims and the error."""
    if outcome.verified:
        name = identities.get(outcome.signer, outcome.signer)
        return f"{outcome.index}  good    {outcome.alg}  {name}"
    claimed = ascii(outcome.kid) if outcome.kid is not None else "no kid"
    error = outcome.error
    return f"{outcome.index}  {word:6}  {error.code} ({claimed}): {error.detail}"


def _shown(payload: bytes) -> str:
    """Return text as it is, and base64url for what is no text or could control a terminal."""
    with suppress(UnicodeDecodeError):
        text = payload.decode()
        if text.translate({ord("\n"): None, ord("\t"): None}).isprintable():
            return f"payload, {len(payload):,} bytes:\n{text}"
    return f"payload, {len(payload):,} bytes, in base64url:\n{b64u_encode(payload)}"
