"""`ledger jws`: sign, verify, inspect, flatten and merge JWSs from files or standard input."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from ledger import jose
from ledger.cli.exit_codes import ExitCode, declare
from ledger.cli.jws_arguments import ARGUMENTS, OTHER_CODES, VERIFY_CODES
from ledger.encoding import parse_json
from ledger.errors import LedgerError, MalformedError
from ledger.jose.algorithms import ALL_ALGORITHMS

# With any of these errors, the entry might verify under a key that is missing here.
_MISSING = frozenset({"jwk_key_not_found", "jws_no_matching_signer"})


class UsageError(Exception):
    """An argument or a file that the command cannot use."""


def add_commands(commands: Any) -> None:
    """Add `jws` and its commands to the parser's subcommands."""
    text = "sign and verify JSON Web Signatures with one key or many"
    jws = commands.add_parser("jws", help=text, description=text).add_subparsers(
        dest="jws_command", required=True
    )
    for name, (help_text, _) in _COMMANDS.items():
        command = jws.add_parser(name, help=help_text, description=help_text)
        ARGUMENTS[name](command)
        if name != "key":
            command.add_argument("--json", action="store_true", help="print JSON for programs")
        declare(command, VERIFY_CODES if name == "verify" else OTHER_CODES)


def run(chosen: argparse.Namespace) -> int:
    """Run one `jws` command; return its exit code."""
    try:
        return _COMMANDS[chosen.jws_command][1](chosen)
    except (UsageError, OSError, ValueError, TypeError) as error:
        print(f"ledger jws: {error}", file=sys.stderr)
        return ExitCode.USAGE
    except LedgerError as error:
        print(f"ledger jws: {error}", file=sys.stderr)
        return ExitCode.INVALID


# --- commands ------------------------------------------------------------------------------------


def sign(chosen: argparse.Namespace) -> int:
    """Sign a payload, or add signatures to a JWS."""
    protected = {} if chosen.typ is None else {"typ": chosen.typ}
    signers = [jose.Sign(_object(path), protected, alg=chosen.alg) for path in chosen.key]
    if chosen.append is None:
        jws = jose.sign_multi(_read(chosen.file), signers, detached=chosen.detached)
    else:
        jws = jose.to_general(_read(chosen.append))
        detached = None if "payload" in jws else _read(chosen.file)
        for signer in signers:
            jws = jose.append_signature(jws, signer, detached_payload=detached)
    print(jose.to_compact(jws) if chosen.compact else _line(jws))
    return ExitCode.DONE


def verify(chosen: argparse.Namespace) -> int:
    """Verify every signature, and a policy over the signers."""
    policy = jose.SignerPolicy() if chosen.require is None else _policy(chosen.require)
    identities = None if chosen.identities is None else _names(chosen.identities)
    options: dict[str, Any] = {"profile": chosen.profile, "strict_signer_match": chosen.strict}
    if chosen.algorithms is not None:
        unknown = set(chosen.algorithms.split(",")) - ALL_ALGORITHMS
        if unknown:
            raise UsageError(f"unknown algorithm: {', '.join(sorted(unknown))}")
        options["algorithms"] = chosen.algorithms.split(",")
    if chosen.typ is not None:
        options["typ"] = chosen.typ
    if chosen.payload is not None:
        options["detached_payload"] = _read(chosen.payload)
    options["now"] = time.time() if chosen.claims else None
    found = jose.verify_multi_all(_read(chosen.file), _keys(chosen.keys), **options)
    verdict = jose.evaluate(policy, found, identities=identities)
    status = _status(found, verdict, asked=chosen.require is not None)
    if chosen.json:
        print(_line({"status": _WORDS[status], "verdict": verdict, "outcomes": found.outcomes}))
    else:
        for outcome in found.outcomes:
            print(_sentence(outcome, identities or {}))
        print(f"{_WORDS[status]}: {_score(found, verdict, asked=chosen.require is not None)}")
        for name in verdict.missing:
            print(f"  missing: {name}")
    return status


def _status(found: jose.Verification, verdict: jose.SignerVerdict, *, asked: bool) -> ExitCode:
    """Return the exit code.

    Without a policy, every signature must verify. With a policy, only the policy decides.
    """
    codes = {outcome.error.code for outcome in found.outcomes if outcome.error is not None}
    if verdict.met and (asked or not codes):
        return ExitCode.DONE
    if codes - _MISSING and (not asked or not found.verified):
        return ExitCode.INVALID
    if codes & _MISSING:
        return ExitCode.UNVERIFIABLE
    return ExitCode.UNMET


_WORDS = {
    ExitCode.DONE: "verified",
    ExitCode.INVALID: "invalid",
    ExitCode.UNVERIFIABLE: "key missing",
    ExitCode.UNMET: "not met",
}


