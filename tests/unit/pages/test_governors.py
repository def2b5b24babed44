"""Given people, when governance is shown, then who fills its places and who could not be missed."""

from ledger.domain.events import RoleDefined
from ledger.domain.governance import policy_digest
from ledger.domain.policy import Node
from ledger.pages.governors import GoverningPerson, governing, placed, strength, who_could_govern
from projections import rules
from projections.rules import Role
from tests.support.story import LEDGER_STREAM, Story, time_at

TWO = Node(threshold=2, of=("role:administrator",))


def known(story: Story, governance: Node) -> list[GoverningPerson]:
    db, at = story.views(), story.head()
    roles = rules.roles(db, at=at)
    return who_could_govern(db, story, roles, governance, at=at, now=time_at(0))


def governor(story: Story, name: str) -> str:
    """Tell of an administrator who accepts the policy of two."""
    return story.person(name, "administrator", accepts=policy_digest(TWO))


def test_the_holders_of_roles_that_could_govern_and_the_named_people_are_listed() -> None:
    story = Story()
    ada, ben = story.person("Ada", "administrator"), story.person("Ben", "investor")
    story.person("Chao", "investor")
    story.tell(LEDGER_STREAM, RoleDefined("", "board"))
    dora = story.person("Dora", "auditor")
    story.grant(dora, "board")
    story.passkey(ben, "ben-passkey")
    found = known(story, Node(threshold=1, of=(f"user:{ben}", "role:administrator")))
    assert [each.person.id for each in found] == [ada, ben, dora]
    (held,) = [each for each in found[1].passkeys if each.credential_id == "ben-passkey"]
    assert len(held.cose) == 64


def test_only_open_roles_whose_holders_neither_choose_them_nor_only_read_can_govern() -> None:
    names = ("administrator", "auditor", "creator", "investor")
    roles = [Role(name, is_built_in=True, is_closed=False, holders=0) for name in names]
    roles.append(Role("board", is_built_in=False, is_closed=False, holders=0))
    roles.append(Role("old", is_built_in=False, is_closed=True, holders=0))
    assert governing(roles) == ["administrator", "board"]


def test_a_place_is_filled_by_role_or_name_but_by_nobody_who_only_reads() -> None:
    story = Story()
    ada, auditor = story.person("Ada", "administrator"), story.person("Ora", "auditor")
    found = known(story, Node(threshold=1, of=(f"user:{auditor}", "role:administrator")))
    by_id = {each.person.id: each for each in found}
    assert placed(by_id[ada], "role:administrator")
    assert placed(by_id[ada], f"user:{ada}")
    assert not placed(by_id[auditor], f"user:{auditor}")


def test_everybody_is_needed_while_there_are_as_many_as_the_policy_asks_for() -> None:
    story = Story()
    governor(story, "Ada")
    governor(story, "Ben")
    assert strength(TWO, known(story, TWO)) == (0, ["Ada", "Ben"])
    governor(story, "Chao")
    assert strength(TWO, known(story, TWO)) == (0, [])


def test_a_named_person_is_needed_where_only_they_fill_the_place() -> None:
    story = Story()
    ada = story.person("Ada", "investor")
    ben, chao = governor(story, "Ben"), governor(story, "Chao")
    both = Node(threshold=2, of=(f"user:{ada}", Node(threshold=1, of=("role:administrator",))))
    for each in (ada, ben, chao):
        story.accept(each, both)
    assert strength(both, known(story, both)) == (0, ["Ada"])


def test_who_is_suspended_or_has_no_passkey_is_missing() -> None:
    story = Story()
    governor(story, "Ada")
    ben = governor(story, "Ben")
    story.set_standing(ben, "suspended")
    found = known(story, TWO)
    assert [each.acting for each in found] == ["active", "suspended"]
    assert strength(TWO, found) == (1, [])
    assert strength(Node(threshold=3, of=TWO.of), found) == (2, [])


def test_who_holds_a_place_and_has_not_accepted_the_policy_is_missing() -> None:
    story = Story()
    governor(story, "Ada")
    ben = story.person("Ben", "administrator")
    found = known(story, TWO)
    assert [each.acting for each in found] == ["active", "awaited"]
    assert strength(TWO, found) == (1, [])
    story.accept(ben, TWO)
    assert strength(TWO, known(story, TWO)) == (0, ["Ada", "Ben"])
    story.end_role(ben, "administrator")
    story.grant(ben, "administrator")
    assert [each.acting for each in known(story, TWO)] == ["active", "awaited"]
