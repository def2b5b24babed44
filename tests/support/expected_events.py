"""The expected result of every consumer for the last event of each tag in tests/golden."""

from typing import NamedTuple

from ledger.domain.receipts import (
    ACT,
    ADD_KEY,
    ADD_PASSKEY,
    DRAFT,
    OUTCOME,
    REJECT,
    RETRACT,
    SIGN,
    USE,
    WITHDRAW,
)
from ledger.domain.vocabulary import CHANGE
from tests.golden.make import told
from tests.support.chronicle import statement_id
from tests.support.event_names import positions

TOLD = told()
_CHANGES = {each.stream for each in TOLD.events if getattr(each.body, "type", None) == CHANGE}
# Not the drafts and approvals of changes: those of other statements have requests of their own.
LAST = {
    event.body.TAG: place for place, event in enumerate(TOLD.events) if event.stream not in _CHANGES
}
ALICE, BOB, CAROL, DAVE, ERIN = (f"00000000-0000-0000-0000-00000000000{n}" for n in range(1, 6))


class Expected(NamedTuple):
    """The words for a tag's last event; `asked` is the kind of request that recorded it."""

    who: str | None
    trail: str
    timeline: str
    asked: str | None
    views: set[str]


def effect(did: str, timeline: str, views: set[str], *, change: int = 102) -> Expected:
    return Expected(None, f"{did}, by change {statement_id(change)}", timeline, None, views)


def _of_keys(who: str, trail: str, timeline: str, asked: str = ACT, *views: str) -> Expected:
    return Expected(who, trail, timeline, asked, {"keys", *views})


def _of_uses(trail: str, timeline: str, asked: str) -> Expected:
    return Expected(BOB, trail, timeline, asked, {"statements", "account_acts"})


def _time_of(name: str) -> str:
    return TOLD.events[positions(TOLD)[name] - 1].at