def _score(found: jose.Verification, verdict: jose.SignerVerdict, *, asked: bool) -> str:
    if asked:
        return f"{verdict.count} distinct, {verdict.threshold} needed"
    return f"{len(found.verified)} of {len(found.outcomes)} signatures"


def _sentence(outcome: jose.Outcome, identities: Mapping[str, str]) -> str:
    """Return the signer's name if the entry verified, else the kid it claims and the error."""
    if outcome.error is None:
        name = identities.get(outcome.signer, outcome.signer)
        return f"{outcome.index}  good  {outcome.alg}  {name}"
    claimed = ascii(outcome.kid) if outcome.kid is not None else "no kid"
    return f"{outcome.index}  BAD   {outcome.error.code} ({claimed}): {outcome.error.detail}"


def inspect(chosen: argparse.Namespace) -> int:
    """Print the headers and the payload of a JWS, without verifying it."""
    general = jose.to_general(_read(chosen.file))
    options: dict[str, Any] = {"now": None}
    if "payload" not in general:
        options["detached_payload"] = b""
    entries = [
        {
            "index": outcome.index,
            "alg": outcome.alg,
            "kid": outcome.kid,
            "protected": outcome.protected,
            "header": outcome.header,
            "problem": _problem(outcome),
        }
        for outcome in jose.verify_multi_all(general, {"keys": []}, **options).outcomes
    ]
    report = {"verified": False, "payload": general.get("payload"), "signatures": entries}
    print(_line(report) if chosen.json else json.dumps(report, indent=2))
    return ExitCode.DONE


def _problem(outcome: jose.Outcome) -> object:
    """Return the entry's error, except the missing key, since this command is given none."""
    if outcome.error is None or outcome.error.code in ("jwk_key_not_found", "jws_alg_not_allowed"):
        return None
    return msgspec.to_builtins(outcome.error)


def flatten(chosen: argparse.Namespace) -> int:
    """Print the Flattened form."""
    print(_line(jose.flatten(_read(chosen.file))))
    return ExitCode.DONE


def merge(chosen: argparse.Namespace) -> int:
    """Print the union of several JWSs."""
    if len(chosen.files) < 2:
        raise UsageError("merge needs at least two JWSs")
    merged: Any = _read(chosen.files[0])
    keys = None if chosen.keys is None else _keys(chosen.keys)
    for path in chosen.files[1:]:
        merged = jose.merge(merged, _read(path), keys=keys)
    print(_line(merged))
    return ExitCode.DONE


def key(chosen: argparse.Namespace) -> int:
    """Print a new private JWK, or the public half of one."""
    if chosen.public is None:
        print(_line(jose.generate(chosen.alg).to_jwk()))
    else:
        print(_line(jose.import_private(_object(chosen.public)).to_public_jwk()))
    return ExitCode.DONE


_COMMANDS: dict[str, tuple[str, Callable[[argparse.Namespace], int]]] = {
    "sign": ("sign a payload with one key or many, or add signatures", sign),
    "verify": ("verify every signature, and a policy over the signers", verify),
    "inspect": ("print headers and payload without verifying them", inspect),
    "flatten": ("print the Flattened form of a JWS with one signature", flatten),
    "merge": ("print the union of JWSs over one payload", merge),
    "key": ("generate a private JWK, or print the public half of one", key),
}


def _read(path: str) -> bytes:
    raw = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    return raw[:-1] if raw.endswith(b"\n") and _is_jws(raw) else raw


def _is_jws(raw: bytes) -> bool:
    """Tell whether a text file contains a compact JWS, whose final line break is not part of it."""
    return not raw.startswith(b"{") and raw.count(b".") == 2 and raw.count(b"\n") == 1


def _object(path: str) -> dict[str, Any]:
    value = _parse(_read(path), path)
    if not isinstance(value, dict):
        raise UsageError(f"{path} is not a JSON object")
    return value


def _parse(raw: bytes, path: str) -> Any:
    try:
        return parse_json(raw)
    except MalformedError as error:
        raise UsageError(f"{path}: {error.detail}") from error


def _keys(path: str) -> jose.KeySet:
    """Return the key set of a file.

    A single key with a kid is not tried on entries that name another kid.
    """
    try:
        given = jose.key_set(_object(path))
        named = given.single and given.keys[0].kid is not None
        return jose.key_set(list(given.keys)) if named else given
    except LedgerError as error:
        raise UsageError(f"{path}: {error.detail}") from error


def _names(path: str) -> dict[str, str]:
    names = _object(path)
    if all(isinstance(name, str) for name in names.values()):
        return names
    raise UsageError(f"{path} must map thumbprints to names")


def _policy(given: str) -> jose.SignerPolicy:
    raw = _read(given[1:]) if given.startswith("@") else given.encode()
    try:
        return jose.parse_signer_policy(_parse(raw, "--require"))
    except MalformedError as error:
        raise UsageError(f"--require: {error.detail}") from error


def _line(value: object) -> str:
    return msgspec.json.encode(value).decode()
