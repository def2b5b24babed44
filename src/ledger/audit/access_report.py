"""What a log has of one person: everything they did, and everything done to their data.

The log names people by id. An event is theirs if they acted; it concerns them if it stands in their
stream, or has their id somewhere: a policy that names them, a role, a hold, an erasure.
"""

from collections.abc import Callable

from ledger.audit.answers import AnswerTable, Cell
from ledger.audit.selection import Selection
from ledger.audit.source import AuditedLog, RowFilter
from ledger.audit.stored_events import ErasedRow
from ledger.audit.trail import BRIEF, Trail
from ledger.domain import events
from ledger.domain.document import parse_uuid
from ledger.domain.events import BODIES

MayRead = Callable[[str], bool]
ACTS, CONCERNS = "What they did", "What was done to them and their data by others"
LEFT_OUT = "the rest is left out here: ask `ledger ask access-report` for all of it"
_UNREADABLE = "without statements that the person cannot read"


def everyone_may(_: str) -> bool:
    """Tell that every statement may be shown."""
    return True


def of_person(
    rows: AuditedLog, about: str, *, may_read: MayRead = everyone_may, most: int | None = None
) -> tuple[str, list[AnswerTable]]:
    """Return a person's id, and the tables of their acts, of what concerns them, of statements.

    `about` is an id or an exact name. `may_read` tells of a statement's id whether it may be shown.
    A table has at most `most` rows. Raises NotFoundError `user_unknown`.
    """
    trail = Trail(rows)
    user = trail.named.person(about)
    did: list[tuple[Cell, ...]] = []
    concerns: list[tuple[Cell, ...]] = []
    statements: dict[str, tuple[Cell, ...]] = {}
    is_cut = False
    for each in trail.events(Selection(RowFilter(mentions=parse_uuid(user)))):
        if isinstance(each, ErasedRow):
            continue  # whose it was is gone with its body
        stream = str(each.event.stream)
        of_statement = BODIES[each.event.body.TAG].MEANING.stream == "statement"
        if of_statement and not may_read(stream):
            continue
        acted = events.actor(each.event) == user
        table = did if acted else concerns
        if most is not None and len(table) == most:
            is_cut = True
            continue
        table.append(trail.brief(each))
        if of_statement and acted and stream not in statements:
            draft = trail.named.draft(each.event.stream)
            role = "created" if draft.creator == user else "decided on or used"
            statements[stream] = (stream, draft.title, draft.type_in_words, draft.sha256, role)
    notes: tuple[str, ...] = (f"person {user}",)
    if may_read is not everyone_may:
        notes += (_UNREADABLE,)
    if is_cut:
        notes += (LEFT_OUT,)
    columns = ("statement", "title", "type", "documentHash", "part")
    part = (*statements.values(),)
    of_statements = AnswerTable("Statements they took part in", columns, part, notes)
    tables = [
        AnswerTable(f"{ACTS}: {trail.named.called(user)}", BRIEF, tuple(did), notes),
        AnswerTable(CONCERNS, BRIEF, tuple(concerns), notes),
        of_statements,
    ]
    return user, tables
