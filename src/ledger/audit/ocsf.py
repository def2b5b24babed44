"""The trail as events of the Open Cybersecurity Schema Framework (OCSF).

Every line is an event of class 3004, Entity Management: somebody creates, changes or ends a managed
entity, which is a statement, a person, or the ledger. docs/reference/trail.md has the mapping.
"""

from typing import Any

from ledger import __version__, clock
from ledger.audit.trail import Line
from ledger.domain.events import BODIES

VERSION = "1.2.0"
CATEGORY, CLASS = 3, 3004
CREATE, UPDATE, DELETE = 1, 3, 4
_ACTIVITIES = {CREATE: "Create", UPDATE: "Update", DELETE: "Delete"}
INFORMATIONAL, SUCCESS = 1, 1

# Events that begin an entity, and those that end what they are about; all others change it.
_CREATES = frozenset(
    {
        "hold-placed.v1",
        "invitation-issued.v1",
        "key-attested.v1",
        "ledger-created.v1",
        "passkey-added.v1",
        "role-defined.v1",
        "service-account-added.v1",
        "statement-drafted.v1",
        "user-registered.v1",
    }
)
_DELETES = frozenset(
    {
        "hold-released.v1",
        "invitation-cancelled.v1",
        "key-revoked.v1",
        "passkey-removed.v1",
        "role-closed.v1",
        "service-account-ended.v1",
        "statement-withdrawn-by-change.v1",
        "statement-withdrawn.v1",
        "type-retired.v1",
    }
)


def event(line: Line) -> dict[str, Any]:
    """Return a line of the trail as an OCSF event; the ledger's own columns are in `unmapped`."""
    activity = CREATE if line.type in _CREATES else DELETE if line.type in _DELETES else UPDATE
    kind = BODIES[line.type].MEANING.stream
    user = {"uid": line.actor_id, "name": line.actor_name} if line.actor_id else None
    actor = {"app_name": "approval-ledger"} if user is None else {"user": user}
    told: dict[str, Any] = {
        "activity_id": activity,
        "activity_name": _ACTIVITIES[activity],
        "actor": actor,
        "category_name": "Identity & Access Management",
        "category_uid": CATEGORY,
        "class_name": "Entity Management",
        "class_uid": CLASS,
        "entity": _entity(line, kind),
        "message": line.summary,
        "metadata": {
            "event_code": line.type,
            "log_name": "approval-ledger",
            "original_time": line.time,
            "product": {
                "name": "approval-ledger",
                "vendor_name": "approval-ledger",
                "version": __version__,
            },
            "sequence": line.position,
            "uid": line.entry_hash,
            "version": VERSION,
        },
        "severity_id": INFORMATIONAL,
        "status_id": SUCCESS,
        "time": clock.to_ms(line.time),
        "type_uid": CLASS * 100 + activity,
        "unmapped": _unmapped(line),
    }
    return told | ({"comment": line.reason} if line.reason else {})


def _entity(line: Line, kind: str) -> dict[str, str]:
    named = {"name": line.title} if line.title else {}
    kept = {"version": str(line.version)}
    return {"uid": line.stream, "type": kind} | named | kept


def _unmapped(line: Line) -> dict[str, str]:
    told = {
        "object": line.object,
        "key": line.key,
        "documentType": line.document_type,
        "documentHash": line.document_hash,
        "roles": line.roles,
        "form": line.form,
        "step": line.step,
        "status": line.status,
        "account": line.account,
        "lateSignedAt": line.late_signed_at,
        "compromisedSince": line.compromised_since,
        "change": line.change,
        "bodyHash": line.body_hash,
    }
    return {name: value for name, value in told.items() if value}
