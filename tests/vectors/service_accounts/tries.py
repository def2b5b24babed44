"""What people and their programs try with service accounts: the last event of each log."""

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from ledger import clock
from ledger.domain.events import (
    KeyAttested,
    ServiceAccountAdded,
    ServiceAccountEnded,
    StatementDrafted,
)
from ledger.domain.service_accounts import MAX_SERVICE_MS
from ledger.domain.vocabulary import KeyHome
from tests.support.changes import set_charter, values
from tests.support.chronicle import statement_id
from tests.support.document_end import ends_at
from tests.support.keys import ed25519_key
from tests.support.signers import NONCE, Signer
from tests.vectors.uses.tries import Executors

ROBOT, OTHER = ed25519_key(51), ed25519_key(52)


class Automated(Executors):
    """The company, where Cal and Ivy let programs draft and use."""

    def accounts(self, **more: Any) -> None:
        """Add an account of Cal's, and give it to the tests of what an account signs."""
        self.add_service(self.cal, ROBOT, **more)

    def added_unseen(self, who: Signer, key: Any = ROBOT, **changes: Any) -> None:
        """Append the addition of an account as the last event.

        `changes` are members of the evidence, or with `said_` of the event alone.
        """
        said = {name[5:]: changes.pop(name) for name in [*changes] if name.startswith("said_")}
        asked = who.service(key, **changes)
        members = {name: getattr(asked, name) for name in asked.__struct_fields__}
        body = ServiceAccountAdded(
            **members | {"jwk": key.jwk},
            kid=key.kid,
            nonce=NONCE,
            sign_count=who.passkey.sign_count,
        )
        self.add(who.user, msgspec.structs.replace(body, **said))

    def ended_unseen(self, owner: Signer, by: Signer, kid: str, **changes: Any) -> None:
        """Append the end of an account as the last event."""
        act = by.act("end-service-account", user=owner.user, account=kid)
        body = ServiceAccountEnded(
            user=owner.user,
            account=kid,
            by=by.user,
            kid=by.key.kid,
            act=act,
            assertion=by.confirm(act),
            sign_count=by.passkey.sign_count,
        )
        self.add(owner.user, msgspec.structs.replace(body, **changes))

    def drafted_unseen(self, key: Any = ROBOT, **members: Any) -> None:
        """Append a draft by Cal's account as the last event."""
        self.cal.key = key
        raw = self.cal.document(
            **{"policy": self.by_cal(), "statementId": statement_id(9)} | members
        )
        own = self.cal.user, key.kid, self.cal.draft_act(raw)
        kind = None if "type" not in members else members["type"]["name"]
        drafters = () if kind is None else ("role:creator",)
        body = StatementDrafted(
            raw.decode(), *own, ends_at(raw), kind, read_by="everyone", drafters=drafters
        )
        self.add(statement_id(9), body)


# --- accounts ------------------------------------------------------------------------------------


def added(told: Automated, **changes: Any) -> None:
    told.added_unseen(told.cal, **changes)


def added_until(told: Automated, more_ms: int) -> None:
    told.added_unseen(told.cal, expires_at=clock.to_text(told.time.ms + more_ms))


def added_as_a_key(told: Automated) -> None:
    """Attest a signing key with what a passkey signed for an account."""
    asked = told.cal.service(ROBOT)
    body = KeyAttested(
        kid=ROBOT.kid,
        jwk=ROBOT.jwk,
        nonce=NONCE,
        home="program",
        assertion=asked.assertion,
        sign_count=told.cal.passkey.sign_count,
        possession=asked.possession,
        expires_at=asked.expires_at,
    )
    told.add(told.cal.user, body)


def added_from_a_key(told: Automated) -> None:
    """Add an account with what a passkey signed for a signing key."""
    asked = told.cal.submission(ROBOT, home="program", expires_at="2027-11-21T00:00:00.000Z")
    told.added_unseen(
        told.cal,
        said_assertion=asked.assertion,
        said_possession=asked.possession,
        said_sign_count=told.cal.passkey.sign_count,
    )


def added_again(told: Automated) -> None:
    told.accounts()
    told.added_unseen(told.cal)


def added_for_another(told: Automated) -> None:
    """Add an account of Ivy's with the evidence of Cal's."""
    asked = told.cal.service(ROBOT)
    told.added_unseen(told.ivy, said_assertion=asked.assertion, said_possession=asked.possession)


def added_under(told: Automated, *homes: KeyHome) -> None:
    """Add an account in a ledger whose charter allows keys with these homes only."""
    told.change(told.ada, 3, set_charter(values("open", homes=homes), values("open")))
    told.added_unseen(told.cal)


def added_while_suspended(told: Automated) -> None:
    told.suspend(told.cal, told.ada)
    told.added_unseen(told.cal)


