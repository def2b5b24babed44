"""What a page lists as places to look at."""

from ledger.domain.cautions import MOST, Caution, listed, of_statement
from ledger.domain.content import parse_content


def test_the_gravest_places_are_listed_where_there_are_too_many() -> None:
    dull = ", ".join(f'"e\u0301{at}": 1' for at in range(MOST + 10))
    found = of_statement("Terms", parse_content(f'{{{dull}, "amount": 1, "\u0430mount": 2}}'))
    assert len(found) == MOST + 12
    assert [each.place for each in listed(found)[:2]] == [("amount",), ("\u0430mount",)]
    assert len(listed(found)) == MOST


def test_few_places_are_listed_in_the_order_of_the_content() -> None:
    found = of_statement("Terms", parse_content('{"e\u0301": 1, "x": "a\u202e"}'))
    assert (
        listed(found) == found == [Caution(("e\u0301",), ("form",)), Caution(("x",), ("unseen",))]
    )
