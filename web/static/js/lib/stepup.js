// Acts that a passkey confirms.

import { post } from "./api.js";
import { me, say } from "./page.js";
import { confirm } from "./webauthn.js";
import { text } from "./texts.js";

/**
 * Return a signed act with a passkey's assertion over it, and the options that asked for it.
 * `without` is a lost passkey, which is not asked.
 */
export async function confirmed(act, without) {
  const { publicKey } = await post("/api/jwt-keys/options", {});
  const allowCredentials = publicKey.allowCredentials.filter(({ id }) => id !== without);
  say(text("page.waiting"));
  const asked = { ...publicKey, allowCredentials };
  const assertion = await confirm({ jws: act, ledger: me.ledger, user: me.user, publicKey: asked });
  return { body: { act, assertion }, publicKey: asked };
}
