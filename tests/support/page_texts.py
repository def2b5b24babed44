"""What people read on a page: its texts and labels, without what is marked as English."""

from html.parser import HTMLParser

_LABELS = ("aria-label", "alt", "title", "placeholder", "data-needs")
_VOID = frozenset(("br", "img", "input", "link", "meta", "hr"))
_UNREAD = frozenset(("script", "style", "svg", "code", "pre", "textarea"))


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._open: list[bool] = []  # for each open element, whether people read its texts

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        is_other = given.get("lang") == "en" and tag != "html"
        is_read = all(self._open[-1:]) and not is_other and tag not in _UNREAD
        if tag not in _VOID:
            self._open.append(is_read)
        if is_read:
            self.found += [value for name in _LABELS if (value := given.get(name))]

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if all(self._open[-1:]) and data.strip():
            self.found.append(" ".join(data.split()))


def page_texts(page: str) -> list[str]:
    """Return the texts and labels of a page, each on one line."""
    parser = _Texts()
    parser.feed(page)
    return parser.found
