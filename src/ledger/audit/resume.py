"""What an earlier run of the audit got to, in a small file of the auditor's own.

Whoever can write this file can have decisions passed over, so it is used only when asked for. It is
bound to the tool's version, the log's origin, and the root over the entries that it speaks of: of
another history nothing is taken over. Entries, bodies and columns are checked again all the same.
"""

import os
from pathlib import Path

import msgspec

from ledger import __version__
from ledger.errors import MalformedError

MAX_RESUME_BYTES = 4_096


class ResumePoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Up to position `size` all decisions were made again; `root` is in hex."""

    ledger: str
    size: int
    root: str
    tool: str = __version__


def load(path: Path) -> ResumePoint | None:
    """Return what the file says, None if there is none; raise MalformedError `resume_invalid`."""
    try:
        raw = path.read_bytes()
        if len(raw) > MAX_RESUME_BYTES:
            raise MalformedError("resume_invalid", f"{path} is no file of an audit")
        return msgspec.json.decode(raw, type=ResumePoint)
    except FileNotFoundError:
        return None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise MalformedError("resume_invalid", f"{path} is no file of an audit") from error


def require_writable(path: Path) -> None:
    """Raise MalformedError `resume_invalid` unless the file can be written when it is due."""
    if not os.access(path.parent, os.W_OK):
        raise MalformedError("resume_invalid", f"{path} cannot be written")


def save(path: Path, progress: ResumePoint) -> None:
    """Put what was reached in the file's place, whole or not at all."""
    new = path.with_name(f"{path.name}.new")
    with new.open("wb") as file:
        file.write(msgspec.json.encode(progress) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
