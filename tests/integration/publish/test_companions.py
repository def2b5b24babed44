"""The files of a checkpoint in a bundle, from a real log, a real witness, a real authority."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ledger import clock
from ledger.publish.companions import Stated, companions
from ledger.store.ports.endorsements import EndorsementTables, Stamp
from ledger.store.ports.tree import Published
from ledger.timestamp.verify import parse_certificates, request
from ledger.tlog import checkpoint, vkeys
from ledger.tlog.witness_policy import parse_policy
from ledger.verify.container import CHECKPOINT, POLICY, STAMP, STAMP_CERTIFICATES
from ledger.verify.endorsements import check_time, check_witnesses
from tests.support.authority import Authority
from tests.support.logs import Ledger, opened, settings_of

WITNESS = vkeys.generate("w.example.com", cosigner=True)[0]
NOW_MS = 1_763_690_646_000


class Case:
    """A published checkpoint, and what is stored about it."""

    def __init__(
        self, ledger: Ledger, endorsements: EndorsementTables, certificates: bytes
    ) -> None:
        ledger.publication().catch_up()
        newest = ledger.tree.latest()
        assert newest is not None
        self.published: Published = newest
        self.endorsements = endorsements
        self.keys = ledger.keys.keys(newest.size)
        self.origin = ledger.keys.origin
        line = f"witness w {WITNESS.key.vkey} http://localhost:1\n"
        self.policy: bytes | None = f"{line}quorum w\n".encode()
        self.certificates: bytes | None = certificates

    def cosign(self) -> None:
        point = checkpoint.parse_note(self.published.note).checkpoint
        line = checkpoint.sign_lines(point, [WITNESS], now_s=NOW_MS // 1000)
        self.endorsements.cosign(self.published.size, WITNESS.key, line)

    def stamp(self, authority: Authority) -> None:
        note = self.endorsements.note(self.published)
        token = authority.stamp(request(note, nonce=1))
        stamp = Stamp(self.published.size, note, token, clock.to_text(NOW_MS))
        self.endorsements.stamp(stamp)

    def files(self) -> dict[str, bytes]:
        stated = Stated(self.policy, self.certificates)
        return companions(self.published, self.endorsements, self.keys, stated)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "a")


@pytest.fixture
def case(tmp_path: Path, authority: Authority) -> Iterator[Case]:
    with (
        opened(settings_of(tmp_path)) as ledger,
        closing(ledger.store.endorsements()) as endorsements,
    ):
        yield Case(ledger, endorsements, authority.pem)


def test_a_cosigned_and_stamped_checkpoint_has_all_files_and_they_verify(
    case: Case, authority: Authority
) -> None:
    case.cosign()
    case.stamp(authority)
    files = case.files()
    assert sorted(files) == sorted([CHECKPOINT, STAMP, POLICY, STAMP_CERTIFICATES])
    check_time(files[CHECKPOINT], files[STAMP], parse_certificates(files[STAMP_CERTIFICATES]))
    assert authority.verifies(files[STAMP], files[CHECKPOINT])
    # The policy says which log it is about, so that it can be used alone.
    policy = parse_policy(files[POLICY])
    _, found = check_witnesses(files[CHECKPOINT], policy, expected_origin=case.origin)
    assert [each.name for each in found.cosigners] == ["w"]


def test_a_policy_that_names_its_log_is_shown_as_it_is(case: Case) -> None:
    case.policy = f"log {case.keys[0].vkey}\nquorum none\n".encode()
    assert case.files()[POLICY] == case.policy


def test_lines_behind_a_stamp_are_left_out_unless_they_bring_the_quorum(
    case: Case, authority: Authority
) -> None:
    case.stamp(authority)
    assert case.files()[STAMP]
    case.cosign()
    files = case.files()
    assert STAMP not in files
    assert files[CHECKPOINT] == case.endorsements.note(case.published)
    case.stamp(authority)
    assert authority.verifies(case.files()[STAMP], case.files()[CHECKPOINT])
    case.policy = b"quorum none\n"
    assert authority.verifies(case.files()[STAMP], case.files()[CHECKPOINT])


def test_a_ledger_without_either_shows_its_checkpoint(case: Case) -> None:
    case.policy = case.certificates = None
    assert case.files() == {CHECKPOINT: case.published.note}
