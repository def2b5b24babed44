"""The route of auditors' questions: the tables of `ledger ask`, for auditors who are signed in.

One question is answered at a time, in a thread. The access record notes it before the answer.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from typing import Annotated

import msgspec
from litestar import get
from litestar.params import FromPath, QueryParameter

from ledger.audit import figures, questions
from ledger.audit.answers import AnswerTable
from ledger.audit.differences import differences
from ledger.audit.positions import Period, find_period
from ledger.audit.source import AuditedLog
from ledger.errors import MalformedError, NotFoundError, UnavailableError
from ledger.http.accesses import require_auditor
from ledger.http.context import FromAccess, FromReadModels, FromSite, SignedIn
from ledger.http.problems import answers
from ledger.http.requests import full_pattern
from ledger.store.engines import audited_log

MOST_ROWS = 1_000
_TURNS = asyncio.Semaphore(1)
_PLACE = "[0-9]{1,15}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{5,15}(Z|[+-][0-9]{2}:[0-9]{2})"


class AskedQuestion(msgspec.Struct, frozen=True):
    """A question as somebody asks it."""

    name: str
    about: str | None
    first: str | None
    last: str | None
    after: int


class AnsweredQuestion(msgspec.Struct):
    """The tables that answer a question; `next` is the `after` of what follows, null at the end."""

    tables: list[AnswerTable]
    next: int | None


_Ask = Callable[[AuditedLog, AskedQuestion], list[AnswerTable]]


def _about(asked: AskedQuestion) -> str:
    if asked.about is None:
        raise MalformedError("request_invalid", "this question needs the parameter 'about'")
    return asked.about


def _from(asked: AskedQuestion) -> str:
    if asked.first is None:
        raise MalformedError("request_invalid", "this question needs the parameter 'from'")
    return asked.first


def _period(rows: AuditedLog, asked: AskedQuestion) -> Period:
    after, last = find_period(rows, asked.first, asked.last)
    return Period(max(after, asked.after), last)


# One row more than is shown tells that there are more.
_QUESTIONS: dict[str, _Ask] = {
    "approvals": lambda rows, asked: [questions.approvals(rows, _about(asked))],
    "acts": lambda rows, asked: [
        questions.acts(rows, _about(asked), _period(rows, asked), most=MOST_ROWS + 1)
    ],
    "administration": lambda rows, asked: [
        questions.administration(rows, _period(rows, asked), most=MOST_ROWS + 1)
    ],
    "events": lambda rows, asked: [
        questions.events(rows, _period(rows, asked), most=MOST_ROWS + 1)
    ],
    "in-question": lambda rows, _: [questions.questioned(rows)],
    "leavers": lambda rows, _: [questions.leavers(rows)],
    "figures": lambda rows, asked: figures.figures(rows, _period(rows, asked)),
    "diff": lambda rows, asked: [differences(rows, _from(asked), asked.last)],
}
_PAGED = ("acts", "administration", "events")


def answered(address: str, asked: AskedQuestion) -> AnsweredQuestion:
    """Answer a question from the log at an address; raise what the question raises."""
    with closing(audited_log(address).open()) as rows, rows.snapshot():
        found = _QUESTIONS[asked.name](rows, asked)
    if asked.name not in _PAGED or len(found[0].rows) <= MOST_ROWS:
        return AnsweredQuestion(found, None)
    shown = found[0].rows[:MOST_ROWS]
    return AnsweredQuestion([msgspec.structs.replace(found[0], rows=shown)], int(shown[-1][0]))


@asynccontextmanager
async def turn() -> AsyncIterator[None]:
    """Take the only turn, or raise UnavailableError `server_busy`.

    Nobody waits for it: a request that waits keeps other members' reads from being answered.
    """
    if _TURNS.locked():
        raise UnavailableError("server_busy", "another question is being answered; try later")
    async with _TURNS:
        yield


@get("/api/questions/{question:str}", responses=answers(400, 401, 403, 404, 429, 503))
async def ask(  # the route's parameters
    question: FromPath[str],
    site: FromSite,
    models: FromReadModels,
    access: FromAccess,
    user: SignedIn,
    about: Annotated[str | None, QueryParameter(name="about", max_length=256)] = None,
    first: Annotated[str | None, QueryParameter(name="from", pattern=full_pattern(_PLACE))] = None,
    last: Annotated[str | None, QueryParameter(name="to", pattern=full_pattern(_PLACE))] = None,
    after: Annotated[int, QueryParameter(name="after", ge=0, le=2**53)] = 0,
) -> AnsweredQuestion:
    """Answer an auditor's question from the log."""
    await asyncio.to_thread(require_auditor, models, user)
    if question not in _QUESTIONS:
        raise NotFoundError("question_unknown", f"there is no question {question[:32]!r}")
    asked = AskedQuestion(question, about, first, last, after)
    async with turn():
        found = await asyncio.to_thread(answered, site.settings.log_address, asked)
    statement = about if question == "approvals" else None
    await asyncio.to_thread(access.asked, user, statement)
    return found
