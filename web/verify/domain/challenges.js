// Mirrors ledger.domain.challenges: SHA-256 over what each challenge is for.

import { sha256, sha256Hex } from "../../static/js/lib/digest.js";
import { jcs } from "../../static/js/lib/jcs.js";

/** Return the 32 bytes with which a passkey confirms one signed decision or act. */
export async function confirmChallenge({ jws, ledger, user }) {
  return challenge("confirm", { ledger, sha256: await sha256Hex(jws), user });
}

const challenge = (purpose, members) => sha256(jcs({ purpose, ...members }));
