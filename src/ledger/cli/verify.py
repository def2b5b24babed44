"""`ledger verify`: verify a bundle, a directory of its files, a receipt or a public log."""

import argparse
import mmap
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, assert_never

from ledger.cli.download import MAX_DOWNLOAD_BYTES, Download, is_address, is_log
from ledger.cli.exit_codes import ExitCode, declare
from ledger.cli.layered_text import inputs_of, print_layers
from ledger.cli.plain_output import print_error
from ledger.cli.progress_line import ProgressLine
from ledger.cli.shown_text import print_json
from ledger.cli.verify_arguments import add_arguments, requirements
from ledger.cli.verify_report import print_report
from ledger.errors import LedgerError, MalformedError, TooLargeError
from ledger.timestamp.verify import parse_certificates
from ledger.tlog.checkpoint import parse_note
from ledger.tlog.vkeys import NoteKey, parse_vkey
from ledger.tlog.witness_policy import parse_policy
from ledger.verify.bundle import Source, verify
from ledger.verify.container import CHECKPOINT, MAX_BUNDLE_BYTES, MAX_FILES
from ledger.verify.endorsements import Trust
from ledger.verify.layered_report import layered
from ledger.verify.lost import with_restores
from ledger.verify.public_log import verify_log
from ledger.verify.receipt import is_receipt, verify_receipt
from ledger.verify.report import VerificationReport
from ledger.verify.requirements import NOTHING, Requirements

EXIT_CODES = {
    ExitCode.DONE: "verified, and every statement of a bundle is approved",
    ExitCode.INVALID: "invalid: a check failed",
    ExitCode.UNVERIFIABLE: (
        "cannot be verified: something is missing, for example a required quorum or "
        "time-stamp, or newer evidence; or consistent, but no key was given"
    ),
    ExitCode.UNMET: (
        "verified, but a statement of the bundle is not approved, or is approved only by "
        "decisions in question; or a required policy, type, digest or use is not met"
    ),
}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `verify`."""
    text = "verify an evidence bundle, a receipt or a public log, without a ledger or an account"
    command = commands.add_parser("verify", help=text, description=text)
    add_arguments(command)
    declare(command, EXIT_CODES)


def run(chosen: argparse.Namespace) -> int:
    """Verify and print the report; return the exit code."""
    progress = ProgressLine()
    try:
        keys = [key for given in chosen.log_key for key in read_keys(given)]
        trust = _trust(chosen)
        if trust.policy is not None:
            keys += [log.key for log in trust.policy.logs]
        required = requirements(chosen)
        entry = None if chosen.entry is None else chosen.entry.read_bytes()
        report, position, source = _verified(chosen.source, keys, trust, progress, entry, required)
        if chosen.restored is not None:
            later, _, _ = _verified(str(chosen.restored), keys, Trust(), progress)
            report = with_restores(report, later, position)
        inputs = inputs_of(chosen, source, keys) if chosen.report else None
    except (LedgerError, OSError, UnicodeDecodeError) as error:
        progress.end()
        print_error(error, "verify")
        return ExitCode.USAGE
    progress.end()
    if inputs is not None:
        layers = layered(report, inputs)
        if chosen.json:
            print_json(layers)
        else:
            print_layers(layers)
    elif chosen.json:
        print_json(report)
    else:
        print_report(report)
    return exit_code(report)


def exit_code(report: VerificationReport) -> ExitCode:
    """Return the exit code for a report's verdict."""
    match report.verdict:
        case "verified":
            is_open = any(each.status != "approved" for each in report.statements)
            unmet = [each for each in report.requirements if not each.met]
            if is_open or any(not each.undecided for each in unmet):
                return ExitCode.UNMET
            return ExitCode.UNVERIFIABLE if unmet else ExitCode.DONE
        case "consistent" | "unverifiable":
            return ExitCode.UNVERIFIABLE
        case "in_question":
            return ExitCode.UNMET
        case "invalid":
            return ExitCode.INVALID
        case never:
            assert_never(never)


def _verified(
    source: str,
    keys: Sequence[NoteKey],
    trust: Trust,
    progress: ProgressLine,
    entry: bytes | None = None,
    required: Requirements = NOTHING,
) -> tuple[VerificationReport, int | None, Source]:
    """Return the report, the position of a receipt, and the evidence; `entry` is the receipt's.

    Raises MalformedError `option_unused` for requirements of a log or a receipt.
    """
    options: dict[str, Any] = {"expected_keys": keys, "trust": trust, "progress": progress}
    if is_address(source):
        with closing(Download(progress=progress)) as download:
            if is_log(source):
                _require_none(required)
                files = download.read_log(source)
                size = parse_note(files[CHECKPOINT]).checkpoint.size
                announced = download.announced_keys(source, size)
                return verify_log(files, announced_keys=announced, **options), None, files
            found: Source = download.read(source)
    elif Path(source).is_dir():
        found = read_directory(Path(source))
    else:
        found = _opened(Path(source))
    if isinstance(found, bytes | memoryview) and is_receipt(found):
        _require_none(required)
        receipt = verify_receipt(bytes(found), entry, expected_keys=keys, trust=trust)
        return *receipt, found
    now_ms = time.time_ns() // 1_000_000
    return verify(found, required=required, now_ms=now_ms, **options), None, found


def _require_none(required: Requirements) -> None:
    if required != NOTHING:
        detail = "a log and a receipt have no statement: --require and the like take a bundle"
        raise MalformedError("option_unused", detail)


def _opened(path: Path) -> bytes | memoryview:
    """Return a file's bytes; a large bundle is not copied into memory before it is parsed."""
    with path.open("rb") as file:
        if path.is_file() and path.stat().st_size > 0:
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        return file.read(MAX_DOWNLOAD_BYTES + 1)  # a pipe or a device


def read_directory(directory: Path) -> dict[str, bytes]:
    """Return the files of a directory by name.

    Raises MalformedError `bundle_malformed` for anything but regular files, TooLargeError
    `bundle_too_large` before reading anything.
    """
    paths = sorted(path for path in directory.rglob("*") if path.is_symlink() or not path.is_dir())
    for path in paths:
        if path.is_symlink() or not path.is_file():
            raise MalformedError("bundle_malformed", f"{path} is not a regular file")
    if len(paths) > MAX_FILES or sum(path.stat().st_size for path in paths) > MAX_BUNDLE_BYTES:
        raise TooLargeError("bundle_too_large", f"{directory} has too many files or bytes")
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in paths}


def _trust(chosen: argparse.Namespace) -> Trust:
    policy, certificates = chosen.policy, chosen.tsa_certificates
    return Trust(
        None if policy is None else parse_policy(policy.read_bytes()),
        None if certificates is None else parse_certificates(certificates.read_bytes()),
        chosen.require_all_keys,
    )


def read_keys(given: str) -> list[NoteKey]:
    """Return the given vkey as a key, or the keys in a file as `ledger log keys` prints it."""
    path = Path(given)
    if "+" in given and not path.is_file():
        return [parse_vkey(given)]
    lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
    keys = [parse_vkey(line) for line in lines if line and not line.startswith("#")]
    if not keys:
        raise MalformedError("vkey_invalid", f"{given} contains no key")
    return keys
