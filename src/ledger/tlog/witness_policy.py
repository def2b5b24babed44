"""Witness policies: which witnesses must cosign a checkpoint (C2SP tlog-policy). Pure.

A policy defines logs, witnesses, groups of witnesses, and which of these is the quorum. The caller
must take it from a trusted source. A policy inside the evidence proves nothing: its sender chose
it.
"""

import re
from collections.abc import Callable, Iterable, Sequence

import msgspec

from ledger.errors import MalformedError, RefusedError
from ledger.tlog.checkpoint import Checkpoint, parse_note, verify_lines, verify_note
from ledger.tlog.vkeys import LOG_KINDS, WITNESS_KINDS, NoteKey, parse_vkey

MAX_POLICY_BYTES = 1024 * 1024
MAX_ITEMS = 256  # each: logs, witnesses, groups
NONE = "none"
_NUMBER = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)


class PolicyLog(msgspec.Struct, frozen=True):
    """A log whose checkpoints the policy accepts; the key's name is the log's origin."""

    key: NoteKey
    url: str | None


class Witness(msgspec.Struct, frozen=True):
    """A witness: its name in the policy, its key, and the URL for submissions."""

    name: str
    key: NoteKey
    url: str | None


class WitnessGroup(msgspec.Struct, frozen=True):
    """A group, met by `threshold` of its members: witnesses or groups on earlier lines."""

    name: str
    threshold: int
    members: tuple[str, ...]


class WitnessPolicy(msgspec.Struct, frozen=True):
    """A parsed policy; `quorum` is the name of a witness or group, or `none`."""

    logs: tuple[PolicyLog, ...]
    witnesses: tuple[Witness, ...]
    groups: tuple[WitnessGroup, ...]
    quorum: str

    @property
    def keys(self) -> tuple[NoteKey, ...]:
        """The witnesses' keys."""
        return tuple(witness.key for witness in self.witnesses)

    def met(self, cosigners: Iterable[NoteKey]) -> bool:
        """Tell whether the cosigners with these keys meet the quorum.

        Keys count by their bytes: one key under two names counts once.
        """
        publics = {key.public for key in cosigners}
        names = {each.name for each in self.witnesses if each.key.public in publics} | {NONE}
        for group in self.groups:  # a group refers to earlier groups only: one pass is enough
            if sum(member in names for member in group.members) >= group.threshold:
                names.add(group.name)
        return self.quorum in names


class Witnessed(msgspec.Struct, frozen=True):
    """A checkpoint that a log of the policy signed and its quorum cosigned.

    `times` are the times in the cosignatures, in seconds since 1970, in the order of `cosigners`.
    """

    checkpoint: Checkpoint
    cosigners: tuple[Witness, ...]
    times: tuple[int, ...]


# --- parsing ----------------------------------------------------------------------------------


def parse_policy(raw: bytes) -> WitnessPolicy:
    """Return the policy in a file's bytes; raise MalformedError `policy_malformed`."""
    if len(raw) > MAX_POLICY_BYTES:
        raise _malformed(0, "over 1 MiB")
    parser = _Parser()
    for number, line in enumerate(raw.split(b"\n"), start=1):
        if any((byte < 0x20 and byte != 0x09) or byte == 0x7F for byte in line):
            raise _malformed(number, "it contains a control character")
        # Bytes above ASCII are opaque: surrogateescape decodes them without loss.
        items = re.split("[ \t]+", line.decode("utf-8", "surrogateescape").strip(" \t"))
        if items != [""] and not items[0].startswith("#"):
            parser.add(number, items)
    return parser.finish()


