"""Events of a person's stream about standing.

They are of suspension, compromised keys, recovery codes, and the acceptance of governance.
"""

from typing import final

from ledger.domain.events.meaning import Explained, Meaning, Words
from ledger.domain.passkey import AssertionEvidence
from ledger.domain.unique_names import ACT, KEY_MATERIAL
from ledger.encoding import SafeInteger
from ledger.jose import OkpJwk, thumbprint


@final
class PersonSuspended(Explained, frozen=True):
    """An administrator suspended a person: from this position on the person decides nothing."""

    TAG = "person-suspended.v1"
    MEANING = Meaning(
        stream="person",
        actor="by",
        evidence=("act", "assertion"),
        depends_on=("actor",),
        claims=(ACT,),
        words=Words(
            trail="{who} suspended {whose}: {reason}",
            timeline="{who} suspended {whom}",
            about="user",
        ),
    )
    user: str
    reason: str
    by: str
    kid: str
    act: str
    assertion: AssertionEvidence
    sign_count: SafeInteger


@final
class CompromiseDeclared(Explained, frozen=True):
    """A person declared a key or passkey of theirs compromised since a time; this ends it.

    `compromised` and `also` are `kid:<kid>` or `passkey:<credential id>`; `also` are keys and
    passkeys that the compromised one attested or added.
    """

    TAG = "compromise-declared.v1"
    MEANING = Meaning(
        stream="person",
        actor="owner",
        evidence=("act", "assertion"),
        depends_on=(),
        claims=(ACT,),
        words=Words(
            trail="{who} declared {compromised} compromised since {since}, and {also} more",
            timeline="{who} declared a key or passkey compromised",
            about="compromised",
        ),
    )
    compromised: str
    since: str
    also: tuple[str, ...]
    kid: str
    act: str
    assertion: AssertionEvidence
    sign_count: SafeInteger


@final
class RecoveryCancelled(Explained, frozen=True):
    """A recovery was cancelled before it was complete, by its person or by an administrator.

    `recovery` is `passkey:<credential id>`, the passkey that waited, which never works; or
    `kid:<kid>`, the link of a re-enrolment that nobody had redeemed.
    """

    TAG = "recovery-cancelled.v1"
    MEANING = Meaning(
        stream="person",
        actor="by",
        evidence=("act", "assertion"),
        depends_on=("actor",),
        claims=(ACT,),
        words=Words(
            trail="{who} cancelled a recovery of {whose}",
            timeline="{who} cancelled a recovery{of_whom}",
            about="recovery",
        ),
    )
    user: str
    recovery: str
    by: str
    kid: str
    act: str
    assertion: AssertionEvidence
    sign_count: SafeInteger


@final
class RecoveryCodesSet(Explained, frozen=True):
    """A person set their recovery codes: the public keys, which replace all earlier ones."""

    TAG = "recovery-codes-set.v1"
    MEANING = Meaning(
        stream="person",
        actor="owner",
        evidence=("act", "assertion"),
        depends_on=(),
        claims=(KEY_MATERIAL, ACT),
        words=Words(
            trail="{who} set {keys} recovery codes",
            timeline="{who} set recovery codes",
            about=None,
        ),
    )
    keys: tuple[OkpJwk, ...]
    kid: str
    act: str
    assertion: AssertionEvidence
    sign_count: SafeInteger

    @property
    def key_material(self) -> tuple[str, ...]:
        """The thumbprints of the codes' keys."""
        return tuple(map(thumbprint, self.keys))


@final
class GovernanceAccepted(Explained, frozen=True):
    """A person accepted a governance policy: from now on they count in it, by their roles now.

    `change` is the pending change that sets the policy, None for the policy in force. Who registers
    with a role that governs accepts the policy with the registration, without this event.
    """

    TAG = "governance-accepted.v1"
    MEANING = Meaning(
        stream="person",
        actor="owner",
        evidence=("act", "assertion"),
        depends_on=(),
        claims=(ACT,),
        words=Words(
            trail="{who} accepted the governance policy",
            timeline="{who} accepted a place in governance",
            about="policy_sha256",
        ),
    )
    policy_sha256: str
    change: str | None
    kid: str
    act: str
    assertion: AssertionEvidence
    sign_count: SafeInteger
