"""Files of a bundle that no check rests on are named with their digests, and change no verdict."""

import json
from pathlib import Path

import pytest

from ledger.encoding import sha256_hex
from ledger.verify.companions import Companion, told_companion
from ledger.verify.container import Mode
from ledger.verify.readme import readme
from tests.support.dossier import rebundled
from tests.support.evidence import MODES
from tests.support.stamps import stamp
from tests.vectors.evidence.cases import good
from tests.vectors.evidence.make import reported

READMES = json.loads((Path(__file__).parents[2] / "vectors/web/readme.json").read_text("utf-8"))


@pytest.mark.parametrize("mode", MODES)
def test_the_readme_of_a_mode_is_the_one_that_both_verifiers_know(mode: Mode) -> None:
    assert sha256_hex(readme(mode)) == READMES[mode]


@pytest.mark.parametrize("mode", MODES)
def test_files_that_a_forger_can_write_are_named_and_prove_nothing(mode: Mode) -> None:
    changes = {
        name: name.encode()
        for name in ("README.txt", "verify.html", "checkpoint.tsr", "policy", "keys/tsa-chain.pem")
    }
    report = reported(rebundled(good(mode), changes), "given")
    assert report.verdict == "verified"
    assert report.companions == tuple(
        Companion(name, sha256_hex(content), "foreign" if name == "README.txt" else "unchecked")
        for name, content in changes.items()
    )


def test_a_readme_that_is_the_ledgers_own_is_not_named() -> None:
    report = reported(good("statement"), "given")
    assert "README.txt" not in [each.name for each in report.companions]


def test_what_a_reader_is_told_of_a_file() -> None:
    foreign = Companion("README.txt", "00" * 32, "foreign")
    assert told_companion(foreign).endswith("not the one of this format, so do not follow it.")
    beside = Companion("policy", "00" * 32, "unchecked")
    assert told_companion(beside) == f"policy, SHA-256 {'00' * 32}: not checked, and no evidence."
    claims = "2026-11-21T03:04:05.678Z"
    stamped = Companion("checkpoint.tsr", "00" * 32, "unchecked", claims)
    claimed = ": It claims that the checkpoint existed at 2026-11-21T03:04:05Z: "
    assert f"{claimed}not checked" in told_companion(stamped)


def test_the_time_that_a_stamp_claims_is_told_as_what_it_is() -> None:
    raw = rebundled(good("statement"), {"checkpoint.tsr": stamp(b"another checkpoint")})
    report = reported(raw, "given")
    (beside,) = [each for each in report.companions if each.name == "checkpoint.tsr"]
    assert (beside.state, beside.claims) == ("unchecked", "2026-11-21T03:04:05.000Z")
    assert report.existence is None or report.existence.source != "time-stamp"
