"""Erasures of names in a real log: what is gone, what stays, and what can be taken again."""

import asyncio
import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from ledger.audit.replay import fold
from ledger.audit.result import to_text
from ledger.audit.trail import Trail
from ledger.audit.trail_formats import FORMATS
from ledger.commands.reading import Reading
from ledger.domain.entry import cut, is_erased
from ledger.domain.skeletons import skeletons
from ledger.domain.unique_names import person_name
from ledger.errors import ConflictError, MalformedError, NotFoundError
from ledger.store.engines import audited_log
from ledger.store.ports.log import Needs
from tests.support.erasing import files_of, report_of, tampered
from tests.support.ledgers import Cast, Process, know_everybody, settled
from tests.support.refusals import refused

NAMED = 3  # the index of the event in the stream


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Cast:
    return settled(tmp_path_factory.mktemp("cast"))


@pytest.fixture
def here(cast: Cast, tmp_path: Path) -> Iterator[Process]:
    process = Process(cast.copy(tmp_path / "ledger"), cast.time)
    know_everybody(process, cast)
    yield process
    process.close()


def stream_of(process: Process, cast: Cast) -> list[tuple[int, bytes]]:
    return process.store.placed(UUID(cast.carol.user), 10_000)


def name_erased(process: Process, cast: Cast) -> str:
    """Erase Carol's name with a change that also deactivates her; return what it was."""
    person = process.writer.seen.state(UUID(cast.carol.user))
    gone = {"user": cast.carol.user}
    erase = {"erase": {"name": cast.carol.user}}
    asyncio.run(process.change(cast.dave, {"deactivate": gone}, erase))
    return str(getattr(person, "name"))  # noqa: B009  # a person's state has it


def owners(process: Process, name: str) -> dict[str, UUID]:
    names = tuple(map(person_name, skeletons(name).sha256))
    return process.store.load([Needs(names=names)])[0].owners


def test_the_name_and_what_it_took_are_gone_from_every_file(here: Process, cast: Cast) -> None:
    _, state = stream_of(here, cast)[NAMED]
    body = cut(state)[1]
    assert body in files_of(here)
    name = name_erased(here, cast)
    left = files_of(here)
    assert body[:32] not in left
    assert body[32:] not in left
    assert not any(person_name(each).encode() in left for each in skeletons(name).sha256)
    assert name.encode() not in left


def test_all_else_of_the_person_stays(here: Process, cast: Cast) -> None:
    before = stream_of(here, cast)
    name = name_erased(here, cast)
    after = stream_of(here, cast)[: len(before)]
    assert [is_erased(state) for _, state in after].count(True) == 1
    assert [a for n, a in enumerate(after) if n != NAMED] == [
        b for n, b in enumerate(before) if n != NAMED
    ]
    there = Process(Path(here.store.address).parent, here.time)
    with refused(ConflictError, "change_no_effect"):
        asyncio.run(there.change(cast.dave, {"erase": {"name": cast.carol.user}}))
    there.close()
    assert owners(here, name) == {}


@pytest.mark.parametrize("jobs", [1, 3])
def test_the_audit_verifies_the_log_and_says_whose_name_was_erased(
    here: Process, cast: Cast, jobs: int
) -> None:
    name_erased(here, cast)
    report = report_of(here, jobs)
    assert report.finding is None, report.finding
    (told,) = report.erasures
    assert (told.statement, told.person) == (None, cast.carol.user)
    assert report.counts.erased == 1
    assert "No decision rests on it" in to_text(report)
    assert "1 name(s)" in to_text(report)


def test_somebody_else_can_take_the_name_also_where_it_was_known_to_be_taken(
    here: Process, cast: Cast
) -> None:
    there = Process(Path(here.store.address).parent, here.time)
    name = str(getattr(here.writer.seen.state(UUID(cast.carol.user)), "name"))  # noqa: B009  # as above
    looks = skeletons(name).sha256

    def take(reading: Reading) -> None:
        reading.require_unlike(looks)

    for process in (here, there):
        with refused(ConflictError, "name_taken"):
            asyncio.run(process.writer.ask(take))
    assert name_erased(here, cast) == name
    for process in (here, there):
        asyncio.run(process.writer.ask(take))
    there.close()


@pytest.mark.parametrize("name", ["Erased name", "erased NAME", "ErasedName (1)"])
def test_nobody_takes_a_name_that_looks_like_an_erased_one(here: Process, name: str) -> None:
    with refused(MalformedError, "name_invalid"):
        asyncio.run(here.people.registration.begin(name, "investor", None))


def test_replay_and_the_trail_show_a_short_id_in_place_of_the_name(
    here: Process, cast: Cast
) -> None:
    name = name_erased(here, cast)
    instead = f"Erased name ({cast.carol.user[:8]})"
    with closing(audited_log(here.store.address).open()) as rows:
        world = fold(rows, here.store.head().stored, time=None, statement=None, decide=True)
        (carol,) = [each for each in world.people if each.id == cast.carol.user]
        assert (carol.name, carol.standing) == (instead, "deactivated")
        out = io.BytesIO()
        FORMATS["csv"](Trail(rows).lines(), out)
        assert Trail(rows).named.person(cast.carol.user) == cast.carol.user
        with refused(NotFoundError, "user_unknown"):
            Trail(rows).named.person(name)
    assert name.encode() not in out.getvalue()
    assert instead.encode() in out.getvalue()


@pytest.mark.parametrize(
    "script",
    [
        "DELETE FROM claim WHERE name LIKE 'name/%'",
        "DELETE FROM claim WHERE name LIKE 'kid/%'",
        "UPDATE claim SET pos = 1",
        "INSERT INTO erased SELECT e.pos, x.by_pos FROM ev e, erased x WHERE e.tag ="
        " 'key-attested.v1' AND e.stream = (SELECT stream FROM ev WHERE pos = x.pos)",
    ],
)
def test_nothing_frees_a_name_but_its_erasure(here: Process, cast: Cast, script: str) -> None:
    name_erased(here, cast)
    raw = sqlite3.connect(here.store.address)
    with closing(raw), pytest.raises(sqlite3.IntegrityError):
        raw.execute(script)


def test_a_name_that_came_back_is_found(here: Process, cast: Cast) -> None:
    name_erased(here, cast)
    position, _ = stream_of(here, cast)[NAMED]
    found = tampered(here, f"INSERT INTO body VALUES({position}, zeroblob(64))")
    assert found is not None
    assert found[:2] == ("event", position)


def test_what_an_erased_name_took_is_found_if_it_stayed(here: Process, cast: Cast) -> None:
    name = name_erased(here, cast)
    position, _ = stream_of(here, cast)[NAMED]
    taken = person_name(skeletons(name).sha256[0])
    stream = UUID(cast.carol.user).hex
    found = tampered(
        here, f"INSERT INTO claim VALUES('{taken}', x'{stream}', {position})"
    )  # an attacker's
    assert found is not None
    assert found[2] == "claim_unknown"
