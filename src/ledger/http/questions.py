"""The routes of auditors' questions: the tables of `ledger ask`, for auditors who are signed in.

One question is answered at a time, in a thread, and a table has at most so many rows: the memory of
an answer does not grow with the log. The access record notes it before the answer.
"""

import asyncio
import io
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Annotated

import msgspec
from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from ledger.audit import due_for_erasure, figures, figures_svg, questions
from ledger.audit.access_report import of_person
from ledger.audit.answers import AnswerTable
from ledger.audit.differences import differences
from ledger.audit.positions import Period, find_period
from ledger.audit.source import AuditedLog
from ledger.audit.trail_formats import BOM, write_table
from ledger.errors import MalformedError, NotFoundError, TooLargeError
from ledger.http.access_record import AccessRecord
from ledger.http.accesses import require_auditor
from ledger.http.context import FromAccess, FromReadModels, SignedIn
from ledger.http.paced import in_time
from ledger.http.problems import answers
from ledger.http.read_models import ReadModels
from ledger.http.trail import CSV, First, Last, Later, attachment
from ledger.http.turns import LongRead, Turns, from_anywhere
from ledger.store.ports.log import LogStore

MOST_ROWS = 1_000
TURNS = Turns(1, "another question is being answered; try later")
MOST_EVENTS = 250_000  # of a log whose statements are held in outline
SVG = "image/svg+xml"
_CSV_FILE = ResponseSpec(bytes, media_type=CSV, description="The table", generate_examples=False)
_PICTURE = ResponseSpec(bytes, media_type=SVG, description="The picture", generate_examples=False)


class AskedQuestion(msgspec.Struct, frozen=True):
    """A question as somebody asks it."""

    name: str
    about: str | None
    first: str | None
    last: str | None
    after: int
    most: int = MOST_ROWS


class AnsweredQuestion(msgspec.Struct):
    """The tables that answer a question; `next` is the `after` of what follows, null at the end."""

    tables: list[AnswerTable]
    next: int | None


_Ask = Callable[[AuditedLog, AskedQuestion], list[AnswerTable]]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _about(asked: AskedQuestion) -> str:
    if asked.about is None:
        raise MalformedError("about_missing", "this question needs the parameter 'about'")
    return asked.about


def _from(asked: AskedQuestion) -> str:
    if asked.first is None:
        raise MalformedError("from_missing", "this question needs the parameter 'from'")
    return asked.first


def _period(rows: AuditedLog, asked: AskedQuestion) -> Period:
    after, last = find_period(rows, asked.first, asked.last)
    return Period(max(after, asked.after), last)


# One row more than is shown tells that there are more.
_QUESTIONS: dict[str, _Ask] = {
    "approvals": lambda rows, asked: [questions.approvals(rows, _about(asked))],
    "acts": lambda rows, asked: [
        questions.acts(rows, _about(asked), _period(rows, asked), most=asked.most + 1)
    ],
    "access-report": lambda rows, asked: of_person(rows, _about(asked), most=asked.most)[1],
    "administration": lambda rows, asked: [
        questions.administration(rows, _period(rows, asked), most=asked.most + 1)
    ],
    "events": lambda rows, asked: [
        questions.events(rows, _period(rows, asked), most=asked.most + 1)
    ],
    "in-question": lambda rows, asked: [
        questions.questioned(rows, after=asked.after, most=asked.most + 1)
    ],
    "leavers": lambda rows, asked: [
        questions.leavers(rows, after=asked.after, most=asked.most + 1)
    ],
    "due-for-erasure": lambda rows, asked: [
        due_for_erasure.due(_few(rows), now_ms=_now_ms(), after=asked.after, most=asked.most + 1)
    ],
    "figures": lambda rows, asked: figures.figures(_few(rows), _period(rows, asked)),
    "diff": lambda rows, asked: [
        differences(_few(rows), _from(asked), asked.last, after=asked.after, most=asked.most + 1)
    ],
}
NAMES = tuple(_QUESTIONS)
_BY_NUMBER = "diff"  # its rows have no position: `after` counts them
_UNPAGED = ("access-report", "approvals", "figures")  # of one person or statement; of totals
_SEVERAL = ("access-report", "figures")  # tables


def _few(rows: AuditedLog) -> AuditedLog:
    """Return a log whose statements fit in memory in outline.

    Raises TooLargeError `question_too_large`.
    """
    if rows.newest() > MOST_EVENTS:
        detail = f"the log has more than {MOST_EVENTS:,} events: use the command line"
        raise TooLargeError("question_too_large", detail)
    return rows


