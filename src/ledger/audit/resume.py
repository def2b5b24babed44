"""The resume file: the position that an earlier run of the audit reached.

It is used only on request, because anyone who can write this file can make the audit skip
decisions. The file is bound to the tool's version, the log's origin, and the root over its entries:
it does not apply to another history. Entries, bodies and columns are always checked again.
"""

import os
from pathlib import Path

import msgspec

from ledger import __version__
from ledger.errors import MalformedError
from ledger.system import public_files

MAX_RESUME_BYTES = 4_096


class ResumePoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All decisions up to position `size` were recomputed; `root` is in hex."""

    ledger: str
    size: int
    root: str
    tool: str = __version__


def load(path: Path) -> ResumePoint | None:
    """Return the file's content, None without a file; raise MalformedError `resume_invalid`."""
    try:
        raw = path.read_bytes()
        if len(raw) > MAX_RESUME_BYTES:
            raise MalformedError("resume_invalid", f"{path} is not a resume file of an audit")
        return msgspec.json.decode(raw, type=ResumePoint)
    except FileNotFoundError:
        return None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise MalformedError(
            "resume_invalid", f"{path} is not a resume file of an audit"
        ) from error


def require_writable(path: Path) -> None:
    """Raise MalformedError `resume_invalid` unless the file is writable."""
    if not os.access(path.parent, os.W_OK):
        raise MalformedError("resume_invalid", f"{path} cannot be written")


def save(path: Path, progress: ResumePoint) -> None:
    """Replace the file atomically with the position reached."""
    public_files.put(path, msgspec.json.encode(progress) + b"\n")
