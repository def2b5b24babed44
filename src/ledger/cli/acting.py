"""`ledger draft`, `use`, `outcome`, `evidence`: ask for an approval, and act on it once."""

import argparse
import sys
from pathlib import Path
from typing import Any, get_args

import msgspec

from ledger.cli import verify
from ledger.cli.exit_codes import ExitCode, declare
from ledger.cli.plain_output import print_error
from ledger.cli.shown_text import print_json, shown_line
from ledger.cli.signed_in import NO_ANSWER, add_command, add_digest
from ledger.cli.verify_arguments import add_requirements, requirements
from ledger.cli.verify_report import print_report
from ledger.client import DraftReceipt, LedgerClient
from ledger.client.kept_use import keep_use, kept_use, use_once
from ledger.domain.document import MAX_DOCUMENT_BYTES
from ledger.domain.vocabulary import UseOutcome
from ledger.encoding import parse_json
from ledger.errors import ConflictError, ForbiddenError, MalformedError
from ledger.system import private_files

_REFUSED = "the ledger refuses it: not approved, in question, used up, or not yours to use"


def add_parsers(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    draft = add_command(commands, "draft", "put a statement up for approval")
    draft.add_argument("content", metavar="FILE", help="the content, a JSON object; - reads it")
    draft.add_argument("--title", required=True, metavar="TEXT", help="the title, in the signature")
    rules = draft.add_mutually_exclusive_group(required=True)
    rules.add_argument("--policy", metavar="POLICY", help="who approves, as JSON or @FILE")
    rules.add_argument("--type", metavar="NAME", help="the type whose policy it has")
    draft.add_argument(
        "--usable", metavar="USABLE", help="who may use it and how often, as JSON or @FILE"
    )
    draft.add_argument(
        "--reader",
        action="append",
        metavar="MEMBER",
        help="who else reads it, user:<id> or role:<name>",
    )
    draft.add_argument("--supersedes", metavar="ID", help="the statement that it replaces")
    use = add_command(commands, "use", "use an approved statement once, before you act on it")
    use.add_argument("statement", metavar="ID", help="id of the statement")
    add_digest(use)
    use.add_argument(
        "--keep",
        required=True,
        type=Path,
        metavar="FILE",
        help="keeps the nonce of this use; the same file again uses nothing twice",
    )
    use.add_argument("--reference", metavar="TEXT", help="what the use is for, for the others")
    outcome = add_command(commands, "outcome", "report the outcome of your use")
    outcome.add_argument("kept", type=Path, metavar="FILE", help="the file of the use")
    outcome.add_argument("outcome", choices=get_args(UseOutcome), help="whether it was done")
    outcome.add_argument("--reason", metavar="TEXT", help="what happened, for the others")
    for command in (use, outcome):
        codes = {ExitCode.DONE: "recorded", ExitCode.UNMET: _REFUSED}
        declare(command, codes | {ExitCode.UNAVAILABLE: NO_ANSWER})
    declare(draft, {ExitCode.DONE: "recorded", ExitCode.UNAVAILABLE: NO_ANSWER})
    evidence = add_command(
        commands, "evidence", "fetch the evidence of a statement as of now, and verify it"
    )
    evidence.add_argument("statement", metavar="ID", help="id of the statement")
    evidence.add_argument(
        "--output", type=Path, metavar="FILE", help="keep the bundle; no file is replaced"
    )
    evidence.add_argument(
        "--log-key",
        action="append",
        default=[],
        metavar="VKEY",
        help="a key of the expected ledger, or a file of them (default: those of the login)",
    )
    add_requirements(evidence, fresh=False)
    declare(evidence, verify.EXIT_CODES | {ExitCode.UNAVAILABLE: NO_ANSWER})


def given(text: str | None) -> Any:
    """Return the JSON that an argument gives, as text or as `@FILE`; raise MalformedError."""
    if text is None:
        return None
    return parse_json(Path(text[1:]).read_bytes() if text.startswith("@") else text.encode())


def _draft(client: LedgerClient, chosen: argparse.Namespace) -> int:
    receipt = client.draft(
        _content(chosen.content),
        title=chosen.title,
        policy=given(chosen.policy),
        type=chosen.type,
        usable=given(chosen.usable),
        readers=chosen.reader,
        supersedes=chosen.supersedes,
    )
    return _told_draft(receipt, chosen)


def _content(name: str) -> str:
    """Return the content of a file, or of standard input; raise MalformedError if it is long."""
    if name == "-":
        raw = sys.stdin.buffer.read(MAX_DOCUMENT_BYTES + 1)
    else:
        with Path(name).open("rb") as file:
            raw = file.read(MAX_DOCUMENT_BYTES + 1)
    try:
        return raw[:MAX_DOCUMENT_BYTES].decode()
    except UnicodeDecodeError as error:
        raise MalformedError("json_invalid", "the content is not UTF-8") from error


def _told_draft(receipt: DraftReceipt, chosen: argparse.Namespace) -> int:
    if chosen.json:
        print_json(receipt, pretty=True)
        return ExitCode.DONE
    print(f"Statement: {shown_line(receipt.statement_id)}\nSHA-256:   {shown_line(receipt.sha256)}")
    for each in receipt.warnings:
        print(f"Warning:   {shown_line(each)}")
    return ExitCode.DONE


def _use(client: LedgerClient, chosen: argparse.Namespace) -> int:
    try:
        used = use_once(
            client, chosen.keep, chosen.statement, chosen.digest, reference=chosen.reference
        )
    except (ConflictError, ForbiddenError) as error:
        return _refused(error)
    if chosen.json:
        print_json(used.receipt, pretty=True)
    elif used.receipt is not None:
        print(f"Used, number {used.receipt.number}, at position {used.receipt.position}. Act now.")
    return ExitCode.DONE


def _refused(error: ConflictError | ForbiddenError) -> int:
    if error.code == "use_kept":
        raise error
    print_error(shown_line(str(error)))
    return ExitCode.UNMET


def _outcome(client: LedgerClient, chosen: argparse.Namespace) -> int:
    used = kept_use(chosen.kept)
    if used.receipt is None:
        raise ConflictError("use_kept", f"{chosen.kept} has no receipt: run `ledger use` again")
    try:
        receipt = client.report(used.receipt, used.sha256, chosen.outcome, chosen.reason)
    except (ConflictError, ForbiddenError) as error:
        return _refused(error)
    keep_use(chosen.kept, msgspec.structs.replace(used, stage="reported"))
    if chosen.json:
        print_json(receipt, pretty=True)
    else:
        print(f"Reported as {receipt.outcome} at position {receipt.position}.")
    return ExitCode.DONE


def _evidence(client: LedgerClient, chosen: argparse.Namespace) -> int:
    required = requirements(chosen)
    keys = [key for each in chosen.log_key for key in verify.read_keys(each)]
    raw, report = client.verified(chosen.statement, required, keys)
    if chosen.output is not None:
        private_files.create(chosen.output, raw)
    if chosen.json:
        print_json(report, pretty=True)
    else:
        print_report(report)
    return verify.exit_code(report)


RUN = {"draft": _draft, "use": _use, "outcome": _outcome, "evidence": _evidence}
