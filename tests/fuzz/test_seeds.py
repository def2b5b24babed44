"""Every target of the fuzzers answers its seeds, cut and changed, and what fuzzing kept."""

import pytest

from tests.fuzz.corpus import kept, steps
from tests.fuzz.targets import TARGETS, run, seeds


@pytest.mark.parametrize("name", TARGETS)
def test_a_parser_answers_changed_seeds_with_a_value_or_an_error_of_its_own(name: str) -> None:
    for raw in seeds(name):
        run(name, raw)
        for at in range(0, len(raw), max(len(raw) // 64, 1)):
            run(name, raw[:at])
            run(name, raw[:at] + bytes([raw[at] ^ 0x81]) + raw[at + 1 :])
            run(name, raw[:at] + raw)


@pytest.mark.parametrize("name", TARGETS)
def test_a_parser_answers_what_fuzzing_kept(name: str) -> None:
    for raw in kept(name):
        run(name, raw)


def test_an_input_is_kept_for_the_steps_that_it_takes() -> None:
    assert not steps("note", b"\n\nx\n") <= steps("note", b"")
