"""The page on which a person opens several statements and approves them together."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import msgspec
from litestar import get
from litestar.params import QueryParameter
from litestar.response import Redirect, Template

from ledger.domain import policy
from ledger.domain.cautions import Caution, count_values, of_statement
from ledger.domain.content import Value, parse_content
from ledger.domain.policy import Policy
from ledger.domain.vocabulary import CHANGE
from ledger.encoding import parse_json
from ledger.http.approvals import MOST
from ledger.http.requests import AnyRequest
from ledger.pages.headings import Headings, headings
from ledger.pages.standing import standing
from ledger.pages.statement import people_of, policies_in_words
from ledger.pages.web import FromWeb, page, to_sign_in
from ledger.pages.words import fresh_for
from projections import inbox, readers, statements, types, users
from projections.statements import StatementDetail
from projections.summaries import StatementSummary, summaries
from projections.users import User

# The documents of one page in all: a larger statement is reviewed on its own page.
MOST_BYTES = 250_000
# Of the documents that are read, to tell why they are not shown; those after them are too large.
MOST_READ_BYTES = 1_000_000
MOST_CHOSEN = 25  # rows of the inbox


class Reviewed(msgspec.Struct, frozen=True):
    """A statement in full, with what an approval does, and the last decision of who reads it."""

    statement: StatementDetail
    content: Value
    headings: Headings
    fresh_for: str | None
    cautions: list[Caution]
    values: int
    words: dict[str, str | None]
    effect: str
    mine: str | None


@get("/approvals", sync_to_thread=True)
def approvals(
    request: AnyRequest,
    web: FromWeb,
    only: Annotated[str | None, QueryParameter(max_length=MOST_CHOSEN * 37)] = None,
) -> Template | Redirect:
    """Show in full what waits for a person, to approve several with one confirmation.

    `only` has the ids of statements, with commas between them: those that were chosen in the inbox.
    """
    me = web.session_user(request)
    if me is None:
        return to_sign_in(request)
    with web.models.views() as (db, at):
        now, reader = web.models.now(), readers.of(db, me.id)
        if only is None:
            waiting = inbox.page(db, user_id=me.id, at=at, now=now, limit=MOST)
            numbers, more = [each.position for each in waiting.items], waiting.next is not None
        else:
            chosen = [statements.find(db, each, reader, at=at) for each in only.split(",")]
            numbers, more = [each for each in dict.fromkeys(chosen) if each is not None], False
        log = web.models.log
        found = read_within(
            numbers[:MOST], lambda each: statements.of_number(db, log, each, reader, at=at, now=now)
        )
        for each in found:
            web.access.note(db, reader, "statement", [each.position])
        names, reviewed, apart = _sorted(db, found, me, at)
        unread = summaries(db, numbers[len(found) : MOST], at=at, now=now)
        apart += [(each, "large") for each in unread]
    return page(
        "approvals",
        web,
        me=me,
        position=at,
        reviewed=reviewed,
        apart=apart,
        names=names,
        more=more or len(numbers) > MOST,
        only=only is not None,
    )


def read_within(
    numbers: Sequence[int], read: Callable[[int], StatementDetail]
) -> list[StatementDetail]:
    """Return the first statements: those up to the one whose document reaches the bound."""
    found: list[StatementDetail] = []
    left = MOST_READ_BYTES
    for number in numbers:
        if left <= 0:
            break
        found.append(read(number))
        left -= len(found[-1].document.encode())
    return found


def _sorted(
    db: sqlite3.Connection, found: list[StatementDetail], me: User, at: int
) -> tuple[dict[str, str], list[Reviewed], list[tuple[StatementSummary, str]]]:
    """Return people's names, what can be approved with others, and the rest with the reasons."""
    names: dict[str, str] = {}
    reviewed: list[Reviewed] = []
    apart: list[tuple[StatementSummary, str]] = []
    left = MOST_BYTES
    for each in found:
        rules, replaced = _policies(each)
        names |= users.names(db, sorted(people_of(rules) | people_of(replaced)), at=at)
        names[each.creator.id] = each.creator.name
        words = policies_in_words(rules, replaced, names)
        open_to_me = standing(each, rules, me)
        left -= len(each.document.encode())
        if each.type is not None and each.type.name == CHANGE:
            apart.append((each, "change"))
        elif words["assurance"] == "passkey":
            apart.append((each, "passkey"))
        elif not open_to_me.can_approve:
            apart.append((each, "not-now"))
        elif left < 0:
            apart.append((each, "large"))
        else:
            content = parse_content(each.content)
            kind = types.definition_of(db, each.type, at=at)
            mine = [d.jws for d in each.decisions if d.person.id == me.id]
            reviewed.append(
                Reviewed(
                    statement=each,
                    content=content,
                    headings=headings(None if kind is None else kind.schema, content),
                    fresh_for=fresh_for(kind),
                    cautions=of_statement(each.title, content),
                    values=count_values(content),
                    words=words,
                    effect=open_to_me.approval_effect,
                    mine=mine[-1] if mine else None,
                )
            )
    return names, reviewed, apart


def _policies(found: StatementDetail) -> tuple[Policy, Policy | None]:
    # The document is authoritative; the views only index it.
    document: dict[str, Any] = parse_json(found.document.encode())
    rules = policy.parse(msgspec.json.encode(document["policy"]))
    return rules, None if found.replaced is None else msgspec.convert(found.replaced, Policy)
