"""What the pages say about a policy with steps."""

import msgspec

from ledger.pages.standing import standing
from ledger.pages.words import group_sentence, waiting_sentence
from projections.statements import Progress, StatementDetail
from tests.browser.test_words import (
    ADA,
    BEN,
    CHAO,
    decision,
    member,
    node,
    person,
    rules,
    statement,
)


def stepped(number: int, node: Progress) -> Progress:
    return msgspec.structs.replace(node, step=number)


TWO_STEPS = {
    "steps": [
        {"threshold": 2, "of": ["role:investor"]},
        {"threshold": 1, "of": [f"user:{ADA.id}", f"user:{BEN.id}"]},
    ]
}


def in_steps(opened: int, first: Progress, second: Progress) -> StatementDetail:
    missing = (first.missing or 0) + (second.missing or 0)
    whole = Progress(2, missing, [stepped(1, first), stepped(2, second)], open_step=opened)
    return statement(whole)


WAITING_IN_FIRST = in_steps(
    1,
    node(2, 2, member("investor", waiting=[BEN, CHAO])),
    node(1, 1, member("ada", waiting=[ADA], helps=False)),
)


def test_progress_names_the_open_step_and_waits_for_its_people() -> None:
    assert waiting_sentence(WAITING_IN_FIRST) == (
        "Step 1 of 2 is open. Waiting for “Ben” and “Chao”."
    )
    second = in_steps(
        2,
        node(2, 0, member("investor", approved=[BEN, CHAO], helps=False)),
        node(1, 1, member("ada", waiting=[ADA])),
    )
    assert waiting_sentence(second) == "Step 2 of 2 is open. Waiting for “Ada”."
    steps = [each for each in second.progress.members if isinstance(each, Progress)]
    assert [group_sentence(each) for each in steps] == [
        "Step 1: 2 of these: complete",
        "Step 2: 1 of these: 1 missing",
    ]


def test_a_person_is_told_why_the_open_step_does_not_take_their_approval() -> None:
    asked = rules(TWO_STEPS)
    mine = standing(WAITING_IN_FIRST, asked, person(ADA, "creator"))
    assert (mine.can_approve, mine.can_reject) == (False, True)
    assert mine.why_not == "Step 1 of 2 is open. It asks for other people."
    needed = rules({"steps": [TWO_STEPS["steps"][0], {"threshold": 1, "of": [f"user:{BEN.id}"]}]})
    mine = standing(WAITING_IN_FIRST, needed, person(BEN, "investor"))
    assert mine.why_not == (
        "Step 1 of 2 is open. Your approval is kept for a later step, which needs you."
    )
    mine = standing(WAITING_IN_FIRST, asked, person(CHAO, "investor"))
    assert (mine.can_approve, mine.why_not) == (True, "")
    assert mine.approval_effect == "Yours is one of 3 still needed; 2 more after it."


def test_a_person_is_told_that_their_approval_completes_a_step() -> None:
    shown = in_steps(
        1,
        node(2, 1, member("investor", approved=[BEN], waiting=[CHAO])),
        node(1, 1, member("ada", waiting=[ADA], helps=False)),
    )
    signed = msgspec.structs.replace(decision("approval", BEN, "investor"), step=1)
    shown = msgspec.structs.replace(shown, decisions=[signed])
    mine = standing(shown, rules(TWO_STEPS), person(CHAO, "investor"))
    assert mine.approval_effect == "Yours completes step 1; 1 more needed in the steps after it."
