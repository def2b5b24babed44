"""Given people and policies, when a page is shown, then what it asks them to accept."""

import json

import msgspec

from ledger.domain import events
from ledger.domain.governance import FOUNDING, policy_digest
from ledger.domain.policy import Node
from ledger.pages.acceptance import awaited, counts
from projections import users
from tests.support.story import CHANGE, LEDGER_STREAM, Story, time_at

TWO = Node(2, ("role:administrator",))
TYPE = {"name": "ledger/change", "version": 1}


def asked(story: Story, user: str, at: int | None = None) -> list[tuple[str, str | None]]:
    """Return what a page asks a person to accept: the policy in words, and the change."""
    position = at or story.head()
    me = users.by_id(story.views(), user, at=position, now=time_at(position))
    assert me is not None
    found = awaited(story.views(), me, at=position, now=time_at(position))
    return [(each.words, each.change) for each in found]


def proposes(story: Story, user: str, *policies: Node) -> str:
    items = [
        {"set-governance": {"policy": msgspec.to_builtins(each), "was": "0" * 64, "people": []}}
        for each in policies
    ]
    governance = {"threshold": 1, "of": ["role:administrator"]}
    content = json.dumps({"items": items})
    return story.draft(user, "Set the governance policy", governance, content=content, type=TYPE)


def test_the_policy_in_force_is_asked_of_holders_who_have_not_accepted_it() -> None:
    story = Story()
    ada = story.person("Ada", "administrator", accepts=policy_digest(FOUNDING))
    ben, cal = story.person("Ben", "administrator"), story.person("Cal", "investor")
    assert [asked(story, each) for each in (ada, ben, cal)] == [[], [("1 administrator", None)], []]
    before = story.head()
    story.accept(ben, FOUNDING)
    assert (asked(story, ben), asked(story, ben, before)) == ([], [("1 administrator", None)])
    me = users.by_id(story.views(), ben, at=story.head(), now=time_at(0))
    assert me is not None
    assert counts(story.views(), me, FOUNDING, at=story.head())
    assert not counts(story.views(), me, TWO, at=story.head())


def test_a_role_that_was_granted_again_is_accepted_again() -> None:
    story = Story()
    ada = story.person("Ada", "administrator", accepts=policy_digest(FOUNDING))
    story.end_role(ada, "administrator")
    assert asked(story, ada) == []
    story.grant(ada, "administrator")
    assert asked(story, ada) == [("1 administrator", None)]


def test_the_last_policy_of_a_pending_change_is_asked_of_those_who_would_hold_a_place() -> None:
    story = Story()
    ada = story.person("Ada", "administrator", accepts=policy_digest(FOUNDING))
    cal = story.person("Cal", "investor")
    named = Node(2, ("role:administrator", f"user:{cal}"))
    change = proposes(story, ada, TWO, named)
    expected = [("any 2 of administrators and “Cal”", change)]
    assert (asked(story, ada), asked(story, cal)) == (expected, expected)
    story.accept(cal, named, change)
    assert (asked(story, ada), asked(story, cal)) == (expected, [])
    story.withdraw(change)
    assert asked(story, ada) == []


def test_a_new_policy_is_accepted_by_itself() -> None:
    story = Story()
    ada = story.person("Ada", "administrator", accepts=policy_digest(FOUNDING))
    story.tell(LEDGER_STREAM, events.GovernanceSet(CHANGE, TWO))
    assert asked(story, ada) == [("2 administrators", None)]


def test_nothing_is_asked_of_auditors() -> None:
    story = Story()
    auditor = story.person("Ora", "auditor")
    story.tell(LEDGER_STREAM, events.GovernanceSet(CHANGE, Node(1, (f"user:{auditor}",))))
    assert asked(story, auditor) == []
