"""Random logs with events of every type in a plausible order, and earlier states of a log."""

import random
from collections.abc import Sequence
from typing import Any

from ledger.domain.events import Recorded
from ledger.domain.vocabulary import Status
from tests.support.story import BOTH_ROLES, Story, time_at


def random_story(length: int, seed: int) -> Story:
    """Return a random log with events of every type in a plausible order."""
    rnd = random.Random(seed)
    story = Story(names=True)
    people = [story.person(name, role) for name, role in PEOPLE]
    drafted: list[str] = []
    while story.head() < length:
        someone, statement = rnd.choice(people), rnd.choice([*drafted, None])
        match rnd.choice("dddaaaaaarrtwkKpPggeesi"):
            case "d":
                drafted.append(_draft(story, rnd, someone, people, drafted))
            case "a" if statement:
                status: Status = rnd.choice(("pending", "approved"))
                story.approve(someone, statement, status, rnd.choice(["shared", "individual"]))
            case "r" if statement:
                story.reject(someone, statement, rnd.choice(["pending", "rejected"]))
            case "t" if statement:
                story.retract(someone, statement, kid=f"key-{someone}")
            case "w" if statement:
                story.withdraw(statement)
            case "k":
                story.key(someone, f"key-{story.head()}", f"passkey-{rnd.choice(PEOPLE)[0]}")
            case "K":
                name = rnd.choice(PEOPLE)[0]
                story.revoke(people[0], f"key-{name}", since=time_at(1))
            case "p":
                story.passkey(someone, f"passkey-{story.head()}")
            case "P":
                story.remove_passkey(people[1], f"passkey-{rnd.choice(PEOPLE)[0]}")
            case what:
                _administer(story, rnd, someone, what)
    return story


def _administer(story: Story, rnd: random.Random, someone: str, what: str) -> None:
    match what:
        case "g":
            story.grant(someone, rnd.choice(["administrator", "creator"]))
        case "e" if len(story.roles[someone]) > 1:
            story.end_role(someone, rnd.choice(story.roles[someone]))
        case "s":
            story.set_standing(someone, rnd.choice(["active", "suspended"]))
        case "i":
            story.invite("investor")


PEOPLE = [("Alice", "creator"), ("Bob", "investor"), ("Carol", "investor"), ("Dave", "auditor")]


def _draft(
    story: Story, rnd: random.Random, someone: str, people: list[str], drafted: list[str]
) -> str:
    policy: dict[str, Any] = dict(BOTH_ROLES)
    if rnd.random() < 0.3:
        policy["expiresAt"] = time_at(story.head() + rnd.randrange(40))
    if rnd.random() < 0.3:
        policy["of"] = [f"user:{rnd.choice(people)}", {"threshold": 1, "of": ["role:investor"]}]
    if rnd.random() < 0.3:
        policy |= {"veto": [f"user:{rnd.choice(people)}"], "creatorMaySign": False}
    title = rnd.choice(["Series A", "Lease", "Größe"])
    if not drafted or rnd.random() > 0.2:
        return story.draft(someone, title, policy)
    earlier = rnd.choice(drafted)
    status: Status = rnd.choice(["pending", "approved", "approved", "withdrawn"])
    version = story.draft(someone, title, policy, supersedes=earlier, earlier=status)
    if rnd.random() < 0.5:
        story.supersede(earlier, version)
    return version


class Upto:
    """A log as of a position."""

    def __init__(self, story: Story, head: int) -> None:
        self.story, self.size = story, head

    def head(self) -> int:
        return self.size

    def read(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        return self.story.read(after, max(0, min(limit, self.size - after)))

    def events_at(self, positions: Sequence[int]) -> list[Recorded]:
        return self.story.events_at(positions)
