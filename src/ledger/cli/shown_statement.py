"""A statement for a terminal: all that its page shows, hazards too, from the very bytes."""

import json
from collections.abc import Iterator, Mapping

import msgspec

from ledger import clock
from ledger.cli.shown_text import shown_line, shown_text
from ledger.client.answers import KnownUse, ShownDecision, ShownStatement
from ledger.domain.cautions import Caution, CautionKind, count_values, listed, of_statement
from ledger.domain.content import Value, parse_content, shown_pointer
from ledger.domain.document import Document, parse_document
from ledger.domain.policy import Policy
from ledger.domain.policy_words import called, moment, policy_sentence
from ledger.domain.policy_words import listed as enumerated
from ledger.domain.quoting import of_account, quoted
from ledger.domain.statement_types import MINUTE_MS, parse_definition
from ledger.domain.vocabulary import CHANGE
from ledger.encoding import sha256_hex
from ledger.errors import RefusedError

_CAUTIONS: dict[CautionKind, str] = {
    "alike": "its name looks like another name beside it",
    "nameless": "its name is empty",
    "letters": "it has letters or digits of another script that look like Latin ones",
    "signs": "it has signs that look like others, or like the marks of a signature",
    "unseen": "it has characters that nobody sees",
    "marks": "it has marks that strike letters out, or that belong to no letter",
    "turned": "it is written in both directions, so its parts may stand in another order",
    "space": "it has an unusual space, a space at one end, or many empty lines",
    "form": "its letters and accents are stored in an unusual form",
}
_OUTLOOKS = {
    "all_rejected": "Everybody who could still approve it has rejected it.",
    "below_floor": "Its policy asks for less than this ledger's floor, so nobody can approve it.",
}


def lines_of(statement: ShownStatement, raw: bytes, definition: str | None = None) -> list[str]:
    """Return the lines that show a statement; `raw` are the bytes of its document.

    `definition` is that of its type, which the document names by its digest.

    Title, content and policy are those of the bytes. Raises MalformedError as `parse_document`,
    RefusedError `document_differs` if the ledger names another digest.
    """
    digest = sha256_hex(raw)
    if digest != statement.sha256:
        raise RefusedError("document_differs", f"the document's SHA-256 is {digest}")
    document = parse_document(raw)
    content = parse_content(document.content)
    names = statement.progress.names() | {statement.creator.id: statement.creator.name}
    names = {user: shown_line(name) for user, name in names.items()}
    drafter = _acting(called(document.creator, names), statement.account)
    cautions = [] if _is_change(document) else of_statement(document.title, content)
    return [
        f"Title:    {shown_line(document.title)}",
        f"Drafted:  by {drafter}, {moment(document.created_at)}",
        *_kind(document, statement),
        f"Status:   {_status(statement)}",
        *_hints(statement),
        f"SHA-256:  {digest}",
        f"Policy:   {policy_sentence(document.policy, names)}",
        *_replaced(statement, names),
        f"Readers:  {_readers(statement, names)}",
        *_usable(document, statement, names),
        *[line for each in statement.decisions for line in _decision(each)],
        *_fresh(definition),
        *_looked_at(cautions),
        "",
        *_tree(content),
        "",
        f"{count_values(content)} values. End of the statement.",
    ]


def _is_change(document: Document) -> bool:
    return document.type is not None and document.type.name == CHANGE


def _kind(document: Document, statement: ShownStatement) -> Iterator[str]:
    if _is_change(document):
        yield "Type:     a change of this ledger's people, rules or types"
    elif document.type is not None:
        yield f"Type:     {document.type.named}"
    if document.supersedes is not None:
        yield f"Replaces: {document.supersedes.statement}"
    if statement.superseded_by is not None:
        yield f"Replaced: by {shown_line(statement.superseded_by)}"


def _status(statement: ShownStatement) -> str:
    if statement.is_questioned:
        return (
            "IN QUESTION: an approval that it needs was made with a key or passkey that was"
            " declared compromised. Do not act on it."
        )
    ends = statement.expires_at
    until = f", until {moment(ends)}" if statement.status == "pending" and ends else ""
    return f"{statement.status}, {statement.approvals} of {statement.needed}{until}"


def _hints(statement: ShownStatement) -> Iterator[str]:
    if statement.status != "pending":
        return
    says = _OUTLOOKS.get(statement.outlook or "")
    if says is None and statement.progress.missing is None:
        says = "The people who can sign today cannot meet its policy."
    if says is not None:
        yield f"          {says}"


