"""The exit codes of every command. Each code has one meaning; a command says which it can return.

Scripts rely on these numbers, so no command may return any other.
"""

import argparse
from collections.abc import Mapping
from enum import IntEnum


class ExitCode(IntEnum):
    """What a command tells the shell. The comment of each is its meaning in every command."""

    DONE = 0
    """The command did what it was asked to do; what it verified is valid."""
    INVALID = 1
    """Something is proved wrong: a signature, a hash, a decision, or two checkpoints of one log."""
    USAGE = 2
    """The command did not run: a wrong argument, a wrong setting, or a file it cannot use."""
    UNVERIFIABLE = 3
    """Nothing is proved wrong, and something needed for a proof is missing."""
    UNMET = 4
    """Everything is valid, and a requirement is not met: a policy, an approval, a checkpoint."""


USAGE = "usage, settings or I/O; one line on standard error says which"


def declare(parser: argparse.ArgumentParser, meanings: Mapping[ExitCode, str]) -> None:
    """Say in `--help` and in the reference what each exit code of a command means.

    Every command can return `USAGE`; a command names it only where it means more.
    """
    listed = dict(sorted({ExitCode.USAGE: USAGE, **meanings}.items()))
    parser.set_defaults(exit_codes=listed)
    told = "; ".join(f"{code.value} {words}" for code, words in listed.items())
    parser.epilog = f"Exit codes: {told}."
