"""What the pages say about progress and about what one person can do."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from ledger.domain import policy
from ledger.pages.routes import local_path
from ledger.pages.standing import standing
from ledger.pages.words import ordinal, progress_sentence, waiting_sentence
from projections.statements import Decision, MemberProgress, Progress, StatementDetail
from projections.users import NamedPerson, User

ADA, BEN, CHAO = (NamedPerson(name.lower(), name) for name in ("Ada", "Ben", "Chao"))
TWO_OF_ROLES = {"threshold": 2, "of": ["role:creator", "role:investor"]}


def member(
    name: str,
    approved: Sequence[NamedPerson] = (),
    waiting: Sequence[NamedPerson] = (),
    more: int = 0,
) -> MemberProgress:
    return MemberProgress(f"role:{name}", name, list(approved), [], list(waiting), more)


def node(threshold: int, count: int, *members: MemberProgress | Progress) -> Progress:
    return Progress(count >= threshold, threshold, count, list(members))


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
    expires_at: str | None = None,
) -> StatementDetail:
    return StatementDetail(
        id="00000000-0000-4000-8000-000000000001",
        title="Terms",
        creator=ADA,
        created_at="2026-11-21T03:04:05.678Z",
        status=status,
        approvals=0,
        rejections=0,
        in_question=0,
        threshold=progress.threshold,
        expires_at=expires_at,
        sha256="0" * 64,
        position=5,
        changed_position=9,
        document="{}",
        content="{}",
        policy=TWO_OF_ROLES,
        supersedes=None,
        superseded_by=[],
        final_at=None,
        decisions=list(decisions),
        progress=progress,
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
        "Signed by 1 of 2 needed (Ada). Waiting for any 1 of: Ben, Chao."
        " Closes 24 Nov 2026, 17:00 UTC."
    )


@pytest.mark.parametrize(
    ("progress", "sentence"),
    [
        (node(1, 0, member("investor", waiting=[BEN])), "Waiting for Ben."),
        (node(2, 0, member("investor", waiting=[BEN, CHAO])), "Waiting for Ben and Chao."),
        (
            node(1, 0, member("investor")),
            "Waiting for 1 more who has not registered yet.",
        ),
        (
            node(3, 0, member("investor", waiting=[BEN])),
            "Waiting for Ben and 2 more who have not registered yet.",
        ),
        (
            node(2, 0, member("investor", waiting=[BEN, CHAO], more=14)),
            "Waiting for any 2 of: Ben, Chao and 14 more.",
        ),
        (
            node(2, 1, member("ada", approved=[ADA]), node(1, 0, member("r", waiting=[BEN, CHAO]))),
            "Waiting for any 1 of: Ben, Chao.",
        ),
        (
            node(2, 0, member("ada", waiting=[ADA]), node(1, 0, member("r", waiting=[BEN, CHAO]))),
            "Waiting for Ada and (any 1 of: Ben, Chao).",
        ),
    ],
)
def test_waiting_says_whose_move_it_is(progress: Progress, sentence: str) -> None:
    assert waiting_sentence(progress) == sentence


def test_a_signature_that_completes_the_policy_says_so() -> None:
    signed = [decision("approval", ADA, "creator")]
    shown = statement(node(2, 1, member("investor", waiting=[BEN])), signed)
    mine = standing(shown, rules(TWO_OF_ROLES), person(BEN, "investor"))
    assert mine.can_approve
    assert mine.approval_effect == (
        "Yours is the 2nd of 2 needed: the statement becomes approved at once."
    )


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
    ("waiting", "effect"),
    [
        (
            [BEN, CHAO],
            "Others can still approve it: your rejection is recorded but does not end it.",
        ),
        ([BEN], "Without you the policy cannot be met: your rejection ends this statement."),
    ],
)
def test_a_rejection_says_whether_it_ends_the_statement(
    waiting: list[NamedPerson], effect: str
) -> None:
    shown = statement(node(1, 0, member("investor", waiting=waiting)))
    one_investor = rules({"threshold": 1, "of": ["role:investor"]})
    assert standing(shown, one_investor, person(BEN, "investor")).rejection_effect == effect


def test_a_veto_says_that_it_ends_the_statement() -> None:
    shown = statement(node(2, 0, member("investor", waiting=[BEN, CHAO])))
    with_veto = rules(TWO_OF_ROLES | {"veto": ["user:ben"]})
    mine = standing(shown, with_veto, person(BEN, "investor"))
    assert mine.rejection_effect == "You have a veto: your rejection ends this statement."


def test_ordinals_are_english() -> None:
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 112)] == (
        "1st 2nd 3rd 4th 11th 12th 13th 21st 112th".split()
    )


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
