"""The closed sets of words: in JSON they are plain strings, here they are types.

Stored events, answers, read models, pages and verifiers use these and no others: an event with
another word is malformed, and the type checker refuses a comparison with a misspelt one. What is
not a closed set is not here: a role is a name that the rules decide about.
"""

from typing import Literal

# Where a statement stands. `expired` follows from the clock; no event records it.
Status = Literal["pending", "approved", "rejected", "withdrawn", "expired"]
# What a person decided about a statement.
DecisionKind = Literal["approval", "rejection", "withdrawal"]
# What an approval's payload is: the document itself, or members of the signer's own.
Form = Literal["shared", "individual"]
# What confirms a decision: the signing key alone, or a passkey as well.
Assurance = Literal["key", "passkey"]
# Who may register: anybody, or those whom an administrator invited.
RegistrationMode = Literal["open", "invite"]
# Whether a signing key still signs. Its end date is beside it.
KeyStatus = Literal["active", "revoked"]
# The same, judged at a time: a key whose end date has passed is `expired`.
KeyStatusAtTime = Literal["active", "revoked", "expired"]
# Whether a passkey still signs in and confirms.
PasskeyStatus = Literal["active", "removed"]

CREATOR = "creator"
INVESTOR = "investor"
ADMINISTRATOR = "administrator"
AUDITOR = "auditor"
# A statement asks only people with these; an auditor reads and decides nothing.
VOTING_ROLES = frozenset({CREATOR, INVESTOR, ADMINISTRATOR})
ROLES = VOTING_ROLES | {AUDITOR}
# What people may choose for themselves where registration is open.
OPEN_ROLES = frozenset({CREATOR, INVESTOR})
