"""Effects of changes on people: roles, standing, re-enrolment, compromise.

Nobody signs an effect; of_changes.py says how effects are recorded.
"""

from typing import final

from ledger.domain.events.meaning import Explained, Words, effect
from ledger.domain.unique_names import KEY_MATERIAL, ROLE
from ledger.domain.vocabulary import PersonStanding
from ledger.encoding import SafeInteger
from ledger.jose import OkpJwk, thumbprint


@final
class RoleGranted(Explained, frozen=True):
    """A change granted a person a role."""

    TAG = "role-granted.v1"
    MEANING = effect(
        "person",
        Words(
            trail="{who} granted {whose} the role {role}, by change {change}",
            timeline="{whom} was granted the role {detail}",
            about="stream",
            detail="role",
        ),
        joins=(ROLE,),
    )
    change: str
    role: str


@final
class RoleEnded(Explained, frozen=True):
    """A change ended a person's role."""

    TAG = "role-ended.v1"
    MEANING = effect(
        "person",
        Words(
            trail="{who} ended the role {role} of {whose}, by change {change}",
            timeline="The role {detail}{of_whom} was ended",
            about="stream",
            detail="role",
        ),
        leaves=(ROLE,),
    )
    change: str
    role: str


@final
class StandingSet(Explained, frozen=True):
    """A change suspended, reinstated or deactivated a person."""

    TAG = "standing-set.v1"
    MEANING = effect(
        "person",
        Words(
            trail="{who} made {whose} {standing}, by change {change}",
            timeline="{whom} is {detail}",
            about="stream",
            detail="standing",
        ),
    )
    change: str
    standing: PersonStanding


@final
class ReEnrolmentOpened(Explained, frozen=True):
    """A change lets a person come back: the link's key adds a passkey, which ends everything older.

    A later one replaces an earlier one that nobody has redeemed.
    """

    TAG = "re-enrolment-opened.v1"
    MEANING = effect(
        "person",
        Words(
            trail="{who} opened a re-enrolment of {whose}, by change {change}",
            timeline="A re-enrolment{of_whom} was opened",
            about="stream",
        ),
        claims=(KEY_MATERIAL,),
    )
    change: str
    key: OkpJwk
    expires_at: str

    @property
    def key_material(self) -> tuple[str, ...]:
        """The thumbprint of the link's key."""
        return (thumbprint(self.key),)


@final
class PasskeyAdmitted(Explained, frozen=True):
    """A change admitted the passkey of a re-enrolment: it works when its waiting time is over."""

    TAG = "passkey-admitted.v1"
    MEANING = effect(
        "person",
        Words(
            trail="{who} admitted the new passkey of {whose}, by change {change}",
            timeline="The new passkey{of_whom} was admitted",
            about="credential_id",
        ),
    )
    change: str
    credential_id: str


@final
class CompromiseSet(Explained, frozen=True):
    """A change declared a person's key or passkey compromised since a time; this ends it.

    `compromised` and `also` are those of a person's own declaration.
    """

    TAG = "compromise-set.v1"
    MEANING = effect(
        "person",
        Words(
            trail="{who} declared {compromised} of {whose} compromised since {since}, and {also}"
            " more, by change {change}",
            timeline="A key or passkey{of_whom} was declared compromised",
            about="compromised",
        ),
    )
    change: str
    compromised: str
    since: str
    also: tuple[str, ...]


@final
class NameErased(Explained, frozen=True):
    """A change erased the name of a deactivated person; `positions` has that of its event."""

    TAG = "name-erased.v1"
    MEANING = effect(
        "person",
        Words(
            trail="{who} erased the name of {whose}, by change {change}",
            timeline="A name was erased by a change",
            about="stream",
        ),
        depends_on=("change",),
    )
    change: str
    positions: tuple[SafeInteger, ...]


PersonEffect = (
    RoleGranted
    | RoleEnded
    | StandingSet
    | ReEnrolmentOpened
    | PasskeyAdmitted
    | CompromiseSet
    | NameErased
)
