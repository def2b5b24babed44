"""`ledger replay` reads one state of the log, also while a change erases something."""

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from ledger.audit.replay import fold
from ledger.cli import replay
from ledger.cli.exit_codes import ExitCode
from tests.support.erasing import SECRET, approved, erase
from tests.support.ledgers import Process, know_everybody, settled
from tests.support.logs import settings_of


def test_a_replay_shows_what_is_erased_while_it_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cast = settled(tmp_path)
    process = Process(tmp_path, cast.time)
    know_everybody(process, cast)
    raw = asyncio.run(approved(process, cast))
    size = process.store.head().sealed

    def slow(*given: Any, **more: Any) -> Any:
        asyncio.run(process.change(cast.dave, erase(raw)))
        return fold(*given, **more)

    monkeypatch.setattr("ledger.cli.replay.fold", slow)
    chosen = argparse.Namespace(at=None, statement=None, json=True, fast=False)
    assert replay.run(settings_of(tmp_path), chosen) == ExitCode.DONE
    process.close()
    shown = json.loads(capsys.readouterr().out)
    assert shown["position"] == size
    assert SECRET in [each["title"] for each in shown["statements"]]
