from ledger.cli.shown_text import shown_line, shown_text


def test_no_control_sequence_reaches_the_terminal() -> None:
    assert shown_text("\x1b[2JPaid\u202e") == "⟨U+001B⟩[2JPaid⟨U+202E⟩"


def test_a_line_stays_one_line() -> None:
    assert shown_line("Terms\nStatus: approved\t") == "Terms⟨U+2028⟩Status: approved⟨U+2028⟩"
    assert shown_text("one\ntwo") == "one\ntwo"
