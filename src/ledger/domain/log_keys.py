"""The log's keys: which new ones the ledger's own key announces, and which it retires. Pure.

It also replaces the heads key.
"""

from collections.abc import Sequence

from ledger.domain import key_material, ledger_acts
from ledger.domain.acts import parse_act, verify_act
from ledger.domain.charter import Charter
from ledger.domain.events import HeadsKeyReplaced, LogKeysAnnounced, LogKeysRetired
from ledger.domain.log_key import key_of
from ledger.errors import ConflictError, MalformedError
from ledger.jose.ed25519 import is_prime_order
from ledger.tlog.vkeys import ED25519, parse_vkey


def announce_log_keys(charter: Charter, act_text: str, *, now_ms: int) -> LogKeysAnnounced:
    """Return the announcement of new log keys, signed by the ledger's own key.

    Raises RefusedError as `verify_act` does; MalformedError `vkey_invalid`; ConflictError
    `log_keys_refused` if a key has another name or is already known, if none is an Ed25519 key, or
    if `first_size` is below that of earlier keys.
    """
    jws = parse_act(act_text)
    act = verify_act(
        jws, charter.key, ledger_acts.AnnounceLogKeys, ledger=charter.ledger, now_ms=now_ms
    )
    require_new_keys(charter, act.vkeys, charter.log_origin)
    if act.first_size < (charter.log_keys[-1].first_size if charter.log_keys else 1):
        raise ConflictError("log_keys_refused", "firstSize is below that of earlier keys")
    return LogKeysAnnounced(vkeys=act.vkeys, first_size=act.first_size, act=act_text)


def require_new_keys(charter: Charter, vkeys: Sequence[str], origin: str) -> None:
    """Require new log keys of this origin.

    Raises MalformedError `vkey_invalid`; ConflictError `log_keys_refused` if a key has another name
    or is already known, or if none is an Ed25519 key.
    """
    keys = [parse_vkey(vkey) for vkey in vkeys]
    if any(key.kind == ED25519 and not is_prime_order(key.public) for key in keys):
        raise MalformedError("vkey_invalid", "a log key is outside the prime-order subgroup")
    given = {key_of(vkey) for vkey in vkeys}
    if any(key.name != origin for key in keys):
        raise ConflictError("log_keys_refused", "a log key's name must be the log's origin")
    if len(given) != len(keys) or given & charter.known_log_keys:
        raise ConflictError("log_keys_refused", "a log key can be announced only once")
    # Readers that know only the oldest signature type must be able to verify every checkpoint.
    if not any(key.kind == ED25519 for key in keys):
        raise ConflictError("log_keys_refused", "at least one log key must be an Ed25519 key")


def retire_log_keys(charter: Charter, act_text: str, *, now_ms: int) -> LogKeysRetired:
    """Return the retirement of log keys, signed by the ledger's own key.

    Raises RefusedError as `verify_act` does; ConflictError `log_keys_refused` if a key is not in
    force, would end before it begins, or no Ed25519 key would be left for the next checkpoint.
    """
    jws = parse_act(act_text)
    act = verify_act(
        jws, charter.key, ledger_acts.RetireLogKeys, ledger=charter.ledger, now_ms=now_ms
    )
    retired = set(act.vkeys)
    in_force = {key.vkey: key.first_size for key in charter.log_keys if key.last_size is None}
    if not retired or len(retired) != len(act.vkeys) or not retired <= in_force.keys():
        raise ConflictError("log_keys_refused", "each vkey must be a log key in force, listed once")
    if any(act.last_size < in_force[vkey] for vkey in retired):
        raise ConflictError("log_keys_refused", "lastSize is before a key's first checkpoint")
    left = [
        vkey
        for vkey, first in in_force.items()
        if vkey not in retired and first <= act.last_size + 1
    ]
    if not any(parse_vkey(vkey).kind == ED25519 for vkey in left):
        raise ConflictError("log_keys_refused", "no Ed25519 key would be left")
    return LogKeysRetired(vkeys=act.vkeys, last_size=act.last_size, act=act_text)


def replace_heads_key(charter: Charter, act_text: str, *, now_ms: int) -> HeadsKeyReplaced:
    """Return the replacement of the heads key, signed by the ledger's own key.

    Raises RefusedError as `verify_act` does; MalformedError `jwk_invalid` for a key outside the
    prime-order subgroup. Its claim refuses a key that the log names already.
    """
    jws = parse_act(act_text)
    act = verify_act(
        jws, charter.key, ledger_acts.ReplaceHeadsKey, ledger=charter.ledger, now_ms=now_ms
    )
    key_material.require_prime_order(act.heads)
    return HeadsKeyReplaced(heads=act.heads, act=act_text)
