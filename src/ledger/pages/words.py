"""The sentences that pages show about progress and times."""

from collections.abc import Iterable, Sequence
from typing import assert_never

from ledger import clock
from ledger.domain.charter_values import CharterValues
from ledger.domain.holdings import ServiceScope
from ledger.domain.quoting import quoted
from ledger.domain.statement_types import TypeDefinition
from ledger.domain.vocabulary import HOMES, KeyHome
from ledger.pages.policy_texts import listed, moment
from ledger.pages.texts import text
from projections.statements import MemberProgress, Progress, StatementDetail

_MOST_NAMES = 6


def scope_of(service: ServiceScope) -> str:
    """Return what a service account may do, and for which statements."""
    acts = " · ".join(text(f"service.act.{each}") for each in service.acts)
    untyped = [text("service.untyped")] if service.untyped else []
    return text("service.scope", acts=acts, kinds=", ".join([*service.types, *untyped]))


def values_phrase(values: CharterValues) -> str:
    """Return the charter's values, e.g. `everybody may register; …`."""
    floor, who = values.floor, text(f"registration.{values.registration}")
    parts = [
        text("change.values.registration", registration=who),
        text("change.values.people", count=floor.people),
    ]
    parts += [] if floor.creator_may_sign else [text("change.values.creator")]
    parts += [text("change.values.passkey")] if floor.assurance == "passkey" else []
    parts += [] if values.untyped else [text("change.values.typed")]
    parts.append(text("change.values.age", age=wait(values.max_age)))
    if values.allowed_homes != HOMES:
        parts.append(text("change.values.homes", homes=homes_phrase(values.allowed_homes)))
    return "; ".join([*parts, text("change.values.wait", wait=wait(values.recovery_wait_ms))])


def homes_phrase(homes: Iterable[KeyHome]) -> str:
    """Return where new signing keys may live, e.g. `on one device or with a program`."""
    return listed([text(f"change.home.{each}") for each in homes], "or")


def age_phrase(age_ms: int) -> str:
    """Return `90 minutes`, or as `wait` does for whole hours."""
    minutes = age_ms // 60_000
    return wait(age_ms) if not minutes % 60 else text("change.wait.minutes", count=minutes)


def fresh_for(kind: TypeDefinition | None) -> str | None:
    """Return how long what is signed about a type's statements is accepted, None if as usual."""
    fresh_ms = 0 if kind is None else kind.freshness or 0
    return age_phrase(fresh_ms) if fresh_ms > clock.SKEW_MS else None


def told_phrase(kind: TypeDefinition) -> str:
    """Return what messages tell of a type's statements, e.g. `its title and “amount”`, or ""."""
    if kind.messages is None:
        return ""
    title = [text("change.told.title")] if kind.messages.title else []
    return listed([*title, *map(quoted, kind.messages.members)])


