"""The file names in the data directories of a ledger and a witness. No other module spells them."""

LOG_FILE = "log.sqlite"
LOG_FORMAT = 1  # stored in that file's `user_version`
VIEWS_FILE = "views.sqlite"
# Read models with events that the log has lost: a start keeps them under this name.
LOST_VIEWS_FILE = "views-ahead.sqlite"
# Open ceremonies, sessions, sign counts of sign-ins: the server can lose these without harm.
SESSIONS_FILE = "state.sqlite"
# Who is sent messages, and which: losing it loses receivers, and nothing of the log.
MESSAGES_FILE = "messages.sqlite"
# Who signed in, was refused, administered or exported; the older half has `.1` after its name.
SECURITY_FILE = "security.jsonl"
LEDGER_KEY_FILE = "ledger-key.pem"
SETUP_SECRET_FILE = "setup-secret"  # noqa: S105  # a file's name
HEADS_KEY_FILE = "heads-key.pem"
LOG_KEYS_FILE = "log-keys.pem"
SIGNER_MEMORY_FILE = "signer-memory.sqlite"
# Empty files: processes lock them, and never delete them.
USE_LOCK = "use.lock"
MESSAGES_LOCK = "messages.lock"
SERVER_LOCK = "server.lock"
PUBLISHER_LOCK = "publisher.lock"
# A directory: what a restore puts together before it takes the log's place.
RESTORING = "restoring"

# In the directory of a demonstration, beside its ledger.
GENUINE_BUNDLE = "genuine.zip"
TAMPERED_BUNDLE = "tampered.zip"
LOG_VKEY = "log.vkey"

WITNESS_STATE_FILE = "witness.sqlite"
WITNESS_KEYS_FILE = "witness-keys.pem"
START_LOCK = "start.lock"

# In the directory of a backup, beside a copy of the log.
BACKUP_FILE = "backup.json"
SEALED_KEYS_FILE = "keys.jwe"


def is_database(address: str) -> bool:
    """Tell whether the address of a log is the URL of a database, not a file."""
    return address.startswith(("postgresql://", "postgres://"))
