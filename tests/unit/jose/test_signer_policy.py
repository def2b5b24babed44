"""Policies over outcomes: distinct signers are counted, never kids, keys of one person or HMACs."""

import json
from typing import Any

import pytest

from ledger.encoding import b64u_encode
from ledger.errors import MalformedError, RefusedError
from ledger.jose import (
    Judgement,
    Sign,
    Signer,
    SignerGroup,
    SignerPolicy,
    SignerVerdict,
    all_of,
    append_signature,
    evaluate,
    generate,
    import_private,
    key_set,
    parse_signer_policy,
    require,
    sign_multi,
    verify_multi_all,
)

ALICE, BOB, CAROL, SECOND = (generate("EdDSA") for _ in range(4))
SECRET = import_private(bytes(range(32)), alg="HS256")
KEYS = key_set([key.public for key in (ALICE, BOB, CAROL, SECOND, SECRET)])
WHO = {
    ALICE.public.thumbprint: "alice",
    SECOND.public.thumbprint: "alice",
    BOB.public.thumbprint: "bob",
    CAROL.public.thumbprint: "carol",
}


def judge(policy: Any, *signers: Signer | Sign, **options: Any) -> SignerVerdict:
    found = verify_multi_all(
        sign_multi(b"x", signers), KEYS, algorithms=["EdDSA", "HS256"]
    , now=None)  # fmt: skip
    return evaluate(parse_signer_policy(policy), found, **({"identities": WHO} | options))


def reasons(verdict: SignerVerdict) -> list[tuple[str, str | None, int | None]]:
    return [(j.reason, j.signer, j.index) for j in verdict.judgements]


def test_m_of_n_is_met_by_m_distinct_signers() -> None:
    policy = {"threshold": 2, "of": ["alice", "bob", "carol"]}
    verdict = judge(policy, ALICE, CAROL)
    assert verdict.met
    assert verdict.signers == ("alice", "carol")
    assert (verdict.missing, verdict.helping) == (0, ())
    assert reasons(verdict) == [("met", "alice", 0), ("met", "carol", 1)]


def test_a_verdict_says_how_many_are_missing_and_who_can_help() -> None:
    verdict = judge({"threshold": 2, "of": ["alice", "bob", "carol"]}, BOB)
    assert not verdict.met
    assert (verdict.missing, verdict.helping) == (1, ("alice", "carol"))
    assert reasons(verdict) == [("met", "bob", 0)]


def test_one_key_under_two_kids_counts_once() -> None:
    one, other = (Sign(ALICE, protected={"kid": kid}) for kid in ("a", "b"))
    jws = sign_multi(b"x", [one, other])
    found = verify_multi_all(jws, lambda header: ALICE.public, now=None)
    assert [outcome.kid for outcome in found.verified] == ["a", "b"]
    verdict = evaluate(parse_signer_policy(2), found)
    assert not verdict.met
    assert (verdict.missing, verdict.helping) == (1, ("*",))
    assert [j.reason for j in verdict.judgements] == ["met", "duplicate"]


def test_two_keys_of_one_person_count_once() -> None:
    verdict = judge(2, ALICE, SECOND)
    assert not verdict.met
    assert verdict.judgements[1] == Judgement("duplicate", "alice", 1, "the same signer as 0")
    assert judge(2, ALICE, SECOND, identities=None).met


def test_many_ecdsa_signatures_of_one_key_count_once() -> None:
    key = generate("ES256")
    jws = sign_multi(b"x", [key])
    for _ in range(3):
        jws = append_signature(jws, key)
    assert len({entry["signature"] for entry in jws["signatures"]}) == 4
    found = verify_multi_all(jws, key.public, now=None)
    assert evaluate(parse_signer_policy(1), found).signers == (key.public.thumbprint,)
    assert evaluate(parse_signer_policy(2), found).missing == 1


def test_signatures_without_a_kid_are_no_signer_together() -> None:
    keys = [Sign(key, protected={"kid": None}) for key in (ALICE, BOB)]
    found = verify_multi_all(sign_multi(b"x", keys), KEYS, now=None)
    assert {outcome.kid for outcome in found.verified} == {None}
    assert evaluate(parse_signer_policy(2), found).met


def test_a_shared_secret_proves_no_signer_unless_the_policy_says_so() -> None:
    jws = sign_multi(b"x", [ALICE, SECRET])
    found = verify_multi_all(jws, KEYS, algorithms=["EdDSA", "HS256"], now=None)
    assert len(found.verified) == 2
    verdict = evaluate(SignerPolicy(threshold=2), found)
    assert not verdict.met
    assert verdict.judgements[1] == Judgement(
        "surplus", "secret:0", 1, "a shared secret proves no signer"
    )
    assert evaluate(SignerPolicy(threshold=2, hmac=True), found).met


