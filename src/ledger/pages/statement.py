"""The page of one statement, by its id or by the SHA-256 of its document.

The second address is for another screen: a phone scans the code that the first screen shows, and
reads from the ledger itself what has this digest.
"""

import sqlite3
from typing import Any

import msgspec
from litestar import Response, get
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from ledger.domain import policy
from ledger.domain.cautions import of_statement
from ledger.domain.content import parse_content
from ledger.domain.policy import Policy
from ledger.domain.readers import Reader, unknown_statement
from ledger.domain.statement_types import TypeDefinition
from ledger.encoding import SHA256_HEX, parse_json
from ledger.http import qr_code
from ledger.http.requests import AnyRequest
from ledger.pages.acceptance import counts
from ledger.pages.change_words import describe, named_in
from ledger.pages.draft_types import next_version
from ledger.pages.headings import headings, titles
from ledger.pages.past import shown_at
from ledger.pages.policy_texts import policy_sentence
from ledger.pages.readers import readers_and_executors, readers_sentence
from ledger.pages.shown_part import MOST_CHARS, Room, shown_part
from ledger.pages.standing import OpenActions, standing
from ledger.pages.uses import shown_uses, without_acts
from ledger.pages.versions import changed_since, place_of, strictest
from ledger.pages.web import FromWeb, Web, page, to_sign_in
from ledger.pages.words import (
    fresh_for,
    group_sentence,
    is_questioned,
    place_sentence,
    progress_sentence,
)
from projections import changes, erasures, floor, holds, readers, statements, types, users
from projections import rules as rules_set
from projections.statements import StatementDetail


@get("/statements/{statement_id:str}", sync_to_thread=True)
def statement(
    request: AnyRequest, web: FromWeb, statement_id: FromPath[str], at: FromQuery[str | None] = None
) -> Template | Redirect:
    """Show one statement for review: content, policy, signatures, and the possible actions.

    As of an earlier position it shows what was known then, and offers no action.
    """
    return _shown(request, web, statement_id, at)


@get("/digests/{digest:str}", sync_to_thread=True)
def by_digest(request: AnyRequest, web: FromWeb, digest: FromPath[str]) -> Template | Redirect:
    """Show the statement whose document has this SHA-256 (hex), for a check on a second screen."""
    if not SHA256_HEX.fullmatch(digest):
        raise unknown_statement()
    return _shown(request, web, bytes.fromhex(digest))


@get("/digests/{digest:str}/qr.svg", sync_to_thread=True)
def digest_code(
    request: AnyRequest, web: FromWeb, digest: FromPath[str]
) -> Response[str] | Redirect:
    """Draw the address of the page above as a QR code; it says nothing of what the ledger has."""
    if web.session_user(request) is None:
        return to_sign_in(request)
    if not SHA256_HEX.fullmatch(digest):
        raise unknown_statement()
    drawn = qr_code.svg(f"{web.charter.party.origin}/digests/{digest}")
    return Response(drawn, media_type="image/svg+xml")


