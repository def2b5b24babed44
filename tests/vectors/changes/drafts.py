"""Drafts of changes that are refused: by name, the code and the items that Ada asks for."""

from tests.support.changes import invite, set_charter, values
from tests.support.chronicle import FOUNDING
from tests.vectors.changes.company import (
    INVITATION,
    NOBODY,
    OTHER_INVITATION,
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

Drafts = dict[str, tuple[str, list[Item]]]
LEGAL: Item = {"define-role": {"role": "legal"}}
CLOSED: Item = {"close-role": {"role": "legal"}}


def of_roles(told: Company) -> Drafts:
    """Return drafts about roles."""
    ivy = told.ivy
    return {
        "a role that is held": ("change_no_effect", [grant(ivy, "investor")]),
        "a role twice": ("change_no_effect", [grant(ivy, "creator"), grant(ivy, "creator")]),
        "an unknown role": ("role_unknown", [grant(ivy, "legal")]),
        "a role before it is defined": (
            "role_unknown",
            [grant(ivy, "legal"), LEGAL],
        ),
        "a role to nobody": ("user_unknown", [{"grant-role": {"user": NOBODY, "role": "creator"}}]),
        "the end of a role that is not held": ("change_no_effect", [end(ivy, "creator")]),
        "a built-in role": ("role_known", [{"define-role": {"role": "auditor"}}]),
        "a role that looks like another": (
            "role_looks_alike",
            [{"define-role": {"role": "lnvestor"}}],
        ),
        "a role that looks like one that was closed": (
            "role_looks_alike",
            [LEGAL, CLOSED, {"define-role": {"role": "lega1"}}],
        ),
        "the same role twice": ("role_known", [LEGAL] * 2),
        "a role that was closed": (
            "role_known",
            [
                LEGAL,
                CLOSED,
                LEGAL,
            ],
        ),
        "the end of a built-in role": ("role_unknown", [{"close-role": {"role": "investor"}}]),
        "a closed role": (
            "role_unknown",
            [
                LEGAL,
                CLOSED,
                grant(ivy, "legal"),
            ],
        ),
    }


def of_invitations(told: Company) -> Drafts:
    """Return drafts about invitations."""
    gone = "0f0f0f0f-0000-4000-8000-00000000000f"
    return {
        "an invitation that is known": (
            "invitation_known",
            [invite("new", "creator", SOON, invitation=INVITATION)],
        ),
        "a token that is known": (
            "invitation_known",
            [invite("token", "creator", SOON, invitation=OTHER_INVITATION)],
        ),
        "an invitation that is over": (
            "invitation_expired",
            [invite("new", "creator", "2026-11-21T03:04:05.678Z", invitation=OTHER_INVITATION)],
        ),
        "an invitation to no role": (
            "role_unknown",
            [invite("new", "legal", SOON, invitation=OTHER_INVITATION)],
        ),
        "the end of an unknown invitation": (
            "change_no_effect",
            [{"cancel-invitation": {"invitation": gone}}],
        ),
    }


def of_people(told: Company) -> Drafts:
    """Return drafts about people and the charter."""
    ivy = told.ivy
    return {
        "the end of nobody's suspension": ("change_no_effect", [stand("reinstate", ivy)]),
        "a suspension of somebody suspended": ("change_no_effect", [stand("suspend", ivy)] * 2),
        "a role for somebody deactivated": (
            "change_no_effect",
            [stand("deactivate", ivy), grant(ivy, "creator")],
        ),
        "a return of somebody deactivated": (
            "change_no_effect",
            [stand("deactivate", ivy), stand("reinstate", ivy)],
        ),
        "the charter as it is": (
            "change_no_effect",
            [set_charter(values("open"), values("open"))],
        ),
        "a charter that is not there": (
            "change_outdated",
            [set_charter(values("open"), values("invite"))],
        ),
    }


def of_governance(told: Company) -> Drafts:
    """Return drafts about governance."""
    ada, ben, cal = told.ada, told.ben, told.cal
    closed_governance = {"threshold": 1, "of": ["role:nobody"]}
    named = {"threshold": 1, "of": [f"user:{NOBODY}"]}
    return {
        "governance as it is": (
            "change_no_effect",
            [governance({"threshold": 1, "of": ["role:administrator"]}, FOUNDING)],
        ),
        "governance that is not there": ("change_outdated", [governance(TWO, TWO_NODE, ada, ben)]),
        "governance by a role that people choose": (
            "governance_invalid",
            [governance({"threshold": 1, "of": ["role:creator"]}, FOUNDING)],
        ),
        "governance by an unknown role": (
            "role_unknown",
            [governance(closed_governance, FOUNDING)],
        ),
        "governance by nobody": ("user_unknown", [governance(named, FOUNDING)]),
        "governance by three of two": (
            "governance_unmeetable",
            [governance({"threshold": 3, "of": ["role:administrator"]}, FOUNDING, ada, ben)],
        ),
        "the end of the last administrator": (
            "governance_unmeetable",
            [end(ada, "administrator"), end(ben, "administrator")],
        ),
        "a suspension of all administrators": (
            "governance_unmeetable",
            [stand("suspend", ada), stand("suspend", ben)],
        ),
        "governance by somebody who cannot act": (
            "governance_unmeetable",
            [
                governance({"threshold": 1, "of": [f"user:{cal.user}"]}, FOUNDING),
                stand("suspend", cal),
            ],
        ),
    }


def malformed(told: Company) -> Drafts:
    """Return drafts whose content is malformed."""
    ivy = told.ivy
    return {
        "no items": ("change_invalid", []),
        "33 items": ("change_invalid", [{"define-role": {"role": f"r{n}"}} for n in range(33)]),
        "an item of two members": (
            "change_invalid",
            [{"define-role": {"role": "a"}, "close-role": {"role": "a"}}],
        ),
        "an unknown item": ("change_invalid", [{"crown": {"user": ivy.user}}]),
        "an item with another member": (
            "change_invalid",
            [{"suspend": {"user": ivy.user, "reason": "x"}}],
        ),
        "an item named by a reader's own word": (
            "change_invalid",
            [{"erase name": {"name": ivy.user}}],
        ),
        "an item without a member": ("change_invalid", [{"grant-role": {"user": ivy.user}}]),
        "a role's name in capitals": ("change_invalid", [{"define-role": {"role": "Legal"}}]),
        "an id in capitals": ("id_invalid", [stand_id("suspend", NOBODY.upper())]),
        "a digest that is none": (
            "change_invalid",
            [
                {
                    "set-charter": set_charter(values("open"), values("open"))["set-charter"]
                    | {"was": "0"}
                }
            ],
        ),
        "a charter's value that is unknown": (
            "change_invalid",
            [{"set-charter": {"homes": ["device"], "was": "0" * 64}}],
        ),
    }


def drafts(told: Company) -> Drafts:
    """Return all of them."""
    return {
        **of_roles(told),
        **of_invitations(told),
        **of_people(told),
        **of_governance(told),
        **malformed(told),
    }


def stand_id(what: str, user: str) -> Item:
    return {what: {"user": user}}
