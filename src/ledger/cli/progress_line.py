"""One line of progress on a terminal, and nothing where there is none."""

import sys

from ledger.cli.plain_output import draw

_SHOW_FROM = 1000  # below this number, no progress is shown


class ProgressLine:
    """Shows what is done and how far it is, on standard error."""

    def __init__(self) -> None:
        self._shown = ""
        self._wanted = sys.stderr.isatty()

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show how many of the total are done; a total of 0 is not known."""
        if self._wanted and max(done, total) >= _SHOW_FROM:
            line = f"{what}: {done * 100 // total} % of {total:,}" if total else f"{what}: {done:,}"
            if line != self._shown:
                draw(f"\r\x1b[K{line}")
                self._shown = line

    def end(self) -> None:
        """Clear the line."""
        if self._shown:
            draw("\r\x1b[K")
