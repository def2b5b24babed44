// Verifies the signatures on a statement again, over the document that this browser checked.

import { get } from "./api.js";
import { verify } from "./jws.js";

const ACTS = { rejection: "reject", retraction: "retract", withdrawal: "withdraw" };

/**
 * Return whether a decision's signature verifies and is about this statement: `{id, sha256, checked}`.
 * It is undefined if this browser lacks the algorithm.
 */
export async function verdict({ jws, kid, decision }, about) {
  const answer = await get(`/api/jwt-keys/${kid}`).catch(() => null);
  if (answer?.jwk.kty !== "OKP") return undefined;
  try {
    const payload = await verify(jws, answer.jwk, kid);
    return payload !== null && isAbout(payload, decision, about);
  } catch {
    return false;
  }
}

function isAbout(payload, decision, { id, sha256, checked: { raw, content } }) {
  const isDocument = payload.length === raw.length && payload.every((byte, at) => byte === raw[at]);
  if (decision === "approval" && isDocument) return true;
  const said = JSON.parse(new TextDecoder().decode(payload));
  if (said.statementId !== id) return false;
  if (decision === "approval") return said.content === content;
  return said.sha256 === sha256 && said.act === ACTS[decision];
}
