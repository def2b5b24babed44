"""Report the results: a table for people, JSON for comparison, and a bar chart."""

import html
import sys
from pathlib import Path

import msgspec

WIDTH, LABEL, ROW = 720, 230, 26


class Bar(msgspec.Struct):
    """One bar of a chart; `aim` is drawn as a line across it."""

    label: str
    value: float
    aim: float | None = None


class Result(msgspec.Struct):
    """The figures of one benchmark; without bars it has no chart."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]] = []
    notes: list[str] = []
    bars: list[Bar] = []

    def measured(self, *cells: str) -> None:
        """Add a row, and show it: a long benchmark tells how far it is, and loses no figure."""
        self.rows.append(cells)
        print("\t".join(cells), file=sys.stderr, flush=True)


def markdown(result: Result) -> str:
    """Return the table and notes of a result."""
    lines = [f"## {result.title}", ""]
    if result.bars:
        lines += [f"![{result.title}](../images/bench-{result.name}.svg)", ""]
    lines += ["| " + " | ".join(result.columns) + " |"]
    lines += ["|" + "---|" * len(result.columns)]
    lines += ["| " + " | ".join(row) + " |" for row in result.rows]
    return "\n".join([*lines, "", *result.notes, ""])


def picture(result: Result) -> str:
    """Return an SVG bar chart that is readable on a light and a dark background."""
    most = max((max(bar.value, bar.aim or 0) for bar in result.bars), default=1) or 1
    scale = (WIDTH - LABEL - 90) / most
    height = ROW * len(result.bars) + 16
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}"'
        f' role="img" aria-label="{html.escape(result.title)}"'
        ' font-family="system-ui, sans-serif" font-size="13" fill="#6b7682">'
    ]
    for place, bar in enumerate(result.bars):
        top = 8 + place * ROW
        wide = bar.value * scale
        label = html.escape(bar.label)
        parts += [
            f'<text x="{LABEL - 8}" y="{top + 14}" text-anchor="end">{label}</text>',
            f'<rect x="{LABEL}" y="{top + 2}" width="{wide:.1f}" height="16" rx="2"'
            ' fill="#3f7fc4"/>',
        ]
        parts.append(f'<text x="{LABEL + wide + 6:.1f}" y="{top + 14}">{bar.value:,.4g}</text>')
        if bar.aim is not None:
            aim = LABEL + bar.aim * scale
            parts.append(
                f'<path d="M{aim:.1f} {top - 2}v24" stroke="#c2571a" stroke-width="2">'
                f"<title>aim: {bar.aim:,.4g}</title></path>"
            )
    return "\n".join([*parts, "</svg>", ""])


def write(
    results: list[Result], machine: dict[str, str], docs: Path, *, page: str = "performance"
) -> None:
    """Write a page of docs/reference, its figures as JSON, and a chart per result."""
    described = [f"- {name}: {value}" for name, value in machine.items()]
    head = [
        "# Speed" if page == "performance" else "# Speed of the stores",
        "",
        "Measured by `make bench`: ratios within one run on one machine, medians of rounds.",
        "The orange line in a picture is the aim.",
        "",
        "The machine:",
        "",
        *described,
        "",
    ]
    text = "\n".join(head) + "\n" + "\n".join(markdown(result) for result in results)
    explained = docs / "explanation" / "performance.md"
    text += f"\nWhere the time goes: [{explained.stem}](../explanation/{explained.name}).\n"
    (docs / "reference" / f"{page}.md").write_text(text)
    measured = {"machine": machine, "results": results}
    (docs / "reference" / f"{page}.json").write_bytes(
        msgspec.json.format(msgspec.json.encode(measured)) + b"\n"
    )
    (docs / "images").mkdir(exist_ok=True)
    for result in filter(lambda result: result.bars, results):
        (docs / "images" / f"bench-{result.name}.svg").write_text(picture(result))
