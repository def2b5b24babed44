"""Changes of who can fill a place of governance, and the code with which the last is refused."""

from collections.abc import Callable
from typing import Any

from ledger.domain import admission
from tests.support.changes import invite
from tests.support.chronicle import FOUNDING
from tests.support.signers import Signer
from tests.vectors.changes.company import (
    NOBODY,
    SOON,
    TWO,
    TWO_NODE,
    Company,
    Item,
    end,
    governance,
    grant,
    stand,
)

ONE: dict[str, Any] = {"threshold": 1, "of": ["role:administrator"]}
Try = Callable[[Company], None]
# What Ada asks for while one administrator is enough.
Asked = Callable[[Company], list[Item]]


def _raise(_: Company, *people: Signer) -> Item:
    return governance(TWO, FOUNDING, *people)


def _stated(told: Company, people: list[dict[str, str]]) -> Item:
    raised: dict[str, Any] = _raise(told, told.ada, told.ben)["set-governance"]
    return {"set-governance": raised | {"people": people}}


def _governor(who: Signer, **other: str) -> dict[str, str]:
    return {"user": who.user, "cose": who.passkey.cose_sha256} | other


RAISES: dict[str, tuple[str | None, Asked]] = {
    "a raise that states both": (None, lambda it: [_raise(it, it.ada, it.ben)]),
    "a raise that states nobody": ("change_invalid", lambda it: [_raise(it)]),
    "a policy for one that states people": (
        "change_invalid",
        lambda it: [governance(ONE, TWO_NODE, it.ada)],
    ),
    "a raise that states somebody twice": (
        "change_invalid",
        lambda it: [_raise(it, it.ada, it.ben, it.ben)],
    ),
    "a raise that states an id in capitals": (
        "id_invalid",
        lambda it: [_stated(it, [_governor(it.ada, user=NOBODY.upper())])],
    ),
    "a raise that states no digest": (
        "change_invalid",
        lambda it: [_stated(it, [_governor(it.ada, cose="0")])],
    ),
    "a raise that states another member": (
        "change_invalid",
        lambda it: [_stated(it, [_governor(it.ada, name="Ada")])],
    ),
    "a raise that states nobody's id": (
        "user_unknown",
        lambda it: [_stated(it, [_governor(it.ada, user=NOBODY)])],
    ),
    "a raise that states another's passkey": (
        "cose_mismatch",
        lambda it: [
            _stated(it, [_governor(it.ada), _governor(it.ben, cose=it.ivy.passkey.cose_sha256)])
        ],
    ),
    "a raise that states somebody deactivated": (
        "change_no_effect",
        lambda it: [stand("deactivate", it.ivy), _raise(it, it.ada, it.ben, it.ivy)],
    ),
    "a raise that leaves an administrator out": (
        "people_incomplete",
        lambda it: [grant(it.ivy, "administrator"), _raise(it, it.ada, it.ben)],
    ),
    "a raise that leaves a suspended administrator out": (
        "people_incomplete",
        lambda it: [
            grant(it.ivy, "administrator"),
            stand("suspend", it.ivy),
            _raise(it, it.ada, it.ben),
        ],
    ),
    "a raise that leaves a deactivated administrator out": (
        None,
        lambda it: [
            grant(it.ivy, "administrator"),
            stand("deactivate", it.ivy),
            _raise(it, it.ada, it.ben),
        ],
    ),
    "a raise that ends the role of whom it leaves out": (
        None,
        lambda it: [
            grant(it.ivy, "administrator"),
            _raise(it, it.ada, it.ben),
            end(it.ivy, "administrator"),
        ],
    ),
    "a raise and a grant after it to somebody who is not stated": (
        "people_incomplete",
        lambda it: [_raise(it, it.ada, it.ben), grant(it.ivy, "administrator", of=it.ivy)],
    ),
    "a raise that names somebody who is not stated": (
        "people_incomplete",
        lambda it: [
            governance(
                {"threshold": 2, "of": ["role:administrator", f"user:{it.cal.user}"]},
                FOUNDING,
                it.ada,
                it.ben,
            )
        ],
    ),
    "a grant that states no digest": (
        "change_invalid",
        lambda it: [{"grant-role": {"user": it.ivy.user, "role": "creator", "cose": "0"}}],
    ),
    "a grant of a role that does not govern, for another's passkey": (
        "cose_mismatch",
        lambda it: [grant(it.ivy, "creator", of=it.cal)],
    ),
    "a grant of a governing role while one is enough": (
        None,
        lambda it: [grant(it.ivy, "administrator")],
    ),
    "a policy and a digest that are both invalid": (
        "policy_invalid",
        lambda it: [{"set-governance": {"policy": {"threshold": 0, "of": []}, "was": "0"}}],
    ),
}


def _asked_of_one(asked: Asked, code: str | None) -> Try:
    def told_so(told: Company) -> None:
        if code is None:
            told.change(told.ada, 9, *asked(told))
        else:
            told.draft_unseen(told.ada, *asked(told))

    return told_so


