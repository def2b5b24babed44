"""What the pages say about progress and about what one person can do."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from ledger.domain import policy
from ledger.pages.standing import standing
from ledger.pages.web import local_path
from ledger.pages.words import group_sentence, progress_sentence, waiting_sentence
from projections.outlook import Outlook
from projections.statements import Decision, MemberProgress, Progress, StatementDetail
from projections.users import NamedPerson, User

LETTERS = {"Ada": "a", "Ben": "b", "Chao": "c"}
ADA, BEN, CHAO = (
    NamedPerson(f"00000000-0000-4000-8000-00000000000{letter}", name)
    for name, letter in LETTERS.items()
)
TWO_OF_ROLES = {"threshold": 2, "of": ["role:creator", "role:investor"]}


def member(
    name: str,
    approved: Sequence[NamedPerson] = (),
    waiting: Sequence[NamedPerson] = (),
    more: int = 0,
    *,
    helps: bool = True,
) -> MemberProgress:
    return MemberProgress(f"role:{name}", name, list(approved), [], list(waiting), more, helps)


def node(threshold: int, missing: int | None, *members: MemberProgress | Progress) -> Progress:
    return Progress(threshold, missing, list(members))


def decision(kind: Any, person: NamedPerson, *roles: str) -> Decision:
    return msgspec.convert(
        {
            "position": 9,
            "decision": kind,
            "person": msgspec.to_builtins(person),
            "roles": list(roles),
            "kid": "kid",
            "at": "2026-11-21T03:04:05.678Z",
            "form": None,
            "reason": None,
            "jws": "a.b.c",
            "assertion": None,
            "keyStatus": "active",
        },
        Decision,
    )


def statement(
    progress: Progress,
    decisions: Sequence[Decision] = (),
    *,
    status: Any = "pending",
    outlook: Outlook | None = "open",
    expires_at: str | None = None,
) -> StatementDetail:
    return StatementDetail(
        id="00000000-0000-4000-8000-000000000001",
        title="Terms",
        creator=ADA,
        account=None,
        created_at="2026-11-21T03:04:05.678Z",
        status=status,
        approvals=0,
        rejections=0,
        in_question=0,
        needed=progress.threshold,
        expires_at=expires_at or "2027-12-26T03:04:05.678Z",
        sha256="0" * 64,
        position=5,
        changed_position=9,
        precedes_loss=False,
        late_signed_at=None,
        document="{}",
        content="{}",
        policy=TWO_OF_ROLES | ({} if expires_at is None else {"expiresAt": expires_at}),
        type=None,
        read_by="everyone",
        readers=None,
        supersedes=None,
        superseded_by=None,
        versions=[],
        replaced=None,
        usable=None,
        uses=[],
        uses_left=None,
        replaced_progress=None,
        final_at=None,
        decisions=list(decisions),
        earlier_decisions=0,
        progress=progress,
        outlook=outlook,
    )


def person(who: NamedPerson, *roles: str) -> User:
    return User(who.id, who.name, list(roles), [], [], "2026-11-21T03:04:05.678Z", 3)


def rules(source: dict[str, Any]) -> policy.Policy:
    return policy.parse(msgspec.json.encode(source))


def test_progress_names_who_signed_who_is_waited_for_and_until_when() -> None:
    progress = node(
        2, 1, member("creator", approved=[ADA]), member("investor", waiting=[BEN, CHAO])
    )
    shown = statement(
        progress,
        [decision("approval", ADA, "creator")],
        expires_at="2026-11-24T17:00:00.000Z",
    )
    assert progress_sentence(shown) == (
        "Signed by “Ada”; 2 needed. Waiting for any 1 of: “Ben”, “Chao”."
        " Closes 24 Nov 2026, 17:00 UTC."
    )


@pytest.mark.parametrize(
    ("progress", "sentence"),
    [
        (node(1, 1, member("investor", waiting=[BEN])), "Waiting for “Ben”."),
        (node(2, 2, member("investor", waiting=[BEN, CHAO])), "Waiting for “Ben” and “Chao”."),
        (
            node(1, None, member("investor", helps=False)),
            "The people who can sign today cannot meet its policy.",
        ),
        (
            node(2, 2, member("investor", waiting=[BEN])),
            "2 more people are needed: “Ben”, and people who have rejected it so far.",
        ),
        (
            node(2, 2, member("investor", waiting=[BEN, CHAO], more=14)),
            "Waiting for any 2 of: “Ben”, “Chao” and 14 more.",
        ),
        (
            node(2, 1, member("ada", approved=[ADA]), node(1, 1, member("r", waiting=[BEN, CHAO]))),
            "1 more person is needed. An approval by “Ben” or “Chao” helps.",
        ),
        (
            node(2, 2, member("ada", waiting=[ADA]), node(1, 1, member("r", waiting=[BEN, CHAO]))),
            "2 more people are needed. An approval by “Ada”, “Ben” or “Chao” helps.",
        ),
        (
            node(1, 1, member("a", waiting=[ADA], helps=False), member("r", waiting=[BEN])),
            "Waiting for “Ben”.",
        ),
    ],
)
def test_waiting_says_whose_move_it_is(progress: Progress, sentence: str) -> None:
    assert waiting_sentence(statement(progress)) == sentence


def test_a_statement_that_all_have_rejected_says_so() -> None:
    shown = statement(node(1, 1, member("investor")), outlook="all_rejected")
    assert waiting_sentence(shown) == "Everybody who could still approve it has rejected it."


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        (0, "2 of these: complete"),
        (1, "2 of these: 1 missing"),
        (None, "2 of these"),
    ],
)
def test_a_group_says_how_many_it_misses(missing: int | None, sentence: str) -> None:
    assert group_sentence(node(2, missing)) == sentence


@pytest.mark.parametrize(
    ("progress", "effect"),
    [
        (
            node(2, 1, member("investor", waiting=[BEN])),
            "Yours is the last one needed: the statement becomes approved at once.",
        ),
        (
            node(3, 3, node(2, 2, member("investor", waiting=[BEN, CHAO]))),
            "Yours is one of 3 still needed; 2 more after it.",
        ),
        (
            node(2, 1, member("investor", waiting=[BEN], helps=False)),
            "Yours alone fills no place that is missing; more signatures are needed.",
        ),
        (
            node(2, None, member("investor", waiting=[BEN], helps=False)),
            "It is recorded, but the people who can sign today cannot meet the policy.",
        ),
    ],
)
def test_an_approval_says_what_it_changes(progress: Progress, effect: str) -> None:
    signed = [decision("approval", ADA, "creator")]
    mine = standing(statement(progress, signed), rules(TWO_OF_ROLES), person(BEN, "investor"))
    assert mine.can_approve
    assert mine.approval_effect == effect


def test_an_auditor_is_told_why_they_cannot_sign() -> None:
    shown = statement(node(2, 0, member("investor", waiting=[BEN])))
    mine = standing(shown, rules(TWO_OF_ROLES), person(CHAO, "auditor"))
    assert not mine.can_approve
    assert not mine.can_reject
    assert mine.why_not == "The policy does not ask for you: your role is auditor."


def test_a_creator_who_may_not_sign_can_still_withdraw() -> None:
    without_creator = rules(TWO_OF_ROLES | {"creatorMaySign": False})
    shown = statement(node(2, 0, member("investor", waiting=[BEN])))
    mine = standing(shown, without_creator, person(ADA, "creator"))
    assert not mine.can_approve
    assert mine.can_withdraw
    assert "does not let the creator sign" in mine.why_not


@pytest.mark.parametrize(
    ("members", "effect"),
    [
        (
            ["role:investor"],
            "Others can still approve it: your rejection is recorded but does not end it.",
        ),
        (
            [f"user:{BEN.id}"],
            "Without you the policy cannot be met: your rejection ends this statement.",
        ),
        (
            [f"user:{BEN.id}", f"user:{CHAO.id}"],
            "Without you the policy cannot be met: your rejection ends this statement.",
        ),
    ],
)
def test_a_rejection_says_whether_it_ends_the_statement(members: list[str], effect: str) -> None:
    shown = statement(node(1, 1, member("investor")), [decision("rejection", CHAO, "investor")])
    one = rules({"threshold": 1, "of": members})
    assert standing(shown, one, person(BEN, "investor")).rejection_effect == effect


def test_a_veto_says_that_it_ends_the_statement() -> None:
    shown = statement(node(2, 0, member("investor", waiting=[BEN, CHAO])))
    with_veto = rules(TWO_OF_ROLES | {"veto": [f"user:{BEN.id}"]})
    mine = standing(shown, with_veto, person(BEN, "investor"))
    assert mine.rejection_effect == "You have a veto: your rejection ends this statement."


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/inbox", "/inbox"),
        ("/statements/1?at=5", "/statements/1?at=5"),
        ("//evil.example", None),
        ("/\\evil.example", None),
        ("https://evil.example", None),
        ("/\tx", None),
        ("inbox", None),
        ("", None),
        (None, None),
    ],
)
def test_a_redirect_stays_on_this_site(target: str | None, expected: str | None) -> None:
    assert local_path(target) == expected
