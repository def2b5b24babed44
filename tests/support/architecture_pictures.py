"""The pictures and the table of docs/explanation/architecture.md; `make reference` writes them.

The picture of the rooms omits each arrow that a chain of others implies. The pictures of the paths
draw the page's numbered lists, which are their text alternatives.
"""

import re
from collections.abc import Sequence
from functools import cache
from html import escape

from tests.support.architecture import ROOT, core, imports, purpose, reduced, rooms, rows

PAGE = ROOT / "docs/explanation/architecture.md"
IMAGES = ROOT / "docs/images"
PATHS = {"Sign → live": "path-sign.svg", "Audit": "path-audit.svg"}
STEP = re.compile(r"^\d+\. `([^`]+)` · `([^`]+)`: (.+)$", re.MULTILINE)
TABLE = re.compile(r"(?<=<!-- rooms -->\n).*?(?=<!-- end -->)", re.DOTALL)
# A room's place in its row, from 0 (left) to 1 (right). Rooms without an entry share the space.
ACROSS = {
    "server": 0.32,
    "pages": 0.32,
    "commands": 0.6,
    "messages": 0.14,
    "organisation": 0.37,
    "publish": 0.6,
    "witness": 0.52,
    "store": 0.36,
    "projections": 0.09,
    "settings": 0.45,
    "client": 0.66,
    "audit": 0.88,
    "sqlite": 0.14,
    "verify": 0.74,
    "tlog": 0.5,
    "webauthn_grammar": 0.28,
    "jose": 0.5,
    "timestamp": 0.74,
    "clock": 0.3,
    "encoding": 0.5,
    "system": 0.1,
    "data_files": 0.92,
}
WIDTH, ROW, BOX_W, BOX_H = 760, 62, 112, 30
STYLE = """
  rect.back { fill: #ffffff } rect.box { fill: #eef2f7; stroke: #5b6b7f }
  rect.core { fill: #e3f1e6; stroke: #3d7a4c } path { fill: none; stroke: #5b6b7f }
  marker path { fill: #5b6b7f; stroke: none }
  text { font: 14px system-ui, sans-serif; fill: #17202b } text.small { font-size: 12px }
  @media (prefers-color-scheme: dark) {
    rect.back { fill: #10161d } rect.box { fill: #212c38; stroke: #93a4b8 }
    rect.core { fill: #1c3324; stroke: #7fbf90 } path { stroke: #93a4b8 }
    marker path { fill: #93a4b8 } text { fill: #e8eef5 }
  }
"""
MARKER = (
    '<marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" '
    'orient="auto"><path d="M0 0 8 4 0 8z"/></marker>'
)


def steps(page: str, title: str) -> list[tuple[str, str, str]]:
    """Return the (file, name in it, description) of each step of a path."""
    (section,) = re.findall(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", page, re.M | re.S)
    return STEP.findall(section)


def table() -> str:
    """Return a table of the rooms: what is in each, and what it imports."""
    arrows = imports()
    lines = ["| room | what lives there | imports |", "|---|---|---|"]
    for room in (each for row in rows() for each in row):
        below = [other for row in rows() for other in row if (room, other) in arrows]
        lines.append(f"| `{room}` | {purpose(room)} | {', '.join(below) or 'nothing of ours'} |")
    return "\n".join(lines) + "\n"


def draw_rooms() -> str:
    """Draw the rooms, one row per layer, and the arrows of their imports."""
    places = _places()
    shapes = [_arrow(places[a], places[b]) for a, b in sorted(reduced(imports()))]
    for room, (x, y) in places.items():
        kind = "core" if room in core() else "box"
        wide = WIDTH - 40 if [room] == rows()[-1] else max(BOX_W, 9 * len(room) + 12)
        shapes.append(
            f'<rect class="{kind}" x="{x - wide / 2:g}" y="{y:g}" width="{wide}" '
            f'height="{BOX_H}" rx="5"/>'
            f'<text x="{x:g}" y="{y + 20:g}" text-anchor="middle">{escape(room)}</text>'
        )
    words = "Each room imports only rooms below it. Green rooms compute and do no I/O."
    return _svg("The rooms and their imports", words, len(rows()) * ROW, shapes)


def draw_path(title: str, path: Sequence[tuple[str, str, str]]) -> str:
    """Draw the steps of a path from the top down."""
    shapes = []
    for number, (file, name, words) in enumerate(path):
        y, middle = 12 + number * 74, WIDTH / 2
        shapes.append(
            f'<rect class="box" x="20" y="{y}" width="{WIDTH - 40}" height="50" rx="5"/>'
            f'<text x="36" y="{y + 21}">{number + 1}. {escape(file)} · {escape(name)}</text>'
            f'<text class="small" x="36" y="{y + 40}">{escape(words.replace("`", ""))}</text>'
        )
        if number + 1 < len(path):
            shapes.append(_line(f"M{middle:g} {y + 50} V{y + 73}"))
    told = "; ".join(f"{file} {name}" for file, name, _ in path)
    return _svg(title, told, len(path) * 74, shapes)


def drawn_arrows(picture: str) -> set[tuple[str, str]]:
    """Return the arrows in a picture of the rooms, as (start, end) rooms."""
    curves = re.findall(r'd="M(\S+) (\S+) C\S+ \S+ (\S+) (\S+)"', picture)
    return {
        (_room_at(float(x1), float(y1) - BOX_H), _room_at(float(x2), float(y2) + 1))
        for x1, y1, x2, y2 in curves
    }


def _room_at(x: float, y: float) -> str:
    """Return the nearest room in this row."""
    row = {room: abs(place[0] - x) for room, place in _places().items() if place[1] == y}
    return min(row, key=lambda room: row[room])


def _places() -> dict[str, tuple[float, float]]:
    """Return the top centre of each room's box."""
    found = {}
    for n, row in enumerate(rows()):
        for i, room in enumerate(row):
            across = ACROSS.get(room, (i + 1) / (len(row) + 1))
            found[room] = (round(WIDTH * across, 1), 14.0 + n * ROW)
    return found


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> str:
    (x1, y1), (x2, y2) = (start[0], start[1] + BOX_H), (end[0], end[1] - 1)
    if y2 > ROW * (len(rows()) - 1):  # the last row's box is wide
        x2 = x1
    x1 += max(-50, min(50, (x2 - x1) / 3))  # leave the box on the side of the target
    bend = min((y2 - y1) / 2, ROW * 0.9)
    return _line(f"M{x1:g} {y1:g} C{x1:g},{y1 + bend:g} {x2:g},{y2 - bend:g} {x2:g} {y2:g}")


def _line(d: str) -> str:
    return f'<path d="{d}" marker-end="url(#tip)"/>'


def _svg(title: str, words: str, height: int, shapes: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-labelledby="t d"><title id="t">{escape(title)}</title>'
        f'<desc id="d">{escape(words)}</desc><style>{STYLE}</style><defs>{MARKER}</defs>\n'
        f'<rect class="back" width="{WIDTH}" height="{height}"/>\n'
        + "\n".join(shapes)
        + "\n</svg>\n"
    )


@cache
def made() -> dict[str, str]:
    """Return the content of each generated file, by its path from the root."""
    page = PAGE.read_text()
    files = {"docs/images/rooms.svg": draw_rooms()}
    for title, name in PATHS.items():
        files[f"docs/images/{name}"] = draw_path(title, steps(page, title))
    files["docs/explanation/architecture.md"] = TABLE.sub(lambda _: table(), page)
    return files


if __name__ == "__main__":
    assert {room for row in rows() for room in row} == {*rooms()}
    for path, text in made().items():
        (ROOT / path).write_text(text)
