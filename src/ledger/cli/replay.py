"""`ledger replay`: the state of the ledger as of a position or a time, from the log alone."""

import argparse
from contextlib import closing

from ledger.audit.positions import find_position
from ledger.audit.replay import ReplayedStatement, World, fold
from ledger.audit.replayed_decisions import ReplayedDecision
from ledger.cli.exit_codes import UNAVAILABLE, ExitCode, declare
from ledger.cli.plain_output import print_error
from ledger.cli.shown_text import print_json
from ledger.domain.policy_words import called
from ledger.domain.quoting import quoted
from ledger.domain.vocabulary import LET_IN, OPERATOR, DecisionKind
from ledger.errors import CorruptError
from ledger.settings import Settings
from ledger.store.engines import audited_log


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `replay`."""
    text = "print people and statements as of a position or a time, from the log alone"
    parser = commands.add_parser("replay", help=text, description=text)
    parser.add_argument(
        "--data", metavar="DIR", help="directory of the ledger (LEDGER_DATA, ./data)"
    )
    parser.add_argument(
        "--at",
        metavar="POSITION|TIME",
        help="a position, or an RFC 3339 time with offset (default: the newest position)",
    )
    parser.add_argument(
        "--statement", metavar="ID", help="print only this statement, and all people"
    )
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    parser.add_argument(
        "--fast",
        action="store_true",
        help="skip signatures; still compare each entry with its body",
    )
    declare(
        parser,
        {
            ExitCode.DONE: "printed",
            ExitCode.INVALID: "the log is invalid at or before the requested position",
            ExitCode.UNAVAILABLE: UNAVAILABLE,
        },
    )


def run(settings: Settings, chosen: argparse.Namespace) -> int:
    """Print the state; return the exit code."""
    # One snapshot: a change may erase something while this reads.
    with closing(audited_log(settings.log_address).open()) as rows, rows.snapshot():
        rows.require_format()
        position, time = find_position(rows, chosen.at)
        try:
            world = fold(
                rows, position, time=time, statement=chosen.statement, decide=not chosen.fast
            )
        except CorruptError as error:
            print_error(error)
            return ExitCode.INVALID
    if chosen.json:
        print_json(world, pretty=True)
    else:
        print(to_text(world, chosen.at), end="")
    return ExitCode.DONE


def to_text(world: World, asked: str | None) -> str:
    """Return the state as text for a terminal."""
    how = "every decision repeated" if world.decided else "no signature verified"
    told = [
        f"{world.ledger} as of position {world.position:,}, {world.at}"
        f"{f' (asked for {asked})' if asked else ''}: {how}",
        "frozen: nothing can be appended" if world.frozen else "",
        f"{len(world.people):,} people",
    ]
    names = {person.id: person.name for person in world.people}
    for person in world.people:
        active = sum(key.status == "active" for key in person.keys)
        keys = f"{active} of {len(person.keys)} keys active"
        gone = "" if person.standing == "active" else f", {person.standing}"
        gone += f", {LET_IN}" if person.admitted_by == OPERATOR else ""
        back = person.re_enrolled_at
        gone += "" if back is None else f", re-enrolled {back}"
        who = f"{quoted(person.name)} ({', '.join(person.roles)})"
        told.append(f"  {who}, {keys}{gone}  {person.id}")
    told += ["", f"{len(world.statements):,} statements"]
    for each in world.statements:
        told += _statement(each, names)
    return "\n".join(told) + "\n"


def _statement(each: ReplayedStatement, names: dict[str, str]) -> list[str]:
    if each.erased_by is not None:
        was = "" if each.status is None else f", was {each.status}"
        return [f"  erased    by change {each.erased_by}{was}  {each.id}"]
    lines = [f"  {each.status:<10}{_progress(each)}  {quoted(each.title)}  {each.id}"]
    lines += [f"            SHA-256 {each.sha256}"]
    lines += [f"            {_decided(made, names)}" for made in each.decisions]
    questioned = [called(user, names) for user in each.in_question]
    lines += [f"            in question: {', '.join(questioned)}"] if questioned else []
    for use in each.uses:
        ended = "not done, confirmed" if use.freed else use.outcome or "no outcome"
        by = called(use.user, names)
        lines.append(f"            use {use.number} by {by}: {ended}")
    return lines


_DECIDED: dict[DecisionKind, str] = {
    "approval": "approved",
    "rejection": "rejected",
    "retraction": "took the approval back",
    "withdrawal": "withdrew",
}


def _decided(made: ReplayedDecision, names: dict[str, str]) -> str:
    """Return a decision in words, with its position, time and key."""
    who = called(made.user, names)
    held = f" as {', '.join(made.roles)}" if made.roles else ""
    form = "" if made.form is None else f", {made.form} form"
    why = "" if made.reason is None else f": {made.reason!r}"
    doubt = ", in question" if made.in_question else ""
    place = f"position {made.position:,}, {made.at}, key {made.kid}"
    return f"{who} {_DECIDED[made.decision]}{held}{why} ({place}{form}{doubt})"


def _progress(each: ReplayedStatement) -> str:
    signed = f"{len(each.approvals)} signed"
    missing = each.progress.missing
    return f"{signed}, {missing} missing" if missing else signed
