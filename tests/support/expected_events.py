"""The expected result of every consumer for the last event of each tag in tests/golden.

A new event needs a golden file, then a row here; test_event_consumers.py sends it through all
consumers.
"""

from typing import NamedTuple

from ledger.domain.receipts import (
    ACT,
    ADD_KEY,
    ADD_PASSKEY,
    DRAFT,
    INVITE,
    REJECT,
    SIGN,
    WITHDRAW,
)
from tests.golden.make import told

TOLD = told()
LAST = {event.body.TAG: place for place, event in enumerate(TOLD.events)}
ALICE, BOB, CAROL, DAVE = (f"00000000-0000-0000-0000-00000000000{n}" for n in (1, 2, 3, 4))


class Expected(NamedTuple):
    """The words for a tag's last event; `asked` is the kind of request that recorded it."""

    who: str | None
    trail: str
    timeline: str
    asked: str | None
    views: set[str]


EXPECTED = {
    "ledger-created.v1": Expected(
        None, "was created; registration: open", "The ledger was created", None, {"keys"}
    ),
    "log-keys-announced.v1": Expected(
        None,
        "announced 2 keys that sign its checkpoints",
        "The log's keys were announced",
        None,
        set(),
    ),
    "log-keys-retired.v1": Expected(
        None,
        "retired 2 keys that signed its checkpoints",
        "Keys of the log were retired",
        None,
        set(),
    ),
    "ledger-restored.v1": Expected(
        None,
        "was restored from a backup and goes on as localhost-8000.ledger/4f9k2m7q/1: The disk of"
        " the server failed.",
        "The ledger was restored from a backup",
        None,
        set(),
    ),
    "log-frozen.v1": Expected(
        None, "ended: The fund is closed.", "The ledger was frozen", None, set()
    ),
    "invitation-issued.v1": Expected(
        DAVE, "invited somebody as investor", "Dave invited somebody as investor", INVITE, set()
    ),
    "user-registered.v1": Expected(
        CAROL, "registered as investor", "Carol registered as investor", None, {"users"}
    ),
    "passkey-added.v1": Expected(
        ALICE, "added a passkey", "Alice Ångström added a passkey", ADD_PASSKEY, {"users"}
    ),
    "passkey-removed.v1": Expected(
        DAVE,
        "removed a passkey of Alice Ångström",
        "Dave removed a passkey of Alice Ångström",
        ACT,
        {"users"},
    ),
    "key-attested.v1": Expected(
        ALICE, "attested a signing key", "Alice Ångström attested a signing key", ADD_KEY, {"keys"}
    ),
    "key-revoked.v1": Expected(
        BOB, "revoked a signing key", "Bob revoked a signing key", ACT, {"keys", "statements"}
    ),
    "role-granted.v1": Expected(DAVE, "made Bob creator", "Dave made Bob creator", ACT, {"users"}),
    "person-suspended.v1": Expected(
        DAVE, "suspended Carol: Left the company.", "Dave suspended Carol", ACT, {"users"}
    ),
    "compromise-declared.v1": Expected(
        ALICE,
        "declared passkey:gX0XKgKhviEAq4jJuAI0ocKlceTROK_Ik_ggMbARQUI compromised since"
        " 2026-11-21T03:04:34.678Z, and 1 more",
        "Alice Ångström declared a key or passkey compromised",
        ACT,
        {"users", "keys", "statements"},
    ),
    "statement-drafted.v1": Expected(
        ALICE,
        "drafted “Series A”",
        "Alice Ångström drafted “Series A”",
        DRAFT,
        {"statements", "inbox"},
    ),
    "statement-signed.v1": Expected(
        CAROL,
        "approved “Series A – “preferred””, which is approved",
        "Carol approved “Series A – “preferred”” (3 approvals, approved)",
        SIGN,
        {"statements"},
    ),
    "statement-rejected.v1": Expected(
        CAROL,
        "rejected “Series A”, which is pending: The amount is too low.",
        "Carol rejected “Series A”",
        REJECT,
        {"statements"},
    ),
    "statement-withdrawn.v1": Expected(
        ALICE, "withdrew “Series A”", "Alice Ångström withdrew “Series A”", WITHDRAW, {"statements"}
    ),
}
