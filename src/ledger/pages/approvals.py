"""The page on which a person opens several statements and approves them together."""

import sqlite3
from collections.abc import Mapping
from itertools import accumulate
from typing import Annotated, Any

import msgspec
from litestar import get
from litestar.params import QueryParameter
from litestar.response import Redirect, Template

from ledger.domain import policy
from ledger.domain.cautions import Caution, of_statement
from ledger.domain.content import parse_content
from ledger.domain.policy import Policy
from ledger.domain.vocabulary import CHANGE
from ledger.encoding import parse_json
from ledger.http.approvals import MOST
from ledger.http.requests import AnyRequest
from ledger.pages.headings import Headings, headings, titles
from ledger.pages.shown_part import Room, ShownPart, shown_part
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
MOST_CHOSEN = 25  # rows of the inbox


class Reviewed(msgspec.Struct, frozen=True):
    """A statement to approve, with what an approval does, and its reader's last decision.

    The page has a part of its content. The browser shows the whole once it is opened.
    """

    statement: StatementDetail
    part: ShownPart
    headings: Headings
    titles: dict[str, Any] | None
    fresh_for: str | None
    cautions: list[Caution]
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
        log, numbers, more = web.models.log, numbers[:MOST], more or len(numbers) > MOST
        sizes = statements.sizes(db, numbers)
        fits = fitting(sizes)
        found = [
            statements.of_number(db, log, each, reader, at=at, now=now)
            for each in numbers
            if each in fits
        ]
        for each in found:
            web.access.note(db, reader, "statement", [each.position])
        names, reviewed, apart = _sorted(db, found, me, at)
        others = summaries(db, [each for each in numbers if each not in fits], at=at, now=now)
        apart += [
            (each, "large" if sizes[each.position] > MOST_BYTES else "full") for each in others
        ]
    return page(
        "approvals",
        web,
        me=me,
        position=at,
        reviewed=reviewed,
        apart=apart,
        names=names,
        more=more,
        only=only is not None,
    )


def fitting(sizes: Mapping[int, int]) -> set[int]:
    """Return the statements whose documents fit on one page, the smallest first.

    So a large one, which anybody may draft, takes the place of no others.
    """
    ordered = sorted(sizes, key=lambda number: sizes[number])
    taken = accumulate(sizes[number] for number in ordered)
    return {number for number, so_far in zip(ordered, taken, strict=True) if so_far <= MOST_BYTES}


def _sorted(
    db: sqlite3.Connection, found: list[StatementDetail], me: User, at: int
) -> tuple[dict[str, str], list[Reviewed], list[tuple[StatementSummary, str]]]:
    """Return people's names, what can be approved with others, and the rest with the reasons."""
    names: dict[str, str] = {}
    reviewed: list[Reviewed] = []
    apart: list[tuple[StatementSummary, str]] = []
    room = Room()
    for each in found:
        rules, replaced = _policies(each)
        names |= users.names(db, sorted(people_of(rules) | people_of(replaced)), at=at)
        names[each.creator.id] = each.creator.name
        words = policies_in_words(rules, replaced, names)
        open_to_me = standing(each, rules, me)
        if each.type is not None and each.type.name == CHANGE:
            apart.append((each, "change"))
        elif words["assurance"] == "passkey":
            apart.append((each, "passkey"))
        elif not open_to_me.can_approve:
            apart.append((each, "not-now"))
        else:
            part = shown_part(parse_content(each.content), room)
            kind = types.definition_of(db, each.type, at=at)
            schema = None if kind is None else kind.schema
            mine = [d.jws for d in each.decisions if d.person.id == me.id]
            reviewed.append(
                Reviewed(
                    statement=each,
                    part=part,
                    headings=headings(schema, part.content),
                    titles=titles(schema),
                    fresh_for=fresh_for(kind),
                    cautions=of_statement(each.title, part.content),
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