class _Parser:
    """The definitions so far: a group or the quorum may only refer to earlier lines."""

    def __init__(self) -> None:
        self._logs: list[PolicyLog] = []
        self._witnesses: list[Witness] = []
        self._groups: list[WitnessGroup] = []
        self._quorum: str | None = None
        self._names: set[str] = set()
        self._members: set[str] = set()

    def add(self, number: int, items: list[str]) -> None:
        """Parse one non-empty line, split into words."""
        keyword, *rest = items
        kinds: dict[str, tuple[Callable[..., None], range, Sequence[object]]] = {
            "log": (self._log, range(1, 3), self._logs),
            "witness": (self._witness, range(2, 4), self._witnesses),
            "group": (self._group, range(3, MAX_ITEMS * 2 + 3), self._groups),
            "quorum": (self._set_quorum, range(1, 2), ()),
        }
        if keyword not in kinds:
            raise _malformed(number, "the line must begin with log, witness, group or quorum")
        take, count, taken = kinds[keyword]
        if len(rest) not in count or len(taken) >= MAX_ITEMS:
            raise _malformed(number, f"wrong number of words, or too many {keyword} lines")
        try:
            take(*rest)
        except MalformedError as error:
            raise _malformed(number, error.detail) from error

    def finish(self) -> WitnessPolicy:
        """Return the policy after the last line."""
        if self._quorum is None:
            raise _malformed(0, "the quorum line is missing: “quorum none” requires no witness")
        parts = (tuple(self._logs), tuple(self._witnesses), tuple(self._groups))
        return WitnessPolicy(*parts, self._quorum)

    def _log(self, vkey: str, url: str | None = None) -> None:
        key = _parse_key(vkey, LOG_KINDS)
        self._require_new(key, [log.key for log in self._logs])
        self._logs.append(PolicyLog(key, url))

    def _witness(self, name: str, vkey: str, url: str | None = None) -> None:
        key = _parse_key(vkey, WITNESS_KINDS)
        self._require_new(key, [witness.key for witness in self._witnesses])
        self._define(name)
        self._witnesses.append(Witness(name, key, url))

    def _group(self, name: str, threshold: str, *members: str) -> None:
        if not set(members) <= self._names:
            raise MalformedError("policy_malformed", "no earlier line defines this member")
        if len(set(members)) != len(members) or self._members & set(members):
            raise MalformedError(
                "policy_malformed", "a name can be a member of one group only, once"
            )
        counts = {"any": 1, "all": len(members)}
        count = counts.get(threshold) or (int(threshold) if _NUMBER.fullmatch(threshold) else 0)
        if not 1 <= count <= len(members):
            raise MalformedError(
                "policy_malformed", "a threshold must be any, all, or 1 to the number of members"
            )
        self._define(name)
        self._members |= set(members)
        self._groups.append(WitnessGroup(name, count, members))

    def _set_quorum(self, name: str) -> None:
        if self._quorum is not None or name not in {NONE, *self._names}:
            raise MalformedError(
                "policy_malformed", "there must be one quorum, defined on an earlier line"
            )
        self._quorum = name

    def _define(self, name: str) -> None:
        if name in {NONE, *self._names}:
            raise MalformedError(
                "policy_malformed", "a name can be defined only once, and never as none"
            )
        self._names.add(name)

    @staticmethod
    def _require_new(key: NoteKey, known: list[NoteKey]) -> None:
        # One key under two names would count twice. In a note, two keys with the same name and id
        # would be ambiguous.
        named = {(each.name, each.id) for each in known}
        if key.public in {each.public for each in known} or (key.name, key.id) in named:
            raise MalformedError("policy_malformed", "a key can occur only once in a policy")


def _parse_key(vkey: str, kinds: tuple[int, ...]) -> NoteKey:
    if not vkey.isprintable():  # bytes that are not UTF-8 are not printable
        raise MalformedError("policy_malformed", "a vkey must be printable text")
    return parse_vkey(vkey, kinds)


def _malformed(number: int, detail: str) -> MalformedError:
    where = f"line {number}: " if number else ""
    return MalformedError("policy_malformed", f"{where}{detail}")


# --- verifying --------------------------------------------------------------------------------


def verify_witnessed(
    raw: bytes, policy: WitnessPolicy, *, expected_origin: str, log_keys: Iterable[NoteKey] = ()
) -> Witnessed:
    """Verify a checkpoint and its cosignatures with a policy.

    `log_keys` are trusted in addition to the policy's logs. Raises what `verify_note` raises;
    RefusedError `note_signature_invalid` also for a witness's line; `witnesses_missing` if the
    quorum is not met.
    """
    keys = [*log_keys, *(log.key for log in policy.logs)]
    trusted = [key for key in keys if key.name == expected_origin]
    verified = verify_note(raw, trusted, expected_origin=expected_origin)
    lines = verify_lines(verified.checkpoint, parse_note(raw).signatures, policy.keys)
    # A time of 0 means that the line states no time: it is not a witness's cosignature.
    times = {key: time for key, _, time in lines if time}
    if not policy.met(times):
        known = ", ".join(each.name for each in policy.witnesses if each.key in times)
        raise RefusedError(
            "witnesses_missing", f"cosigned by {known or 'nobody'}, which does not meet the quorum"
        )
    cosigners = tuple(each for each in policy.witnesses if each.key in times)
    return Witnessed(verified.checkpoint, cosigners, tuple(times[each.key] for each in cosigners))
