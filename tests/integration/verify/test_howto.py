"""docs/how-to/verify-without-us.md: its commands check every kind of bundle, as they stand."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from ledger.domain import events
from ledger.verify import container
from ledger.verify.container import Mode
from tests.support.checked_by_hand import PROGRAMS, of_a_type, of_programs, run
from tests.support.chronicle import statement_id
from tests.support.dossier import APPROVED, UNTOUCHED, bundle_of, log_signer, rebundled
from tests.support.every_event import every_type
from tests.vectors.evidence.cases import (
    PACK,
    flip,
    good,
    states,
)
from tests.vectors.evidence.make import DIRECTORY


def test_the_page_uses_nothing_of_ours() -> None:
    names = re.findall(r"^(?:from|import) (.+?)(?: import .*)?$", "".join(PROGRAMS.values()), re.M)
    imported = {each.partition(".")[0] for name in names for each in name.split(", ")}
    theirs = {"cryptography", "jwt", "webauthn"}
    assert imported - theirs - {"passkeys"} <= sys.stdlib_module_names


# --- every kind of genuine bundle --------------------------------------------------------------


@pytest.mark.parametrize("mode", get_args(Mode))
def test_the_commands_check_a_bundle_of_each_mode(tmp_path: Path, mode: Mode) -> None:
    """It has approvals in both forms by both kinds of key, and a rejection with a passkey."""
    done = run(tmp_path, (DIRECTORY / f"{mode}.zip").read_bytes())
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("Signature Verified Successfully") == 1
    assert f"statements/{APPROVED}/document.json is " in done.stdout
    assert f"13 statement-signed {APPROVED} by " in done.stdout
    assert f"14 statement-signed {APPROVED} by " in done.stdout
    assert re.search(r"^16 statement-rejected .* with a passkey$", done.stdout, re.M)
    count = 6 if mode == "full" else 5  # the whole log has one statement more
    assert done.stdout.endswith(f"4 keys, {count} signatures on statements: all are good\n")


KINDS: dict[str, Callable[[], bytes]] = {
    "no decision yet": lambda: bundle_of(states(), "statement", UNTOUCHED),
    "every type of event": lambda: bundle_of(every_type().states, "full", *_drafted()),
    "a change and who left": lambda: bundle_of(every_type().states, "statement", statement_id(104)),
    "a new passkey for everything": lambda: bundle_of(
        every_type().states, "redacted", statement_id(107)
    ),
    "programs": lambda: bundle_of(of_programs().states, "statement", statement_id(1)),
    "a type, ML-DSA-65, two tiles": lambda: bundle_of(of_a_type().states, "full", statement_id(1)),
    "the same without the whole log": lambda: bundle_of(
        of_a_type().states, "statement", statement_id(1)
    ),
}


def _drafted() -> list[str]:
    told = map(events.decode, every_type().states)
    return [str(event.stream) for event in told if isinstance(event.body, events.StatementDrafted)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_commands_check_a_bundle_of_each_kind(tmp_path: Path, kind: str) -> None:
    done = run(tmp_path, KINDS[kind]())
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith(" signatures on statements: all are good\n")


def test_the_name_of_a_service_account_is_nobodys(tmp_path: Path) -> None:
    done = run(tmp_path, KINDS["programs"]())
    assert re.findall(r"^\S+ is (.+)$", done.stdout, re.M)[-2:] == ["Alice", "Bob"]
    assert " is alice" not in done.stdout


# --- bundles that somebody changed, with a manifest that fits -------------------------------------


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (f"statements/{APPROVED}/document.json", ""),
        ("bodies/12", ""),
        ("entries/15", ""),
        ("checkpoint", "does not lead to the root"),
    ],
)
def test_the_commands_notice_what_was_changed(tmp_path: Path, name: str, said: str) -> None:
    held = container.parse(good("statement"))[name]
    place = held.index(b"\n18\n") + 5 if name == "checkpoint" else len(held) // 2
    changed = held[:place] + (b"A" if held[place:][:1] != b"A" else b"B") + held[place + 1 :]
    if name == "checkpoint":
        files = container.parse(good("statement"))
        proofs = {n: r.replace(held, changed) for n, r in files.items() if n.startswith("proofs/")}
        raw = rebundled(good("statement"), proofs | {name: changed})
    else:
        raw = rebundled(good("statement"), {name: changed})
    done = run(tmp_path, raw)
    assert done.returncode != 0
    assert said in done.stdout + done.stderr
    assert "all are good" not in done.stdout


def test_the_commands_notice_a_changed_body_of_the_whole_log(tmp_path: Path) -> None:
    pack = container.parse(good("full"))[PACK]
    done = run(tmp_path, rebundled(good("full"), {PACK: flip(pack)}))
    assert done.returncode != 0
    assert "all bodies are those of their entries" not in done.stdout


def test_the_commands_notice_another_log_key(tmp_path: Path) -> None:
    done = run(tmp_path, good("statement"), log_signer(2).key.vkey)
    assert done.returncode != 0
    assert "entries are in the tree" in done.stdout
    assert "passkeys" not in done.stdout


def test_a_file_of_the_manifest_that_differs_is_noticed(tmp_path: Path) -> None:
    files = container.parse(good("statement"))
    changed = files | {"README.txt": b"All is well.\n"}
    done = run(tmp_path, container.write(changed))
    assert done.returncode != 0
    assert "README.txt" in done.stdout


def test_no_module_of_the_bundle_is_ever_run(tmp_path: Path) -> None:
    """Somebody names files of the bundle like modules that the commands import."""
    attack = b"open('../attacked', 'w')\n"
    names = {f"{name}.py": attack for name in ("base64", "json", "jwt", "hashlib", "pathlib")}
    done = run(tmp_path, rebundled(good("statement"), names))
    assert not (tmp_path / "attacked").exists()
    assert done.returncode == 0, done.stderr  # it says nothing of files that are no evidence