EXPECTED = {
    "ledger-created.v1": Expected(
        None, "was created; registration: open", "The ledger was created", None, {"keys", "rules"}
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
    "heads-key-replaced.v1": Expected(
        None,
        "replaced the key that signs heads in evidence",
        "The ledger's heads key was replaced",
        None,
        set(),
    ),
    "ledger-restored.v1": Expected(
        None,
        "was restored from a backup and goes on as localhost-8000.ledger/4f9k2m7q/1: The disk of"
        " the server failed.",
        "The ledger was restored from a backup",
        None,
        {"invitations", "keys", "passkeys", "statements"},
    ),
    "operator-invited.v1": Expected(
        None,
        "invited people to governance, as its operator asked: Both phones went down with the ship.",
        "The operator invited people to governance",
        ACT,
        {"invitations"},
    ),
    "operator-invitations-cancelled.v1": Expected(
        DAVE,
        "cancelled the operator's invitations to governance",
        "“Dave” cancelled the operator's invitations to governance",
        ACT,
        {"invitations"},
    ),
    "log-frozen.v1": Expected(
        None, "ended: The fund is closed.", "The ledger was frozen", None, set()
    ),
    "user-registered.v1": Expected(
        ERIN,
        "registered as investor",
        "“Erin” registered as investor",
        None,
        {"users", "invitations", "acceptances"},
    ),
    "user-named.v1": Expected(
        ERIN,
        "registered under this name",
        "“Erin” registered under this name",
        None,
        {"users", "statements"},
    ),
    "passkey-added.v1": Expected(
        DAVE, "added a passkey", "“Dave” added a passkey", ADD_PASSKEY, {"passkeys"}
    ),
    "passkey-removed.v1": Expected(
        ALICE,
        "removed a passkey",
        "“Alice Ångström” removed a passkey",
        ACT,
        {"passkeys"},
    ),
    "key-attested.v1": _of_keys(
        CAROL, "attested a signing key", "“Carol” attested a signing key", ADD_KEY
    ),
    "key-revoked.v1": Expected(
        BOB, "revoked a signing key", "“Bob” revoked a signing key", ACT, {"keys", "statements"}
    ),
    "key-reaffirmed.v1": _of_keys(
        DAVE, (did := "reaffirmed a signing key after a loss"), f"“Dave” {did}"
    ),
    "service-account-added.v1": _of_keys(
        *(CAROL, "added the service account deploy", "“Carol” added a service account"),
        *(ADD_KEY, "account_acts"),
    ),
    "service-account-ended.v1": _of_keys(
        DAVE, "ended a service account of “Carol”", "“Dave” ended a service account"
    ),
    "person-suspended.v1": Expected(
        DAVE, "suspended “Carol”: Left the company.", "“Dave” suspended “Carol”", ACT, {"users"}
    ),
    "recovery-codes-set.v1": Expected(
        DAVE, "set 10 recovery codes", "“Dave” set recovery codes", ACT, set()
    ),
    "recovery-cancelled.v1": Expected(
        DAVE, "cancelled a recovery of “Dave”", "“Dave” cancelled a recovery", ACT, {"passkeys"}
    ),
    "governance-accepted.v1": Expected(
        CAROL,
        "accepted the governance policy",
        "“Carol” accepted a place in governance",
        ACT,
        {"acceptances"},
    ),
    "compromise-declared.v1": Expected(
        ALICE,
        "declared passkey:gX0XKgKhviEAq4jJuAI0ocKlceTROK_Ik_ggMbARQUI compromised since"
        f" {_time_of('alice compromise-declared')}, and 1 more",
        "“Alice Ångström” declared a key or passkey compromised",
        ACT,
        {"passkeys", "keys", "statements"},
    ),
    "statement-drafted.v1": Expected(
        ALICE,
        "drafted “Series A”",
        "“Alice Ångström” drafted “Series A”",
        DRAFT,
        {"statements", "inbox", "changes", "acceptances", "account_acts"},
    ),
    "statement-signed.v1": Expected(
        ALICE,
        "approved “Series A”, which is pending",
        "“Alice Ångström” approved “Series A” (1 approval)",
        SIGN,
        {"statements"},
    ),
    "statement-rejected.v1": Expected(
        CAROL,
        "rejected “Series A”, which is pending: The amount is too low.",
        "“Carol” rejected “Series A”",
        REJECT,
        {"statements"},
    ),
    "approval-retracted.v1": Expected(
        ALICE,
        "took back the approval of “Series A”",
        "“Alice Ångström” took back the approval of “Series A” (0 approvals)",
        RETRACT,
        {"statements"},
    ),
    "statement-used.v1": _of_uses("used “Order 17” (use 1)", "“Bob” used “Order 17”", USE),
    "outcome-reported.v1": _of_uses(
        "reported use 1 of “Order 17” as done",
        "“Bob” reported a use of “Order 17” as done",
        OUTCOME,
    ),
    "statement-superseded.v1": Expected(
        None,
        f"ended “Series A”, which the version {statement_id(4)} supersedes",
        "“Series A” was superseded by a new version",
        None,
        {"statements"},
    ),
    "statement-withdrawn.v1": Expected(
        ALICE,
        "withdrew “Series A”",
        "“Alice Ångström” withdrew “Series A”",
        WITHDRAW,
        {"statements"},
    ),
    "invitation-issued.v1": effect(
        "invited somebody as legal", "Somebody was invited as legal", {"invitations"}
    ),
    "invitation-cancelled.v1": effect(
        "cancelled an invitation", "An invitation was cancelled", {"invitations"}
    ),
    "role-defined.v1": effect("defined the role staff", "The role staff was defined", {"rules"}),
    "role-closed.v1": effect(
        "closed the role board", "The role board was closed", {"users", "rules"}
    ),
    "charter-set.v1": effect(
        "set the charter's values: registration open, floor of 1",
        "The ledger's charter was changed",
        {"rules"},
    ),
    "hold-placed.v1": effect(
        f"placed a hold on the name {ERIN}", "A hold was placed", {"holds"}, change=108
    ),
    "hold-released.v1": effect(
        f"released the hold on the name {ERIN}", "A hold was released", {"holds"}, change=108
    ),
    "type-defined.v1": effect(
        "defined the type offer",
        "A type of statement was defined",
        {"statements", "types"},
        change=104,
    ),
    "type-retired.v1": effect(
        "retired the type offer",
        "A type of statement was retired",
        {"statements", "types"},
        change=104,
    ),
    "governance-set.v1": effect(
        "set the governance policy",
        "The governance policy was changed",
        {"rules", "invitations"},
        change=106,
    ),
    "role-granted.v1": effect(
        "granted “Carol” the role administrator",
        "“Carol” was granted the role administrator",
        {"users"},
        change=105,
    ),
    "role-ended.v1": effect(
        "ended the role legal of “Bob”", "The role legal of “Bob” was ended", {"users"}
    ),
    "standing-set.v1": effect("made “Carol” active", "“Carol” is active", {"users"}, change=105),
    "re-enrolment-opened.v1": effect(
        "opened a re-enrolment of “Bob”",
        "A re-enrolment of “Bob” was opened",
        {"passkeys"},
        change=105,
    ),
    "passkey-admitted.v1": effect(
        "admitted the new passkey of “Bob”",
        "The new passkey of “Bob” was admitted",
        {"passkeys"},
        change=107,
    ),
    "compromise-set.v1": effect(
        "declared passkey:Z_eLd50A5z_U01NTT7wIAaRybtM2SDgXSO5bJwJc4Ew of “Bob” compromised since"
        f" {_time_of('change-104 statement-drafted')}, and 0 more",
        "A key or passkey of “Bob” was declared compromised",
        {"passkeys", "keys", "statements"},
        change=104,
    ),
    "name-erased.v1": effect(
        "erased the name of “Erin”", "A name was erased by a change", {"erasures"}, change=108
    ),
    "statement-withdrawn-by-change.v1": effect(
        "withdrew “Series A”", "“Series A” was withdrawn by a change", {"statements"}, change=104
    ),
    "bodies-erased.v1": effect(
        "erased “Series A” (3 bodies)",
        "“Series A” was erased by a change",
        {"erasures"},
        change=104,
    ),
}