def answered(read: LongRead, store: LogStore, asked: AskedQuestion) -> AnsweredQuestion:
    """Answer a question from the log, in at most `most` rows of a table.

    Raises NobodyWaitsError, and what the question raises.
    """
    found, newest = from_anywhere(store, lambda at: _tables_of(read, at.address, asked))
    if newest > store.head().sealed:  # the answer may rest on what is not sealed yet
        found, _ = _tables_of(read, store.address, asked)
    if asked.name in _UNPAGED or len(found[0].rows) <= asked.most:
        return AnsweredQuestion(found, None)
    shown = found[0].rows[: asked.most]
    last = asked.after + asked.most if asked.name == _BY_NUMBER else int(shown[-1][0])
    return AnsweredQuestion([msgspec.structs.replace(found[0], rows=shown)], last)


def _tables_of(read: LongRead, address: str, asked: AskedQuestion) -> tuple[list[AnswerTable], int]:
    """Return the whole answer, and the newest position of the log that it is from."""
    with read.rows(address) as rows, rows.snapshot():
        return _QUESTIONS[asked.name](rows, asked), rows.newest()


About = Annotated[str | None, QueryParameter(name="about", max_length=256)]


async def require_question(models: ReadModels, user: str, asked: AskedQuestion) -> None:
    """Require an auditor, and a question that there is.

    Raises ForbiddenError `auditor_only`, NotFoundError `question_unknown`.
    """
    await asyncio.to_thread(require_auditor, models, user)
    if asked.name not in _QUESTIONS:
        raise NotFoundError("question_unknown", f"there is no question {asked.name[:32]!r}")


async def answer(
    store: LogStore, access: AccessRecord, user: str, asked: AskedQuestion
) -> AnsweredQuestion:
    """Answer a question in its turn; the access record has it before anybody sees the answer.

    Raises UnavailableError `server_busy`, `state_unavailable`, and what the question raises.
    """
    found = await TURNS.now(partial(answered, store=store, asked=asked))
    statement = asked.about if asked.name == "approvals" else None
    await asyncio.to_thread(access.asked, user, statement)
    return found


@get("/api/questions/{question:str}", responses=answers(400, 401, 403, 404, 413, 429, 503))
async def ask(  # the route's parameters
    question: FromPath[str],
    models: FromReadModels,
    access: FromAccess,
    user: SignedIn,
    about: About = None,
    first: First = None,
    last: Last = None,
    after: Later = 0,
) -> AnsweredQuestion:
    """Answer an auditor's question from the log."""
    asked = AskedQuestion(question, about, first, last, after)
    await require_question(models, user, asked)
    return await answer(models.log.store, access, user, asked)


@get(
    "/api/questions/{question:str}/csv",
    media_type=CSV,
    responses=answers(400, 401, 403, 404, 413, 429, 503) | {200: _CSV_FILE},
)
async def ask_for_csv(  # the route's parameters
    question: FromPath[str],
    models: FromReadModels,
    access: FromAccess,
    user: SignedIn,
    about: About = None,
    first: First = None,
    last: Last = None,
) -> Stream:
    """Answer an auditor's question as CSV that Excel opens: all rows, sent while they are found."""
    asked = AskedQuestion(question, about, first, last, 0)
    await require_question(models, user, asked)
    if question in _SEVERAL:
        raise MalformedError("request_invalid", f"the answer to {question} is several tables")
    if question == _BY_NUMBER:  # computed as a whole for each part: so in one part
        asked = msgspec.structs.replace(asked, most=MOST_EVENTS)
    store = models.log.store
    begun = await answer(store, access, user, asked)
    parts = in_time(_tables(store, asked, begun))
    return Stream(parts, media_type=CSV, headers=attachment(f"{question}.csv"))


async def _tables(
    store: LogStore, asked: AskedQuestion, begun: AnsweredQuestion
) -> AsyncIterator[bytes]:
    found = begun
    yield BOM + _csv(begun.tables[0].columns, begun)
    while found.next is not None:
        asked = msgspec.structs.replace(asked, after=found.next)
        found = await TURNS.next(partial(answered, store=store, asked=asked))
        yield _csv((), found)


def _csv(columns: tuple[str, ...], found: AnsweredQuestion) -> bytes:
    out = io.BytesIO()
    write_table(columns, found.tables[0].rows, out)
    return out.getvalue()


@get(
    "/api/questions/figures/picture",
    media_type=SVG,
    responses=answers(400, 401, 403, 413, 429, 503) | {200: _PICTURE},
)
async def picture(
    models: FromReadModels,
    access: FromAccess,
    user: SignedIn,
    first: First = None,
    last: Last = None,
) -> Response[bytes]:
    """Draw the statements by month."""
    asked = AskedQuestion("figures", None, first, last, 0)
    await require_question(models, user, asked)
    found = await answer(models.log.store, access, user, asked)
    drawn = figures_svg.by_month(found.tables[0])
    return Response(drawn.encode(), media_type=SVG)
