"""The files in a ledger's data directory, and in a witness's: each name is written here only."""

LOG_FILE = "log.sqlite"
LOG_FORMAT = 1  # of that file, in its `user_version`
VIEWS_FILE = "views.sqlite"
# Ceremonies, sessions, sign counts of sign-ins: what the server may forget.
SESSIONS_FILE = "state.sqlite"
# Who signed in, was refused, administered or exported; the older half has `.1` after its name.
SECURITY_FILE = "security.jsonl"
LEDGER_KEY_FILE = "ledger-key.pem"
LOG_KEYS_FILE = "log-keys.pem"
SIGNER_STATE_FILE = "log-state.sqlite"

WITNESS_STATE_FILE = "witness.sqlite"
WITNESS_KEYS_FILE = "witness-keys.pem"
