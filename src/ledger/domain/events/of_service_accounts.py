"""Events of a person's stream about their service accounts: a key that does less than its owner."""

from typing import ClassVar, final

from ledger.domain.events.meaning import Explained, Meaning, Words
from ledger.domain.passkey import AssertionEvidence
from ledger.domain.unique_names import ACT, KEY_MATERIAL, KID
from ledger.domain.vocabulary import KeyHome, ServiceAct
from ledger.encoding import SafeInteger
from ledger.jose import PublicJwk


@final
class ServiceAccountAdded(Explained, frozen=True):
    """A person added a service account: a passkey attested its key, which proved its possession.

    The account does the `acts` on statements of these `types`, and on untyped ones if `untyped`.
    Everything that it does counts as its owner's.
    """

    TAG = "service-account-added.v1"
    MEANING = Meaning(
        stream="person",
        actor="owner",
        evidence=("assertion", "possession"),
        depends_on=(),
        claims=(KEY_MATERIAL, KID),
        words=Words(
            trail="{who} added the service account {name}",
            timeline="{who} added a service account",
            about="kid",
        ),
    )
    home: ClassVar[KeyHome] = "program"
    kid: str
    jwk: PublicJwk
    nonce: str
    name: str
    acts: tuple[ServiceAct, ...]
    types: tuple[str, ...]
    untyped: bool
    expires_at: str
    assertion: AssertionEvidence
    sign_count: SafeInteger
    possession: str

    @property
    def key_material(self) -> tuple[str, ...]:
        """The thumbprint of the account's key, which is its kid."""
        return (self.kid,)


@final
class ServiceAccountEnded(Explained, frozen=True):
    """A service account ended: its owner or an administrator ended it, with a passkey.

    `account` is the kid of its key, which signs nothing from this position on.
    """

    TAG = "service-account-ended.v1"
    MEANING = Meaning(
        stream="person",
        actor="by",
        evidence=("act", "assertion"),
        depends_on=("actor",),
        claims=(ACT,),
        words=Words(
            trail="{who} ended a service account of {whose}",
            timeline="{who} ended a service account",
            about="account",
        ),
    )
    user: str
    account: str
    by: str
    kid: str
    act: str
    assertion: AssertionEvidence
    sign_count: SafeInteger
