// Mirrors ledger.domain.service_accounts: the beginning and the end of a service account.

import { toMs } from "../clock.js";
import { refuse } from "../errors.js";
import { importJwk, requirePrimeOrder } from "../jose/keys.js";
import { ACT } from "./acts.js";
import { serviceChallenge } from "./challenges.js";
import { RESERVED, TYPE_NAME } from "./document.js";
import { requirePlace } from "./governance.js";
import { inForce } from "./charter.js";
import { requireHome } from "./charter_values.js";
import { verifyAssertion } from "./passkey.js";
import { activePasskey, signedBy } from "./person.js";
import { requireNewKey, verifyPossession } from "./signing_keys.js";
import { requireStanding } from "./standing.js";
import { confirm } from "./stepup.js";
import { HOME, SERVICE_ACTS } from "./vocabulary.js";

const MAX_SERVICE_MS = 400 * 24 * 60 * 60 * 1000;
const MAX_TYPES = 32;

/** Return the addition of a service account where the charter allows keys in programs. */
export async function decideAllowedAccount(owner, body, context) {
  const added = await decideAccount(owner, body, context);
  requireHome(context.charter.values, HOME.PROGRAM);
  return added;
}

/** Return the addition of a service account by one of its owner's passkeys. */
export async function decideAccount(owner, body, { ledger, party, nowMs }) {
  const { jwk, nonce, name, acts, types, untyped, expiresAt, assertion, possession } = body;
  // 1. The key is strong and new; the scope says something, and the account has an end.
  await importJwk(jwk);
  requirePrimeOrder(jwk);
  const kid = await requireNewKey(owner, jwk);
  requireScope(body);
  const endMs = toMs(expiresAt);
  if (!(nowMs < endMs && endMs <= nowMs + MAX_SERVICE_MS)) {
    refuse("time_invalid", "a service account ends within 400 days from now");
  }
  requireStanding(owner);
  // 2. The passkey signed exactly this key, name, scope and end, for this person, ledger and nonce.
  const service = { acts, name, types, untyped };
  const challenge = await serviceChallenge({ expiresAt, kid, ledger, nonce, service, user: owner.user });
  const passkey = activePasskey(owner, assertion.credentialId, nowMs);
  const signCount = await verifyAssertion(assertion, { challenge, passkey, party });
  // 3. The key signs the same challenge.
  await verifyPossession(possession, jwk, challenge);
  return { kid, jwk, nonce, name, acts, types, untyped, expiresAt, assertion, signCount, possession };
}

function requireScope({ name, acts, types, untyped }) {
  if (!TYPE_NAME.test(name) || name.includes("/")) {
    refuse("service_invalid", "a name has lower-case letters, digits and hyphens");
  }
  if (!acts.length || !inOrder(acts) || !acts.every((each) => SERVICE_ACTS.includes(each))) {
    refuse("service_invalid", "acts are draft, outcome, use: each once, in order");
  }
  if ((!types.length && !untyped) || types.length > MAX_TYPES) {
    refuse("service_invalid", "a scope has 1 to 32 types, or untyped statements");
  }
  for (const each of types) {
    if (!TYPE_NAME.test(each) || each.startsWith(RESERVED)) {
      refuse("service_invalid", "a scope names what is no type for an account");
    }
  }
  if (!inOrder(types)) refuse("service_invalid", "types are in order, each once");
}

const inOrder = (words) => words.every((word, at) => at === 0 || words[at - 1] < word);

/** Return the end of a service account, by its owner or an administrator, with a passkey. */
export async function decideEnd(owner, by, { act, assertion }, context) {
  const about = { user: owner.user };
  const { key, signed } = await signedBy(by, act, ACT.END_SERVICE_ACCOUNT, { ...context, about });
  const account = owner.keys.get(signed.account);
  if (!account?.service) refuse("service_unknown", "no such service account of this person");
  if (account.revoked) refuse("key_revoked", "this service account has ended");
  requireStanding(by);
  const { charter } = context;
  if (by.user !== owner.user) requirePlace(inForce(charter, by), charter.governance);
  const signCount = await confirm(by, act, assertion, context);
  return { user: owner.user, account: account.kid, by: by.user, kid: key.kid, act, assertion, signCount };
}