def _asked_of_two(asked: Asked) -> Try:
    def told_so(told: Company) -> None:
        told.govern_by_two()
        told.draft_unseen(told.ada, *asked(told), governance=TWO)

    return told_so


def _granted_by_two(asked: Asked) -> Try:
    def told_so(told: Company) -> None:
        told.govern_by_two()
        raw = told.change(told.ada, 9, *asked(told), governance=TWO)
        told.approve_change(told.ben, raw)

    return told_so


LATER = "0f0f0f0f-0000-4000-8000-000000000003"


def _come(role: str, states: str | None, *, lowered: bool = False) -> Try:
    """Return the registration with an invitation from before a raise; `states` is its role."""

    def told_so(told: Company) -> None:
        zoe = told.signer(5, role)
        told.change(told.ada, 5, invite("for Zoe", role, SOON, invitation=LATER))
        told.govern_by_two()
        if lowered:
            raw = told.change(told.ada, 6, governance(ONE, TWO_NODE), governance=TWO)
            told.approve_change(told.ben, raw)
        told.add(zoe.user, admission.register(zoe.user, told.admitted(states, LATER)))

    return told_so


def _come_whole(role: str) -> Try:
    def told_so(told: Company) -> None:
        told.change(told.ada, 5, invite("for Zoe", role, SOON, invitation=LATER))
        told.govern_by_two()
        told.register_by(told.signer(5, role), "Zoe", LATER, "for Zoe", role=None)

    return told_so


def comes_without_the_role_of_an_invitation(told: Company) -> None:
    zoe = told.signer(5, "investor")
    told.change(told.ada, 5, invite("for Zoe", "investor", SOON, invitation=LATER))
    told.add(zoe.user, admission.register(zoe.user, told.admitted(None, LATER)))


def comes_uninvited_without_a_role(told: Company) -> None:
    zoe = told.signer(5)
    told.add(zoe.user, admission.register(zoe.user, told.admitted(None, None)))


def granted_after_coming_without_a_role(told: Company) -> None:
    _come_whole("administrator")(told)
    zoe = told.signer(5, "administrator")
    grants = grant(zoe, "administrator", of=zoe)
    raw = told.change(told.ada, 9, grants, governance=TWO)
    told.approve_change(told.ben, raw)


def approved_after_another_administrator_came(told: Company) -> None:
    rules = {"threshold": 2, "of": ["role:administrator", "role:board"]}
    told.change(told.ada, 3, {"define-role": {"role": "board"}})
    told.govern_by_two()
    wider = governance(rules, TWO_NODE, told.ada, told.ben)
    first = told.change(told.ada, 9, wider, governance=TWO)
    second = told.change(told.ada, 4, grant(told.ivy, "board"), governance=TWO)
    told.approve_change(told.ben, second)
    told.approve_unseen(told.ben, first)


PLACES: dict[str, tuple[Try, str | None]] = {
    **{name: (_asked_of_one(asked, code), code) for name, (code, asked) in RAISES.items()},
    "a grant by two that states no passkey": (
        _asked_of_two(lambda it: [grant(it.ivy, "administrator")]),
        "cose_required",
    ),
    "a grant by two that states another's passkey": (
        _asked_of_two(lambda it: [grant(it.ivy, "administrator", of=it.cal)]),
        "cose_mismatch",
    ),
    "a grant by two that states a passkey": (
        _granted_by_two(lambda it: [grant(it.ivy, "administrator", of=it.ivy)]),
        None,
    ),
    "a grant by two of a role that does not govern": (
        _granted_by_two(lambda it: [grant(it.ivy, "creator")]),
        None,
    ),
    "an invitation by two to a governing role": (
        _granted_by_two(lambda _: [invite("new", "administrator", SOON, invitation=LATER)]),
        None,
    ),
    "a registration in a governing role after the raise": (
        _come("administrator", "administrator"),
        "decision_mismatch",
    ),
    "a registration in another role after the raise": (
        _come("investor", "investor"),
        "decision_mismatch",
    ),
    "a registration without a role after the raise, of an administrator": (
        _come_whole("administrator"),
        None,
    ),
    "a registration without a role after the raise, of an investor": (
        _come_whole("investor"),
        None,
    ),
    "a registration in a role that a raise took, after it was lowered again": (
        _come("investor", "investor", lowered=True),
        "decision_mismatch",
    ),
    "a registration in a role that no invitation gives": (
        _come("investor", "administrator"),
        "role_not_open",
    ),
    "a registration without the role of its invitation": (
        comes_without_the_role_of_an_invitation,
        "decision_mismatch",
    ),
    "an uninvited registration without a role": (comes_uninvited_without_a_role, "role_not_open"),
    "a grant to somebody who came without a role": (granted_after_coming_without_a_role, None),
    "an approval of a policy after somebody else got a place": (
        approved_after_another_administrator_came,
        "people_incomplete",
    ),
}
