"""What the people of a demonstration do: a statement in every state, and what befalls people.

The times are those at which it happens: what expires does so while the rest goes on.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from ledger import clock
from ledger.demo.example_types import ExampleType, example_types
from ledger.demo.in_process import StopSignal
from ledger.demo.member import Member, identity
from ledger.demo.signatory import Members, named, now_ms

Tell = Callable[[str], None]
_EXPIRES_MS = 3_000
INVESTORS: Members = {"threshold": 2, "of": ["role:investor"]}
_LEASE = {"address": "14 Quay Street", "landlord": "Harbour Estates", "monthlyRent": "4100.00"}


class Cast(NamedTuple):
    """The people of the story."""

    nora: Member
    omar: Member
    pia: Member
    ravi: Member
    quinn: Member
    sofia: Member


class Links(NamedTuple):
    """The secrets of two links: Nora's, and one by which a newcomer may administer."""

    first: str
    spare: str


class Told(NamedTuple):
    """What a newcomer is shown: ids of statements by what they show, and the bundle's document."""

    statements: dict[str, str]
    document: str


async def tell(cast: Cast, links: Links, say: Tell, stop: StopSignal) -> Told:
    """Let everything happen; raise as the requests do."""
    say("Nora founds the administration; five others register")
    await cast.nora.redeem(links.first)
    await cast.omar.register("creator")
    for investor in (cast.pia, cast.ravi, cast.quinn, cast.sofia):
        await investor.register("investor")
    types = example_types()
    say("By a change, Nora invites an administrator and defines three types of statements")
    definitions = [{"define-type": {"definition": each.text}} for each in types.values()]
    invited = cast.nora.invitation("administrator", links.spare)
    await cast.nora.administer(invited, *definitions)
    say("Omar drafts an offer that expires in three seconds")
    ends_ms = now_ms() + _EXPIRES_MS
    expired = await _offer(cast, ends_ms)
    say("Statements are approved, rejected and withdrawn")
    document, approved = await _terms(cast, types["investment-terms"])
    ended = await _ended(cast)
    say("A lease gets a second and a third version")
    leases = await _leases(cast)
    say("More statements wait, one of them with look-alike letters")
    waiting = await _waiting(cast, types)
    say("Sofia declares her key compromised; Nora suspends Quinn")
    in_question = await _befallen(cast)
    await stop.pause(max(0, ends_ms + 1 - now_ms()) / 1000)
    shown = {"expired": expired, "in question": in_question} | approved | ended | leases | waiting
    return Told({state: identity(each) for state, each in shown.items()}, document)


async def _offer(cast: Cast, ends_ms: int) -> str:
    policy = INVESTORS | {"expiresAt": clock.to_text(ends_ms)}
    content = {"company": "Tidewater Labs", "amount": "250000.00", "currency": "EUR"}
    return await cast.omar.propose("Bridge loan to Tidewater Labs", content, policy)


async def _terms(cast: Cast, kind: ExampleType) -> tuple[str, dict[str, str]]:
    """Let two investors approve the terms of an investment, each with a passkey."""
    content = {
        "company": "Harbour Energy",
        "round": "Series A",
        "amount": "2500000.00",
        "currency": "EUR",
        "instrument": "Preferred shares",
        "proRata": True,
    }
    document = await _typed(cast.omar, "Series A of Harbour Energy", content, kind)
    for investor in (cast.pia, cast.ravi):
        await investor.approve(document, confirmed=True)
    return document, {"approved": document}


async def _ended(cast: Cast) -> dict[str, str]:
    both = {"threshold": 2, "of": [f"user:{cast.pia.user}", f"user:{cast.ravi.user}"]}
    content: Members = {"company": "Fogbank Media", "amount": "800000.00", "currency": "USD"}
    rejected = await cast.omar.propose("Seed round of Fogbank Media", content, both)
    await cast.pia.approve(rejected)
    await cast.ravi.reject(rejected, "The amount is twice what the board agreed to.")
    content = {"hotel": "Grand Pier", "nights": 2, "people": 40}
    withdrawn = await cast.omar.propose("Book the yearly meeting", content, INVESTORS)
    await cast.omar.withdraw(withdrawn)
    return {"rejected": rejected, "withdrawn": withdrawn}


