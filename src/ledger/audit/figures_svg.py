"""The figures of a ledger as a picture: statements by month, each bar divided by status."""

from html import escape

from ledger.audit.answers import AnswerTable
from ledger.audit.figures import STATUSES
from ledger.domain.vocabulary import Status

# Colours that colour-blind people can distinguish; the legend names each of them too.
_COLOURS: dict[Status, str] = {
    "approved": "#1b7a4b",
    "rejected": "#b3261e",
    "withdrawn": "#7a828c",
    "expired": "#b58900",
    "superseded": "#5b5fc7",
    "pending": "#9cc4e4",
}
_WIDTH, _LEFT, _ROW, _BAR, _TOP = 760, 90, 26, 16, 70


def by_month(table: AnswerTable) -> str:
    """Return the table of statements by month as an SVG picture, which says the numbers too."""
    most = max((int(row[1]) for row in table.rows), default=0) or 1
    height = _TOP + _ROW * len(table.rows) + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}"'
        f' width="{_WIDTH}" height="{height}" role="img" font-family="sans-serif" font-size="12">',
        f"<title>{escape(table.title)}</title>",
        '<rect width="100%" height="100%" fill="#fff"/>',
        f'<text x="10" y="22" font-size="15">{escape(table.title)}</text>',
        *_legend(),
    ]
    for number, row in enumerate(table.rows):
        parts += _row(row, _TOP + number * _ROW, most)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _legend() -> list[str]:
    parts = []
    for number, status in enumerate(STATUSES):
        x = 10 + number * 115
        parts += [
            f'<rect x="{x}" y="38" width="12" height="12" fill="{_COLOURS[status]}"/>',
            f'<text x="{x + 18}" y="48">{status}</text>',
        ]
    return parts


def _row(row: tuple[str | int, ...], y: int, most: int) -> list[str]:
    month, drafted, *counts = row
    scale = (_WIDTH - _LEFT - 70) / most
    parts = [f'<text x="10" y="{y + 13}">{escape(str(month))}</text>']
    x = float(_LEFT)
    for status, count in zip(STATUSES, map(int, counts), strict=True):
        if count:
            width = count * scale
            parts.append(
                f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{_BAR}"'
                f' fill="{_COLOURS[status]}"><title>{status}: {count:,}</title></rect>'
            )
            x += width
    parts.append(f'<text x="{x + 6:.1f}" y="{y + 13}">{int(drafted):,}</text>')
    return parts
