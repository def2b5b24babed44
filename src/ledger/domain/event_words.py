"""An event of the timeline in one sentence; names and titles stand in quotation marks. Pure.

Programs, exports and commands get it in English, as the events declare it. Pages give the texts of
their reader's language.
"""

from collections.abc import Mapping
from typing import get_args

import msgspec

from ledger.domain.events import BODIES, NO_ROLE, BodiesErased
from ledger.domain.late_acts import told_late
from ledger.domain.policy_words import Say
from ledger.domain.quoting import of_account, quoted
from ledger.domain.vocabulary import LET_IN, PersonStanding, Status, UseOutcome

# web/locale/en.json has the same texts, and a test compares them.
ENGLISH: Mapping[str, str] = {
    **{f"event.{tag}": body.MEANING.words.timeline for tag, body in BODIES.items()},
    **{f"event.{tag}.kind": tag.rpartition(".")[0].replace("-", " ") for tag in BODIES},
    "event.erased-name": "An erased name",
    "event.erased": "An erased event of an erased statement ({kind})",
    "event.somebody": "Somebody",
    "event.statement": "A statement",
    "event.of-whom": " of {whom}",
    "event.no-role": NO_ROLE,
    "event.approvals.one": "1 approval",
    "event.approvals.other": "{count} approvals",
    "event.late": told_late("{time}"),
    **{f"event.outcome.{each}": each for each in get_args(UseOutcome)},
    **{f"event.standing.{each}": each for each in get_args(PersonStanding)},
    **{f"status.{each}": each for each in get_args(Status)},
    "decision.admitted": LET_IN,
    "service.actor": of_account("{account}", "{owner}"),
}


class EventFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a sentence tells of an event.

    `who` is the name of who acted, `account` that of the service account they acted with, and
    `whom` that of the person of the stream, where that is another. `has_actor` says whether a
    person acted, `title` is None for an erased statement, `detail` what the event declares, and
    `approvals` those of the statement after the event. `late_signed_at` is when the person signed
    an act that a restore had lost.
    """

    type: str
    has_actor: bool
    who: str | None
    is_let_in: bool
    account: str | None
    whom: str | None
    title: str | None
    detail: str | None
    approvals: int
    late_signed_at: str | None = None

    @property
    def is_erased(self) -> bool:
        """Whether the event is of a statement whose bodies are erased."""
        return self.title is None and BODIES[self.type].MEANING.stream == "statement"


def english(key: str, /, **values: object) -> str:
    """Return an English text with its values; with `count`, that of one or of several."""
    if "count" in values:
        key += ".one" if values["count"] == 1 else ".other"
    return ENGLISH[key].format(**values)


def event_sentence(told: EventFacts, say: Say = english) -> str:
    """Return what happened, without a full stop."""
    said = _sentence(told, say)
    if told.late_signed_at is None:
        return said
    return f"{said}, {say('event.late', time=told.late_signed_at)}"


def _sentence(told: EventFacts, say: Say) -> str:
    if not told.has_actor and BODIES[told.type].MEANING.actor == "owner":
        return say("event.erased-name")
    if told.is_erased and told.type != BodiesErased.TAG:
        return say("event.erased", kind=say(f"event.{told.type}.kind"))
    who = _actor(told, say)
    whom = None if told.whom is None else quoted(told.whom)
    detail = _detail(told, say)
    count = say("event.approvals", count=told.approvals)
    return say(
        f"event.{told.type}",
        who=who,
        whom=whom or who,
        of_whom="" if whom is None else say("event.of-whom", whom=whom),
        title=say("event.statement") if told.is_erased else quoted(told.title or ""),
        detail=detail or say("event.no-role"),
        approvals=f"{count}, {detail}" if detail else count,
        ended=f" ({detail})" if detail else "",
    )


def _actor(told: EventFacts, say: Say) -> str:
    who = quoted(told.who) if told.who else say("event.somebody")
    if told.is_let_in and told.title is not None:
        who += f" ({say('decision.admitted')})"
    return who if told.account is None else say("service.actor", account=told.account, owner=who)


def _detail(told: EventFacts, say: Say) -> str:
    """Return what the event declares, in words; a role is a name, so no language changes it."""
    if told.detail is None:
        return ""
    kind = BODIES[told.type].MEANING.words.detail
    if kind == "status":
        return say(f"status.{told.detail}")
    if kind in ("outcome", "standing"):
        return say(f"event.{kind}.{told.detail}")
    role = told.detail.removesuffix(f", {LET_IN}")
    return role if role == told.detail else f"{role}, {say('decision.admitted')}"
