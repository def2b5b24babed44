"""The benchmarks run and say something sane; how fast anything is, is not tested."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)


def table(output: str) -> dict[tuple[str, ...], list[float]]:
    """The figures of every row, by the words before them."""
    rows = {}
    for line in output.splitlines():
        cells = [cell.strip().replace(",", "") for cell in line.strip("|").split("|")]
        if line.startswith("| ") and cells[-1].replace(".", "").isdigit():
            words = 2 if len(cells) == 7 else 1
            rows[tuple(cells[:words])] = [float(cell) for cell in cells[words:]]
    return rows


def test_a_quick_run_measures_approvals_and_leaves_the_documentation_alone() -> None:
    documented = ROOT / "docs" / "reference" / "performance.md"
    before = documented.read_bytes() if documented.exists() else None
    done = run("--quick", "approvals")
    assert done.returncode == 0, done.stderr
    measured = table(done.stdout)
    for clients in ("1", "16", "64"):
        for what in ("drafts", "approvals"):
            per_second, p50_ms, p99_ms, cpu_us, units = measured[what, clients]
            assert per_second > 0
            assert 0 < p50_ms <= p99_ms
            assert cpu_us > 0
            assert units > 1
    assert measured[("the signature's verification",)][1] == 1
    assert (documented.read_bytes() if documented.exists() else None) == before


def test_a_quick_run_measures_signatures_beside_raw_verifications() -> None:
    done = run("--quick", "jws")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert any(line.startswith("| raw cryptography | ") and "| 1.00 | " in line for line in lines)
    assert any(line.startswith("| ours | ") and line.endswith(" | 1.00 |") for line in lines)
    assert any(line.startswith("| 1,000 | ") for line in lines)
    every = [line for line in lines if line.startswith(("| JSON, ", "| JWT with claims, "))]
    assert len(every) == 9
    unable = [line.count("–") for line in every]
    assert unable == [1, 1, 1, 1, 0, 0, 0, 2, 2]


def test_a_quick_run_measures_backups_alone_and_under_load() -> None:
    done = run("--quick", "backup")
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith("| backup under load")]
    assert len(rows) == 3
    assert all(float(row.split("|")[2]) > 0 for row in rows)
    assert "| restore | " in done.stdout


def test_a_quick_run_measures_appends_beside_the_library_and_raw_inserts() -> None:
    done = run("--quick", "appends")
    assert done.returncode == 0, done.stderr
    for store, what in (
        ("sqlite", "raw inserts, 100 a commit"),
        ("sqlite", "the library, 1 a commit"),
        ("sqlite", "ours, 256 clients"),
        ("postgres", "raw inserts, 1 a commit"),
        ("postgres", "ours, 64 clients"),
    ):
        assert f"| {store} | {what} | " in done.stdout


def test_a_quick_run_measures_the_chosen_stores_servers_and_clients() -> None:
    done = run("--quick", "--stores", "postgres", "--servers", "2", "--clients", "4", "stores")
    assert done.returncode == 0, done.stderr
    rows = [line.split(" | ") for line in done.stdout.splitlines() if line.startswith("| postgres")]
    assert [row[:4] for row in rows] == [
        ["| postgres", "2", "drafts", "4"],
        ["| postgres", "2", "approvals", "4"],
    ]


def test_a_store_that_there_is_not_is_refused() -> None:
    done = run("--stores", "paper", "stores")
    assert done.returncode == 2
    assert "stores are sqlite, postgres, quorum" in done.stderr


def test_an_unknown_benchmark_is_refused() -> None:
    done = run("--quick", "teleports")
    assert done.returncode == 2
    assert "unknown benchmark: teleports" in done.stderr
