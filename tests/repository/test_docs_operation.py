"""The pages about metrics, probes and the security record say what there is."""

import ast
import inspect
import re
from pathlib import Path

from ledger.cli import copy, log_actions, recover_action, restore
from ledger.commands import ledger_clock
from ledger.http import (
    metrics,
    organisation_gate,
    probes,
    read_models,
    recorded_routes,
    security_record,
    storage_watch,
)
from ledger.http.metrics import Metrics
from ledger.http.security_record import SecurityLine
from ledger.messages import messenger
from ledger.publish import publisher, stamper, witness_rounds
from ledger.store import scrubber

REFERENCE = Path(__file__).parents[2] / "docs/reference"
SOURCE = inspect.getsource(metrics)
METRICS_PAGE = (REFERENCE / "metrics.md").read_text()
RECORD_PAGE = (REFERENCE / "security-record.md").read_text()


def documented_metrics() -> dict[str, tuple[str, frozenset[str]]]:
    """Return (kind, labels) of every metric in the table, by its name."""
    rows = re.findall(r"^\| `(ledger_\w+)` \| (\w+) \| ([^|]*)\|", METRICS_PAGE, re.MULTILINE)
    return {name: (kind, frozenset(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}


def test_every_metric_is_in_the_reference_and_the_reverse() -> None:
    kinds = r"(_gauge|_counter|_by|CounterMetricFamily|Counter|Histogram)"
    found = dict((name, kind) for kind, name in re.findall(kinds + r'\(\s*"(ledger_\w+)"', SOURCE))
    named = {
        f"{name}_total" if kind in ("_counter", "CounterMetricFamily", "Counter") else name
        for name, kind in found.items()
    }
    assert named == documented_metrics().keys()


def test_kinds_and_labels_of_what_is_counted_are_those_of_the_reference() -> None:
    registry = Metrics().registry
    documented = documented_metrics()
    checked = 0
    for collector in registry._collector_to_names:
        name = str(getattr(collector, "_name", ""))
        kind = str(getattr(collector, "_type", ""))
        if name.startswith("ledger_"):
            full = f"{name}_total" if kind == "counter" else name
            labels = frozenset(getattr(collector, "_labelnames", ()))
            assert documented[full] == (kind, labels), full
            checked += 1
    assert checked == 7


def codes_of_probes() -> set[str]:
    return set(re.findall(r'Reason\("(\w+)"', inspect.getsource(probes)))


def test_every_reason_of_a_probe_is_in_the_reference() -> None:
    _, _, after = METRICS_PAGE.partition("with these codes:")
    documented = {
        code
        for line in after.partition("\n## ")[0].splitlines()
        if line.startswith("| `")
        for code in re.findall(r"`(\w+)`", line.split("|")[1])
    }
    # These come from `Publisher.require_sound`.
    publishers = {"not_yet", "publication_late", "memory_missing"}
    publishers |= {"log_rolled_back", "log_forked", "log_unsound"}
    publishers |= {"log_keys_missing", "signer_unavailable"}
    # These come from `LedgerClock.problem`.
    publishers |= {"clock_stepped", "clock_unconfirmed"}
    # These come from `AsyncLog.require_writable`.
    commits = {"epoch_moved", "log_rolled_back", "outcome_unknown", "database_changed"}
    assert documented - {"code"} == codes_of_probes() | publishers | commits
    assert f"more than {probes.REACH:,} positions" in METRICS_PAGE


# The modules whose reasons `/healthz` answers, and the functions that make them.
REASONERS = (
    ledger_clock,
    messenger,
    organisation_gate,
    probes,
    publisher,
    read_models,
    scrubber,
    security_record,
    stamper,
    storage_watch,
    witness_rounds,
)
REASONS = {"_lost_text", "_told", "alarms", "failures", "reasons", "warnings", "_noticed"}


def beginnings_of_health_reasons() -> set[str]:
    """Return the first words of every reason, or those after its first name."""
    found = set()
    for module in REASONERS:
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(node, ast.FunctionDef) and node.name in REASONS:
                for text in (each for each in ast.walk(node) if isinstance(each, ast.JoinedStr)):
                    words = [str(v.value) for v in text.values if isinstance(v, ast.Constant)]
                    found.add(re.split("[:,;]", words[0])[0].strip())
    return found - {"", ".0f"}  # a format of a number


def test_every_reason_of_the_health_check_is_in_the_reference() -> None:
    _, _, section = METRICS_PAGE.partition("\n## Health\n")
    found = beginnings_of_health_reasons()
    assert len(found) >= 11
    assert {each for each in found if each not in section} == set()
    told = re.findall(r"^\| `([^`]+)`", section, re.MULTILINE)
    sources = "".join(inspect.getsource(module) for module in REASONERS)
    assert [each for each in told if not each.endswith("sqlite") and each[:12] not in sources] == [
        "state.sqlite was deleted or replaced",
        "log.sqlite-wal has had more than",
        "views.sqlite-wal has had more than",
    ]
    assert f"more than {storage_watch.MOST_WAL_BYTES // 1024**2} MiB for" in METRICS_PAGE


def first_cells(section: str) -> set[str]:
    _, _, after = RECORD_PAGE.partition(f"## {section}\n")
    text = after.partition("\n## ")[0]
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)} - {"event"}


def test_every_event_of_the_record_is_in_the_reference_and_the_reverse() -> None:
    by_command = set(
        re.findall(
            r'record_command\(\w+.security_log, "(\w+)"',
            "".join(map(inspect.getsource, (copy, log_actions, recover_action, restore))),
        )
    )
    assert first_cells("Events") == {
        *recorded_routes.EVENTS.values(),
        *recorded_routes.OF_CHANGES.values(),
        *by_command,
        security_record.REQUEST,
        security_record.CONNECTION,
        security_record.SUPPRESSED,
        security_record.DROPPED,
    }


def test_every_member_of_a_line_is_in_the_reference_in_its_order() -> None:
    _, _, after = RECORD_PAGE.partition("## Members\n")
    rows = re.findall(r"^\| (`.*?) \|", after.partition("\n## ")[0], re.MULTILINE)
    documented = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert documented == [*SecurityLine.__struct_fields__]


def test_the_bounds_of_the_record_are_those_of_the_code() -> None:
    mib = security_record.MAX_FILE_BYTES // 1024**2
    for sentence in (
        f"The file has at most {mib} MiB.",
        f"the record has at most {2 * mib} MiB",
        f"at most {security_record.MAX_STRANGERS_LINES} such lines a second",
        f"members at most {security_record.MAX_MEMBERS_LINES}",
        f"At most {security_record.MAX_QUEUED:,} lines wait",
    ):
        assert sentence in RECORD_PAGE
    for status in security_record.REFUSALS:
        assert f"{status}" in RECORD_PAGE
