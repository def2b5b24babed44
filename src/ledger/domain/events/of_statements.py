"""Events of a statement's stream: the draft, the decisions on it, and its uses.

of_changes.py has what changes do to statements. Each of these events says what its decision has
`seen`: seen.py tells of what.
"""

from typing import final

import msgspec

from ledger.domain.events.meaning import Explained, Meaning, Words
from ledger.domain.events.of_changes import BodiesErased, StatementWithdrawnByChange
from ledger.domain.passkey import AssertionEvidence
from ledger.domain.unique_names import ACT, REPLACES, TYPE, USE
from ledger.domain.vocabulary import RESERVED, Form, ReadBy, Status, UseOutcome
from ledger.encoding import SafeInteger

# By stream, in the order of their ids: the version that the decision read.
Seen = dict[str, SafeInteger]


class _Superseded(msgspec.Struct):
    statement: str


class _Document(msgspec.Struct):
    supersedes: _Superseded


_document = msgspec.json.Decoder(_Document)


@final
class StatementDrafted(Explained, frozen=True):
    """A statement was submitted for approval; `document` is its exact bytes (UTF-8).

    `ends_at` is when it expires if it is still pending then; `type` is the name of the document's
    type, None without one. `read_by` is who may read it, by its `readers` and the mode of
    registration at this position. `earlier` is the status, at the draft, of the statement that the
    document supersedes. `drafters` are those of its type, who take part in it. `late` is true for a
    draft that a restore had lost, as late_acts.py says.
    """

    TAG = "statement-drafted.v1"
    MEANING = Meaning(
        stream="statement",
        actor="creator",
        evidence=("act",),
        depends_on=("actor", "affected", "superseded"),
        claims=(),
        joins=(TYPE, REPLACES),
        words=Words(
            trail="{who} drafted {title}",
            timeline="{who} drafted {title}",
            about="stream",
        ),
    )
    document: str
    creator: str
    kid: str
    act: str
    ends_at: str
    type: str | None = None
    read_by: ReadBy = "participants"
    earlier: Status | None = None
    seen: Seen = msgspec.field(default_factory=dict)
    drafters: tuple[str, ...] = ()
    late: bool | msgspec.UnsetType = msgspec.UNSET

    @property
    def built_in(self) -> str | None:
        """The name of the document's type if it is a built-in one, else None."""
        return self.type if self.type is not None and self.type.startswith(RESERVED) else None

    @property
    def replaced(self) -> str | None:
        """The approved statement that this one is to replace, None without one."""
        if self.earlier != "approved":
            return None
        return _document.decode(self.document.encode()).supersedes.statement


@final
class StatementSigned(Explained, frozen=True):
    """A person approved; `roles` are theirs at this position, `status` is the resulting one.

    `iat` is the signed time in seconds; in the individual form it is that of `timestamp`. `step` is
    the number of the step that the approval fills, None in a policy without steps. `late` is true
    for an approval that a restore had lost, as late_acts.py says.
    """

    TAG = "statement-signed.v1"
    MEANING = Meaning(
        stream="statement",
        actor="signer",
        evidence=("jws", "assertion"),
        depends_on=("actor",),
        claims=(),
        words=Words(
            trail="{who} approved {title}, which is {status}",
            timeline="{who} approved {title} ({approvals})",
            about="stream",
            detail="status",
        ),
    )
    signer: str
    kid: str
    roles: tuple[str, ...]
    form: Form
    iat: SafeInteger
    status: Status
    jws: str
    assertion: AssertionEvidence | None = None
    sign_count: SafeInteger | None = None
    step: SafeInteger | None = None
    seen: Seen = msgspec.field(default_factory=dict)
    late: bool | msgspec.UnsetType = msgspec.UNSET


@final
class StatementRejected(Explained, frozen=True):
    """A person rejected; `status` is the resulting one."""

    TAG = "statement-rejected.v1"
    MEANING = Meaning(
        stream="statement",
        actor="signer",
        evidence=("act", "assertion"),
        depends_on=("actor",),
        claims=(),
        words=Words(
            trail="{who} rejected {title}, which is {status}: {reason}",
            timeline="{who} rejected {title}{ended}",
            about="stream",
            detail="status",
        ),
    )
    signer: str
    kid: str
    roles: tuple[str, ...]
    reason: str
    iat: SafeInteger
    status: Status
    act: str
    assertion: AssertionEvidence | None = None
    sign_count: SafeInteger | None = None
    seen: Seen = msgspec.field(default_factory=dict)


