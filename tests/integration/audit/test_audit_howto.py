"""docs/how-to/audit.md: what its commands print is what they print."""

from tests.support.audit_howto import BLOCK, PAGE, rendered


def test_the_page_shows_what_its_commands_print() -> None:
    page = PAGE.read_text()
    assert len(BLOCK.findall(page)) >= 7
    assert rendered(page) == page