def wait(age_ms: int) -> str:
    """Return `400 days`, or `36 hours` if that is no whole number of days; hours round up."""
    hours = -(-age_ms // 3_600_000)
    if hours % 24:
        return text("change.wait.hours", count=hours)
    return text("change.wait.days", count=hours // 24)


def is_questioned(statement: StatementDetail) -> bool:
    """Tell whether a statement is approved, and would not be without decisions in question."""
    lacks = [each.missing for each in (statement.progress, statement.replaced_progress) if each]
    return (
        statement.status == "approved"
        and statement.in_question > 0
        and any(missing != 0 for missing in lacks)
    )


def progress_sentence(statement: StatementDetail) -> str:
    """Return who signed, who has not decided yet, and until when."""
    approvals = [d for d in statement.decisions if d.decision == "approval"]
    signed = [quoted(d.person.name) for d in approvals if not d.retracted]
    match statement.status:
        case "approved" if is_questioned(statement):
            counts = (d for d in approvals if not d.retracted and not d.in_question)
            counting = [quoted(d.person.name) for d in counts]
            people = listed(counting) or text("progress.nobody")
            return text("progress.questioned", people=people, needed=statement.needed)
        case "approved":
            return text("progress.approved", people=listed(signed), needed=statement.needed)
        case "rejected":
            rejections = (d for d in statement.decisions if d.decision == "rejection")
            by = [quoted(d.person.name) for d in rejections]
            return text("progress.rejected", people=listed(by))
        case "superseded":
            return text("progress.superseded")
        case "withdrawn":
            return text("progress.withdrawn", who=statement.creator.name)
        case "expired":
            by_whom = listed(signed) or text("progress.nobody")
            ended = statement.final_at or statement.expires_at
            is_lost = statement.precedes_loss and ended < statement.expires_at
            key = "progress.lost" if is_lost else "progress.expired"
            return text(key, time=moment(ended), people=by_whom)
        case "pending":
            return _pending_sentence(statement, signed)
        case never:
            assert_never(never)


def _pending_sentence(statement: StatementDetail, signed: Sequence[str]) -> str:
    who = listed(signed) or text("progress.nobody-yet")
    says = text("progress.approved", people=who, needed=statement.needed)
    parts = [says, waiting_sentence(statement)]
    if statement.policy.get("expiresAt"):
        parts.append(text("policy.closes", time=moment(statement.expires_at)))
    return " ".join(parts)


def waiting_sentence(statement: StatementDetail) -> str:
    """Return how many people are still missing from a pending statement, and who can help.

    In a policy with steps, these are the people of the open step.
    """
    if statement.outlook == "all_rejected":
        return text("waiting.all-rejected")
    if statement.outlook == "below_floor":
        return text("waiting.below-floor")
    progress, replaced = statement.progress, statement.replaced_progress
    if progress.missing is None or (replaced is not None and replaced.missing is None):
        return text("waiting.unmeetable")
    if replaced is not None and replaced.missing:
        asked = text("waiting.replaced", sentence=_who_is_missing(replaced, replaced.missing))
        return f"{_waiting(progress)} {asked}" if progress.missing else asked
    return _waiting(progress)


def place_sentence(statement: StatementDetail) -> str:
    """Return how a statement stands after one's own decision on it."""
    match statement.status:
        case "pending":
            return waiting_sentence(statement)
        case status:
            return text("place.status", status=text(f"status.{status}"))


def _waiting(progress: Progress) -> str:
    if progress.missing is None:
        return text("waiting.unmeetable")
    if progress.open_step is None:
        return _who_is_missing(progress, progress.missing)
    step = progress.members[progress.open_step - 1]
    if isinstance(step, MemberProgress) or step.missing is None:
        return text("waiting.unmeetable")
    says = _who_is_missing(step, step.missing)
    step_now, steps = progress.open_step, progress.threshold
    return text("waiting.step", step=step_now, steps=steps, sentence=says)


def _who_is_missing(node: Progress, missing: int) -> str:
    people, others = _who_can_help(node)
    names = list(people.values())
    if others == 0 and len(names) == missing:
        return text("waiting.for", people=listed(names))
    if others == 0 and len(names) < missing:
        return text("waiting.rejecters", people=listed(names), count=missing)
    if len(names) > _MOST_NAMES:
        others += len(names) - _MOST_NAMES
        names = names[:_MOST_NAMES]
    if all(isinstance(member, MemberProgress) for member in node.members):
        shown = ", ".join(names)
        if others:
            shown = text("waiting.and-more", people=shown, n=others)
        return text("waiting.any", n=missing, people=shown)
    more = [text("waiting.others", n=others)] if others else []
    return text("waiting.helps", people=listed([*names, *more], "or"), count=missing)


def _who_can_help(node: Progress) -> tuple[dict[str, str], int]:
    """Return the people whose approval helps, id to quoted name, and how many more there are."""
    people: dict[str, str] = {}
    others = 0
    for member in node.members:
        if isinstance(member, Progress):
            below, more = _who_can_help(member)
            people |= below
        else:
            more = member.more if member.helps else 0
            people |= {each.id: quoted(each.name) for each in member.waiting if member.helps}
        others = max(others, more)  # a person can stand in two members
    return people, others


def group_sentence(node: Progress) -> str:
    """Return what a group or step of the policy needs, if it stands alone."""
    asks = text("group.of", n=node.threshold)
    if node.step is not None:
        asks = text("group.step", step=node.step, asks=asks)
    if node.missing == 0:
        return text("group.complete", asks=asks)
    missing = node.missing
    return asks if missing is None else text("group.missing", asks=asks, missing=missing)
