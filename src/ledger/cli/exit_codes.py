"""The exit codes of all commands. A code means the same in every command.

Each command declares the codes it can return and returns no other, because scripts rely on them.
"""

import argparse
import errno
from collections.abc import Mapping
from enum import IntEnum

from ledger.errors import CorruptError, LedgerError, UnavailableError

# What the operating system reports when something is used up or in use for now.
PASSING_ERRNOS = frozenset(
    {
        errno.EADDRINUSE,
        errno.EAGAIN,
        errno.EDQUOT,
        errno.EINTR,
        errno.EIO,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
        errno.ENOSPC,
    }
)


class ExitCode(IntEnum):
    """What a command reports to the shell. The text below each code is its meaning everywhere."""

    DONE = 0
    """The command did what it was asked to do; what it verified is valid."""
    INVALID = 1
    """Something is proved invalid: a signature, a hash, a decision, or a log's two checkpoints."""
    USAGE = 2
    """The command did not run: a wrong argument, a wrong setting, or a file it cannot use."""
    UNVERIFIABLE = 3
    """Nothing is proved invalid, but something needed for a proof is missing."""
    UNMET = 4
    """Everything is valid, but a requirement is not met: a policy, an approval, a checkpoint."""
    UNAVAILABLE = 5
    """The surroundings failed: a lock, a full disk, an address in use. The same command may succeed
    later."""
    ROLLED_BACK = 6
    """A log shows fewer entries than it signed before."""
    FORKED = 7
    """A log signed two histories, and the command has kept the proof."""
    UNSIGNED = 8
    """A checkpoint lacks the line of a log key that signs it."""


USAGE = "a usage, settings or I/O error; standard error has one line about it"

UNAVAILABLE = "a lock, a full disk or another passing error; the same command may succeed later"
DAMAGED = "a file of the ledger is damaged, or contradicts what was signed"


def declare(parser: argparse.ArgumentParser, meanings: Mapping[ExitCode, str]) -> None:
    """Add the meanings of a command's exit codes to `--help` and the reference.

    Every command can return `USAGE`; a command declares it only if it has a further meaning there.
    """
    listed = dict(sorted({ExitCode.USAGE: USAGE, **meanings}.items()))
    parser.set_defaults(exit_codes=listed)
    told = "; ".join(f"{code.value} {words}" for code, words in listed.items())
    parser.epilog = f"Exit codes: {told}."


def exit_code_of(error: LedgerError | OSError) -> ExitCode:
    """Return the exit code of a command that ended with an error."""
    if isinstance(error, CorruptError):
        return ExitCode.INVALID
    if isinstance(error, UnavailableError) or (
        isinstance(error, OSError) and error.errno in PASSING_ERRNOS
    ):
        return ExitCode.UNAVAILABLE
    return ExitCode.USAGE
