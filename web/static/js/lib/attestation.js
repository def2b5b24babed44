// Makes a signing key of this browser and has a passkey attest it.

import { NoAnswer } from "./api.js";
import * as keystore from "./keystore.js";
import { attest } from "./webauthn.js";

/**
 * Make a key with this home, keep it, have a passkey attest it, and return what `send` returns for
 * the `key` member of the request.
 */
export async function attestKey(options, home, send) {
  // Stored before the prompt: nobody is asked for a key that this browser cannot keep.
  const key = await keystore.make(options.ledger, options.user, home);
  try {
    return await send(await attest(key, options));
  } catch (error) {
    // If the answer is lost, the key may be attested, and it is still here.
    if (!(error instanceof NoAnswer)) await keystore.forget(key);
    throw error;
  }
}
