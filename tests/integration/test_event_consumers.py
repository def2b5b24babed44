"""Every tag through every consumer: fold, audit, trail, timeline, views, bundle, receipt, verifier.

tests/support/expected_events.py says what they make of each tag's last event in tests/golden.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial, reduce
from typing import Any
from uuid import UUID

import msgspec
import pytest

from ledger.audit.counts import Counts
from ledger.audit.trail import Line, Trail
from ledger.domain import charter, events, person, statement
from ledger.domain.epochs import Loss
from ledger.domain.events import BODIES, Body, Event, LedgerRestored, Recorded
from ledger.domain.quoting import quoted
from ledger.domain.receipts import (
    own_key,
    request_key,
    written,
    written_about_statement,
)
from ledger.errors import CorruptError, RefusedError
from ledger.store.engines import audited_log
from ledger.store.sqlite.store import SqliteLog
from ledger.verify import container
from ledger.verify.auditor import AuditError, Auditor
from ledger.verify.contents import Casefile, content, read
from ledger.verify.event_checks import Events
from ledger.verify.withheld import withheld_tags
from projections import facts, timeline, views
from projections.facts import Batch, Fact
from tests.support.chronicle import statement_id
from tests.support.dossier import bundle_of
from tests.support.expected_events import EXPECTED, LAST, TOLD
from tests.support.readers import AUDITOR
from tests.support.refusals import refused
from tests.support.story import Story
from tests.support.writes import stored, write

ADDS_A_KEY = ("key-attested.v1", "service-account-added.v1")
REGISTRATION = ("user-registered.v1", "user-named.v1")
each_tag = pytest.mark.parametrize("tag", BODIES)


def test_every_tag_has_an_example_and_an_expectation() -> None:
    assert LAST.keys() == EXPECTED.keys() == BODIES.keys()


# --- fold --------------------------------------------------------------------------------------

Fold = Callable[[Any, Event], Any]
TOLD_LOSSES = [
    Loss(each.body.epoch, each.at)
    for each in TOLD.events
    if isinstance(each.body, LedgerRestored) and each.body.lost
]
FOLDS: dict[str, Fold] = {
    "ledger": charter.evolve,
    "person": partial(person.evolve, losses=TOLD_LOSSES),
    "statement": statement.evolve,
}


@each_tag
def test_an_event_changes_the_state_of_its_stream_and_of_no_other_kind(tag: str) -> None:
    event = TOLD.events[LAST[tag]]
    mine = [each for each in TOLD.events[: LAST[tag]] if each.stream == event.stream]
    kind = event.body.MEANING.stream
    state = reduce(FOLDS[kind], mine, None)
    after = FOLDS[kind](state, event)
    assert after.version == event.version
    assert state is None or msgspec.structs.replace(after, version=state.version) != state
    for other in FOLDS.keys() - {kind}:
        with pytest.raises(AssertionError):
            FOLDS[other](state, event)


# --- audit -------------------------------------------------------------------------------------


@each_tag
def test_the_audit_recomputes_the_event_and_counts_its_evidence(tag: str) -> None:
    auditor, counts = Auditor(), Counts()
    for position, state in enumerate(TOLD.states[: LAST[tag]], start=1):
        auditor.add(position, state)
    event = TOLD.events[LAST[tag]]
    assert auditor.decide(event) == event.body
    counts.count(event)
    proofs = {name for name in event.body.MEANING.evidence if getattr(event.body, name)}
    assert (counts.signatures, counts.assertions) == (
        len(proofs & {"act", "jws", "possession"}),
        len(proofs & {"registration", "assertion", "confirmation"}),
    )


# --- trail, timeline, views --------------------------------------------------------------------


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Line]:
    path = tmp_path_factory.mktemp("consumers") / "log.sqlite"
    with closing(SqliteLog(path)) as store:
        for event, state in zip(TOLD.events, TOLD.states, strict=True):
            row = stored(event.stream, event.version, state, tag=event.body.TAG)
            store.append([write(event.stream, events=(row,))])
    with closing(audited_log(str(path)).open()) as opened:
        return [*Trail(opened).lines()]


@pytest.fixture(scope="module")
def story() -> Story:
    story = Story()
    story.states = TOLD.states
    return story


@each_tag
def test_the_trail_tells_who_did_what_with_which_key(lines: Sequence[Line], tag: str) -> None:
    line, expected = lines[LAST[tag]], EXPECTED[tag]
    body = TOLD.events[LAST[tag]].body
    assert (line.type, line.actor_id) == (tag, expected.who or "")
    assert line.actor_name == ("The ledger" if expected.who is None else line.actor_name) != ""
    who = line.actor_name if expected.who is None else quoted(line.actor_name)
    assert line.summary == f"{who} {expected.trail}"
    kid = events.kid_of(body)
    assert line.key == (f"kid:{kid}" if kid else "")
    assert (line.object == "") == (body.MEANING.words.about is None)


@each_tag
def test_the_timeline_tells_who_did_what(story: Story, tag: str) -> None:
    position = LAST[tag] + 1
    (item,) = timeline.page(story.views(), AUDITOR, at=position, limit=1).items
    assert (item.position, item.type, item.summary) == (position, tag, EXPECTED[tag].timeline)
    assert (item.actor and item.actor.id) == EXPECTED[tag].who


class Asked(Batch):
    """A batch that remembers which types a view asked for."""

    asked: list[str]

    def of(self, *bodies: type[Body]) -> list[Fact]:
        self.asked += [body.TAG for body in bodies]
        return super().of(*bodies)


def test_each_view_asks_for_the_events_that_change_it() -> None:
    asking: dict[str, set[str]] = {tag: set() for tag in BODIES}
    for view in views.VIEWS:
        batch = Asked(defaultdict(list), [], [], [])
        view.fold(Story().views(), batch)
        for tag in batch.asked:
            asking[tag].add(view.NAME)
    assert asking == {tag: expected.views for tag, expected in EXPECTED.items()}


def test_an_event_whose_type_is_unknown_stops_the_views(story: Story) -> None:
    state = story.states[0].replace(b"ledger-created.v1", b"ledger-founded.v1")
    with refused(CorruptError, "event_unknown"):
        facts.decode(story.views(), facts.Streams(), [(1, state)])


# --- bundle ------------------------------------------------------------------------------------

ERASED = {each.stream for each in TOLD.events if isinstance(each.body, events.BodiesErased)}
DRAFTS = tuple(
    str(each.stream)
    for each in TOLD.events
    if isinstance(each.body, events.StatementDrafted)
    and each.body.type is None
    and each.stream not in ERASED
)


@pytest.fixture(scope="module")
def bundles() -> list[list[Recorded]]:
    """The events whose bodies are in a bundle of each statement alone."""
    shown = (*DRAFTS, statement_id(108))  # the change that erases a name
    raw = (bundle_of(TOLD.states, "statement", each) for each in shown)
    return [content(read(container.parse(each))) for each in raw]


@each_tag
def test_a_bundle_includes_what_its_events_depend_on(
    bundles: list[list[Recorded]], tag: str
) -> None:
    event = TOLD.events[LAST[tag]]
    holding = [shown for shown in bundles if event in [each.event for each in shown]]
    assert holding or tag in withheld_tags(())
    who = EXPECTED[tag].who
    for shown in holding:
        assert who is None or UUID(who) in {each.event.stream for each in shown}


# --- receipt -----------------------------------------------------------------------------------


def evidence_of(event: Event) -> str:
    """Return the evidence that names a request, as the store's keys are documented."""
    body, stream = event.body, str(event.stream)
    match body:
        case events.KeyAttested() | events.ServiceAccountAdded():
            return f"{body.assertion.signature}\0{body.possession}"
        case events.PasskeyAdded():
            return f"{body.registration.attestation_object}\0{body.act}"
        case events.StatementDrafted():
            return f"{body.act}\0{body.document}"
        case events.StatementUsed():
            return f"{stream}\0{body.signer}\0{body.nonce}"
        case _:
            return f"{stream}\0{events.signature_of(body)}"


