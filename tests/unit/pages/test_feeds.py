"""A feed reads a bounded part of the documents that wait."""

from types import SimpleNamespace
from typing import Any, cast

from ledger.messages.outline import NOTHING, ToldContent
from ledger.pages.feeds import told_within


def test_after_large_documents_a_feed_tells_no_content() -> None:
    told = ToldContent("Rent", ())
    teller: Any = cast(Any, SimpleNamespace(read_bytes=0, asked=[]))

    def of(statement: str) -> ToldContent:
        teller.asked.append(statement)
        teller.read_bytes += 1_048_576
        return told

    teller.of = of
    assert [told_within(teller, each) for each in "abcd"] == [told, told, NOTHING, NOTHING]
    assert teller.asked == ["a", "b"]
