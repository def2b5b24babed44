"""Who has to have seen a checkpoint before it is believed: C2SP tlog-policy. Pure.

A policy names logs, witnesses, groups of witnesses, and the one of these that is the quorum. It is
trusted because of where it was read from: one that comes with the evidence says only what its
sender would like.
"""

import re
from collections.abc import Callable, Iterable, Sequence

import msgspec

from ledger.errors import MalformedError, RefusedError
from ledger.tlog.checkpoint import Checkpoint, parse_note, verify_lines, verify_note
from ledger.tlog.vkeys import LOG_KINDS, WITNESS_KINDS, NoteKey, parse_vkey

MAX_POLICY_BYTES = 1024 * 1024
MAX_ITEMS = 256  # of logs, of witnesses, of groups
NONE = "none"
_NUMBER = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)


class PolicyLog(msgspec.Struct, frozen=True):
    """A log whose checkpoints the policy accepts; its key's name is its origin."""

    key: NoteKey
    url: str | None


class Witness(msgspec.Struct, frozen=True):
    """A witness: its name in the policy, its key, and where it takes checkpoints."""

    name: str
    key: NoteKey
    url: str | None


class WitnessGroup(msgspec.Struct, frozen=True):
    """A name for any `threshold` of the members, each a witness or an earlier group."""

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
        """Tell whether these keys, each of which has cosigned, are the quorum or more.

        Keys count by their bytes: one under two names is one.
        """
        publics = {key.public for key in cosigners}
        names = {each.name for each in self.witnesses if each.key.public in publics} | {NONE}
        for group in self.groups:  # a group knows earlier ones only, so once is enough
            if sum(member in names for member in group.members) >= group.threshold:
                names.add(group.name)
        return self.quorum in names


class Witnessed(msgspec.Struct, frozen=True):
    """A checkpoint that a log of the policy signed and its quorum cosigned.

    `times` are the seconds since 1970 that the cosignatures state, in the order of `cosigners`.
    """

    checkpoint: Checkpoint
    cosigners: tuple[Witness, ...]
    times: tuple[int, ...]


# --- parsing ----------------------------------------------------------------------------------


def parse_policy(raw: bytes) -> WitnessPolicy:
    """Return the policy of a file; raise MalformedError `policy_malformed`."""
    if len(raw) > MAX_POLICY_BYTES:
        raise _malformed(0, "over 1 MiB")
    parser = _Parser()
    for number, line in enumerate(raw.split(b"\n"), start=1):
        if any((byte < 0x20 and byte != 0x09) or byte == 0x7F for byte in line):
            raise _malformed(number, "a control character")
        # Other octets are opaque, and this keeps them apart whatever they are.
        items = re.split("[ \t]+", line.decode("utf-8", "surrogateescape").strip(" \t"))
        if items != [""] and not items[0].startswith("#"):
            parser.add(number, items)
    return parser.finish()


class _Parser:
    """Lines so far: a group or the quorum names what stands before it."""

    def __init__(self) -> None:
        self._logs: list[PolicyLog] = []
        self._witnesses: list[Witness] = []
        self._groups: list[WitnessGroup] = []
        self._quorum: str | None = None
        self._names: set[str] = set()
        self._members: set[str] = set()

    def add(self, number: int, items: list[str]) -> None:
        """Take one line that is not empty."""
        keyword, *rest = items
        kinds: dict[str, tuple[Callable[..., None], range, Sequence[object]]] = {
            "log": (self._log, range(1, 3), self._logs),
            "witness": (self._witness, range(2, 4), self._witnesses),
            "group": (self._group, range(3, MAX_ITEMS * 2 + 3), self._groups),
            "quorum": (self._set_quorum, range(1, 2), ()),
        }
        if keyword not in kinds:
            raise _malformed(number, "neither log, witness, group nor quorum")
        take, count, taken = kinds[keyword]
        if len(rest) not in count or len(taken) >= MAX_ITEMS:
            raise _malformed(number, f"too few or too many words, or too many a {keyword}")
        try:
            take(*rest)
        except MalformedError as error:
            raise _malformed(number, error.detail) from error

    def finish(self) -> WitnessPolicy:
        """Return the policy of all lines."""
        if self._quorum is None:
            raise _malformed(0, "no line says what the quorum is: “quorum none” asks for none")
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
            raise MalformedError("policy_malformed", "a member that no line before this defines")
        if len(set(members)) != len(members) or self._members & set(members):
            raise MalformedError("policy_malformed", "a name is a member once, of one group")
        counts = {"any": 1, "all": len(members)}
        count = counts.get(threshold) or (int(threshold) if _NUMBER.fullmatch(threshold) else 0)
        if not 1 <= count <= len(members):
            raise MalformedError("policy_malformed", "any, all, or 1 to the number of members")
        self._define(name)
        self._members |= set(members)
        self._groups.append(WitnessGroup(name, count, members))

    def _set_quorum(self, name: str) -> None:
        if self._quorum is not None or name not in {NONE, *self._names}:
            raise MalformedError("policy_malformed", "one quorum, which a line before it defines")
        self._quorum = name

    def _define(self, name: str) -> None:
        if name in {NONE, *self._names}:
            raise MalformedError("policy_malformed", "a name is defined once, and none never")
        self._names.add(name)

    @staticmethod
    def _require_new(key: NoteKey, known: list[NoteKey]) -> None:
        # One key under two names would be counted twice. Two keys of one name and id could not be
        # told apart in a note.
        named = {(each.name, each.id) for each in known}
        if key.public in {each.public for each in known} or (key.name, key.id) in named:
            raise MalformedError("policy_malformed", "a key stands in a policy once")


def _parse_key(vkey: str, kinds: tuple[int, ...]) -> NoteKey:
    if not vkey.isprintable():  # octets that are no UTF-8 are not
        raise MalformedError("policy_malformed", "a vkey is text")
    return parse_vkey(vkey, kinds)


def _malformed(number: int, detail: str) -> MalformedError:
    where = f"line {number}: " if number else ""
    return MalformedError("policy_malformed", f"{where}{detail}")


# --- verifying --------------------------------------------------------------------------------


def verify_witnessed(
    raw: bytes, policy: WitnessPolicy, *, expected_origin: str, log_keys: Iterable[NoteKey] = ()
) -> Witnessed:
    """Verify a checkpoint and its cosignatures by a policy.

    `log_keys` are trusted beside the logs of the policy. Raises what `verify_note` raises,
    RefusedError `note_signature_invalid` for a witness's line too, `witnesses_missing` without the
    quorum.
    """
    keys = [*log_keys, *(log.key for log in policy.logs)]
    trusted = [key for key in keys if key.name == expected_origin]
    verified = verify_note(raw, trusted, expected_origin=expected_origin)
    lines = verify_lines(verified.checkpoint, parse_note(raw).signatures, policy.keys)
    # A time of zero says that the cosigner does not state one: then it is no witness's word.
    times = {key: time for key, _, time in lines if time}
    if not policy.met(times):
        known = ", ".join(each.name for each in policy.witnesses if each.key in times)
        raise RefusedError("witnesses_missing", f"cosigned by {known or 'nobody'}: not the quorum")
    cosigners = tuple(each for each in policy.witnesses if each.key in times)
    return Witnessed(verified.checkpoint, cosigners, tuple(times[each.key] for each in cosigners))
