"""`ledger jws`: sign, verify, inspect, flatten and merge JWSs from files or standard input."""

import argparse
import json
import time
import uuid
from collections.abc import Callable
from typing import Any

from ledger import clock, jose
from ledger.cli.exit_codes import ExitCode, declare
from ledger.cli.jws_arguments import ARGUMENTS
from ledger.cli.jws_files import (
    STANDARD,
    UsageError,
    line_of,
    parse,
    read_bytes,
    read_jws,
    read_keys,
    read_passphrase,
    read_signer,
    write_private,
)
from ledger.cli.jws_verify import verify
from ledger.cli.plain_output import print_error
from ledger.domain.approval import TYP
from ledger.domain.document import parse_document
from ledger.errors import LedgerError, UnavailableError

VERIFY_CODES = {
    ExitCode.DONE: "verified; with `--require`, the policy is met",
    ExitCode.INVALID: "invalid: a signature, a key or the serialization was refused",
    ExitCode.UNVERIFIABLE: "a key is missing, or keys could not be fetched",
    ExitCode.UNMET: "verified, but the policy is not met",
}
OTHER_CODES = {
    ExitCode.DONE: "done",
    ExitCode.INVALID: "a key, a JWS or an option was refused; standard error has the code",
}


def add_commands(commands: Any) -> None:
    """Add `jws` and its commands to the parser's subcommands."""
    text = "sign and verify JSON Web Signatures with one key or many"
    jws = commands.add_parser("jws", help=text, description=text).add_subparsers(
        dest="jws_command", required=True
    )
    for name, (help_text, _) in _COMMANDS.items():
        command = jws.add_parser(name, help=help_text, description=help_text)
        ARGUMENTS[name](command)
        declare(command, VERIFY_CODES if name == "verify" else OTHER_CODES)


def run(chosen: argparse.Namespace) -> int:
    """Run one `jws` command; return its exit code."""
    try:
        return _COMMANDS[chosen.jws_command][1](chosen)
    except (UsageError, OSError, ValueError, TypeError) as error:
        print_error(error, "jws")
        return ExitCode.USAGE
    except UnavailableError as error:
        print_error(error, "jws")
        return ExitCode.UNVERIFIABLE
    except LedgerError as error:
        print_error(error, "jws")
        return ExitCode.INVALID


# --- commands ------------------------------------------------------------------------------------


def sign(chosen: argparse.Namespace) -> int:
    """Sign exactly the bytes of a file, or add signatures to a JWS."""
    passphrase = read_passphrase(chosen.passphrase_file)
    if chosen.approval:
        print(_approval(chosen, passphrase))
        return ExitCode.DONE
    if chosen.at is not None:
        raise UsageError("--at is for --approval")
    signers = [
        jose.Sign(
            read_signer(path, alg=chosen.alg, passphrase=passphrase),
            _protected(chosen),
            _members(chosen.unprotected),
        )
        for path in chosen.key
    ]
    if chosen.append is not None:
        jws = _append(chosen, signers)
    else:
        payload, options = _payload(chosen)
        jws = jose.sign_multi(payload, signers, **options)
    print(jose.to_compact(jws) if chosen.compact else line_of(jws))
    return ExitCode.DONE


def _approval(chosen: argparse.Namespace, passphrase: bytes | None) -> str:
    """Return an approval of a document in the shared form: its header is exactly what is taken."""
    others = ("kid", "typ", "iat", "header", "unprotected", "expires_in", "jti", "append", "empty")
    if len(chosen.key) != 1 or chosen.detached or any(getattr(chosen, each) for each in others):
        raise UsageError("--approval takes one --key, and no option of the header or the claims")
    raw = read_bytes(STANDARD if chosen.file is None else chosen.file)
    parse_document(raw)
    signer = read_signer(chosen.key[0], alg=chosen.alg, passphrase=passphrase)
    signed_ms = None if chosen.at is None else clock.to_ms(clock.from_rfc3339(chosen.at))
    iat = int(time.time()) if signed_ms is None else signed_ms // 1000
    header = {"typ": TYP, "kid": signer.public.thumbprint, "iat": iat}
    return jose.to_compact(jose.sign_multi(raw, [jose.Sign(signer, header)]))


def _append(chosen: argparse.Namespace, signers: list[jose.Sign]) -> dict[str, Any]:
    """Add signatures to a JWS, which has its payload already unless it is detached."""
    if chosen.detached or chosen.empty or chosen.jti or chosen.expires_in is not None:
        raise UsageError("--append signs the JWS as it is: no --detached, --empty or claims")
    jws = jose.to_general(read_jws(chosen.append))
    detached = None
    if not jws.get("payload"):  # a compact JWS writes a detached payload as an empty one
        if chosen.file is None and "payload" not in jws:
            raise UsageError("the payload of this JWS is detached: name its FILE too")
        detached = None if chosen.file is None else read_bytes(chosen.file)
    elif chosen.file is not None:
        raise UsageError("--append signs the payload of the JWS: FILE is one too many")
    for signer in signers:
        jws = jose.append_signature(jws, signer, detached_payload=detached)
    return jws