async def _leases(cast: Cast) -> dict[str, str]:
    """Make three versions: the first superseded, the second approved, the third pending."""
    first = await cast.omar.propose("Lease of the office", _LEASE | {"years": 3}, INVESTORS)
    for investor in (cast.pia, cast.quinn):
        await investor.approve(first)
    second = await _version(cast, first, _LEASE | {"years": 5})
    for investor in (cast.pia, cast.ravi):
        await investor.approve(second)
    third = await _version(cast, second, _LEASE | {"years": 5, "monthlyRent": "3950.00"})
    await cast.ravi.approve(third)
    return {"superseded": first, "second version": second, "third version": third}


async def _version(cast: Cast, before: str, content: Members) -> str:
    about = named(before)
    copied = {"statement": about["statementId"], "sha256": about["sha256"], "policy": INVESTORS}
    return await cast.omar.propose("Lease of the office", content, INVESTORS, supersedes=copied)


async def _waiting(cast: Cast, types: dict[str, ExampleType]) -> dict[str, str]:
    """Make what waits: for a newcomer who is an investor, and for Nora."""
    content: Members = {
        "company": "Meadow Robotics",
        "round": "Seed",
        "amount": "750000.00",
        "currency": "USD",
        "instrument": "Convertible note",
    }
    kind = types["investment-terms"]
    pending = await _typed(cast.omar, "Seed round of Meadow Robotics", content, kind)
    await cast.pia.approve(pending, confirmed=True)
    # A second "amount" that begins with a Cyrillic letter, a direction override, an unseen letter.
    content = {
        "payee": "Quay Partners",
        "amount": "1000.00",
        "\u0430mount": "100000.00",
        "account": "NL02 \u202e1000\u202c 3456",
        "note": "Paid once\u3164",
    }
    hazards = await cast.omar.propose("Invoice of Quay Partners", content, INVESTORS)
    await cast.ravi.approve(hazards)
    content = {
        "product": "ledger-mobile",
        "version": "2.4.0",
        "commit": "3f" * 20,
        "artifacts": [{"name": "ledger-mobile-2.4.0.apk", "sha256": "9c" * 32}],
    }
    kind = types["release-sign-off"]
    release = await _typed(cast.omar, "Release of ledger-mobile 2.4.0", content, kind)
    await cast.omar.approve(release)
    content = {
        "agent": "billing-agent",
        "action": "pay",
        "target": "Invoice 2211 of Quay Partners",
        "reason": "The invoice matches the order and is due.",
        "cost": "180.00 EUR",
        "reversible": False,
    }
    agent = await _typed(cast.omar, "Pay invoice 2211", content, types["agent-action"])
    return {"pending": pending, "look-alikes": hazards, "release": release, "agent": agent}


async def _befallen(cast: Cast) -> str:
    """Put an approval in question, and suspend a person; return the statement in question."""
    content = {"account": "Reserve", "from": "Quay Bank", "to": "Harbour Bank", "sum": "90000.00"}
    document = await cast.omar.propose("Move the reserve to Harbour Bank", content, INVESTORS)
    await cast.pia.approve(document)
    since = clock.to_text(now_ms())
    await cast.sofia.approve(document)
    await cast.sofia.declare_compromise(since)
    await cast.nora.suspend(cast.quinn, "Left the company at the end of the month.")
    return document


async def _typed(creator: Member, heading: str, content: dict[str, Any], kind: ExampleType) -> str:
    return await creator.propose(heading, content, kind.policy, type=kind.stated)
