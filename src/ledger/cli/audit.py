"""`ledger audit`: verify a complete ledger from its own files, without the server."""

import argparse
import sys
import time
from functools import partial
from pathlib import Path
from typing import assert_never

import msgspec

from ledger.audit import result, result_html
from ledger.audit.endorsements import TrustedEndorsers
from ledger.audit.result import AuditResult, AuditVerdict
from ledger.audit.run import AuditRequest, audit
from ledger.audit.source import LogSource
from ledger.cli.compare_views import compare_views
from ledger.cli.exit_codes import UNAVAILABLE, USAGE, ExitCode, declare
from ledger.cli.plain_output import draw
from ledger.cli.shown_text import shown_json
from ledger.data_files import LOST_VIEWS_FILE, VIEWS_FILE
from ledger.errors import MalformedError
from ledger.settings import Settings
from ledger.store.engines import audited_log, remembered
from ledger.timestamp.verify import parse_certificates
from ledger.tlog.witness_policy import parse_policy

MOST_JOBS = 64
_BAR = 30
_EVERY_S = 0.2


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `audit`."""
    text = "verify everything stored and repeat every decision"
    parser = commands.add_parser("audit", help=text, description=text)
    parser.add_argument(
        "--data", metavar="DIR", help="directory of the ledger (LEDGER_DATA, ./data)"
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="also write the report as an HTML page"
    )
    parser.add_argument(
        "--log-key", metavar="VKEY", help="a vkey that must be among the log's keys"
    )
    parser.add_argument(
        "--jobs",
        type=int,
        metavar="N",
        help="processes, 1 to 64 (default: one per core, fewer for a small ledger)",
    )
    parser.add_argument(
        "--resume",
        type=Path,
        metavar="FILE",
        help="continue where the run that wrote FILE ended, then update FILE",
    )
    parser.add_argument("--quiet", action="store_true", help="print nothing")
    declare(
        parser,
        {
            ExitCode.DONE: "verified",
            ExitCode.INVALID: "invalid; the report names the first invalid position",
            ExitCode.USAGE: f"{USAGE}; or interrupted",
            ExitCode.UNVERIFIABLE: (
                "unverifiable: nothing is signed yet, or not with the key given"
            ),
            ExitCode.UNMET: "stale: valid, but entries older than a minute have no checkpoint",
            ExitCode.UNAVAILABLE: UNAVAILABLE,
        },
    )


def run(settings: Settings, chosen: argparse.Namespace) -> int:
    """Audit the ledger of these settings; return the exit code."""
    if chosen.jobs is not None and not 1 <= chosen.jobs <= MOST_JOBS:
        raise MalformedError("option_invalid", f"--jobs must be 1 to {MOST_JOBS}")
    policy, certificates = settings.witnesses, settings.tsa_certificates
    trusted = TrustedEndorsers(
        witnesses=() if policy is None else parse_policy(policy.read_bytes()).keys,
        authorities=() if certificates is None else parse_certificates(certificates.read_bytes()),
    )
    request = AuditRequest(
        log=audited_log(settings.log_address),
        remembered=partial(remembered, settings.log_address, settings.signer_memory),
        log_key=chosen.log_key,
        trusted=trusted,
        jobs=chosen.jobs,
        resume=chosen.resume,
    )
    shows = sys.stderr.isatty() and not chosen.quiet
    bar = Bar() if shows else None
    now_ms = time.time_ns() // 1_000_000
    try:
        found = audit(request, now_ms=now_ms, told=bar.show if bar else lambda *_: None)
    except KeyboardInterrupt:
        go_on = f"; continue with --resume {chosen.resume}" if chosen.resume else ""
        raise MalformedError("audit_interrupted", f"interrupted{go_on}") from None
    finally:
        if bar is not None:
            bar.end()
    found = with_views(found, settings.data / VIEWS_FILE, request.log)
    if chosen.html is not None:
        chosen.html.write_text(result_html.to_html(found), encoding="utf-8")
    if not chosen.quiet:
        told = shown_json(result.to_json(found)) if chosen.json else result.to_text(found)
        print(told, end="")
    return _exit_code(found.verdict)


def _exit_code(verdict: AuditVerdict) -> ExitCode:
    match verdict:
        case "verified":
            return ExitCode.DONE
        case "invalid":
            return ExitCode.INVALID
        case "unverifiable":
            return ExitCode.UNVERIFIABLE
        case "stale":
            return ExitCode.UNMET
        case never:
            assert_never(never)


def with_views(found: AuditResult, views: Path, log: LogSource) -> AuditResult:
    """Return the report with the comparison of the read models, if the log is valid."""
    if found.finding is not None:
        return found
    if (kept := views.with_name(LOST_VIEWS_FILE)).is_file():
        note = (
            f"{kept.name} is there: a start found events in the read models that the log had lost."
        )
        found = _noting(found, note)
    if not views.is_file():
        return _noting(found, "There are no read models to compare.")
    wrong, note = compare_views(log, views, found.size)
    if wrong is not None:
        return msgspec.structs.replace(found, verdict="invalid", finding=wrong)
    return _noting(found, note)


def _noting(found: AuditResult, note: str) -> AuditResult:
    return msgspec.structs.replace(found, notes=[*found.notes, note])


class Bar:
    """A progress bar on the terminal."""

    def __init__(self) -> None:
        self._begun_s = time.monotonic()
        self._shown_s = 0.0

    def show(self, position: int, size: int) -> None:
        """Redraw the bar, a few times a second."""
        now_s = time.monotonic()
        if now_s - self._shown_s < _EVERY_S or not size:
            return
        self._shown_s = now_s
        full = "█" * (position * _BAR // size)
        rate = position / (now_s - self._begun_s)
        told = f"{position:,} of {size:,} events, {rate:,.0f} per second"
        draw(f"\r{full:░<{_BAR}} {told}\x1b[K")

    def end(self) -> None:
        """Clear the bar."""
        draw("\r\x1b[K")
