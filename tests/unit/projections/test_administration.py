"""Given what changes did, when asked at a position, then the invitations, roles and rules then."""

import json
from uuid import UUID

import pytest

from ledger.domain import events
from ledger.domain.changes.items import DefineRole, GrantRole
from ledger.domain.events import InvitationCancelled, InvitationIssued
from ledger.domain.policy import Node
from ledger.errors import MalformedError
from projections import changes, invitations, rules
from projections.invitations import InvitationDetail
from projections.rules import Role, RuleSet, RulesInForce
from projections.users import NamedPerson
from tests.support.changes import values
from tests.support.links import link_key
from tests.support.refusals import refused
from tests.support.story import LEDGER_STREAM, NEVER, Story, time_at

FIRST, SECOND = (f"0000000{n}-0000-4000-8000-0000000000aa" for n in (1, 2))
GOVERNANCE = {"threshold": 1, "of": ["role:administrator"]}
TYPE = {"name": "ledger/change", "version": 1}


@pytest.fixture
def story() -> Story:
    """Tell of Ada, an administrator: she registers at 2-4."""
    story = Story()
    story.person("Ada", "administrator")
    return story


def ada() -> str:
    return "00000000-0000-0002-0000-000000000002"


def draft(story: Story, *items: dict[str, object]) -> str:
    content = json.dumps({"items": items or [{"define-role": {"role": "legal"}}]})
    return story.draft(ada(), "A change", GOVERNANCE, content=content, type=TYPE)


def issue(story: Story, invitation: str, change: str, expires_at: str = NEVER) -> int:
    body = InvitationIssued(change, invitation, "investor", link_key(invitation).jwk, expires_at)
    return story.tell(LEDGER_STREAM, body)


def states(story: Story, at: int, now: str) -> list[str]:
    found = invitations.page(story.views(), at=at, now=now, limit=9)
    return [each.state for each in found.items]


def test_an_invitation_says_who_invited_as_what_and_who_used_it(story: Story) -> None:
    change = draft(story)
    issued = issue(story, FIRST, change)
    bob = story.person("Bob", "investor", FIRST)
    (found,) = invitations.page(story.views(), at=story.head(), now=time_at(9), limit=9).items
    assert found == InvitationDetail(
        id=FIRST,
        role="investor",
        state="used",
        issued_at_position=issued,
        expires_at=NEVER,
        change=change,
        recovery=None,
        active_from=None,
        invited_by=NamedPerson(ada(), "Ada"),
        used_by=NamedPerson(bob, "Bob"),
    )


def test_an_invitation_is_open_until_it_is_used_cancelled_or_expired(story: Story) -> None:
    issue(story, FIRST, draft(story), time_at(50))
    issue(story, SECOND, draft(story), time_at(50))
    story.tell(LEDGER_STREAM, InvitationCancelled(draft(story), FIRST))
    head = story.head()
    assert states(story, 4, time_at(9)) == []
    assert states(story, 6, time_at(9)) == ["open"]
    assert states(story, head - 1, time_at(9)) == ["open", "open"]
    assert states(story, head, time_at(9)) == ["open", "cancelled"]
    assert states(story, head, time_at(50)) == ["expired", "cancelled"]


def test_invitations_are_listed_in_pages_newest_first(story: Story) -> None:
    issue(story, FIRST, draft(story))
    issue(story, SECOND, draft(story))
    db, at = story.views(), story.head()
    newest = invitations.page(db, at=at, now=time_at(9), limit=1)
    assert [each.id for each in newest.items] == [SECOND]
    rest = invitations.page(db, at=at, now=time_at(9), limit=1, cursor=newest.next)
    assert ([each.id for each in rest.items], rest.next) == ([FIRST], None)
    with refused(MalformedError, "cursor_invalid"):
        invitations.page(db, at=at, now=time_at(9), limit=1, cursor="x")


def test_roles_are_those_defined_and_not_closed_with_their_holders(story: Story) -> None:
    story.tell(LEDGER_STREAM, events.RoleDefined(draft(story), "board"))
    story.grant(ada(), "board")
    open_ = story.head()
    story.close_role("board")
    db = story.views()
    assert rules.roles(db, at=4) == [
        Role("administrator", is_built_in=True, is_closed=False, holders=1),
        Role("auditor", is_built_in=True, is_closed=False, holders=0),
        Role("creator", is_built_in=True, is_closed=False, holders=0),
        Role("investor", is_built_in=True, is_closed=False, holders=0),
    ]
    board = [rules.roles(db, at=at)[-1] for at in (open_, story.head())]
    assert board == [
        Role("board", is_built_in=False, is_closed=False, holders=1),
        Role("board", is_built_in=False, is_closed=True, holders=0),
    ]


def test_the_rules_are_those_last_set_by_then(story: Story) -> None:
    two = Node(threshold=2, of=("role:administrator",))
    story.tell(LEDGER_STREAM, events.GovernanceSet(draft(story), two))
    story.tell(LEDGER_STREAM, events.CharterSet(draft(story), values("invite")))
    db = story.views()
    one = Node(threshold=1, of=("role:administrator",))
    assert rules.in_force(db, at=5) == RulesInForce(one, values("open"))
    assert rules.in_force(db, at=6) == RulesInForce(two, values("open"))
    assert rules.in_force(db, at=story.head()) == RulesInForce(two, values("invite"))


def test_how_a_rule_was_set_is_told_newest_first_with_the_change_that_set_it(
    story: Story,
) -> None:
    two = Node(threshold=2, of=("role:administrator",))
    change = draft(story)
    story.tell(LEDGER_STREAM, events.GovernanceSet(change, two))
    mode = draft(story)
    story.tell(LEDGER_STREAM, events.CharterSet(mode, values("invite")))
    db, at = story.views(), story.head()
    policy = '{"threshold":2,"of":["role:administrator"]}'
    assert rules.history(db, "governance", at=at, limit=9) == [RuleSet(6, policy, change)]
    found = rules.history(db, "values", at=at, limit=9)
    assert [(each.position, each.change) for each in found] == [(8, mode), (1, None)]
    assert [json.loads(each.value)["registration"] for each in found] == ["invite", "open"]
    assert rules.history(db, "values", at=at, limit=1) == found[:1]


def test_a_change_is_listed_with_its_items_while_it_waits(story: Story) -> None:
    plain = story.draft(ada())
    change = draft(
        story,
        {"define-role": {"role": "board"}},
        {"grant-role": {"user": ada(), "role": "board"}},
    )
    drafted = story.head()
    story.approve(ada(), change, "approved")
    db = story.views()
    assert changes.items(db, [plain, change, "no id", str(UUID(int=7))]) == {
        change: (DefineRole("board"), GrantRole(ada(), "board"))
    }
    waiting = [changes.pending(db, at=at, now=time_at(9), limit=9).items for at in (drafted, 99)]
    assert [[each.id for each in found] for found in waiting] == [[change], []]