def test_an_hmac_entry_does_not_hide_a_later_signature() -> None:
    who = WHO | {"secret:0": "alice"}
    assert judge({"threshold": 1, "of": ["alice"]}, SECRET, ALICE, identities=who).met


def test_required_signers_are_needed_beyond_the_threshold() -> None:
    policy = {"threshold": 2, "required": ["carol"]}
    assert not judge(policy, ALICE, BOB).met
    assert judge(policy, ALICE, BOB).helping == ("carol",)
    assert judge(policy, ALICE, CAROL).met
    assert not judge(policy, CAROL).met
    verdict = evaluate(parse_signer_policy(policy), [])
    assert (verdict.missing, verdict.helping) == (2, ("carol", "*"))


def test_a_nested_group_that_is_met_fills_one_place() -> None:
    policy = {
        "threshold": 2,
        "of": ["carol", {"threshold": 2, "of": ["alice", "bob"]}],
    }
    assert judge(policy, ALICE, BOB, CAROL).met
    assert not judge(policy, ALICE, BOB).met
    assert judge(policy, ALICE, BOB).helping == ("carol",)
    assert not judge(policy, ALICE, CAROL).met
    assert judge(policy, ALICE, CAROL).helping == ("bob",)
    assert evaluate(parse_signer_policy(policy), []).missing == 3


def test_one_signer_does_not_fill_two_places() -> None:
    investors = {"threshold": 2, "of": ["alice", "bob", {"threshold": 1, "of": ["alice"]}]}
    verdict = judge(investors, ALICE)
    assert not verdict.met
    assert (verdict.missing, verdict.helping) == (1, ("bob",))
    assert judge(investors, ALICE, BOB).met
    twice = {"threshold": 2, "of": [{"threshold": 1}, {"threshold": 1}]}
    assert not judge(twice, ALICE, SECOND).met
    assert judge(twice, ALICE, BOB).met


def test_a_signer_who_is_not_asked_for_is_surplus_and_a_stranger_unknown() -> None:
    stranger = generate("EdDSA")
    jws = append_signature(sign_multi(b"x", [ALICE, BOB]), stranger)
    found = verify_multi_all(jws, [ALICE.public, BOB.public, stranger.public], now=None)
    verdict = evaluate(
        parse_signer_policy({"threshold": 1, "of": ["alice"]}), found, identities=WHO
    )
    assert reasons(verdict) == [
        ("met", "alice", 0),
        ("surplus", "bob", 1),
        ("unknown", stranger.public.thumbprint, 2),
    ]
    assert verdict.judgements[1].detail == "the policy does not ask for this signer"
    assert verdict.signers == ("alice",)


def test_strangers_count_for_anyone_unless_only_the_known_do() -> None:
    stranger = generate("EdDSA")
    found = verify_multi_all(sign_multi(b"x", [stranger]), stranger.public, now=None)
    assert evaluate(parse_signer_policy(1), found, identities=WHO).met
    verdict = evaluate(parse_signer_policy(1), found, identities=WHO, known_only=True)
    assert not verdict.met
    name = stranger.public.thumbprint
    assert verdict.judgements == (
        Judgement("unknown", name, 0, "the key has no registered identity"),
    )
    assert require(parse_signer_policy(1), found, identities=WHO).met
    with pytest.raises(RefusedError):
        require(parse_signer_policy(1), found, identities=WHO, known_only=True)


def test_a_failed_entry_counts_for_nothing_that_it_claims() -> None:
    jws = sign_multi(b"x", [ALICE, BOB])
    jws["signatures"][1]["signature"] = b64u_encode(bytes(64))
    found = verify_multi_all(jws, KEYS, now=None)
    verdict = evaluate(parse_signer_policy(2), found, identities=WHO)
    assert not verdict.met
    assert verdict.judgements[1] == Judgement("failed", None, 1, "jws_signature_invalid")


def test_no_outcomes_meet_nothing() -> None:
    assert not evaluate(SignerPolicy(), []).met
    assert not evaluate(all_of("alice", "bob"), []).met
    assert evaluate(all_of("alice", "bob"), []).helping == ("alice", "bob")


