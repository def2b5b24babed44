"""What commands write for people: nothing of it controls a terminal.

Errors quote files, arguments and other servers. `plain_output` stands between all that a command
prints, its libraries and its log included, and the terminal; `print_error` keeps an error on one
line. JSON, CSV and other bytes for programs are written unchanged where no terminal gets them.
"""

import argparse
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from typing import Any

from ledger.domain.text import plain

_LAYOUT = "\n\t"


class PlainStream:
    """A text stream that writes U+FFFD for what controls a terminal, but for line breaks."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """Write a text; return its length."""
        if not text.isprintable():
            text = "".join(each if each in _LAYOUT else plain(each) for each in text)
        written: int = self.stream.write(text)
        return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextmanager
def plain_output() -> Iterator[None]:
    """Make standard error plain, and standard output where it is a terminal."""
    with ExitStack() as streams:
        streams.enter_context(redirect_stderr(PlainStream(sys.stderr)))
        if sys.stdout.isatty():
            streams.enter_context(redirect_stdout(PlainStream(sys.stdout)))
        yield


def without_colour(parser: argparse.ArgumentParser) -> None:
    """Have a parser and its subcommands write help without the colours of Python 3.14."""
    vars(parser)["color"] = False


def print_error(error: object, command: str = "") -> None:
    """Print an error of a command on one line of standard error."""
    print_note(f"{f'ledger {command}'.strip()}: {error}")


def print_note(line: str) -> None:
    """Print one line to standard error."""
    print(plain(line), file=sys.stderr)


def draw(text: str) -> None:
    """Write a text with its control sequences to standard error: progress, of our own words."""
    stream = sys.stderr
    (stream.stream if isinstance(stream, PlainStream) else stream).write(text)
    stream.flush()
