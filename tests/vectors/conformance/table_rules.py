"""The cases of what a charter, a type and the scope of a service account allow."""

from functools import partial

from tests.vectors.conformance import rules
from tests.vectors.conformance.case import case, no

BEYOND_ACTS = no(
    "domain/person_state.py",
    "key.service is not None and act not in (*key.service.acts, *OWN_ACTS)",
)

GENUINE = (
    case("genuine-home", "A key with the one home of new keys that the charter names.",
         partial(rules.of_a_home, "a key with a home that the charter names")),
    case("genuine-wait", "A recovery begins just after a change shortened the wait.",
         partial(rules.of_a_recovery, "a code just after the wait was shortened")),
    case("genuine-fresh", "An approval a week after its signature, as its type allows.",
         partial(rules.of_an_approval, "an approval of a week ago under a freshness of a week")),
    case("genuine-account-draft", "A service account drafts what its scope allows.",
         partial(rules.of_an_account, "a draft", 9)),
    case("genuine-account-use", "A service account uses what others approved.",
         partial(rules.of_an_account, "a use", 5)),
)  # fmt: skip

REFUSED = (
    case("home-not-allowed", "A key has a home that the charter leaves out.",
         partial(rules.of_a_home, "a key with a home that the charter leaves out"),
         no("domain/charter_values.py", "home not in values.allowed_homes")),
    case("wait-too-short", "A recovery just after a shortened wait is complete after 24 hours.",
         partial(rules.of_a_recovery,
                 "a code just after the wait was shortened that works after 24 hours"),
         ("domain/charter.py",
          "return max(now_ms + self.values.recovery_wait_ms, self.waits_until_ms)",
          "return now_ms + self.values.recovery_wait_ms")),
    case("approval-older", "An approval is older than its type allows.",
         partial(rules.of_an_approval,
                 "an approval of more than a week ago under a freshness of a week"),
         ("domain/statement_types.py", "return known.freshness_ms[stated.version - 1]",
          "return known.freshness_ms[stated.version - 1] + 1")),
    case("account-approves", "The key of a service account approves as its owner.",
         partial(rules.of_an_account, "an approval", 5), BEYOND_ACTS),
    case("account-other-act", "A service account drafts without being allowed to.",
         partial(rules.of_an_account, "a draft without the act", 9), BEYOND_ACTS),
    case("account-other-type", "A service account uses a statement that its scope leaves out.",
         partial(rules.of_an_account, "a use of another type", 5),
         no("domain/holdings.py",
            "self.service is not None and not self.service.covers(type_name)")),
    case("account-confirms", "A service account confirms that a use of another was not done.",
         partial(rules.of_an_account, "a confirmation by an account of another participant", 5),
         no("domain/uses.py", "key.service is not None")),
)  # fmt: skip
