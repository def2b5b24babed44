"""What a caller requires of the uses of a statement: `ledger verify --used`."""

import argparse
from functools import cache
from typing import Any

import pytest

from ledger import clock
from ledger.cli.exit_codes import ExitCode
from ledger.cli.verify import exit_code
from ledger.cli.verify_arguments import add_arguments, requirements
from ledger.errors import MalformedError
from ledger.verify.bundle import verify
from ledger.verify.container import Mode
from ledger.verify.report import VerificationReport
from ledger.verify.requirements import Requirements
from ledger.verify.used import RequiredUse, told_uses
from tests.support.chronicle import Chronicle
from tests.support.dossier import AT, bundle_of, log_signer
from tests.support.heads import signs_heads
from tests.support.refusals import refused

NONCE = "0123456789abcdef"
UNTIL = clock.to_text(clock.to_ms(AT) + 3_600_000)
# What happened to the statement, in order.
Deeds = tuple[str, ...]
FREED = ("use", "not-done", "confirm")


@cache
def told(deeds: Deeds, times: int = 1, *, usable: bool = True) -> Chronicle:
    """Return a story in which Alice approves a statement that Bob may use."""
    story = Chronicle()
    story.found()
    story.announce(1)
    alice, bob = story.signer(1, "creator"), story.signer(2, "investor")
    story.register(alice, "Alice")
    story.register(bob, "Bob")
    members: dict[str, Any] = {"policy": {"threshold": 1, "of": [f"user:{alice.user}"]}}
    if usable:
        members |= {"usable": {"by": [f"user:{bob.user}"], "times": times, "until": UNTIL}}
    raw = story.draft(alice, 1, **members)
    story.sign(alice, alice.shared(raw), raw)
    uses, place = 0, (1, 1)
    for deed in deeds:
        if deed == "use":
            uses += 1
            story.use_statement(bob, raw, f"{uses:022}", reference=f"order {uses}")
            newest = next(iter(story.auditor.statements.values())).uses[-1]
            place = newest.number, newest.generation
        elif deed == "confirm":
            story.report(alice, raw, place, "not-done", confirmed=True)
        else:
            story.report(bob, raw, place, deed, confirmed=False)
    story.auditor.finish()
    return story


def reported(
    required: RequiredUse,
    story: Chronicle,
    mode: Mode = "statement",
    *,
    later_s: int = 0,
    nonce: str | None = None,
    newer_than: int | None = None,
    sign_heads: Any = None,
) -> VerificationReport:
    heads = {} if sign_heads is None else {"sign_heads": sign_heads}
    raw = bundle_of(tuple(story.states), mode, **heads)
    asked = Requirements(used=required, nonce=nonce, newer_than=newer_than)
    now_ms = clock.to_ms(AT) + later_s * 1000
    return verify(raw, expected_keys=(log_signer().key,), required=asked, now_ms=now_ms)


@pytest.mark.parametrize(
    ("required", "deeds", "times", "met"),
    [
        ("never", (), 1, True),
        ("never", ("use",), 1, False),
        ("never", FREED, 1, False),
        ("left", (), 1, True),
        ("left", ("use",), 1, False),
        ("left", ("use",), 2, True),
        ("left", ("use", "not-done"), 1, False),
        ("left", FREED, 1, True),
        ("left", (*FREED, "use"), 1, False),
        ("reconciled", (), 1, False),
        ("reconciled", ("use",), 1, False),
        ("reconciled", ("use", "unknown"), 1, False),
        ("reconciled", ("use", "unknown", "done"), 1, True),
        ("reconciled", ("use", "not-done"), 1, True),
        ("reconciled", ("use", "done", "use"), 2, False),
    ],
)
@pytest.mark.parametrize("mode", ["statement", "redacted", "full"])
def test_the_uses_must_be_as_required(
    mode: Mode, required: RequiredUse, deeds: Deeds, times: int, met: bool
) -> None:
    report = reported(required, told(deeds, times), mode, newer_than=1)
    found = report.requirements[-1]
    assert (found.name, found.met, found.undecided) == ("used", met, False)
    assert exit_code(report) == (ExitCode.DONE if met else ExitCode.UNMET)


