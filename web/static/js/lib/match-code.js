// The code that two devices show for one new passkey: six digits of a digest over its key.

import { sha256 } from "./digest.js";
import { jcs } from "./jcs.js";

/** Return the code of a passkey by the SHA-256 of its COSE key (hex), as `123 456`. */
export async function matchCode({ cose, ledger, nonce, user }) {
  const digest = await sha256(jcs({ cose, ledger, nonce, purpose: "match-code", user }));
  const number = new DataView(digest.buffer).getUint32(0) % 1_000_000;
  return String(number).padStart(6, "0").replace(/...(?=...)/, "$& ");
}
