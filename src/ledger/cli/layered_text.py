"""A report in three layers as text, and the inputs of `ledger verify` by their SHA-256."""

import argparse
import hashlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ledger import __version__, clock
from ledger.cli.verify_report import print_lines
from ledger.domain.quoting import quoted
from ledger.domain.text import plain
from ledger.encoding import sha256_hex
from ledger.errors import LedgerError
from ledger.tlog.vkeys import NoteKey
from ledger.verify import container
from ledger.verify.bundle import Source
from ledger.verify.layered_report import Input, Inputs, LayeredReport, policy_digest
from ledger.verify.receipt import is_receipt


def inputs_of(chosen: argparse.Namespace, source: Source, keys: list[NoteKey]) -> Inputs:
    """Return what this verification rested on; raise OSError if a file has gone meanwhile."""
    options = options_of(chosen, keys)
    files = _files(source)
    listed = [f"{each.sha256}  {each.name}\n" for each in files]
    # A directory and a log are their files: the digest of their list stands for them.
    evidence = source if isinstance(source, bytes | memoryview) else "".join(listed).encode()
    return Inputs(
        verifier="ledger verify",
        version=__version__,
        verified_at=clock.to_text(time.time_ns() // 1_000_000),
        evidence=Input(chosen.source, hashlib.sha256(evidence).hexdigest()),
        files=files,
        options=options,
        policy_sha256=policy_digest(options),
    )


def options_of(chosen: argparse.Namespace, keys: list[NoteKey]) -> dict[str, Any]:
    """Return what the caller trusts and requires; files stand by their SHA-256."""
    required = chosen.require
    return {
        "acceptIndividual": chosen.accept_individual,
        "allKeys": chosen.require_all_keys,
        "digest": chosen.digest,
        "entry": _digest(chosen.entry),
        "keys": [key.vkey for key in keys],
        "newerThan": chosen.newer_than,
        "nonce": chosen.nonce,
        "policy": _digest(chosen.policy),
        "require": _digest(Path(required[1:])) if (required or "").startswith("@") else required,
        "restored": _digest(chosen.restored),
        "tsaCertificates": _digest(chosen.tsa_certificates),
        "type": chosen.type,
        "used": chosen.used,
    }


def _digest(path: Path | None) -> str | None:
    return None if path is None else sha256_hex(path.read_bytes())


def _files(source: Source) -> tuple[Input, ...]:
    """Return the files of the evidence; none of a receipt, or of a container that is damaged."""
    if isinstance(source, bytes | memoryview):
        if is_receipt(source):
            return ()
        try:
            source = container.parse(source)
        except LedgerError:
            return ()
    return tuple(Input(name, sha256_hex(source[name])) for name in sorted(source))


def print_layers(report: LayeredReport) -> None:
    """Print a report in layers."""
    print_lines([plain(line) for line in _lines(report)])


def _lines(report: LayeredReport) -> Iterator[str]:
    found, proof = report.conclusion, report.existence
    sub = "" if found.sub_indication is None else f" / {found.sub_indication}"
    yield f"{found.indication}{sub}"
    yield found.sentence
    if report.ledger is not None:
        yield f"As of {report.size:,} entries of {report.ledger}, root {report.root}."
    if proof is not None:
        whose = {"time-stamp": "a time-stamp by", "cosignature": "a cosignature of"}
        yield f"It existed by {proof.at}: {whose.get(proof.source, 'the clock of')} {proof.by}."
    for shown in report.statements:
        what = f"statement {shown.id}, document {shown.sha256}"
        yield f"{quoted(shown.title)} is {shown.status}: {what}."
    for required in report.requirements:
        yield f"--{required.name}: {'met' if required.met else 'not met'}: {required.says}"
    yield from report.notices
    yield ""
    yield "Checks"
    for check in report.checks:
        code = "" if check.code is None else f" ({check.code})"
        at = "".join(f", position {each}" for each in check.positions)
        yield f"  {check.id:<12} {check.result:<13} {check.says}{code}{at}"
    yield from (f"  Not proved: {each}" for each in report.does_not_prove)
    yield ""
    yield "Inputs"
    inputs = report.inputs
    yield f"  verified     {inputs.verified_at} by {inputs.verifier} {inputs.version}"
    yield f"  evidence     {inputs.evidence.sha256}  {inputs.evidence.name}"
    yield f"  policy       {inputs.policy_sha256}"
    yield from (f"  option       {name}: {value}" for name, value in _given(inputs.options))
    yield from (f"  log key      {vkey}" for vkey in report.log_keys)
    for key in report.signing_keys:
        end = "revoked" if key.revocation == "revoked" else "no revocation in the evidence"
        yield f"  signing key  {key.kid} of {key.user}: {end}"
    yield from (f"  file         {each.sha256}  {each.name}" for each in inputs.files)


def _given(options: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in options.items():
        values = value if isinstance(value, list) else [value]
        yield from ((name, str(each)) for each in values if each not in (None, False))
