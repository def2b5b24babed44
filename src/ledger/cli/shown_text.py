"""Texts of others for a terminal: no control sequence runs, and no character hides."""

from ledger.domain.visible import visible


def shown_text(text: str) -> str:
    """Return a text with `⟨U+202E⟩` for what a reader would not see or take for another letter."""
    return "".join(f"⟨{each.text}⟩" if each.is_mark else each.text for each in visible(text))


def shown_line(text: str) -> str:
    """Return the same on one line."""
    return shown_text(text.replace("\n", "\u2028").replace("\t", "\u2028"))