def _shown(
    request: AnyRequest, web: Web, name: str | bytes, at: str | None = None
) -> Template | Redirect:
    me = web.session_user(request)
    if me is None:
        return to_sign_in(request)
    with web.models.views() as (db, newest):
        reader, then = readers.of(db, me.id), shown_at(db, web, newest, at)
        seen, now = then.seen, then.time
        number = statements.find(db, name, reader, at=seen)
        if number is None:
            erased = erasures.of_statement(db, name, at=seen) if isinstance(name, str) else None
            if erased is None:
                raise unknown_statement()
            return page("erased", web, me=me, position=newest, erased=erased)
        found = statements.of_number(db, web.models.log, number, reader, at=seen, now=now)
        web.access.note(db, reader, "statement", [found.position])
        # The document is authoritative; the views only index it.
        document = parse_json(found.document.encode())
        rules = policy.parse(msgspec.json.encode(document["policy"]))
        replaced_rules = None if found.replaced is None else msgspec.convert(found.replaced, Policy)
        earlier = _earlier(db, web, found, reader, seen)
        items = changes.items(db, [found.id]).get(found.id, ())
        replaced = rules_set.replaced(db, items, at=seen)
        ids = people_of(rules) | people_of(replaced_rules) | readers_and_executors(found)
        people = users.names(db, sorted(ids | named_in(items)), at=seen)
        people[found.creator.id] = found.creator.name
        below = floor.is_below(db, found.position, rules, floor.in_force(db, at=seen))
        takes_part = not readers.foreign(db, reader, [found.position])
        version_way = None if then.is_past else next_version(db, me, found, at=seen)
        hold, kind = _kept(db, found, at=seen)
        awaits = bool(items) and _awaits(db, me, at=seen)
    uses = shown_uses(found, me, people, takes_part=takes_part, now=now)
    return page(
        "statement",
        web,
        me=me,
        position=newest,
        shown_at=then,
        is_second_screen=isinstance(name, bytes),
        statement=found,
        names=people,
        replaced=replaced,
        hold=hold,
        described=describe(items, people, replaced),
        readers_sentence=readers_sentence(found.read_by, found.readers, people),
        uses=without_acts(uses) if then.is_past else uses,
        progress_sentence=progress_sentence(found),
        is_questioned=is_questioned(found),
        place_sentence=place_sentence(found),
        group_sentence=group_sentence,
        standing=OpenActions()
        if then.is_past
        else standing(found, rules, me, awaits=awaits, below=below),
        changed=None if earlier is None else changed_since(earlier, found.document.encode()),
        place=place_of(found),
        version_way=version_way,
        **_content(found, kind, is_change=bool(items)),
        **policies_in_words(rules, replaced_rules, people),
    )


def _content(
    found: StatementDetail, kind: TypeDefinition | None, *, is_change: bool
) -> dict[str, Any]:
    """Return what the page shows of a statement's content; changes are told in words."""
    part = shown_part(parse_content(found.content), Room())
    schema = None if kind is None else kind.schema
    return {
        "part": part,
        "document_part": found.document[:MOST_CHARS],
        "cautions": [] if is_change else of_statement(found.title, part.content),
        "headings": headings(schema, part.content),
        "titles": titles(schema),
        "fresh_for": fresh_for(kind),
    }


def _earlier(
    db: sqlite3.Connection, web: Web, found: StatementDetail, reader: Reader, at: int
) -> bytes | None:
    """Return the document that a statement supersedes, if its reader may read that too."""
    if found.supersedes is None:
        return None
    number = statements.find(db, found.supersedes, reader, at=at)
    return None if number is None else statements.document(web.models.log, number)


def _awaits(db: sqlite3.Connection, me: users.User, *, at: int) -> bool:
    """Tell whether a person accepts the governance policy before they can approve a change."""
    return not counts(db, me, rules_set.in_force(db, at=at).governance, at=at)


def _kept(
    db: sqlite3.Connection, found: StatementDetail, *, at: int
) -> tuple[holds.HoldInForce | None, TypeDefinition | None]:
    """Return the hold on a statement, and the definition of its type."""
    return holds.of(db, "statement", found.id, at=at), types.definition_of(db, found.type, at=at)


def people_of(rules: Policy | None) -> set[str]:
    """Return the ids of the people whom a policy and its veto name."""
    members = set() if rules is None else {*policy.members(rules), *rules.veto}
    return {name.removeprefix("user:") for name in members if name.startswith("user:")}


def policies_in_words(
    rules: Policy, replaced: Policy | None, people: dict[str, str]
) -> dict[str, str | None]:
    """Return what a statement's policy asks, and that of the statement which it replaces."""
    return {
        "policy_sentence": policy_sentence(rules, people),
        "replaced_sentence": None if replaced is None else policy_sentence(replaced, people),
        "assurance": strictest(rules, replaced),
    }