@final
class ApprovalRetracted(Explained, frozen=True):
    """A person took back their approval of a pending statement; `iat` is the signed time."""

    TAG = "approval-retracted.v1"
    MEANING = Meaning(
        stream="statement",
        actor="signer",
        evidence=("act", "assertion"),
        depends_on=("actor",),
        claims=(),
        words=Words(
            trail="{who} took back the approval of {title}",
            timeline="{who} took back the approval of {title} ({approvals})",
            about="stream",
        ),
    )
    signer: str
    kid: str
    iat: SafeInteger
    act: str
    reason: str | None = None
    assertion: AssertionEvidence | None = None
    sign_count: SafeInteger | None = None
    seen: Seen = msgspec.field(default_factory=dict)


@final
class StatementWithdrawn(Explained, frozen=True):
    """The creator withdrew a pending statement."""

    TAG = "statement-withdrawn.v1"
    MEANING = Meaning(
        stream="statement",
        actor="signer",
        evidence=("act",),
        depends_on=("actor",),
        claims=(),
        words=Words(
            trail="{who} withdrew {title}",
            timeline="{who} withdrew {title}",
            about="stream",
        ),
    )
    signer: str
    kid: str
    act: str
    reason: str | None = None
    seen: Seen = msgspec.field(default_factory=dict)


@final
class StatementUsed(Explained, frozen=True):
    """A person used an approved statement once.

    `number` counts the uses that the document allows, from 1. `generation` is 1, and 2 for a use
    whose number is free again because the earlier use was not done.
    """

    TAG = "statement-used.v1"
    MEANING = Meaning(
        stream="statement",
        actor="signer",
        evidence=("act",),
        depends_on=("actor",),
        claims=(ACT, USE),
        words=Words(
            trail="{who} used {title} (use {number})",
            timeline="{who} used {title}",
            about="stream",
        ),
    )
    signer: str
    kid: str
    number: SafeInteger
    generation: SafeInteger
    nonce: str
    act: str
    reference: str | None = None
    seen: Seen = msgspec.field(default_factory=dict)


@final
class OutcomeReported(Explained, frozen=True):
    """A person reported the outcome of their use, or another one confirmed that it was not done.

    `frees` tells that it is a confirmation: the use counts no longer, and its number is free again.
    """

    TAG = "outcome-reported.v1"
    MEANING = Meaning(
        stream="statement",
        actor="signer",
        evidence=("act", "assertion"),
        depends_on=("actor",),
        claims=(ACT,),
        words=Words(
            trail="{who} reported use {number} of {title} as {outcome}",
            timeline="{who} reported a use of {title} as {detail}",
            about="stream",
            detail="outcome",
        ),
    )
    signer: str
    kid: str
    number: SafeInteger
    generation: SafeInteger
    outcome: UseOutcome
    frees: bool
    act: str
    reason: str | None = None
    assertion: AssertionEvidence | None = None
    sign_count: SafeInteger | None = None
    seen: Seen = msgspec.field(default_factory=dict)


@final
class StatementSuperseded(Explained, frozen=True):
    """The draft or the last approval of another version ended a statement; `by` is that version."""

    TAG = "statement-superseded.v1"
    MEANING = Meaning(
        stream="statement",
        actor="version",
        evidence=(),
        depends_on=(),
        claims=(),
        words=Words(
            trail="{who} ended {title}, which the version {by} supersedes",
            timeline="{title} was superseded by a new version",
            about="by",
        ),
    )
    by: str


# A person's decision on a statement; a use of an approved one, and its outcome; what people record
# of statements; all that a statement's stream holds.
StatementDecision = StatementSigned | StatementRejected | ApprovalRetracted | StatementWithdrawn
StatementUse = StatementUsed | OutcomeReported
StatementRecord = StatementDrafted | StatementDecision | StatementUse
StatementEffect = StatementWithdrawnByChange | StatementSuperseded | BodiesErased
StatementBody = StatementRecord | StatementEffect
