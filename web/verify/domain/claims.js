// The names that an event takes for ever, by the templates that its type declares.

import { sha256Hex } from "../../static/js/lib/digest.js";
import { refuse } from "../errors.js";
import { thumbprint } from "../jose/keys.js";
import { claimsOf, TAG } from "./events.js";
import { MATERIAL } from "./events_of_people.js";
import { KEY_MATERIAL, ofPasskey, ofVkeys } from "./key_material.js";

const MEMBER = /\{(\w+)\}/g;

/** Return the names that an event takes; a second event that takes one of them is impossible. */
export async function claims({ type, body, stream }) {
  const templates = claimsOf(type);
  const members = { ...body, stream, actSha256: await actSha256(body) };
  if (templates.includes(MATERIAL)) members.keyMaterial = await keyMaterial(type, body);
  return templates.flatMap((template) => {
    const found = memberNames(template).map((name) => members[name]);
    if (found.includes(null)) return []; // a name with a member that is null is not taken
    const several = found.find(Array.isArray);
    if (several) return several.map((each) => template.replace(MEMBER, each));
    return [template.replace(MEMBER, (_, name) => members[name])];
  });
}

/** Add an event's names to those that are taken; refuse a name that another event took. */
export async function take(taken, event) {
  for (const name of await claims(event)) {
    const code = name.startsWith(KEY_MATERIAL) ? "key_shared" : "claimed_twice";
    if (taken.has(name)) refuse(code, `${name} is claimed twice`);
    taken.add(name);
  }
}

const memberNames = (template) => [...template.matchAll(MEMBER)].map(([, name]) => name);

/** Return the SHA-256 (hex) of the signing input of an event's act; null without an act. */
async function actSha256({ act = null }) {
  return act === null ? null : sha256Hex(act.slice(0, act.lastIndexOf(".")));
}

/** Return the thumbprints of the public keys that an event brings. */
async function keyMaterial(type, body) {
  switch (type) {
    case TAG.LEDGER_CREATED:
      return Promise.all([body.key, body.setup, body.heads].map(thumbprint));
    case TAG.HEADS_KEY_REPLACED:
      return [await thumbprint(body.heads)];
    case TAG.INVITATION_ISSUED:
    case TAG.RE_ENROLMENT_OPENED:
      return [await thumbprint(body.key)];
    case TAG.OPERATOR_INVITED:
      return Promise.all(body.invitations.map(({ key }) => thumbprint(key)));
    case TAG.PASSKEY_ADDED:
      return [await ofPasskey(body.publicKey)];
    case TAG.RECOVERY_CODES_SET:
      return Promise.all(body.keys.map(thumbprint));
    case TAG.KEY_ATTESTED:
    case TAG.SERVICE_ACCOUNT_ADDED:
      return [body.kid];
    default:
      return ofVkeys(body.vkeys);
  }
}