def test_a_secret_is_one_signer_under_every_kid_and_its_thumbprint_is_not_shown() -> None:
    raw = {"kty": "oct", "k": "A" * 43}
    other = {"kty": "oct", "k": "B" * 42 + "A", "kid": "other"}
    names = [raw, raw | {"kid": "b"}, raw | {"kid": "c"}, other]
    jws = sign_multi(b"x", [Sign(jwk, alg="HS256", protected={"kid": None}) for jwk in names])
    found = verify_multi_all(jws, {"keys": names}, algorithms=["HS256"], now=None)
    assert [outcome.signer for outcome in found.verified] == [
        "secret:0", "secret:0", "secret:0", "secret:other",
    ]  # fmt: skip
    assert {outcome.thumbprint for outcome in found.verified} == {None}
    assert len(evaluate(SignerPolicy(threshold=2, hmac=True), found).signers) == 2


def test_require_returns_the_verdict_or_says_who_is_missing() -> None:
    found = verify_multi_all(sign_multi(b"x", [ALICE]), KEYS, now=None)
    assert require(all_of("alice"), found, identities=WHO).met
    with pytest.raises(RefusedError) as refused:
        require(all_of("alice", "bob"), found, identities=WHO)
    assert refused.value.code == "signer_policy_not_met"
    assert refused.value.detail == "more distinct signers needed: 1"
    assert refused.value.evidence == {"missing": 1, "helping": ["bob"]}


@pytest.mark.parametrize(
    "policy",
    [
        0, -1, True, "2", None, [], 1.5,
        {"threshold": 0},
        {"threshold": 2, "of": ["alice"]},
        {"threshold": 1, "of": []},
        {"threshold": 1, "of": [""]},
        {"threshold": 2, "of": ["alice", "alice"]},
        {"threshold": 1, "of": [1]},
        {"threshold": 1, "more": 1},
        {"threshold": True, "of": ["alice"]},
        {"threshold": 1, "required": ["a", "a"]},
        {"threshold": 1, "required": ["*"]},
        {"threshold": 2, "of": ["a", {"threshold": 3, "of": ["b", "c"]}]},
        {"threshold": 2, "of": ["a", {"threshold": 1, "of": ["a"]}]},
        {"threshold": 2, "of": ["a"], "required": ["b"]},
        {"threshold": 1, "required": [""]},
    ],
)  # fmt: skip
def test_a_policy_that_nothing_can_meet_is_refused(policy: Any) -> None:
    with pytest.raises(MalformedError) as refused:
        parse_signer_policy(policy)
    assert refused.value.code == "policy_invalid"


@pytest.mark.parametrize(
    ("own", "nested", "required", "groups", "threshold"),
    [(2001, 2000, 96, 1, 1), (2000, 2001, 96, 1, 1), (2000, 2000, 97, 1, 1), (1, 1, 0, 9, 1),
     (1, 1, 0, 1, 257)],
)  # fmt: skip
def test_a_policy_larger_than_the_limits_is_refused(
    own: int, nested: int, required: int, groups: int, threshold: int
) -> None:
    def parsed(own: int, nested: int, required: int, groups: int, threshold: int) -> SignerPolicy:
        below = [{"threshold": 1, "of": [f"n{n}" for n in range(nested)]}] * groups
        of = [*(f"o{n}" for n in range(own)), "*", *below]
        names = [f"r{n}" for n in range(required)]
        return parse_signer_policy({"threshold": threshold, "of": of, "required": names})

    assert parsed(1999, 2000, 96, 1, 256).threshold == 256
    assert parsed(1, 1, 0, 8, 1).threshold == 1
    with pytest.raises(MalformedError) as refused:
        parsed(own, nested, required, groups, threshold)
    assert refused.value.code == "policy_too_complex"


def test_a_policy_nests_at_most_eight_levels() -> None:
    nested: dict[str, Any] = {"threshold": 1, "of": ["a"]}
    for _ in range(8):
        nested = {"threshold": 1, "of": [nested]}
    assert parse_signer_policy(nested).threshold == 1
    with pytest.raises(MalformedError):
        parse_signer_policy({"threshold": 1, "of": [nested]})
    for _ in range(5000):
        nested = {"threshold": 1, "of": [nested]}
    with pytest.raises(MalformedError):
        parse_signer_policy(nested)


def test_a_policy_is_json() -> None:
    text = '{"threshold":2,"of":["a",{"threshold":1,"of":["b","*"]}],"required":["a"],"hmac":true}'
    assert parse_signer_policy(json.loads(text)) == SignerPolicy(
        threshold=2, of=("a", SignerGroup(threshold=1, of=("b", "*"))), required=("a",), hmac=True
    )