@pytest.mark.parametrize(
    ("required", "deeds"), [("never", ()), ("left", ()), ("reconciled", ("use", "done"))]
)
def test_old_heads_do_not_show_that_no_later_use_exists(
    required: RequiredUse, deeds: Deeds
) -> None:
    report = reported(required, told(deeds), later_s=301)
    (found,) = report.requirements
    assert (found.met, found.undecided) == (False, True)
    assert exit_code(report) == ExitCode.UNVERIFIABLE


def test_a_use_that_is_shown_is_told_by_old_heads_too() -> None:
    report = reported("never", told(("use",)), later_s=86_400)
    assert not report.requirements[0].undecided
    assert exit_code(report) == ExitCode.UNMET


def test_ones_own_nonce_shows_that_older_heads_are_new() -> None:
    asked = signs_heads(nonce=NONCE)
    own = reported("never", told(()), later_s=900, nonce=NONCE, sign_heads=asked)
    assert exit_code(own) == ExitCode.DONE
    others = "somebody-elses-01"
    other = reported("never", told(()), later_s=900, nonce=others, sign_heads=asked)
    assert exit_code(other) == ExitCode.UNVERIFIABLE


@pytest.mark.parametrize("mode", ["redacted", "full"])
def test_a_bundle_with_every_entry_needs_no_heads_and_a_required_age(mode: Mode) -> None:
    new = reported("never", told(()), mode, later_s=900, newer_than=1)
    assert exit_code(new) == ExitCode.DONE
    # Who passes it on may have kept it from before a use.
    old = reported("never", told(()), mode)
    assert (old.requirements[0].met, old.requirements[0].undecided) == (False, True)
    assert exit_code(old) == ExitCode.UNVERIFIABLE
    assert exit_code(reported("never", told(("use",)), mode)) == ExitCode.UNMET


@pytest.mark.parametrize("mode", ["redacted", "full"])
def test_a_bundle_without_heads_carries_no_nonce(mode: Mode) -> None:
    report = reported("never", told(()), mode, newer_than=1, nonce=NONCE)
    assert [each.undecided for each in report.requirements] == [True, True]
    assert exit_code(report) == ExitCode.UNVERIFIABLE


def test_no_use_is_left_after_its_end_or_without_executors() -> None:
    late = reported("left", told(()), later_s=3600)
    assert (exit_code(late), UNTIL in late.requirements[0].says) == (ExitCode.UNMET, True)
    plain = reported("left", told((), usable=False))
    assert "names no executors" in plain.requirements[0].says
    assert exit_code(plain) == ExitCode.UNMET


def test_the_uses_are_told_with_their_outcomes() -> None:
    (shown,) = reported("never", told((*FREED, "use"))).statements
    lines = told_uses(shown)
    assert lines[0].endswith(f"1 of 1 times until {UNTIL}, as this evidence shows")
    assert lines[1].endswith("use 1 by “Bob”, order 1: not done, confirmed")
    assert lines[2].endswith("use 1 by “Bob”, order 2: no outcome reported")
    (plain,) = reported("never", told((), usable=False)).statements
    assert told_uses(plain) == []


def chosen(*arguments: str) -> Requirements:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return requirements(parser.parse_args(["bundle.zip", *arguments]))


def test_the_option_takes_one_of_three_words_and_a_nonce() -> None:
    assert chosen("--used", "left").used == "left"
    assert chosen("--used", "never", "--nonce", NONCE).nonce == NONCE
    with pytest.raises(SystemExit):
        chosen("--used", "twice")
    with refused(MalformedError, "option_unused"):
        chosen("--nonce", NONCE)
