"""Write cases.json: `python -m tests.vectors.redeeming.make`.

`keys` are secrets of links, with the keys that they lead to. Each case is a log in which somebody
uses an invitation, and the code with which an auditor refuses the last event, null where it accepts
it. `story` are the first events of every case. Python and JavaScript read the same file.
"""

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from ledger.domain import admission
from ledger.domain.charter import STREAM
from ledger.domain.events import InvitationIssued, PasskeyAdded
from ledger.domain.governance import FOUNDING, policy_digest
from ledger.domain.redeeming import key_of_secret
from ledger.jose import OkpJwk, SigningKey
from tests.support.changes import invite
from tests.support.chronicle import TOKEN, statement_id
from tests.support.fixed_keys import fixed_passkey
from tests.support.links import link_key, secret_of
from tests.support.signers import LEDGER, Signer
from tests.vectors.changes.company import OTHER_INVITATION, SOON, Company
from tests.vectors.changes.make import shown_event

PATH = Path(__file__).with_name("cases.json")
ANOTHER = "another link"
GILS = "0f0f0f0f-0000-4000-8000-000000000007"
ACCEPTED = {"accepts": policy_digest(FOUNDING)}
FAR_MS = 40 * 86_400_000


class Door(Company):
    """The company, with an open invitation to an investor, Eve."""

    def __init__(self) -> None:
        super().__init__()
        self.eve = self.signer(5, "investor")
        self.change(self.ada, 2, invite(ANOTHER, "investor", SOON, invitation=OTHER_INVITATION))

    def come(self, invitation: str | None = OTHER_INVITATION) -> PasskeyAdded:
        """Record a registration, and return the passkey that comes next, without its JWS."""
        self.tell(
            self.eve.user,
            admission.register(self.eve.user, self.admitted("investor", invitation)),
        )
        return self.shown(self.eve, self.eve.passkey)

    def last(self, added: PasskeyAdded, redeem: str | None) -> None:
        self.add(self.eve.user, msgspec.structs.replace(added, redeem=redeem))


def redeemed(told: Door) -> None:
    told.register_by(told.eve, "Eve", OTHER_INVITATION, ANOTHER)


def said(told: Door, /, **members: Any) -> None:
    told.last(told.come(), told.eve.redeem(link_key(ANOTHER), **members))


def signed_by(key: Callable[[], Any], told: Door) -> None:
    told.last(told.come(), told.eve.redeem(key()))


def signed_under_its_kid(told: Door) -> None:
    own, liar = link_key(ANOTHER), link_key("a liar's")
    jws = told.eve.redeem(own)
    _, payload, _ = jws.split(".")
    signature = told.eve.redeem(liar).rpartition(".")[2]
    told.last(told.come(), f"{jws.partition('.')[0]}.{payload}.{signature}")


def not_signed(told: Door) -> None:
    told.last(told.come(), None)


def signed_without_an_invitation(told: Door) -> None:
    told.last(told.come(None), told.eve.redeem(link_key(ANOTHER)))


def after_it_was_cancelled(told: Door) -> None:
    told.change(told.ada, 3, {"cancel-invitation": {"invitation": OTHER_INVITATION}})
    told.add(
        told.eve.user,
        admission.register(told.eve.user, told.admitted("investor", OTHER_INVITATION)),
    )


def after_it_expired(told: Door) -> None:
    told.time.ms += FAR_MS
    told.add(
        told.eve.user,
        admission.register(told.eve.user, told.admitted("investor", OTHER_INVITATION)),
    )


def used_twice(told: Door) -> None:
    told.register_by(told.eve, "Eve", OTHER_INVITATION, ANOTHER)
    late: Signer = told.signer(6, "investor")
    told.add(
        late.user,
        admission.register(late.user, told.admitted("investor", OTHER_INVITATION)),
    )


def an_administrator(told: Door) -> None:
    told.change(told.ada, 3, invite("for Gil", "administrator", SOON, invitation=GILS))
    told.register_by(told.signer(7, "administrator"), "Gil", GILS, "for Gil")


def administrator(told: Door, /, says: dict[str, Any], **recorded: Any) -> None:
    """Record the registration of an administrator; `says` are members of the redeeming JWS."""
    told.change(told.ada, 3, invite("for Gil", "administrator", SOON, invitation=GILS))
    gil = told.signer(7, "administrator")
    admitted = told.admitted("administrator", GILS)
    body = admission.register(gil.user, admitted)
    if recorded:
        told.add(gil.user, msgspec.structs.replace(body, **recorded))
        return
    told.tell(gil.user, body)
    added, redeem = told.shown(gil, gil.passkey), gil.redeem(link_key("for Gil"), **says)
    told.add(gil.user, msgspec.structs.replace(added, redeem=redeem))


