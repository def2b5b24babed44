"""The report as one self-contained HTML file: no scripts, fonts or external links."""

from html import escape

from ledger.audit.result import AuditResult, head, lines

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 46rem; margin: 3rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.05rem; margin-top: 2rem; }
.verdict { border-left: .4rem solid; padding: .5rem 1rem; }
.verified { border-color: #2b8a3e; } .invalid { border-color: #c92a2a; }
.unverifiable, .stale { border-color: #b7791f; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; }
th { font-weight: 600; white-space: nowrap; } tr + tr { border-top: 1px solid #8884; }
td { overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
"""


def to_html(report: AuditResult) -> str:
    """Return the report as a page."""
    title = f"Audit of {report.ledger or report.file}"
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escape(title)}</h1>",
        f'<p class="verdict {report.verdict}"><strong>{escape(head(report))}</strong></p>',
        f"<p>{escape(report.at)}</p>",
    ]
    if report.finding is not None:
        finding = report.finding
        rows = [
            ("part", finding.part),
            ("position", "" if finding.position is None else f"{finding.position:,}"),
            ("reason", finding.code),
            ("detail", finding.detail),
            ("expected", finding.expected or ""),
            ("entry", finding.entry or ""),
        ]
        parts += ["<h2>First finding</h2>", _table([row for row in rows if row[1]])]
    events = [(tag, f"{count:,}") for tag, count in sorted(report.counts.events.items())]
    keys = [(f"key {number}", vkey) for number, vkey in enumerate(report.log_keys, 1)]
    parts += ["<h2>What was checked</h2>", _table(lines(report))]
    parts += ["<h2>Events</h2>", _table(events)] if events else []
    parts += ["<h2>Keys that sign this log</h2>", _table(keys)] if keys else []
    if report.notes:
        parts += ["<h2>Notes</h2>", "<ul>", *(f"<li>{escape(n)}" for n in report.notes), "</ul>"]
    return "\n".join([*parts, "</body></html>", ""])


def _table(rows: list[tuple[str, str]]) -> str:
    cells = [f"<tr><th>{escape(name)}<td>{escape(value)}" for name, value in rows]
    return "\n".join(["<table>", *cells, "</table>"])
