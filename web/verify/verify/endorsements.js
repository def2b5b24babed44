// Mirrors ledger.verify.endorsements: who else saw the checkpoint. The policy comes from the user, never
// from the bundle. This page does not verify time-stamps, and says so of each.

import { rfc3339 } from "../clock.js";
import { text } from "../../static/js/lib/texts.js";
import { claims } from "../domain/claims.js";
import { requireIndependent } from "../domain/key_material.js";
import { isFinding } from "../errors.js";
import { verifyWitnessed } from "../tlog/witness_policy.js";

/** Verify the cosignatures of a checkpoint with a policy; return `{says, inputs, cosigners}`. */
export async function checkWitnesses(policy, { note, signers, events }) {
  await requireIndependent(policy.witnesses.map(({ key }) => key), await claimed(events));
  // A policy that names logs accepts only these.
  const logKeys = policy.logs.length ? [] : signers;
  const cosigners = await verifyWitnessed(note.raw, policy, { expectedOrigin: note.origin, logKeys });
  const inputs = () => policy.witnesses.map(({ name, key }) => [name, key.vkey]);
  if (!cosigners.length) return { says: () => text("verify.says.no-witness"), inputs, cosigners };
  const names = cosigners.map(({ name }) => name).join(", ");
  const at = `${rfc3339(Math.min(...cosigners.map(({ time }) => time))).slice(0, 19)}Z`;
  return { says: () => text("verify.says.witnesses", { names, at }), inputs, cosigners };
}

/** Return the names that the events claim; a malformed event is the other checks' finding. */
async function claimed(events) {
  const names = new Set();
  for (const event of events) {
    try {
      for (const name of await claims(event)) names.add(name);
    } catch (error) {
      if (!isFinding(error)) throw error;
    }
  }
  return names;
}