def issued_with(key: OkpJwk, told: Door) -> None:
    """Issue an invitation whose key is in the log already, for another purpose."""
    item = invite("unused", "investor", SOON, invitation=str(UUID(int=77)))
    item["invite"]["key"] = msgspec.to_builtins(key)
    raw = told.begin(told.ada, item)
    told.tell(statement_id(9), told.approval_of(told.ada, raw))
    said = item["invite"]
    body = InvitationIssued(statement_id(9), said["invitation"], "investor", key, SOON)
    told.add(STREAM, body)


Try = Callable[[Door], None]
TRIES: dict[str, tuple[Try, str | None]] = {
    "redeemed by the invitation's key": (redeemed, None),
    "redeemed by another invitation's key": (
        partial(signed_by, lambda: link_key(TOKEN)),
        "jws_kid_mismatch",
    ),
    "redeemed by the newcomer's own key": (
        partial(signed_by, lambda: SigningKey.from_seed(bytes(32))),
        "jws_kid_mismatch",
    ),
    "redeemed by another key under the kid": (signed_under_its_kid, "jws_signature_invalid"),
    "not redeemed": (not_signed, "redeem_required"),
    "redeemed without an invitation": (signed_without_an_invitation, "redeem_unexpected"),
    "redeemed for another passkey": (
        partial(said, cose=fixed_passkey(6).cose_sha256),
        "act_mismatch",
    ),
    "redeemed for another person": (partial(said, user=str(UUID(int=6))), "act_mismatch"),
    "redeemed for another purpose": (partial(said, purpose="recovery"), "act_mismatch"),
    "redeemed for another ledger": (partial(said, ledger="another.example/l"), "ledger_mismatch"),
    "redeemed as an act": (partial(said, typ="act+jwt"), "jws_typ_mismatch"),
    "redeemed with a member too many": (partial(said, role="administrator"), "act_mismatch"),
    "redeemed with an acceptance that the role does not need": (
        partial(said, **ACCEPTED),
        "act_mismatch",
    ),
    "redeemed with the acceptance of governance": (an_administrator, None),
    "redeemed without the acceptance of governance": (
        partial(administrator, says={}),
        "act_mismatch",
    ),
    "redeemed with the acceptance of another policy": (
        partial(administrator, says={"accepts": "0" * 64}),
        "act_mismatch",
    ),
    "registered without the acceptance of governance": (
        partial(administrator, says={}, accepts=None),
        "decision_mismatch",
    ),
    "redeemed too early": (partial(said, iat=2_000_000_000), "iat_stale"),
    "redeemed too late": (partial(said, iat=1_700_000_000), "iat_stale"),
    "used after it was cancelled": (after_it_was_cancelled, "invitation_cancelled"),
    "used after it expired": (after_it_expired, "invitation_expired"),
    "used twice": (used_twice, "claimed_twice"),
    "issued with the ledger's own key": (
        lambda told: issued_with(told.auditor.charter.key, told),  # type: ignore[union-attr,arg-type]  # it is founded, with an Ed25519 key
        "key_shared",
    ),
}
SECRETS = (
    ("AAAAAAAAAAAAAAAAAAAAAA", LEDGER),
    ("AAAAAAAAAAAAAAAAAAAAAA", "another.example/ledger"),
    ("_____________________w", LEDGER),
    (secret_of("setup"), LEDGER),
)


def keys() -> list[dict[str, str]]:
    """Return secrets and the keys that they lead to."""
    derived = [(secret, ledger, key_of_secret(secret, ledger=ledger)) for secret, ledger in SECRETS]
    return [
        {"secret": secret, "ledger": ledger, "x": key.jwk.x, "kid": key.kid}
        for secret, ledger, key in derived
    ]


def logs() -> Iterator[tuple[str, Door, str | None]]:
    """Yield the name, the log and the expected code of each case."""
    for name, (tries, expected) in TRIES.items():
        told = Door()
        tries(told)
        yield name, told, expected


def text() -> str:
    """Return the file's text."""
    story = [shown_event(at, each) for at, each in enumerate(Door().events, start=1)]
    cases = []
    for name, told, code in logs():
        shown = [shown_event(at, each) for at, each in enumerate(told.events, start=1)]
        cases.append({"name": name, "events": shown[len(story) :], "code": code})
    found = {"keys": keys(), "story": story, "cases": cases}
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), "utf-8")
