"""docs/reference/events.md says what the events declare."""

from pathlib import Path

from ledger.domain.events import BODIES, Body

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "events.md"


def listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "–"


def row(tag: str, body: type[Body]) -> str:
    """Return the row that a tag has to have."""
    meaning = body.MEANING
    actor = meaning.actor
    cells = (
        f"`{tag}`",
        meaning.stream,
        actor if actor in ("ledger", "owner") else f"`{actor}`",
        listed(meaning.evidence),
        ", ".join(meaning.depends_on) or "–",
        listed(meaning.claims),
    )
    return f"| {' | '.join(cells)} |"


def test_the_table_of_events_is_what_they_declare() -> None:
    lines = PAGE.read_text("utf-8").splitlines()
    start = lines.index("| tag | stream | actor | evidence | depends on | claims |") + 2
    found = lines[start : start + len(BODIES)]
    assert found == [row(tag, body) for tag, body in BODIES.items()]
    assert lines[start + len(BODIES)] == ""
