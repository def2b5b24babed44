"""The arguments of `ledger verify`, and what they require of a bundle."""

import argparse
import re
from pathlib import Path
from typing import get_args

from ledger import clock
from ledger.domain.document import TYPE_NAME
from ledger.encoding import SHA256_HEX
from ledger.errors import MalformedError
from ledger.verify.requirements import RequiredType, Requirements, parse_required
from ledger.verify.used import RequiredUse

_POSITION = re.compile(r"[1-9][0-9]{0,14}", re.ASCII)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of `verify` to its parser."""
    command.add_argument(
        "source",
        metavar="SOURCE",
        help="a bundle, a directory of its files, a receipt (…/log/entries/<index>/proof), or the"
        " address of a bundle, a receipt or a log (…/log/)",
    )
    command.add_argument(
        "--log-key",
        action="append",
        default=[],
        metavar="VKEY",
        help="a key of the expected ledger: a vkey, or a file of vkeys",
    )
    command.add_argument(
        "--require-all-keys",
        action="store_true",
        help="every key that the log announces must have signed the checkpoint; of a receipt,"
        " every key that you give",
    )
    command.add_argument(
        "--policy",
        type=Path,
        metavar="FILE",
        help="file of a witness policy, which the checkpoint must meet",
    )
    command.add_argument(
        "--tsa-certificates",
        type=Path,
        metavar="FILE",
        help="PEM file of trusted certificates of time-stamp authorities",
    )
    command.add_argument(
        "--restored",
        type=Path,
        metavar="BUNDLE",
        help="bundle made after the last restore: tell whether a restore lost what SOURCE has",
    )
    command.add_argument(
        "--entry",
        type=Path,
        metavar="FILE",
        help="the entry of a receipt, as /log/entries/<index> gives it",
    )
    add_requirements(command)
    command.add_argument(
        "--report",
        action="store_true",
        help="print the report in three layers: one conclusion, each check, all inputs by SHA-256",
    )
    command.add_argument("--json", action="store_true", help="print the report as JSON")


def add_requirements(command: argparse.ArgumentParser, *, fresh: bool = True) -> None:
    """Add what a caller requires of a bundle; not `fresh` for one that is fetched by a nonce."""
    command.add_argument(
        "--require",
        metavar="POLICY",
        help="a policy, as JSON or @FILE, that the approvals must meet beside the statement's own",
    )
    command.add_argument(
        "--accept-individual",
        action="store_true",
        help="with --require, count approvals whose signers did not sign the statement's policy",
    )
    command.add_argument(
        "--type",
        metavar="NAME[@VERSION]",
        help="the type that the statement must be of, and its version",
    )
    command.add_argument(
        "--digest", metavar="SHA256", help="the SHA-256, in hex, that the document must have"
    )
    command.add_argument(
        "--used",
        choices=get_args(RequiredUse),
        help="what must hold of the uses: none at all, one left, or the outcome of each known",
    )
    if not fresh:
        command.set_defaults(newer_than=None, nonce=None)
        return
    command.add_argument(
        "--newer-than",
        metavar="TIME|POSITION",
        help="a time or a position of the log that the evidence must have reached",
    )
    command.add_argument(
        "--nonce",
        metavar="TEXT",
        help="with --newer-than or --used, what you asked the ledger to put into the heads of"
        " the bundle",
    )


def requirements(chosen: argparse.Namespace) -> Requirements:
    """Return what the caller requires; raise MalformedError for a value that cannot be met."""
    digest, than = chosen.digest, chosen.newer_than
    if digest is not None and not SHA256_HEX.fullmatch(digest):
        raise MalformedError("digest_invalid", "--digest takes 64 lower-case hex digits")
    if chosen.accept_individual and chosen.require is None:
        raise MalformedError("option_unused", "--accept-individual needs --require")
    if chosen.nonce is not None and than is None and chosen.used is None:
        raise MalformedError("option_unused", "--nonce needs --newer-than or --used")
    newer: int | str | None = None
    if than is not None:
        newer = int(than) if _POSITION.fullmatch(than) else clock.from_rfc3339(than)
    policy = None
    if chosen.require is not None:
        given = chosen.require
        raw = Path(given[1:]).read_bytes() if given.startswith("@") else given.encode()
        policy = parse_required(raw)
    return Requirements(
        policy=policy,
        digest=digest,
        newer_than=newer,
        accept_individual=chosen.accept_individual,
        nonce=chosen.nonce,
        type=_type(chosen.type),
        used=chosen.used,
    )


def _type(text: str | None) -> RequiredType | None:
    """Return the type of `NAME` or `NAME@VERSION`; raise MalformedError `type_invalid`."""
    if text is None:
        return None
    name, at, version = text.partition("@")
    if not TYPE_NAME.fullmatch(name) or (at and not _POSITION.fullmatch(version)):
        raise MalformedError("type_invalid", "--type takes a name, or NAME@VERSION from 1 on")
    return RequiredType(name, int(version) if at else None)
