"""`ledger attest`: verify a bundle, and sign an in-toto attestation of what it shows."""

import argparse
import time
from pathlib import Path

from ledger import clock
from ledger.cli import verify
from ledger.cli.exit_codes import ExitCode, declare
from ledger.cli.login import add_key_file
from ledger.cli.plain_output import print_error
from ledger.cli.verify_arguments import add_requirements, requirements
from ledger.client import default_path, kept, opened
from ledger.errors import RefusedError
from ledger.tlog.vkeys import parse_vkey
from ledger.verify import bundle, container
from ledger.verify.attestation import attest, envelope
from ledger.verify.container import MAX_BUNDLE_BYTES
from ledger.verify.report import VerificationReport


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `attest`."""
    text = "verify a bundle, and sign an in-toto attestation (DSSE) of the approval"
    command = commands.add_parser("attest", help=text, description=text)
    command.add_argument("bundle", type=Path, metavar="BUNDLE", help="file of the evidence bundle")
    command.add_argument(
        "--key",
        metavar="KEY",
        help="the Ed25519 key that signs: a PEM file, an HSM or an ssh-agent"
        " (default: the key of the login)",
    )
    add_key_file(command)
    command.add_argument(
        "--log-key",
        action="append",
        default=[],
        metavar="VKEY",
        help="a key of the expected ledger, or a file of them (default: those of the login)",
    )
    command.add_argument(
        "--artifact",
        metavar="POINTER",
        help="the place of the content with the SHA-256 of what was approved, such as /image"
        " (default: the document)",
    )
    add_requirements(command)
    declare(
        command,
        {
            ExitCode.DONE: "verified, approved as required, and signed",
            ExitCode.UNMET: "nothing is signed: the bundle does not show the approval",
        },
    )


def run(chosen: argparse.Namespace) -> int:
    """Print the envelope; return the exit code."""
    path: Path = chosen.login or default_path()
    keys = [key for each in chosen.log_key for key in verify.read_keys(each)]
    key = None if chosen.key is None else opened(chosen.key)
    if key is None or not keys:  # only then is a login needed
        login = kept(path)
        key = key or login.signing_key()
        keys = keys or [parse_vkey(each) for each in login.log_keys]
    with chosen.bundle.open("rb") as file:
        raw = file.read(MAX_BUNDLE_BYTES + 1)
    now_ms = time.time_ns() // 1_000_000
    required = requirements(chosen)
    report = bundle.verify(raw, expected_keys=keys, required=required, now_ms=now_ms)
    try:
        statement = attest(
            report,
            _document(raw, report),
            evidence=raw,
            verified_at=clock.to_text(now_ms),
            artifact=chosen.artifact,
        )
    except RefusedError as error:
        print_error(error, "attest")
        return ExitCode.UNMET
    print(envelope(statement, key).decode())
    return ExitCode.DONE


def _document(raw: bytes, report: VerificationReport) -> bytes:
    """Return the document of a bundle that was verified; no bytes of another one."""
    if report.verdict != "verified" or len(report.statements) != 1:
        return b""
    return container.parse(raw)[f"statements/{report.statements[0].id}/document.json"]