def _replaced(statement: ShownStatement, names: Mapping[str, str]) -> Iterator[str]:
    if statement.replaced is not None:
        rules = msgspec.convert(statement.replaced, Policy)
        yield f"          And that of what it replaces. {policy_sentence(rules, names)}"


def _members(members: tuple[str, ...], names: Mapping[str, str]) -> str:
    parted = (each.partition(":") for each in members)
    return enumerated(
        [
            f"everybody with the role {name}" if kind == "role" else called(name, names)
            for kind, _, name in parted
        ]
    )


def _readers(statement: ShownStatement, names: Mapping[str, str]) -> str:
    if statement.read_by == "everyone":
        return "everyone who is signed in"
    others = f", {_members(statement.readers, names)}" if statement.readers else ""
    return f"its creator, the people whom its policy names{others}, and auditors"


def _usable(
    document: Document, statement: ShownStatement, names: Mapping[str, str]
) -> Iterator[str]:
    usable = document.usable
    if usable is None:
        return
    until = "" if usable.until is None else f", until {moment(usable.until)}"
    yield f"Use:      by {_members(usable.by, names)}, {usable.times} times in all{until}"
    if statement.precedes_loss:
        yield "          The ledger lost entries later: the uses that were left are void."
    elif statement.uses_left is not None:
        yield f"          {statement.uses_left} left"
    yield from (f"Used:     {_use(each)}" for each in statement.uses)


def _use(use: KnownUse) -> str:
    what = f" for {shown_line(use.reference)}" if use.reference else ""
    became = "not done, confirmed" if use.freed else use.outcome or "no outcome reported"
    return f"{moment(use.at)} by {_acting(_person(use.person.name), use.account)}{what}: {became}"


def _acting(person: str, account: str | None) -> str:
    return person if account is None else of_account(shown_line(account), person)


def _person(name: str) -> str:
    return quoted(shown_line(name))


def _decision(decision: ShownDecision) -> Iterator[str]:
    roles = f" ({', '.join(map(shown_line, decision.roles))})" if decision.roles else ""
    yield (
        f"Decision: {decision.decision} by {_person(decision.person.name)}{roles},"
        f" {moment(decision.at)}, position {decision.position}, key {shown_line(decision.kid)[:8]}"
    )
    if decision.reason:
        yield f"          {shown_line(decision.reason)}"
    marks = {
        "in question: what it was made with was declared compromised": decision.in_question,
        "taken back later": decision.retracted,
        "the key was revoked later": decision.key_status == "revoked",
        "the policy was not signed": decision.form == "individual",
        "let in by the operator": decision.admitted_by is not None,
    }
    yield from (f"          {says}" for says, is_so in marks.items() if is_so)


def _fresh(definition: str | None) -> Iterator[str]:
    fresh_ms = None if definition is None else parse_definition(definition).definition.freshness
    if fresh_ms is not None and fresh_ms > clock.SKEW_MS:
        yield (
            f"LOOK AT:  what is signed here is accepted up to {fresh_ms // MINUTE_MS:,} minutes"
            " after it was signed, also if its signer has changed their mind"
        )


def _looked_at(found: list[Caution]) -> Iterator[str]:
    shown = listed(found)
    for each in shown:
        where = "the title" if not each.place else shown_line(shown_pointer(each.place))
        yield f"LOOK AT:  {where}: {', '.join(_CAUTIONS[kind] for kind in each.kinds)}"
    if len(found) > len(shown):
        yield f"LOOK AT:  and {len(found) - len(shown)} more places"


def _tree(value: Value, name: str | None = None, depth: int = 0, end: str = "") -> Iterator[str]:
    """Yield the content indented as JSON; numbers have the digits that are signed."""
    before = "  " * depth + ("" if name is None else f"{_text(name)}: ")
    if value.kind in ("object", "array") and value.members:
        opened, closed = "{}" if value.kind == "object" else "[]"
        yield f"{before}{opened}"
        last = len(value.members) - 1
        for at, (key, member) in enumerate(value.members):
            own = key if value.kind == "object" else None
            yield from _tree(member, own, depth + 1, "" if at == last else ",")
        yield f"{'  ' * depth}{closed}{end}"
        return
    empty = {"object": "{}", "array": "[]", "string": _text(value.text)}
    yield f"{before}{empty.get(value.kind, value.text)}{end}"


def _text(text: str) -> str:
    return shown_text(json.dumps(text, ensure_ascii=False))
