"""Every event of the ledger: its tag, its fields and its meaning.

Each tag has a golden file in tests/golden. A body holds its author's evidence exactly as received,
and what the server decided from it. The audit repeats every decision and compares.

    meaning.py                                   what each class declares, and who derives it
    of_ledger.py, of_people.py, of_statements.py the classes, one module for each kind of stream
    of_changes.py                                what changes do to the ledger and to people
    of_standing.py                               those of a person's stream about standing
    stored.py                                    the union of all, encode and decode
"""

from ledger.domain.events.meaning import (
    Dependency,
    EvidenceMember,
    Explained,
    Meaning,
    StreamKind,
    Words,
    acting_person,
    kid_of,
    signature_of,
)
from ledger.domain.events.of_changes import (
    CharterSet,
    GovernanceSet,
    InvitationCancelled,
    InvitationIssued,
    LedgerEffect,
    PersonEffect,
    RoleClosed,
    RoleDefined,
    RoleEnded,
    RoleGranted,
    StandingSet,
)
from ledger.domain.events.of_ledger import (
    LedgerBody,
    LedgerCreated,
    LedgerRecord,
    LedgerRestored,
    LogFrozen,
    LogKeysAnnounced,
    LogKeysRetired,
)
from ledger.domain.events.of_people import (
    KeyAttested,
    KeyRevoked,
    PasskeyAdded,
    PasskeyRemoved,
    PersonBody,
    PersonRecord,
    UserRegistered,
)
from ledger.domain.events.of_standing import CompromiseDeclared, PersonSuspended
from ledger.domain.events.of_statements import (
    StatementBody,
    StatementDrafted,
    StatementRejected,
    StatementSigned,
    StatementWithdrawn,
)
from ledger.domain.events.stored import (
    BODIES,
    FROZEN,
    TAKEN,
    Body,
    Effect,
    EffectBody,
    Event,
    Recorded,
    actor,
    claims,
    decode,
    decode_body,
    encode,
    memberships,
)

__all__ = [
    "BODIES",
    "FROZEN",
    "TAKEN",
    "Body",
    "CharterSet",
    "CompromiseDeclared",
    "Dependency",
    "Effect",
    "EffectBody",
    "Event",
    "EvidenceMember",
    "Explained",
    "GovernanceSet",
    "InvitationCancelled",
    "InvitationIssued",
    "KeyAttested",
    "KeyRevoked",
    "LedgerBody",
    "LedgerCreated",
    "LedgerEffect",
    "LedgerRecord",
    "LedgerRestored",
    "LogFrozen",
    "LogKeysAnnounced",
    "LogKeysRetired",
    "Meaning",
    "PasskeyAdded",
    "PasskeyRemoved",
    "PersonBody",
    "PersonEffect",
    "PersonRecord",
    "PersonSuspended",
    "Recorded",
    "RoleClosed",
    "RoleDefined",
    "RoleEnded",
    "RoleGranted",
    "StandingSet",
    "StatementBody",
    "StatementDrafted",
    "StatementRejected",
    "StatementSigned",
    "StatementWithdrawn",
    "StreamKind",
    "UserRegistered",
    "Words",
    "acting_person",
    "actor",
    "claims",
    "decode",
    "decode_body",
    "encode",
    "kid_of",
    "memberships",
    "signature_of",
]
