"""Write decisions.json and cases.json: `python -m tests.vectors.steps.make`.

decisions.json has sequences on policies with steps, decided by trying all assignments
(`tests.support.stepwise`). One is [steps, everybody's roles, open roles, decisions, expected]; the
short forms of nodes and people are those of `tests.vectors.places.make`. A decision is a letter and
`+` or `-`. Expected is for an approval its step, with `!` if the policy is met, or the code of its
refusal; for a rejection `no`, with `!` if it ends the statement.

cases.json has logs with the code with which an auditor refuses the last event, null where
it accepts it, as in `tests.vectors.changes.make`.
"""

import json
import random
from pathlib import Path

from tests.support.stepwise import Stepwise
from tests.vectors.changes.make import shown_event
from tests.vectors.places.make import IDS, PEOPLE, ROLES, Short, everybody, node, places
from tests.vectors.steps.tries import TRIES, Steps

PATH = Path(__file__).with_name("cases.json")
DECIDED = Path(__file__).with_name("decisions.json")
DECISIONS = 1500
# Steps that say more than most random ones do.
CHOSEN: list[Short] = [
    [[[1, "ab", []], [1, "a", []]], {}, "", ["a+", "b+", "b+", "a+"]],
    [[[1, "ax", []], [1, "x", []]], {"a": "", "b": "x", "c": "x"}, "x", ["b+", "a+", "c+"]],
    [[[2, "abc", []], [1, "cd", []]], {}, "", ["c+", "d+", "b+", "a-", "d+"]],
    [[[1, "", [[2, "ab", []], [2, "cd", []]]], [1, "e", []]], {}, "", ["a+", "c+", "b+", "d+"]],
    [[[2, "ab", []], [1, "c", []]], {}, "", ["c-"]],
    [[[1, "a", []], [1, "b", []], [1, "c", []]], {}, "", ["b+", "a+", "c+", "b+", "b+", "c+"]],
]


def expected(case: Short) -> list[str]:
    """Return what trying all assignments says of each decision, up to the one that ends it."""
    short, roles, open_roles, decisions = case[:4]
    named = {IDS[each] for each in PEOPLE if any(_names(step, each) for step in short)}
    who = everybody(dict.fromkeys(PEOPLE, "") | roles)
    told = Stepwise([node(step) for step in short], who, open_roles, named)
    found: list[str] = []
    for decision in decisions:
        user = IDS[decision[0]]
        found.append(told.approve(user) if decision[1] == "+" else told.reject(user))
    return found


def _names(short: Short, letter: str) -> bool:
    return letter in short[1] or any(_names(each, letter) for each in short[2])


def _random_step(chosen: random.Random) -> Short:
    members = "".join(each for each in PEOPLE + ROLES[:2] if chosen.random() < 0.35)
    nested: Short = []
    if chosen.random() < 0.4:
        some = "".join(each for each in PEOPLE + ROLES[:2] if chosen.random() < 0.4)
        nested = [[chosen.choice([1, 2]), some or "a", []]]
    return [chosen.choice([1, 1, 2]), members or chosen.choice(PEOPLE), nested]


def _random_case(chosen: random.Random) -> Short:
    steps = [_random_step(chosen) for _ in range(chosen.choice([2, 2, 3]))]
    roles = {each: "".join(r for r in ROLES[:2] if chosen.random() < 0.4) for each in PEOPLE}
    open_roles = "".join(r for r in ROLES[:2] if chosen.random() < 0.7)
    decisions: list[str] = []
    return [steps, roles, open_roles, decisions]


def _decide(case: Short, chosen: random.Random) -> bool:
    """Choose decisions that a statement takes; tell whether its draft is possible."""
    named = {IDS[each] for each in PEOPLE if any(_names(step, each) for step in case[0])}
    told = Stepwise([node(step) for step in case[0]], everybody(case[1]), case[2], named)
    if not told.is_possible(set()):
        return False
    for _ in range(8):
        letter = chosen.choice(PEOPLE)
        user = IDS[letter]
        if user in told.filled:
            continue
        approves = user in told.against or chosen.random() < 0.85
        case[3].append(letter + ("+" if approves else "-"))
        if (told.approve(user) if approves else told.reject(user)).endswith("!"):
            break
    return True


def decisions() -> list[Short]:
    """Return the sequences, always the same ones."""
    chosen = random.Random(12)  # test data
    found: list[Short] = [[*case, expected(case)] for case in CHOSEN]
    while len(found) < DECISIONS:
        case = _random_case(chosen)
        if sum(map(places, case[0])) <= 5 and _decide(case, chosen):
            found.append([*case, expected(case)])
    return found


def text() -> str:
    """Return the text of cases.json."""
    story, cases = len(Steps().events), []
    for name, (tries, code) in TRIES.items():
        told = Steps()
        tries(told)
        shown = [shown_event(at, each) for at, each in enumerate(told.events, start=1)]
        cases.append({"name": name, "events": shown[story:], "code": code})
    first = [shown_event(at, each) for at, each in enumerate(Steps().events, start=1)]
    return json.dumps({"story": first, "cases": cases}, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), "utf-8")
    rows = ",\n".join(json.dumps(each, separators=(",", ":")) for each in decisions())
    DECIDED.write_text(f"[\n{rows}\n]\n")
