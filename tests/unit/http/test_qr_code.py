"""A QR code that the server draws is read by a reader of other authors."""

import pytest

from ledger.http import qr_code
from tests.support.qr_codes import read

ORIGIN = "https://ledger.example.com"


@pytest.mark.parametrize("text", [f"{ORIGIN}/digests/{'8d21f0aa' * 8}", f"{ORIGIN}/add#Zm9", "ü"])
def test_a_reader_of_other_authors_reads_what_was_drawn(text: str) -> None:
    assert read(qr_code.svg(text)) == text


def test_a_code_is_a_picture_without_a_size_scripts_or_addresses() -> None:
    drawn = qr_code.svg(ORIGIN)
    assert drawn.startswith('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ')
    assert drawn.count("<path") == drawn.count("<") - 2 == 2
    assert " width=" not in drawn
    # Dark on white in every colour scheme, and a quiet zone of four modules.
    assert ('fill="#fff"' in drawn, 'stroke="#000"' in drawn) == (True, True)
    assert 'd="M4 4.5h7' in drawn
