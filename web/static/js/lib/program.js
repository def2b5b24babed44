// A key for a program: its answer to a request of this page is what a passkey attests. The program
// computed the challenge of the same request, so the line of somebody else fits no page. The key is
// the person's own, or that of a service account of theirs.

import { post } from "./api.js";
import { decode, encode } from "./b64u.js";
import { bytesOf } from "./digest.js";
import { all, Told, one } from "./dom.js";
import { thumbprint, verify } from "./jws.js";
import { me, say } from "./page.js";
import { text } from "./texts.js";
import { assertionOf, challenge } from "./webauthn.js";

const HOME = "program";
const place = one("#program");
let options = null;
/** The scope and end of a service account; null for a key of the person's own. */
let account = null;

/** Show the command that makes a key. */
export async function begin(asked = null) {
  account = asked;
  for (const each of all("[data-for]", place)) each.hidden = (each.dataset.for === "account") !== (account !== null);
  options = await post("/api/jwt-keys/options", {});
  const { user, nonce } = options;
  const scope = account ? `.${encode(bytesOf(JSON.stringify(account)))}` : "";
  one("#program-command").textContent = `ledger login ${location.origin} ${user}.${nonce}${scope}`;
  one("#program-answer").value = "";
  place.hidden = false;
  one("h3", place).focus();
}

/** Show the command no longer. */
export function cancel() {
  options = null;
  place.hidden = true;
}

/** Have a passkey attest the key of the pasted answer; return the receipt, and the service account. */
export async function attest() {
  const { ceremony, ledger, nonce, user, publicKey } = options;
  const { jwk, kid, asked, possession } = await answered({ ledger, nonce, user });
  say(text("page.waiting"));
  const assertion = await assertionOf({ ...publicKey, challenge: asked });
  if (account) {
    const { expiresAt, service } = account;
    const added = { jwk, assertion, possession, ...service, expiresAt };
    return { receipt: await post("/api/service-accounts", { ceremony, account: added }), service };
  }
  const key = { jwk, assertion, possession, home: HOME, expiresAt: null };
  const receipt = await post("/api/jwt-keys", { ceremony, key });
  const label = one("#program-label").value.trim();
  if (label) await post("/api/device-labels", { reference: `kid:${kid}`, label });
  return { receipt, service: null };
}

/** Return the key of the pasted line, which must sign the challenge of this page's request. */
async function answered({ ledger, nonce, user }) {
  const line = one("#program-answer").value.trim();
  const dot = line.indexOf(".");
  const jwk = { crv: "Ed25519", kty: "OKP", x: line.slice(0, dot) };
  const possession = line.slice(dot + 1);
  const kid = await thumbprint(jwk);
  const about = { kid, ledger, nonce, user };
  const asked = account
    ? await challenge("add-service-account", { ...account, ...about })
    : await challenge("attest-signing-key", { expiresAt: null, home: HOME, ...about });
  const signed = await verify(possession, jwk, kid).catch(() => null);
  const fits = signed && same(signed, decode(asked));
  if (!fits || user !== me.user) throw new Told(text("program.wrong"));
  return { jwk, kid, asked, possession };
}

const same = (one, other) => one.length === other.length && one.every((byte, at) => byte === other[at]);
