"""The closed sets of words: plain strings in JSON, types in Python.

Stored events, answers, read models, pages and verifiers use only these words. An event with another
word is malformed, and the type checker rejects a comparison with a misspelt word. Open sets are not
here: the rules decide which role names are valid.
"""

from typing import Literal, get_args

# The status of a statement. `expired` follows from the clock; no event records it.
Status = Literal["pending", "approved", "rejected", "withdrawn", "expired", "superseded"]
# The outcome of a use of an approved statement, as its executor reports it.
UseOutcome = Literal["done", "not-done", "unknown"]
# A person's decision on a statement.
DecisionKind = Literal["approval", "rejection", "retraction", "withdrawal"]
# The form of an approval's payload: the document itself, or the signer's own JSON object.
Form = Literal["shared", "individual"]
# What confirms a decision: the signing key alone, or also a passkey.
Assurance = Literal["key", "passkey"]
# Who may register: anybody, or only people with an invitation.
RegistrationMode = Literal["open", "invite"]
# Who reads a statement, besides auditors: everyone who is signed in, or who takes part in it.
ReadBy = Literal["everyone", "participants"]
# The status of a signing key at a point in time: a key past its expiry is `expired`, and one from
# before a loss is `waiting` until its person reaffirms it.
KeyStatus = Literal["active", "revoked", "expired", "waiting"]
# Whether a person may act: a suspension can be lifted, a deactivation cannot.
PersonStanding = Literal["active", "suspended", "deactivated"]
# What a hold keeps from being erased: a statement, or the name of a person.
HeldKind = Literal["statement", "name"]
# What a new version or the end of a type does with the pending statements of the versions before.
TypePending = Literal["stop", "continue"]
# Who drafts a new version of a statement of a type: its creator alone, or all who draft the type.
SupersededBy = Literal["creator", "drafters"]
# Where a signing key's private half lives: in one browser, in one browser until its session ends,
# wrapped for every browser of the person, or in a program.
KeyHome = Literal["device", "session", "synced", "program"]
HOMES: tuple[KeyHome, ...] = tuple(sorted(get_args(KeyHome)))
# What a service account may be allowed to sign, besides its sign-in and its own end.
ServiceAct = Literal["draft", "outcome", "use"]
# Who let a person in, where no change did: the operator, when governance could not act.
AdmittedBy = Literal["operator"]
# The status of a passkey.
PasskeyStatus = Literal["active", "removed", "waiting"]

CREATOR = "creator"
INVESTOR = "investor"
ADMINISTRATOR = "administrator"
AUDITOR = "auditor"
# The roles that sign. An auditor only reads.
VOTING_ROLES = frozenset({CREATOR, INVESTOR, ADMINISTRATOR})
ROLES = VOTING_ROLES | {AUDITOR}
# What people may choose for themselves where registration is open.
OPEN_ROLES = frozenset({CREATOR, INVESTOR})

# What `admittedBy` says of somebody whom `ledger recover` invited.
OPERATOR: AdmittedBy = "operator"
LET_IN = "let in by the operator"

# The built-in type of statement that administers the ledger.
CHANGE = "ledger/change"
RESERVED = "ledger/"  # the names of built-in types begin so