def ended(told: Automated, by: str = "ada", **changes: Any) -> None:
    told.accounts()
    told.ended_unseen(told.cal, getattr(told, by), ROBOT.kid, **changes)


def ended_with_another_passkey(told: Automated) -> None:
    ended(told, assertion=told.ivy.confirm("another act"))


def ended_twice(told: Automated) -> None:
    told.accounts()
    told.end_service(told.cal, ROBOT.kid, told.cal)
    told.ended_unseen(told.cal, told.cal, ROBOT.kid)


def ended_key(told: Automated) -> None:
    told.ended_unseen(told.cal, told.ada, told.cal.key.kid)


def ended_by_an_account(told: Automated) -> None:
    """Another account of Cal's ends one, with Cal's passkey."""
    told.accounts()
    told.add_service(told.cal, OTHER)
    told.cal.key = OTHER
    told.ended_unseen(told.cal, told.cal, ROBOT.kid)


Tries = dict[str, tuple[Callable[[Automated], None], str | None]]
BEYOND = "beyond_scope"
TRIES: Tries = {
    "an account": (added, None),
    "an account for 32 types": (
        partial(added, types=tuple(f"type-{n:02}" for n in range(32)), untyped=False),
        None,
    ),
    "an account for 33 types": (
        partial(added, types=tuple(f"type-{n:02}" for n in range(33)), untyped=False),
        "service_invalid",
    ),
    "an account for no statements": (partial(added, types=(), untyped=False), "service_invalid"),
    "an account without acts": (partial(added, acts=()), "service_invalid"),
    "acts out of order": (partial(added, acts=("use", "draft")), "service_invalid"),
    "an act twice": (partial(added, acts=("draft", "draft")), "service_invalid"),
    "types out of order": (partial(added, types=("b", "a")), "service_invalid"),
    "a type twice": (partial(added, types=("a", "a")), "service_invalid"),
    "an account for changes": (partial(added, types=("ledger/change",)), "service_invalid"),
    "a type that is none": (partial(added, types=("Offer",)), "service_invalid"),
    "a name with capitals": (partial(added, name="Alice"), "service_invalid"),
    "a name with a slash": (partial(added, name="a/b"), "service_invalid"),
    "an empty name": (partial(added, name=""), "service_invalid"),
    "a name of 65 letters": (partial(added, name="a" * 65), "service_invalid"),
    "a name with a letter at its end": (partial(added, name="deploy\n"), "service_invalid"),
    "an account that has ended": (partial(added_until, more_ms=0), "time_invalid"),
    "an account of 400 days": (partial(added_until, more_ms=MAX_SERVICE_MS), None),
    "an account of more": (partial(added_until, more_ms=MAX_SERVICE_MS + 1), "time_invalid"),
    "another name than the passkey signed": (
        partial(added, said_name="other"),
        "passkey_assertion_refused",
    ),
    "other acts than the passkey signed": (
        partial(added, acts=("draft",), said_acts=("draft", "use")),
        "passkey_assertion_refused",
    ),
    "other types than the passkey signed": (
        partial(added, said_types=("deployment", "payment")),
        "passkey_assertion_refused",
    ),
    "untyped statements that the passkey did not sign": (
        partial(added, untyped=False, said_untyped=True),
        "passkey_assertion_refused",
    ),
    "a later end than the passkey signed": (
        partial(added, said_expires_at="2027-12-01T00:00:00.000Z"),
        "passkey_assertion_refused",
    ),
    "the evidence of an account as a signing key": (added_as_a_key, "passkey_assertion_refused"),
    "the evidence of a signing key as an account": (added_from_a_key, "passkey_assertion_refused"),
    "a proof by another key": (
        partial(added, said_possession=OTHER.jws(b"", typ="key-possession+jws")),
        "possession_refused",
    ),
    "a key that is known": (added_again, "key_known"),
    "the owner's own key": (lambda told: told.added_unseen(told.cal, told.cal.key), "key_known"),
    "the evidence of another owner": (added_for_another, "passkey_unknown"),
    "an account where the charter allows programs": (
        lambda told: added_under(told, "device", "program"),
        None,
    ),
    "an account where the charter allows none": (
        lambda told: added_under(told, "device", "synced"),
        "home_not_allowed",
    ),
    "an account of somebody suspended": (added_while_suspended, "person_suspended"),
    "an end by an administrator": (ended, None),
    "an end by the owner": (partial(ended, by="cal"), None),
    "an end by somebody else": (partial(ended, by="ivy"), "governance_only"),
    "an end with another person's passkey": (ended_with_another_passkey, "passkey_unknown"),
    "an end that says another account": (partial(ended, account="another"), "decision_mismatch"),
    "a second end": (ended_twice, "key_revoked"),
    "an end of a signing key": (ended_key, "service_unknown"),
    "an end by another account": (ended_by_an_account, BEYOND),
}
