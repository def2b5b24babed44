// Verifies the signatures on a statement again, over the document that this browser checked.

import { get } from "./api.js";
import { encode } from "./b64u.js";
import { icon, one } from "./dom.js";
import { verify } from "./jws.js";
import { text } from "./texts.js";

const verdicts = new Map();
const ACTS = { rejection: "reject", retraction: "retract", withdrawal: "withdraw" };

/** Put a tick beside each signature that verifies; `about` is the statement, `{id, sha256, checked}`. */
export async function mark(decisions, about) {
  for (const item of decisions) {
    const { jws, kid } = item.dataset;
    if (!verdicts.has(jws)) verdicts.set(jws, await verdict(item.dataset, about));
    const place = one("[data-verified]", item);
    const holds = verdicts.get(jws);
    if (holds === undefined) continue;
    place.classList.toggle("failed", !holds);
    place.replaceChildren(icon(holds ? "check" : "rejected"), ` ${holds ? text("check.verified") : text("check.fails", { key: kid.slice(0, 8) })}`);
  }
}

/**
 * Return whether a decision's signature verifies and is about this statement: `{id, sha256, checked}`.
 * It is undefined if this browser lacks the algorithm, or the server left out a long payload that is
 * not the document.
 */
async function verdict({ jws, kid, decision, form }, about) {
  const answer = await get(`/api/jwt-keys/${kid}`).catch(() => null);
  if (answer?.jwk.kty !== "OKP") return undefined;
  const [header, left, signature] = jws.split(".");
  if (!left && form !== "shared") return undefined;
  const given = left ? jws : `${header}.${encode(about.checked.raw)}.${signature}`;
  try {
    const payload = await verify(given, answer.jwk, kid);
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
