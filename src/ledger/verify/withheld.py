"""Bodies that a bundle of some statements leaves out: what no decision on them rests on. Pure.

The entries stay, and with them the number of events of each stream. An event's entry says its type,
and a verifier accepts a missing body of these types only. None of them can change how a statement
of the bundle stands. A registration is decided with its invitation, so that one is shown.
"""

from collections.abc import Container, Iterable, Mapping

from ledger.domain.changes.items import is_change
from ledger.domain.document import parse_document
from ledger.domain.entry import Entry
from ledger.domain.events import (
    Body,
    GovernanceAccepted,
    HoldPlaced,
    HoldReleased,
    InvitationCancelled,
    InvitationIssued,
    OperatorInvitationsCancelled,
    OperatorInvited,
    Recorded,
    StatementDrafted,
    TypeDefined,
    TypeRetired,
)
from ledger.errors import LedgerError, UnverifiableError
from ledger.verify.container import Mode

_ALWAYS = frozenset(
    {
        InvitationIssued.TAG,
        InvitationCancelled.TAG,
        OperatorInvited.TAG,
        OperatorInvitationsCancelled.TAG,
        GovernanceAccepted.TAG,
        HoldPlaced.TAG,
        HoldReleased.TAG,
    }
)
_OF_TYPES = frozenset({TypeDefined.TAG, TypeRetired.TAG})


def withheld_tags(documents: Iterable[str]) -> frozenset[str]:
    """Return the types of events whose bodies a bundle with these statements may leave out.

    None with a change, whose effects are decided by the whole state of the ledger, and none with a
    malformed document. Those of types, if no statement is of a defined one.
    """
    typed = False
    for each in documents:  # they can be long, and are held one at a time
        try:
            shown = parse_document(each.encode())
        except (LedgerError, ValueError, RecursionError):  # the check of decisions reports it
            return frozenset()
        if is_change(shown):
            return frozenset()
        typed = typed or shown.type is not None
    return _ALWAYS if typed else _ALWAYS | _OF_TYPES


def drafted(recorded: Iterable[Recorded]) -> list[str]:
    """Return the documents of the drafts among these events."""
    bodies = [each.event.body for each in recorded]
    return [body.document for body in bodies if isinstance(body, StatementDrafted)]


def lacking(envelopes: Mapping[int, Entry], bodies: Container[int], mode: Mode) -> dict[int, Entry]:
    """Return the entries without a body, of streams that have others; in mode *full*, of all."""
    shown = {each.stream for index, each in envelopes.items() if index in bodies}
    return {
        index: each
        for index, each in envelopes.items()
        if index not in bodies and (mode == "full" or each.stream in shown)
    }


def require_bodies(missing: Mapping[int, Entry], documents: Iterable[str], mode: Mode) -> None:
    """Raise UnverifiableError `body_missing` for the first body that no bundle leaves out."""
    tags = frozenset[str]() if mode == "full" else withheld_tags(documents)
    for index, each in missing.items():
        if each.type not in tags:
            detail = f"the body of entry {index} is not there"
            raise UnverifiableError("body_missing", detail, position=index + 1)


def is_needed(body: Body, tags: Container[str], used: Container[str | None]) -> bool:
    """Tell whether a bundle has a body, if its statements may withhold those of these types.

    An invitation is needed if somebody among the events registered by it: `used` has theirs.
    """
    return body.TAG not in tags or _invites(body, used)


def _invites(body: Body, used: Container[str | None]) -> bool:
    if isinstance(body, InvitationIssued):
        return body.invitation in used
    return isinstance(body, OperatorInvited) and any(each.id in used for each in body.invitations)
