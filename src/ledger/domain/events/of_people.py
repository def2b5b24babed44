"""Events of a person's stream: the registration, passkeys, signing keys.

of_changed_people.py has what changes do to people.
"""

from typing import final

from ledger.domain import key_material
from ledger.domain.events.meaning import Explained, Meaning, Words
from ledger.domain.events.of_changed_people import PersonEffect
from ledger.domain.events.of_service_accounts import ServiceAccountAdded, ServiceAccountEnded
from ledger.domain.events.of_standing import (
    CompromiseDeclared,
    GovernanceAccepted,
    PersonSuspended,
    RecoveryCancelled,
    RecoveryCodesSet,
)
from ledger.domain.passkey import AssertionEvidence, RegistrationEvidence
from ledger.domain.unique_names import (
    ACT,
    CREDENTIAL,
    KEY_MATERIAL,
    KID,
    NAME,
    ROLE,
    USED_INVITATION,
)
from ledger.domain.vocabulary import LET_IN, OPERATOR, AdmittedBy, KeyHome
from ledger.encoding import SafeInteger
from ledger.jose import PublicJwk


@final
class UserRegistered(Explained, frozen=True):
    """A person registered. The first passkey and key follow, and the name.

    `invitation` is the invitation's id, `"setup"` for the one-time link of the first start, or
    None in open mode. `role` is None while no invitation gives a role. `accepts` is the digest of
    the governance policy if the role fills a place of it; the invitation's key signed it.
    `admitted_by` is `"operator"` for an invitation that no change made but `ledger recover`.
    """

    TAG = "user-registered.v1"
    MEANING = Meaning(
        stream="person",
        actor="owner",
        evidence=(),
        depends_on=(),
        claims=(USED_INVITATION,),
        joins=(ROLE,),
        words=Words(
            trail="{who} registered as {role}",
            timeline="{who} registered as {detail}",
            about="user",
            detail="role",
        ),
    )
    user: str
    role: str | None
    invitation: str | None = None
    accepts: str | None = None
    admitted_by: AdmittedBy | None = None

    @property
    def role_in_words(self) -> str | None:
        """The role, and that the operator gave it and no change."""
        by_operator = self.admitted_by == OPERATOR
        return f"{self.role}, {LET_IN}" if by_operator else self.role


@final
class PasskeyAdded(Explained, frozen=True):
    """A person added a passkey. `nonce` leads to the challenges of `registration` and `assertion`.

    The first passkey has its registration only, and `redeem`, a JWS by the key of the invitation,
    if there was one. A further one has the `add-passkey` act that names its key, its own
    `assertion`, and an older passkey's `confirmation` of the act. One that a recovery code or the
    link of a re-enrolment adds has `redeem` by the key of the code or link and its own `assertion`,
    and works from `active_from` on. One that `re_enrols` ends everything older when it begins to
    work; with `needs_admission` it also waits until a change admits it.
    """

    TAG = "passkey-added.v1"
    MEANING = Meaning(
        stream="person",
        actor="owner",
        evidence=("act", "registration", "redeem", "assertion", "confirmation"),
        depends_on=(),
        claims=(CREDENTIAL, KEY_MATERIAL, ACT),
        words=Words(
            trail="{who} added a passkey",
            timeline="{who} added a passkey",
            about="credential_id",
        ),
    )
    credential_id: str
    public_key: str
    algorithm: SafeInteger
    sign_count: SafeInteger
    aaguid: str
    backed_up: bool
    transports: tuple[str, ...]
    nonce: str
    registration: RegistrationEvidence
    kid: str | None = None
    act: str | None = None
    redeem: str | None = None
    assertion: AssertionEvidence | None = None
    confirmation: AssertionEvidence | None = None
    confirmation_sign_count: SafeInteger | None = None
    active_from: str | None = None
    re_enrols: bool = False
    needs_admission: bool = False

    @property
    def key_material(self) -> tuple[str, ...]:
        """The thumbprint of the passkey's public key."""
        return (key_material.of_passkey(self.public_key),)


