"""Public files: whole at any moment, though several processes write them at once."""

import threading
from pathlib import Path

import pytest

from ledger.audit import resume
from ledger.audit.resume import ResumePoint
from ledger.system import public_files

WRITERS = 8
TIMES = 20


def test_several_writers_of_one_file_leave_one_of_their_contents_and_nothing_else(
    tmp_path: Path,
) -> None:
    path, errors = tmp_path / "tiles" / "000", list[BaseException]()
    contents = [bytes([number]) * (1_000 + 100 * number) for number in range(WRITERS)]
    ready = threading.Barrier(WRITERS)

    def write(content: bytes) -> None:
        ready.wait()
        try:
            for _ in range(TIMES):
                public_files.put(path, content)
                assert path.read_bytes() in contents
        except BaseException as error:  # noqa: BLE001  # it would be lost with its thread
            errors.append(error)

    writers = [threading.Thread(target=write, args=(each,)) for each in contents]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    assert errors == []
    assert path.read_bytes() in contents
    assert [each.name for each in path.parent.iterdir()] == ["000"]


def test_a_file_that_cannot_be_replaced_leaves_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "taken" / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="taken"):
        public_files.put(tmp_path / "taken", b"content")
    assert [each.name for each in tmp_path.iterdir()] == ["taken"]


def test_a_resume_file_is_written_beside_what_an_earlier_run_left(tmp_path: Path) -> None:
    path = tmp_path / "audit.resume"
    (tmp_path / "audit.resume.new").mkdir()  # such a name is nobody's any more
    resume.save(path, ResumePoint("a ledger", 5, "00"))
    found = resume.load(path)
    assert found is not None
    assert found.size == 5
