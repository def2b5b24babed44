"""The options that select events: a period, a person, a statement, types of events."""

import argparse

from ledger.audit.selection import AskedEvents
from ledger.errors import MalformedError

_NONE = AskedEvents()


def add_period(parser: argparse.ArgumentParser) -> None:
    """Add `--from` and `--to`."""
    place = "POSITION|TIME"
    parser.add_argument(
        "--from", dest="first", metavar=place, help="the first event (default: position 1)"
    )
    parser.add_argument(
        "--to", dest="last", metavar=place, help="the last event (default: the newest)"
    )


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Add the options that select events."""
    add_period(parser)
    parser.add_argument(
        "--after",
        type=int,
        default=0,
        metavar="POSITION",
        help="only later events, to continue an earlier export",
    )
    parser.add_argument("--actor", metavar="PERSON", help="what this person did, by id or name")
    parser.add_argument("--statement", metavar="ID", help="the events of this statement")
    parser.add_argument(
        "--type",
        dest="types",
        action="append",
        default=[],
        metavar="TYPE",
        help="events of this type, such as statement-signed (may be given more than once);"
        " of a working paper: statements of this type (default: those without one)",
    )


def asked(chosen: argparse.Namespace) -> AskedEvents:
    """Return what the options ask for; raise MalformedError `option_invalid`."""
    if chosen.after < 0:
        raise MalformedError("option_invalid", "--after is a position, or 0")
    return AskedEvents(
        first=chosen.first,
        last=chosen.last,
        after=chosen.after,
        statement=chosen.statement,
        actor=chosen.actor,
        types=tuple(chosen.types),
    )


def refuse_selection(chosen: argparse.Namespace, detail: str) -> None:
    """Raise MalformedError `option_invalid` if an option selects events."""
    if asked(chosen) != _NONE or chosen.bom:
        raise MalformedError("option_invalid", detail)
