"""Bundles that break one rule of statements each, and who can forge them.

An operator has the log's key: they write an event that no decision made, and sign a checkpoint over
it. A person who passes on a bundle leaves out files of it. expected.json has what every reader of
evidence says of each bundle.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import NamedTuple, TypeVar

from ledger.domain.events import StatementDrafted
from ledger.jose import SigningKey
from ledger.verify import container
from ledger.verify.container import Mode
from tests.support.chronicle import statement_id
from tests.support.document_end import ends_at
from tests.support.dossier import bundle_of, rebundled
from tests.support.forgery import sealed
from tests.support.heads import HEADS_KEY, NEXT_HEADS_KEY, signs_heads
from tests.support.versions import copied
from tests.vectors.changes.company import Company, grant
from tests.vectors.losses.aftermath import Aftermath
from tests.vectors.readers.tries import Readers
from tests.vectors.types import superseding
from tests.vectors.types import tries as types
from tests.vectors.uses import tries as uses


class Forged(NamedTuple):
    """A forged bundle: the log, the mode, the statement, and whether an operator forged it."""

    states: tuple[bytes, ...]
    mode: Mode
    statement: str
    left_out: int | None = None  # the position of an event that is left out of the files
    heads: SigningKey | None = None  # who signs the heads, if not the key in force

    def bundle(self) -> bytes:
        """Return the bundle."""
        sign = None if self.heads is None else signs_heads(key=self.heads)
        raw = bundle_of(self.states, self.mode, self.statement, sign_heads=sign)
        if self.left_out is None:
            return raw
        index = self.left_out - 1
        files = [f"{name}/{index}" for name in ("entries", "bodies")]
        gone = [*files, f"proofs/{index}.tlog-proof"]
        # As a ledger without the event shows documents, signatures and keys.
        before = container.parse(bundle_of(self.states[:index], self.mode, self.statement))
        names = container.parse(raw).keys() | before.keys()
        exhibits = [name for name in names if name.startswith(("statements/", "people/"))]
        changes: dict[str, bytes | None] = {name: before.get(name) for name in exhibits}
        return rebundled(raw, dict.fromkeys(gone, None) | changes)


MODES: tuple[Mode, ...] = ("full", "redacted", "statement")
Told = TypeVar("Told", bound=Company)


def _published(told: Told) -> Told:
    """Return a company that has announced its log keys, as its checkpoints need."""
    told.announce(1)
    return told


def _of_last(told: Company, mode: Mode = "full") -> Forged:
    """Return the bundle of the statement of the last event, which no auditor has seen."""
    last = told.events[-1]
    return Forged((*told.states, sealed(last)), mode, str(last.stream))


def _wrong_type() -> Forged:
    told = _published(Company())
    types.drafted_of_the_version_before(told)
    return _of_last(told)


def _unmet_schema() -> Forged:
    told = _published(Company())
    types.drafted(told, content='{"amount":"1","fee":"2"}')
    return _of_last(told)


def _strangers_version() -> Forged:
    """Ivy is a creator too, and drafts a new version of what Cal drafted."""
    told = _published(Company())
    told.change(told.ada, 3, grant(told.ivy, "creator"))
    policy = {"threshold": 1, "of": [f"user:{told.cal.user}"]}
    older = copied(told.draft(told.cal, 5, policy=policy))
    raw = told.ivy.document(statementId=statement_id(9), policy=policy, supersedes=older)
    own = told.ivy.user, told.ivy.key.kid, told.ivy.draft_act(raw)
    body = StatementDrafted(raw.decode(), *own, ends_at(raw), read_by="everyone")
    told.add(statement_id(9), body)
    return _of_last(told)


def _version_of_an_ended_version() -> Forged:
    """Cal drafts a version of one that was to replace an approved statement, and was withdrawn."""
    told = _published(Company())
    policy = {"threshold": 1, "of": [f"user:{told.ivy.user}"]}
    first = told.draft(told.cal, 5, policy=policy)
    told.sign(told.ivy, told.ivy.shared(first), first)
    second = told.draft(told.cal, 6, policy=policy, supersedes=copied(first))
    told.withdraw(told.cal, second)
    raw = told.cal.document(statementId=statement_id(9), policy=policy, supersedes=copied(second))
    own = told.cal.user, told.cal.key.kid, told.cal.draft_act(raw)
    body = StatementDrafted(
        raw.decode(), *own, ends_at(raw), read_by="everyone", earlier="withdrawn"
    )
    told.add(statement_id(9), body)
    return _of_last(told)


def _version_of_a_type(by: str, says: str) -> Forged:
    told = _published(Company())
    superseding.tried(told, by=by, supersede=says)
    return _of_last(told)


def _used_twice(mode: Mode) -> Forged:
    told = _published(uses.Executors())
    uses.used_again(told, times=1, nonce=uses.OTHER, number=2)
    return _of_last(told, mode)


def _decided_by_who_may_not_read(mode: Mode) -> Forged:
    told = _published(Readers())
    told.approves_unseen(told.ada)
    return _of_last(told, mode)


def _version_by_who_may_not_read(mode: Mode) -> Forged:
    """Ada is told of a statement that she may not read, and drafts a new version of it."""
    told = _published(Readers())
    told.change(told.ada, 3, grant(told.ada, "creator"))
    policy = {"threshold": 1, "of": [f"user:{told.ada.user}"]}
    own = copied(told.raw)
    raw = told.ada.document(statementId=statement_id(9), policy=policy, supersedes=own)
    signed = told.ada.user, told.ada.key.kid, told.ada.draft_act(raw)
    body = StatementDrafted(raw.decode(), *signed, ends_at(raw), read_by="everyone")
    told.add(statement_id(9), body)
    return _of_last(told, mode)


def _retraction_left_out() -> Forged:
    """Cal takes an approval back, and the bundle shows it as if it counted."""
    told = _published(Company())
    both = {"threshold": 2, "of": [f"user:{each.user}" for each in (told.cal, told.ben)]}
    raw = told.draft(told.cal, 5, policy=both)
    told.sign(told.cal, told.cal.shared(raw), raw)
    told.retract(told.cal, raw)
    return Forged(tuple(told.states), "statement", statement_id(5), len(told.states))


def _use_left_out() -> Forged:
    """Ivy uses an order, and the bundle shows it as if it could be used still."""
    told = _published(uses.Executors())
    told.used()
    return Forged(tuple(told.states), "statement", statement_id(5), len(told.states))


def _heads_by_the_key_before() -> Forged:
    told = _published(Company())
    told.draft(told.cal, 5)
    told.replace_heads_key(NEXT_HEADS_KEY.jwk)
    return Forged(tuple(told.states), "statement", statement_id(5), heads=HEADS_KEY)


def _approved_before_a_loss(mode: Mode, *, reaffirmed: bool) -> Forged:
    """An operator records, after a loss, what Cal approved before it."""
    told = _published(Aftermath())
    raw = told.drafts()
    signed = told.approval_of_plain(told.cal, raw, 5)
    told.lose()
    if reaffirmed:
        told.reaffirms(told.cal)
    told.add_later(statement_id(5), signed)
    return _of_last(told, mode)


def _used_before_a_loss(mode: Mode) -> Forged:
    told = _published(Aftermath())
    raw = told.approves()
    told.lose()
    told.reaffirms()
    told.use_unseen(raw)
    return _of_last(told, mode)


CASES: dict[str, Callable[[], Forged]] = {
    "a draft of an outdated type": _wrong_type,
    "content that the schema of its type refuses": _unmet_schema,
    "a new version by a stranger": _strangers_version,
    "a version of one that ended without replacing": _version_of_an_ended_version,
    "a new version by a stranger, of a type whose drafters may": partial(
        _version_of_a_type, "ivy", "drafters"
    ),
    "a new version by a drafter, of a type whose creators may": partial(
        _version_of_a_type, "ben", "creator"
    ),
    "a statement that is used once too often": partial(_used_twice, "full"),
    "the same in a redacted bundle": partial(_used_twice, "redacted"),
    "the same in a bundle of the statement": partial(_used_twice, "statement"),
    **{
        f"a decision by somebody who may not read the statement, {mode}": partial(
            _decided_by_who_may_not_read, mode
        )
        for mode in MODES
    },
    **{
        f"a new version by somebody who may not read the statement, {mode}": partial(
            _version_by_who_may_not_read, mode
        )
        for mode in MODES
    },
    **{
        f"an approval with a key that nobody reaffirmed, {mode}": partial(
            _approved_before_a_loss, mode, reaffirmed=False
        )
        for mode in MODES
    },
    **{
        f"an approval of a statement that a loss ended, {mode}": partial(
            _approved_before_a_loss, mode, reaffirmed=True
        )
        for mode in MODES
    },
    **{f"a use that a loss voided, {mode}": partial(_used_before_a_loss, mode) for mode in MODES},
    "a retraction left out of a bundle": _retraction_left_out,
    "a use left out of a bundle": _use_left_out,
    "heads by a key that was replaced": _heads_by_the_key_before,
}


@cache
def forged(name: str) -> Forged:
    """Return a forged bundle by its name."""
    return CASES[name]()
