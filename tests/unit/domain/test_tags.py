"""The tags of all events."""

from ledger.domain.events import BODIES


def test_the_tags_are_these_for_ever() -> None:
    assert list(BODIES) == [
        "ledger-created.v1",
        "log-keys-announced.v1",
        "log-keys-retired.v1",
        "ledger-restored.v1",
        "log-frozen.v1",
        "invitation-issued.v1",
        "invitation-cancelled.v1",
        "role-defined.v1",
        "role-closed.v1",
        "charter-set.v1",
        "type-defined.v1",
        "type-retired.v1",
        "governance-set.v1",
        "user-registered.v1",
        "passkey-added.v1",
        "passkey-removed.v1",
        "key-attested.v1",
        "key-revoked.v1",
        "person-suspended.v1",
        "compromise-declared.v1",
        "recovery-codes-set.v1",
        "recovery-cancelled.v1",
        "governance-accepted.v1",
        "role-granted.v1",
        "role-ended.v1",
        "standing-set.v1",
        "re-enrolment-opened.v1",
        "passkey-admitted.v1",
        "compromise-set.v1",
        "statement-drafted.v1",
        "statement-signed.v1",
        "statement-rejected.v1",
        "approval-retracted.v1",
        "statement-withdrawn.v1",
        "statement-withdrawn-by-change.v1",
        "statement-superseded.v1",
    ]
