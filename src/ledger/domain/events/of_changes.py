"""Effects of changes: events of the ledger and of statements that a change brings about.

of_changed_people.py has those of people. Nobody signs an effect. It names the change, a statement,
whose approvals are its evidence. The effects follow the approval that completes the change, in the
same commit.
"""

from typing import final

from ledger.domain.charter_values import CharterValues
from ledger.domain.events.meaning import Explained, Words, effect
from ledger.domain.events.of_changed_people import PersonEffect
from ledger.domain.events.of_types import TypeDefined, TypeRetired
from ledger.domain.policy import Node
from ledger.domain.unique_names import INVITATION, KEY_MATERIAL, USED_INVITATION
from ledger.domain.vocabulary import HeldKind, Status
from ledger.encoding import SafeInteger
from ledger.jose import OkpJwk, thumbprint
from ledger.jose.fillings import MAX_NESTED

# --- the ledger ----------------------------------------------------------------------------------


@final
class InvitationIssued(Explained, frozen=True):
    """A change invited the holder of a key, which the link's secret leads to."""

    TAG = "invitation-issued.v1"
    MEANING = effect(
        "ledger",
        Words(
            trail="{who} invited somebody as {role}, by change {change}",
            timeline="Somebody was invited as {detail}",
            about="invitation",
            detail="role",
        ),
        claims=(KEY_MATERIAL, INVITATION),
    )
    change: str
    invitation: str
    role: str
    key: OkpJwk
    expires_at: str

    @property
    def key_material(self) -> tuple[str, ...]:
        """The thumbprint of the invitation's key."""
        return (thumbprint(self.key),)


@final
class InvitationCancelled(Explained, frozen=True):
    """A change cancelled an invitation that nobody had used."""

    TAG = "invitation-cancelled.v1"
    MEANING = effect(
        "ledger",
        Words(
            trail="{who} cancelled an invitation, by change {change}",
            timeline="An invitation was cancelled",
            about="invitation",
        ),
        claims=(USED_INVITATION,),  # one of the two, its use or its end, comes first
    )
    change: str
    invitation: str


@final
class RoleDefined(Explained, frozen=True):
    """A change defined a role that policies can name and people can hold."""

    TAG = "role-defined.v1"
    MEANING = effect(
        "ledger",
        Words(
            trail="{who} defined the role {role}, by change {change}",
            timeline="The role {detail} was defined",
            about="role",
            detail="role",
        ),
    )
    change: str
    role: str


@final
class RoleClosed(Explained, frozen=True):
    """A change closed a role for ever: it counts for nobody, and its name is never used again."""

    TAG = "role-closed.v1"
    MEANING = effect(
        "ledger",
        Words(
            trail="{who} closed the role {role}, by change {change}",
            timeline="The role {detail} was closed",
            about="role",
            detail="role",
        ),
    )
    change: str
    role: str


@final
class CharterSet(Explained, frozen=True):
    """A change set the values of the charter."""

    TAG = "charter-set.v1"
    MEANING = effect(
        "ledger",
        Words(
            trail="{who} set the charter's values: registration {values.registration}, floor"
            " of {values.floor.people}, by change {change}",
            timeline="The ledger's charter was changed",
            about=None,
        ),
    )
    change: str
    values: CharterValues


@final
class GovernanceSet(Explained, frozen=True):
    """A change set the policy that later changes must meet."""

    TAG = "governance-set.v1"
    MEANING = effect(
        "ledger",
        Words(
            trail="{who} set the governance policy, by change {change}",
            timeline="The governance policy was changed",
            about=None,
        ),
    )
    change: str
    policy: Node

    def __post_init__(self) -> None:
        """Require few levels; msgspec turns a ValueError into a ValidationError.

        No other event nests without end. Readers differ on how deep their stacks are.
        """
        level = [self.policy]
        for _ in range(MAX_NESTED + 1):
            level = [each for node in level for each in node.of if isinstance(each, Node)]
        if level:
            raise ValueError(f"a policy has at most {MAX_NESTED} levels of nested nodes")


@final
class HoldPlaced(Explained, frozen=True):
    """A change placed a hold: until a later change releases it, nobody erases what is held.

    `held` is the id of a statement, or of the person whose name is held.
    """

    TAG = "hold-placed.v1"
    MEANING = effect(
        "ledger",
        Words(
            trail="{who} placed a hold on the {kind} {held}, by change {change}",
            timeline="A hold was placed",
            about="held",
        ),
    )
    change: str
    kind: HeldKind
    held: str


@final
class HoldReleased(Explained, frozen=True):
    """A change released a hold."""

    TAG = "hold-released.v1"
    MEANING = effect(
        "ledger",
        Words(
            trail="{who} released the hold on the {kind} {held}, by change {change}",
            timeline="A hold was released",
            about="held",
        ),
    )
    change: str
    kind: HeldKind
    held: str


# --- statements ----------------------------------------------------------------------------------


@final
class StatementWithdrawnByChange(Explained, frozen=True):
    """A change withdrew a pending statement whose creator is deactivated."""

    TAG = "statement-withdrawn-by-change.v1"
    MEANING = effect(
        "statement",
        Words(
            trail="{who} withdrew {title}, by change {change}",
            timeline="{title} was withdrawn by a change",
            about="stream",
        ),
        depends_on=("change",),
    )
    change: str


@final
class BodiesErased(Explained, frozen=True):
    """A change erased the bodies of all earlier events of a final statement.

    `positions` are those of the events, `status` is the statement's status at the erasure, and
    `successor` the version that superseded it, None without one. The entries stay.
    """

    TAG = "bodies-erased.v1"
    MEANING = effect(
        "statement",
        Words(
            trail="{who} erased {title} ({positions} bodies), by change {change}",
            timeline="{title} was erased by a change",
            about="stream",
        ),
        depends_on=("change",),
    )
    change: str
    positions: tuple[SafeInteger, ...]
    status: Status
    successor: str | None = None


LedgerEffect = (
    InvitationIssued
    | InvitationCancelled
    | RoleDefined
    | RoleClosed
    | CharterSet
    | TypeDefined
    | TypeRetired
    | GovernanceSet
    | HoldPlaced
    | HoldReleased
)
ChangeEffect = LedgerEffect | PersonEffect | StatementWithdrawnByChange | BodiesErased
