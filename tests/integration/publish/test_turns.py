"""Of several publishers one has the turn; the others follow, and stand in for one that is late."""

from contextlib import closing

import pytest

from ledger.publish import publisher as publishers
from ledger.settings import Settings
from ledger.store.sqlite.turn import FileTurn
from ledger.tlog.checkpoint import Checkpoint
from tests.integration.publish.test_publisher import wait_for
from tests.support.logs import Ledger, opened
from tests.support.publications import check_published, publisher_of


def test_of_two_publishers_one_signs_and_the_other_stands_in_when_it_is_late(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishers, "STAND_IN_S", 0.5)
    path = settings.data / "publisher.lock"
    with opened(settings) as ledger, opened(settings) as other, closing(FileTurn(path)) as mine:
        assert mine.take()
        with closing(FileTurn(path)) as theirs:
            first, second = publisher_of(ledger, mine), publisher_of(other, theirs)
            swaps = [_counted(each, monkeypatch) for each in (ledger, other)]
            for each in (first, second):
                each.open()
                each.start()
            ledger.fill(10)
            for each in (first, second):
                wait_for(each, 10)
                each.require_sound()
            assert (bool(swaps[0]), swaps[1]) == (True, [])  # the other one followed
            monkeypatch.setattr(first._publication, "step", lambda: False)  # as if it were stopped
            ledger.fill(20)
            wait_for(second, 20)
            assert swaps[1]
            for each in (second, first):
                each.stop()
            check_published(ledger, 20)


def _counted(ledger: Ledger, patch: pytest.MonkeyPatch) -> list[int]:
    """Return the sizes that a ledger's memory is asked to sign."""
    sizes: list[int] = []
    real = ledger.memory.swap

    def swap(expected: Checkpoint | None, new: Checkpoint) -> bool:
        sizes.append(new.size)
        return real(expected, new)

    patch.setattr(ledger.memory, "swap", swap)
    return sizes
