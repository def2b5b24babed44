"""The certificate of a statement as a PDF file with its bundle inside. Pure, but for the font file.

A character that the font lacks, or of a script that needs shaping or runs from right to left (such
as Arabic, Hebrew and those of India), is shown by its number: a name that is drawn
wrongly would be another name.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import accumulate, takewhile
from pathlib import Path

import segno

from ledger.publish.certificate import BUNDLE_NAME, SUMMARY, VALIDATED, Certificate
from ledger.publish.pdf import EmbeddedFile, Pdf
from ledger.publish.truetype import TrueType
from ledger.verify.report_words import told_actor

FONT = Path(__file__).parent / "fonts" / "DejaVuSans.ttf"
_A4 = (595, 842)
_LEFT, _RIGHT, _TOP, _BOTTOM = 50.0, 545.0, 800.0, 50.0
_BODY, _SMALL, _HEADING, _TITLE = 9.0, 7.5, 11.0, 17.0
_LABELS = 95.0  # the width of the column of labels
_TURNED = ("R", "AL", "AN")
NUMBERED = (
    "U+ numbers stand for characters that this file's font cannot show; the bundle has the text."
)


@cache
def _font() -> TrueType:
    return TrueType(FONT.read_bytes())


def certificate_pdf(made: Certificate, bundle: bytes) -> bytes:
    """Return the PDF file of a certificate, with its bundle as the embedded file."""
    return _Sheets(made).file(bundle)


def shown_text(text: str, font: TrueType) -> str:
    """Return a text with the numbers of characters that the font cannot show rightly."""
    found = []
    for each in unicodedata.normalize("NFC", text):
        if each.isspace():
            found.append(" ")
        elif font.glyph(each) == 0 or not each.isprintable() or _is_turned(each):
            found.append(f"[U+{ord(each):04X}]")
        else:
            found.append(each)
    return "".join(found)


def _moment(at: str) -> str:
    return at[:19].replace("T", " ")


def _is_turned(character: str) -> bool:
    return unicodedata.bidirectional(character) in _TURNED


class _Sheets:
    """The pages as they are written, from top to bottom."""

    def __init__(self, made: Certificate) -> None:
        self._made = made
        self._pdf = Pdf(_font())
        self._pages: list[list[str]] = []
        self._y = 0.0
        self._numbered = False
        self._begin()

    def file(self, bundle: bytes) -> bytes:
        self._head()
        self._decisions()
        self._keys()
        self._verifying()
        self._feet()
        inside = EmbeddedFile(BUNDLE_NAME, "application/zip", "Evidence bundle", bundle)
        pages = ["\n".join(each) for each in self._pages]
        return self._pdf.file(
            pages, _A4, title=self._made.title, at=self._made.as_of, inside=inside
        )

    # --- sections ------------------------------------------------------------------------------

    def _head(self) -> None:
        made = self._made
        self._line("Certificate of a statement", _SMALL, gray=0.35)
        self._y -= 4
        self._paragraph(made.title, _TITLE)
        self._y -= 4
        self._paragraph(f"This statement is {made.status}.", _HEADING)
        self._y -= 6
        top = self._y
        self._code(f"sha256:{made.sha256}", 100.0)
        right = _RIGHT - 115
        halves = f"{made.sha256[:32]} {made.sha256[32:]}"
        drafter = told_actor(made.creator, made.creator_account)
        facts = {
            "Digest, SHA-256": halves,
            "Statement": made.statement,
            "Type": made.type,
            "Drafted": f"{_moment(made.drafted_at)} UTC by {drafter}",
            "Ledger": made.ledger,
            "Evidence": f"{made.size:,} entries of the log, up to {_moment(made.as_of)} UTC",
        }
        for label, value in facts.items():
            self._fact(label, value, right)
        self._y = min(self._y, top - 108)
        self._heading("Policy")
        self._paragraph(made.policy, _BODY)

    def _decisions(self) -> None:
        self._heading("Decisions")
        if not self._made.decisions:
            self._paragraph("Nobody has decided yet.", _BODY)
            return
        rows = [
            (
                str(each.position),
                each.at[:19].replace("T", " "),
                each.name,
                each.decision,
                each.form,
            )
            for each in self._made.decisions
        ]
        self._table(
            ("Position", "Time, UTC", "Who", "Decision", "Form"), (50, 105, 150, 95, 95), rows
        )

    def _keys(self) -> None:
        if not self._made.keys:
            return
        self._heading("Keys, as they stand at the end of the evidence")
        rows = [(each.name, each.kid, each.stands) for each in self._made.keys]
        self._table(("Whose", "Key", "Standing"), (120, 235, 140), rows)

    def _verifying(self) -> None:
        self._heading("How to verify")
        for number, step in enumerate(self._made.steps, start=1):
            self._paragraph(f"{number}. {step}", _BODY)
        self._heading("Checks that passed when this certificate was written")
        for name, says in self._made.checks:
            self._fact(name, says, _RIGHT)
        self._heading("What it does not prove")
        for each in self._made.limits:
            self._paragraph(f"– {each}", _SMALL)
        self._y -= 4
        self._paragraph(VALIDATED, _SMALL)
        if self._numbered:
            self._paragraph(NUMBERED, _SMALL)

    def _feet(self) -> None:
        count = len(self._pages)
        for number, page in enumerate(self._pages, start=1):
            text = f"{self._made.sha256[:16]}… · page {number} of {count} · {SUMMARY}"
            page.append(self._drawn(text, _LEFT, 34, 6.5, 0.35))

    # --- what is drawn -------------------------------------------------------------------------

    def _begin(self) -> None:
        self._pages.append([])
        self._y = _TOP

    def _room(self, height: float) -> None:
        if self._y - height < _BOTTOM:
            self._begin()

    def _drawn(self, text: str, x: float, y: float, size: float, gray: float = 0.0) -> str:
        operand = self._pdf.text(text)
        return f"BT {gray:g} g /F1 {size:g} Tf {x:.2f} {y:.2f} Td {operand} Tj ET"

    def _line(self, text: str, size: float, gray: float = 0.0, x: float = _LEFT) -> None:
        self._room(size * 1.4)
        self._y -= size * 1.4
        self._pages[-1].append(self._drawn(text, x, self._y, size, gray))

    def _heading(self, text: str) -> None:
        self._room(60)  # a heading never stands alone at the foot of a page
        self._y -= 10
        self._line(text, _HEADING)
        self._y -= 3

    def _paragraph(self, text: str, size: float) -> None:
        for each in self._wrapped(text, size, _RIGHT - _LEFT):
            self._line(each, size)

    def _fact(self, label: str, value: str, right: float) -> None:
        lines = [*self._wrapped(value, _BODY, right - _LEFT - _LABELS)]
        self._line(label, _BODY, gray=0.35)
        for number, each in enumerate(lines):
            if number:
                self._line(each, _BODY, x=_LEFT + _LABELS)
            else:
                self._pages[-1].append(self._drawn(each, _LEFT + _LABELS, self._y, _BODY))

    def _table(
        self, heads: Sequence[str], widths: Sequence[float], rows: Sequence[Sequence[str]]
    ) -> None:
        self._row(heads, widths, gray=0.35)
        for each in rows:
            self._row(each, widths)

    def _row(self, cells: Sequence[str], widths: Sequence[float], gray: float = 0.0) -> None:
        wrapped = [
            [*self._wrapped(cell, _SMALL, width - 6)]
            for cell, width in zip(cells, widths, strict=True)
        ]
        height = max(map(len, wrapped)) * _SMALL * 1.4
        self._room(height + 6)
        self._y -= 2
        x = _LEFT
        for lines, width in zip(wrapped, widths, strict=True):
            for number, each in enumerate(lines, start=1):
                y = self._y - number * _SMALL * 1.4
                self._pages[-1].append(self._drawn(each, x, y, _SMALL, gray))
            x += width
        self._y -= height + 4
        self._pages[-1].append(
            f"0.7 G 0.5 w {_LEFT:g} {self._y:.2f} m {_RIGHT:g} {self._y:.2f} l S"
        )

    def _code(self, text: str, side: float) -> None:
        """Draw a QR code at the right edge, below the present line."""
        matrix = segno.make_qr(text, error="m").matrix
        step = side / len(matrix)
        left, top = _RIGHT - side, self._y
        squares = [
            f"{left + x * step:.2f} {top - (y + 1) * step:.2f} {step:.2f} {step:.2f} re"
            for y, row in enumerate(matrix)
            for x, dark in enumerate(row)
            if dark
        ]
        self._pages[-1].append("0 g " + "\n".join(squares) + " f")

    def _wrapped(self, text: str, size: float, width: float) -> Iterator[str]:
        """Yield the lines of a text; a word that is wider than a line is broken."""
        shown = shown_text(text, self._pdf.font)
        self._numbered = self._numbered or "[U+" in shown
        line = ""
        for word in shown.split():
            tried = f"{line} {word}".strip()
            if self._pdf.width(tried, size) <= width:
                line = tried
                continue
            if line:
                yield line
            while self._pdf.width(word, size) > width:
                widths = accumulate(self._pdf.width(each, size) for each in word)
                fits = max(1, sum(1 for _ in takewhile(lambda reached: reached <= width, widths)))
                yield word[:fits]
                word = word[fits:]
            line = word
        if line:
            yield line
