"""A link to another device: opened with a passkey, taken once, and approved by the offered key."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ledger.commands.device_links import LINK_MS, Stage
from ledger.domain import challenges
from ledger.errors import ConflictError, ForbiddenError, NotFoundError, RefusedError
from tests.support.authenticator import Passkey
from tests.support.ledgers import Cast, Process, settled
from tests.support.refusals import refused
from tests.support.signers import Signer, assertion

BROWSER = "Firefox on Linux"


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Cast:
    return settled(tmp_path_factory.mktemp("cast"))


@pytest.fixture
def here(cast: Cast, tmp_path: Path) -> Iterator[Process]:
    process = Process(cast.copy(tmp_path / "ledger"), cast.time)
    yield process
    process.close()


@pytest.fixture
def phone(cast: Cast) -> Passkey:
    return Passkey(origin=cast.bob.passkey.origin)


def open_link(process: Process, who: Signer, by: Signer | None = None) -> str:
    """Open a link for a person; `by` is whose passkey signs, theirs unless it is given."""
    begun = asyncio.run(process.people.sign_in.begin())
    challenge = challenges.sign_in(ledger=begun.ceremony.ledger, nonce=begun.ceremony.nonce)
    shown = assertion((by or who).passkey.get(challenge))
    secret, _ = asyncio.run(process.people.device_links.open(who.user, begun.id, shown))
    return secret


def offer(
    process: Process, secret: str, who: Signer, passkey: Passkey, shown: Passkey | None = None
) -> None:
    """Offer a passkey by a link; `shown` is which one shows that it works, if not the same."""
    links = process.people.device_links
    nonce = asyncio.run(links.by_secret(secret)).link.nonce
    new = who.new_passkey(passkey, nonce=nonce)
    _, works = who.addition(shown or passkey, nonce=nonce)
    asyncio.run(links.offer(secret, new, works, BROWSER))


def approve(process: Process, who: Signer, passkey: Passkey) -> None:
    """Approve a passkey on the old device, by its key and its passkey."""
    act, _ = who.addition(passkey)
    assert act.assertion is not None
    asyncio.run(process.people.device_links.approve(who.user, act.text, act.assertion))


def stage(process: Process, who: Signer) -> Stage:
    return asyncio.run(process.people.device_links.of(who.user)).stage


def passkeys(process: Process, who: Signer) -> list[str]:
    shown = asyncio.run(process.people.device_links.of(who.user))
    return sorted(shown.holder.passkeys)


def test_a_new_device_is_added_by_its_offer_and_the_old_devices_approval(
    cast: Cast, here: Process, phone: Passkey
) -> None:
    bob = cast.bob
    secret = open_link(here, bob)
    assert stage(here, bob) == "open"
    with refused(ConflictError, "device_link_waiting"):
        approve(here, bob, phone)
    offer(here, secret, bob, phone)
    shown = asyncio.run(here.people.device_links.of(bob.user))
    assert shown.stage == "offered"
    assert shown.offer is not None
    assert (shown.offer.cose, shown.offer.browser) == (phone.cose_sha256, BROWSER)
    assert passkeys(here, bob) == [bob.passkey.id]
    approve(here, bob, phone)
    assert asyncio.run(here.people.device_links.by_secret(secret)).stage == "added"
    assert passkeys(here, bob) == sorted([bob.passkey.id, phone.id])
    # It is over: a third device gets nothing by it.
    with refused(ConflictError, "device_link_used"):
        offer(here, secret, bob, Passkey(origin=phone.origin))


def test_who_carries_the_link_cannot_exchange_the_key(
    cast: Cast, here: Process, phone: Passkey
) -> None:
    bob, secret = cast.bob, open_link(here, cast.bob)
    offer(here, secret, bob, phone)
    thief = Passkey(origin=phone.origin)
    same_name = Passkey(origin=phone.origin, credential_id=phone.credential_id)
    for theirs in (thief, same_name):
        with refused(ConflictError, "device_link_used"):
            offer(here, secret, bob, theirs)
    kept = asyncio.run(here.people.device_links.of(bob.user)).offer
    assert kept is not None
    assert kept.cose == phone.cose_sha256
    # The owner's act names the key whose code they compared, and adds no other.
    with refused(RefusedError, "act_mismatch"):
        approve(here, bob, thief)
    assert passkeys(here, bob) == [bob.passkey.id]
    # A refusal ends the ceremony, so the link is over, and both devices learn it.
    assert stage(here, bob) == "refused"
    with refused(ConflictError, "device_link_cancelled"):
        approve(here, bob, phone)


def test_a_thief_who_is_first_is_added_only_by_an_act_that_names_their_key(
    cast: Cast, here: Process, phone: Passkey
) -> None:
    bob, secret = cast.bob, open_link(here, cast.bob)
    thief = Passkey(origin=phone.origin)
    offer(here, secret, bob, thief)
    with refused(ConflictError, "device_link_used"):  # which the owner's new device shows
        offer(here, secret, bob, phone)
    asyncio.run(here.people.device_links.end(bob.user, "codes-differ"))
    assert stage(here, bob) == "codes-differ"
    with refused(ConflictError, "codes_differ"):
        approve(here, bob, thief)
    with refused(ConflictError, "codes_differ"):
        offer(here, secret, bob, thief)
    assert passkeys(here, bob) == [bob.passkey.id]


def test_a_link_works_for_ten_minutes(cast: Cast, here: Process, phone: Passkey) -> None:
    bob, secret = cast.bob, open_link(here, cast.bob)
    cast.time.ms += LINK_MS - 1
    offer(here, secret, bob, phone)
    cast.time.ms += 1
    assert stage(here, bob) == "expired"
    with refused(ConflictError, "device_link_expired"):
        approve(here, bob, phone)
    with refused(ConflictError, "device_link_expired"):
        offer(here, secret, bob, phone)


def test_a_link_that_was_cancelled_or_replaced_takes_nothing(
    cast: Cast, here: Process, phone: Passkey
) -> None:
    bob, first = cast.bob, open_link(here, cast.bob)
    asyncio.run(here.people.device_links.end(bob.user, "cancelled"))
    asyncio.run(here.people.device_links.end(bob.user, "codes-differ"))
    assert stage(here, bob) == "cancelled"  # why it ended first stays
    with refused(ConflictError, "device_link_cancelled"):
        offer(here, first, bob, phone)
    second = open_link(here, bob)
    for wrong in (first, "A" * 22, ""):
        with refused(NotFoundError, "device_link_unknown"):
            offer(here, wrong, bob, phone)
    offer(here, second, bob, phone)
    with refused(NotFoundError, "device_link_unknown"):
        asyncio.run(here.people.device_links.of(cast.carol.user))


@pytest.mark.parametrize("item", ["suspend", "deactivate"])
def test_the_link_of_somebody_who_may_not_act_any_more_takes_nothing(
    cast: Cast, here: Process, phone: Passkey, item: str
) -> None:
    bob, secret = cast.bob, open_link(here, cast.bob)
    asyncio.run(here.change(cast.dave, {item: {"user": bob.user}}))
    assert stage(here, bob) == "cancelled"
    with refused(ConflictError, "device_link_cancelled"):
        offer(here, secret, bob, phone)
    with refused(ConflictError, "device_link_cancelled"):
        approve(here, bob, phone)


def test_two_servers_that_approve_at_once_add_the_passkey_and_do_not_end_the_link(
    cast: Cast, here: Process, phone: Passkey
) -> None:
    bob, secret = cast.bob, open_link(here, cast.bob)
    with closing(Process(Path(here.store.address).parent, cast.time)) as there:
        offer(there, secret, bob, phone)
        with refused(ConflictError, "device_link_used"):
            offer(here, secret, bob, Passkey(origin=phone.origin))
        act, _ = bob.addition(phone)
        assert act.assertion is not None
        shown = act.assertion

        async def run() -> list[str]:
            ways = [each.people.device_links for each in (here, there)]
            both = [each.approve(bob.user, act.text, shown) for each in ways]
            answers = await asyncio.gather(*both, return_exceptions=True)
            return [each.code for each in answers if isinstance(each, RefusedError)]

        assert set(asyncio.run(run())) <= {"ceremony_unknown"}
        assert passkeys(there, bob) == sorted([bob.passkey.id, phone.id])
        for each in (here, there):
            found = asyncio.run(each.people.device_links.of(bob.user))
            assert (found.stage, found.link.ended) == ("added", None)


def test_a_stolen_session_opens_no_link_without_a_passkey_of_the_person(
    cast: Cast, here: Process
) -> None:
    with refused(ForbiddenError, "ceremony_of_another"):
        open_link(here, cast.bob, by=cast.carol)
    stranger = Signer(77, "investor", time=cast.time)
    with refused(RefusedError, "passkey_unknown"):
        open_link(here, cast.bob, by=stranger)
    with refused(NotFoundError, "device_link_unknown"):
        stage(here, cast.bob)


def test_a_broken_offer_is_refused_and_leaves_the_link_open(
    cast: Cast, here: Process, phone: Passkey
) -> None:
    bob, secret = cast.bob, open_link(here, cast.bob)
    with refused(RefusedError, "assertion_required"):
        offer(here, secret, bob, phone, shown=bob.passkey)
    elsewhere = Passkey(origin="https://evil.example")
    with refused(RefusedError, "passkey_registration_refused"):
        offer(here, secret, bob, elsewhere)
    assert stage(here, bob) == "open"
    offer(here, secret, bob, phone)


def test_a_device_that_got_no_answer_offers_the_same_passkey_again(
    cast: Cast, here: Process, phone: Passkey
) -> None:
    bob, secret = cast.bob, open_link(here, cast.bob)
    links = here.people.device_links
    nonce = asyncio.run(links.by_secret(secret)).link.nonce
    new = bob.new_passkey(phone, nonce=nonce)
    for _ in range(2):  # each time with another assertion
        _, works = bob.addition(phone, nonce=nonce)
        asyncio.run(links.offer(secret, new, works, BROWSER))
    approve(here, bob, phone)
    approve(here, bob, phone)
    assert stage(here, bob) == "added"


def test_each_person_has_one_row_and_a_copy_of_the_file_opens_no_link(
    cast: Cast, here: Process
) -> None:
    secrets = [open_link(here, cast.bob) for _ in range(5)] + [open_link(here, cast.carol)]
    state = Path(here.store.address).parent / "state.sqlite"
    with closing(sqlite3.connect(state)) as db:
        rows = db.execute("SELECT * FROM device_link").fetchall()
    assert len(rows) == 2
    assert not any(secret in repr(rows) for secret in secrets)