@each_tag
def test_a_receipt_has_the_key_of_the_request_that_led_to_the_event(tag: str) -> None:
    event, state, asked = TOLD.events[LAST[tag]], TOLD.states[LAST[tag]], EXPECTED[tag].asked
    if tag in REGISTRATION:  # it is one request, and four events
        with refused(CorruptError, "registration_torn"):
            written([event], [state])
    elif event.body.MEANING.actor in ("change", "version"):  # written with what brings it about
        with refused(CorruptError, "event_misplaced"):
            written([event], [state])
    elif event.body.MEANING.stream == "statement":
        assert asked is not None
        key = request_key(asked, evidence_of(event))
        assert written_about_statement(event, 1).key == key
        with refused(CorruptError, "event_misplaced"):
            written([event], [state])
    else:
        key = own_key([state]) if asked is None else request_key(asked, evidence_of(event))
        assert written([event], [state]).key == key
        with refused(CorruptError, "event_misplaced"):
            written_about_statement(event, 1)


# --- verifier ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def case() -> Casefile:
    return read(container.parse(bundle_of(TOLD.states, "full", DRAFTS[0])))


def end_of_commit(index: int) -> int:
    """Return how many events there are with the rest of the commit: no log ends inside one."""
    auditor = Auditor()
    for position, state in enumerate(TOLD.states, start=1):
        auditor.add(position, state)
        if position > index and not auditor.is_inside_commit:
            return position
    raise AssertionError("the story ends inside a commit")


@each_tag
def test_the_verifier_finds_each_kind_of_evidence_good_one_by_one(case: Casefile, tag: str) -> None:
    end = end_of_commit(LAST[tag])
    checks = Events(case, content(case)[:end])
    assert checks.is_sound
    sound = checks.signatures(), checks.attestations(), checks.keys()
    # Once the auditor disagrees with anything, each kind is looked at by itself.
    alone = Events(case, content(case)[:end])
    alone.__dict__["auditor"] = AuditError("log_invalid", "for this test", position=1)
    assert (alone.signatures(), alone.attestations(), alone.keys()) == sound


@each_tag
def test_the_verifier_refuses_the_event_under_a_key_that_did_not_sign_it(
    case: Casefile, tag: str
) -> None:
    found = content(case)[: LAST[tag] + 1]
    kid = events.kid_of(found[-1].event.body)
    signed = bool(events.signature_of(found[-1].event.body))
    without = [
        each
        for each in found
        if not (isinstance(each.event.body, events.KeyAdded) and each.event.body.kid == kid)
    ]
    checks = Events(case, without)
    checks.__dict__["auditor"] = AuditError("log_invalid", "for this test", position=1)
    if signed and EXPECTED[tag].who is not None:
        with refused(RefusedError, "key_unknown"):
            checks.signatures()
    else:  # the ledger's own key is in its founding; a registration is proved by passkeys
        assert EXPECTED[tag].who is None or tag in (*REGISTRATION, *ADDS_A_KEY)
