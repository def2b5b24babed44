"""Event streams are counted, of each member and in all."""

from contextlib import ExitStack

from ledger.errors import TooManyError
from ledger.http.streams import EventStreams
from tests.support.refusals import refused


def test_a_member_has_so_many_streams_and_the_server_so_many_in_all() -> None:
    streams = EventStreams(each=2, in_all=3)
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(streams.one("bob"))
        with refused(TooManyError, "too_many_streams"):
            stack.enter_context(streams.one("bob"))
        stack.enter_context(streams.one("carol"))
        with refused(TooManyError, "too_many_streams"):
            stack.enter_context(streams.one("dave"))
        assert streams.open == 3
    assert streams.open == 0
    with streams.one("dave"):
        assert streams.open == 1
