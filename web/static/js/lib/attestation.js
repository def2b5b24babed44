// Makes a signing key of this browser and has a passkey attest it.

import { post } from "./api.js";
import * as keystore from "./keystore.js";
import { attest } from "./webauthn.js";

/**
 * Make a key with this home, keep it, have a passkey attest it, and return what `send` returns for
 * the `key` member of the request.
 */
export async function attestKey(options, home, send) {
  // Few people need this module: it is not among those that a page loads at once.
  const synced = home === "synced" ? await import("./synced.js") : null;
  // Stored before the prompt: nobody is asked for a key that this browser cannot keep.
  const { key, exportable } = await keystore.make(options.ledger, options.user, home);
  let answer;
  let body;
  let wrapped;
  try {
    const attested = await attest(key, options, await synced?.inputOf(options.ledger));
    body = attested.body;
    wrapped = await synced?.wrap(attested.secret, exportable, key);
    answer = await send(body);
  } catch (error) {
    // If the answer is lost, the key may be attested, and it is still here.
    if (error.refused !== false) await keystore.forget(key);
    throw error;
  }
  if (wrapped) await share(key.kid, body.assertion.id, wrapped);
  return answer;
}

async function share(kid, credentialId, wrapped) {
  try {
    await post("/api/wrapped-keys", { kid, credentialId, wrapped });
  } catch (error) {
    // The key is attested and works here; another browser sets up its own.
    console.warn(error);
  }
}
