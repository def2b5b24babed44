"""Every event of the ledger: its tag, its fields and its meaning.

Each tag has a golden file in tests/golden. A body holds its author's evidence exactly as received,
and what the server decided from it. The audit repeats every decision and compares.

    meaning.py                                   what each class declares, and who derives it
    of_ledger.py, of_people.py, of_statements.py the classes, one module for each kind of stream
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
from ledger.domain.events.of_ledger import (
    InvitationIssued,
    LedgerBody,
    LedgerCreated,
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
    RoleGranted,
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
    Event,
    Recorded,
    actor,
    claims,
    decode,
    decode_body,
    encode,
    joins,
)

__all__ = [
    "BODIES",
    "FROZEN",
    "TAKEN",
    "Body",
    "CompromiseDeclared",
    "Dependency",
    "Event",
    "EvidenceMember",
    "Explained",
    "InvitationIssued",
    "KeyAttested",
    "KeyRevoked",
    "LedgerBody",
    "LedgerCreated",
    "LedgerRestored",
    "LogFrozen",
    "LogKeysAnnounced",
    "LogKeysRetired",
    "Meaning",
    "PasskeyAdded",
    "PasskeyRemoved",
    "PersonBody",
    "PersonSuspended",
    "Recorded",
    "RoleGranted",
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
    "joins",
    "kid_of",
    "signature_of",
]