@final
class UserNamed(Explained, frozen=True):
    """What a person who registered is called. A change can erase it, and nothing else of a person.

    `name_skeletons` are hashes of what the name looks like, by the tables of the version `unicode`.
    The names that they take are free again when the name is erased.
    """

    TAG = "user-named.v1"
    MEANING = Meaning(
        stream="person",
        actor="owner",
        evidence=(),
        depends_on=(),
        claims=(NAME,),
        words=Words(
            trail="{who} registered under this name",
            timeline="{who} registered under this name",
            about="stream",
        ),
    )
    name: str
    name_skeletons: tuple[str, ...]
    unicode: str


@final
class PasskeyRemoved(Explained, frozen=True):
    """A person removed a passkey: it can no longer sign in, confirm or attest.

    `assertion` is by a passkey of the person, over the act.
    """

    TAG = "passkey-removed.v1"
    MEANING = Meaning(
        stream="person",
        actor="owner",
        evidence=("act", "assertion"),
        depends_on=(),
        claims=(ACT,),
        words=Words(
            trail="{who} removed a passkey",
            timeline="{who} removed a passkey",
            about="credential_id",
        ),
    )
    credential_id: str
    kid: str
    act: str
    assertion: AssertionEvidence
    sign_count: SafeInteger


@final
class KeyAttested(Explained, frozen=True):
    """A passkey attested a signing key, and the key signed a proof of possession."""

    TAG = "key-attested.v1"
    MEANING = Meaning(
        stream="person",
        actor="owner",
        evidence=("assertion", "possession"),
        depends_on=(),
        claims=(KEY_MATERIAL, KID),
        words=Words(
            trail="{who} attested a signing key",
            timeline="{who} attested a signing key",
            about="kid",
        ),
    )
    kid: str
    jwk: PublicJwk
    nonce: str
    home: KeyHome
    assertion: AssertionEvidence
    sign_count: SafeInteger
    possession: str
    expires_at: str | None = None

    @property
    def key_material(self) -> tuple[str, ...]:
        """The thumbprint of the signing key, which is its kid."""
        return (self.kid,)


@final
class KeyRevoked(Explained, frozen=True):
    """A signing key was revoked: its signatures are invalid from this position on.

    `assertion` is the actor's passkey's, over the act; a key that ends itself needs none.
    """

    TAG = "key-revoked.v1"
    MEANING = Meaning(
        stream="person",
        actor="owner",
        evidence=("act", "assertion"),
        depends_on=(),
        claims=(ACT,),
        words=Words(
            trail="{who} revoked a signing key",
            timeline="{who} revoked a signing key",
            about="kid",
        ),
    )
    kid: str
    by_kid: str
    act: str
    compromised_since: str | None = None
    assertion: AssertionEvidence | None = None
    sign_count: SafeInteger | None = None


@final
class KeyReaffirmed(Explained, frozen=True):
    """A person reaffirmed a signing key from before a loss, with a passkey: it signs again.

    The key itself signed `act`, or another key of the person that signs already.
    """

    TAG = "key-reaffirmed.v1"
    MEANING = Meaning(
        stream="person",
        actor="owner",
        evidence=("act", "assertion"),
        depends_on=(),
        claims=(ACT,),
        words=Words(
            trail="{who} reaffirmed a signing key after a loss",
            timeline="{who} reaffirmed a signing key after a loss",
            about="kid",
        ),
    )
    kid: str
    by_kid: str
    act: str
    assertion: AssertionEvidence
    sign_count: SafeInteger


# What brings a signing key of a person, also one of a service account.
KeyAdded = KeyAttested | ServiceAccountAdded
# What people record of themselves and of others, and all that their stream holds.
PersonRecord = (
    UserRegistered
    | UserNamed
    | PasskeyAdded
    | PasskeyRemoved
    | KeyAttested
    | KeyRevoked
    | KeyReaffirmed
    | ServiceAccountAdded
    | ServiceAccountEnded
    | PersonSuspended
    | CompromiseDeclared
    | RecoveryCodesSet
    | RecoveryCancelled
    | GovernanceAccepted
)
PersonBody = PersonRecord | PersonEffect