def _payload(chosen: argparse.Namespace) -> tuple[jose.Payload, jose.SignOptions]:
    """Return the bytes of the file, or its claims where `--expires-in` or `--jti` adds some."""
    raw = read_bytes(STANDARD if chosen.file is None else chosen.file)
    if not raw and not chosen.empty:
        raise UsageError("the payload is empty: say --empty if that is meant")
    if raw and chosen.empty:
        raise UsageError("the payload is not empty")
    if chosen.expires_in is None and not chosen.jti:
        return raw, {"detached": chosen.detached}
    jti = str(uuid.uuid4()) if chosen.jti else None
    hints = jose.Hints(now=int(time.time()), expires_in=chosen.expires_in, jti=jti)
    claims = parse(raw, "the payload")
    return claims, {"detached": chosen.detached, "claims": hints}


def _protected(chosen: argparse.Namespace) -> dict[str, Any]:
    """Return the members of every signer's protected header that the options name."""
    named = {"typ": chosen.typ, "kid": chosen.kid}
    members = {name: value for name, value in named.items() if value is not None}
    if chosen.iat:
        members["iat"] = int(time.time())
    given = _members(chosen.header)
    twice = sorted(members.keys() & given)
    if twice:
        raise UsageError(f"{twice[0]} is given twice")
    return members | given


def _members(given: list[str] | None) -> dict[str, Any]:
    """Return header members from NAME=VALUE; a value is JSON, or else text."""
    members: dict[str, Any] = {}
    for each in given or ():
        name, found, value = each.partition("=")
        if not name or not found or name in members:
            raise UsageError(f"{each} is not NAME=VALUE, or is given twice")
        try:
            members[name] = parse(value.encode(), name)
        except UsageError:
            members[name] = value
    return members


def inspect(chosen: argparse.Namespace) -> int:
    """Print the headers and the payload of a JWS, without verifying it."""
    general = jose.to_general(read_jws(chosen.file))
    entries = [
        {
            "index": entry.index,
            "alg": entry.alg,
            "kid": entry.kid,
            "protected": entry.protected,
            "header": entry.header,
            "problem": entry.error,
        }
        for entry in jose.peek(general)
    ]
    report = {"verified": False, "payload": general.get("payload"), "signatures": entries}
    line = line_of(report)
    print(line if chosen.json else json.dumps(json.loads(line), indent=2))
    return ExitCode.DONE


def flatten(chosen: argparse.Namespace) -> int:
    """Print the Flattened form."""
    print(line_of(jose.flatten(read_jws(chosen.file))))
    return ExitCode.DONE


def merge(chosen: argparse.Namespace) -> int:
    """Print the union of several JWSs."""
    if len(chosen.files) < 2:
        raise UsageError("merge needs at least two JWSs")
    merged: Any = read_jws(chosen.files[0])
    keys = None if chosen.keys is None else read_keys([chosen.keys])
    for path in chosen.files[1:]:
        merged = jose.merge(merged, read_jws(path), keys=keys)
    print(line_of(merged))
    return ExitCode.DONE


def key(chosen: argparse.Namespace) -> int:
    """Write a new private JWK, or print the public half of one."""
    if chosen.public is not None:
        if chosen.out is not None:
            raise UsageError("--out is for a new private key")
        passphrase = read_passphrase(chosen.passphrase_file)
        signer = read_signer(chosen.public, alg=chosen.alg, passphrase=passphrase)
        print(line_of(_named(signer, chosen.kid).to_public_jwk()))
    else:
        signer = jose.generate("EdDSA" if chosen.alg is None else chosen.alg)
        write_private(line_of(_named(signer, chosen.kid).to_jwk()), chosen.out)
    return ExitCode.DONE


def _named(signer: jose.Signer, kid: str | None) -> jose.Signer:
    """Return the signer with this kid, or with its own, or with its thumbprint."""
    name = kid or signer.kid or signer.public.thumbprint
    return jose.import_private(signer.to_jwk() | {"kid": name})


_COMMANDS: dict[str, tuple[str, Callable[[argparse.Namespace], int]]] = {
    "sign": ("sign a payload with one key or many, or add signatures", sign),
    "verify": ("verify every signature, and a policy over the signers", verify),
    "inspect": ("print headers and payload without verifying them", inspect),
    "flatten": ("print the Flattened form of a JWS with one signature", flatten),
    "merge": ("print the union of JWSs over one payload", merge),
    "key": ("generate a private JWK, or print the public half of one", key),
}
