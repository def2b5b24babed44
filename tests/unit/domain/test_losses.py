"""A loss: which of a person's things go on after it, decision by decision."""

from typing import Any

import msgspec

from ledger.domain import recovery_codes, signing_keys, uses, versions
from ledger.domain.epochs import Loss
from ledger.domain.person import Person, settled
from ledger.domain.standing import can_act
from ledger.errors import ConflictError, RefusedError
from tests.support.refusals import refused
from tests.support.scene import Scene
from tests.support.signers import CHARTER, NOW_MS, Signer

ME = Signer(1, "creator")
LOST = Loss(1, "2026-11-21T03:04:05.000Z")
AFTER: Person = settled(ME.person, NOW_MS, [LOST])


def _reaffirm(me: Person, **members: Any) -> object:
    about: dict[str, Any] = {"kid": ME.key.kid, "epoch": CHARTER.lost_epoch} | members
    asked = ME.confirmed(ME.act("reaffirm-key", **about))
    return signing_keys.reaffirm_key(me, asked, CHARTER)


def test_a_loss_takes_effect_once_and_at_its_time() -> None:
    assert settled(ME.person, NOW_MS - 86_400_000, [LOST]) == ME.person
    assert settled(AFTER, NOW_MS, [LOST]) == AFTER
    assert AFTER.keys[ME.key.kid].unaffirmed
    assert AFTER.passkeys == ME.person.passkeys


def test_a_key_from_before_a_loss_is_not_in_force() -> None:
    with refused(RefusedError, "reaffirmation_required"):
        AFTER.active_key(ME.key.kid, now_ms=NOW_MS)


def test_who_has_a_key_alone_cannot_act_after_a_loss() -> None:
    alone = msgspec.structs.replace(AFTER, passkeys={})
    before = msgspec.structs.replace(ME.person, passkeys={})
    assert can_act(before, now_ms=NOW_MS)
    assert not can_act(alone, now_ms=NOW_MS)
    assert can_act(AFTER, now_ms=NOW_MS)
    assert can_act(AFTER, now_ms=NOW_MS, governance=True)


def test_a_key_that_signs_already_is_not_reaffirmed() -> None:
    assert _reaffirm(AFTER) is not None
    with refused(ConflictError, "key_reaffirmed"):
        _reaffirm(ME.person)


def test_a_key_is_reaffirmed_for_the_last_loss_only() -> None:
    with refused(RefusedError, "act_mismatch"):
        _reaffirm(AFTER, epoch=7)


def test_no_code_from_before_a_loss_is_left() -> None:
    with refused(ConflictError, "code_void"):
        recovery_codes.require_usable(AFTER, "code", now_ms=NOW_MS)
    assert recovery_codes.codes_left(AFTER, now_ms=NOW_MS) == 0


def _lost(scene: Scene) -> Any:
    """Return what a decision in a scene depends on, after a loss."""
    decision = scene.decision(ME.person, NOW_MS, None)
    return msgspec.structs.replace(decision, losses=[Loss(1, "2027-01-01T00:00:00.000Z")])


def test_a_statement_from_before_a_loss_waits_no_longer() -> None:
    scene = Scene()
    with refused(ConflictError, "statement_expired"):
        versions.require_status(scene.statement, _lost(scene), "pending")


def test_a_statement_from_before_a_loss_is_used_no_more() -> None:
    mine = f"user:{ME.user}"
    policy = {"threshold": 1, "of": [mine]}
    scene = Scene(policy, usable={"by": [mine], "times": 1})
    scene.sign(ME)
    with refused(ConflictError, "uses_void"):
        uses.use(scene.statement, scene.usage(ME), _lost(scene))
